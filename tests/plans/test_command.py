"""`rawstore plans`: what is kept, and what is said where it no longer holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from rawstore.cli.commands import rawstore
from rawstore.scan import Dialect

FINDINGS = 6


def plans(verb: str, folder: Path, *args: str) -> Result:
    result = CliRunner().invoke(rawstore, ["plans", verb, f"{folder}/", *args])
    assert "internal" not in result.stderr
    return result


def run(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.execute(statement)
    else:
        with psycopg.connect(url) as server:
            server.execute(f"SET search_path = minipilot; {statement}")


def line_of(folder: Path, dialect: Dialect, file: str, text: str) -> str:
    path = folder / "sql" / dialect / file
    lines = path.read_text().splitlines()
    return f"{path}:{next(n for n, line in enumerate(lines, 1) if text in line)}"


def add_query(folder: Path, dialect: Dialect, text: str) -> None:
    with (folder / "sql" / dialect / "messages.sql").open("a") as file:
        file.write(text)


def test_what_was_just_written_holds(folder: Path, dialect: Dialect, full_url: str) -> None:
    assert plans("snapshot", folder, "--url", full_url).exit_code == 0
    assert "list_users (users.sql)" in (folder / f"plans/{dialect}/minipilot.txt").read_text()
    result = plans("verify", folder, "--url", full_url)
    assert (result.exit_code, result.output) == (0, "")


def test_a_dropped_index_is_told_by_query_and_line(
    folder: Path, dialect: Dialect, full_url: str
) -> None:
    plans("snapshot", folder, "--url", full_url)
    run(full_url, "DROP INDEX idx_message_conversation_created")
    result = plans("verify", folder, "--url", full_url)
    assert result.exit_code == FINDINGS
    place = line_of(folder, dialect, "messages.sql", "-- name: list_messages_after(")
    assert f"{place}: plan: list_messages_after: its plans are not those in plans/" in result.output
    assert "a sequential scan of" if dialect == "postgres" else "a scan of" in result.output
    assert f"--- plans/{dialect}/minipilot.txt" in result.output
    removed = [line for line in result.output.splitlines() if line.startswith("-  ")]
    assert any("idx_message_conversation_created" in line for line in removed)
    assert "list_users" not in result.output


SLOW = """
-- name: messages_that_say(content text, limit int = 10) :many Message
{reason}SELECT id, conversation_id, sender_type, content, role_metadata, created_at, updated_at
FROM {table}
WHERE content = :content
ORDER BY id
LIMIT :limit;
"""


def test_a_scan_takes_a_reason(folder: Path, dialect: Dialect, full_url: str) -> None:
    table = "minipilot.messages" if dialect == "postgres" else "messages"
    path = folder / "sql" / dialect / "messages.sql"
    before = path.read_text()
    add_query(folder, dialect, SLOW.format(table=table, reason=""))
    plans("snapshot", folder, "--url", full_url)
    result = plans("verify", folder, "--url", full_url)
    place = line_of(folder, dialect, "messages.sql", "-- name: messages_that_say(")
    assert result.exit_code == FINDINGS
    assert result.output.startswith(f"{place}: plan: messages_that_say: a ")
    assert "or say why not: -- plan: reason" in result.output
    path.write_text(before)
    reason = "-- plan: for the support desk, by night\n"
    add_query(folder, dialect, SLOW.format(table=table, reason=reason))
    assert plans("verify", folder, "--url", full_url).exit_code == 0


def test_new_and_lost_queries_are_told(folder: Path, dialect: Dialect, full_url: str) -> None:
    plans("snapshot", folder, "--url", full_url)
    path = folder / "sql" / dialect / "users.sql"
    path.write_text(path.read_text().replace("name: delete_user(", "name: remove_user("))
    result = plans("verify", folder, "--url", full_url)
    assert result.exit_code == FINDINGS
    assert "plan: delete_user: there is no such query" in result.output
    assert "plan: remove_user: its plans are not those" in result.output


def test_also_keeps_both_plans(folder: Path, dialect: Dialect, full_url: str) -> None:
    plans("snapshot", folder, "--url", full_url)
    index = "idx_user_created"
    run(full_url, f"DROP INDEX {index}")
    run(full_url, "CREATE INDEX other ON users (created_at)")
    assert plans("verify", folder, "--url", full_url).exit_code == FINDINGS
    plans("snapshot", folder, "--also", "--url", full_url)
    assert plans("verify", folder, "--url", full_url).exit_code == 0
    run(full_url, "DROP INDEX other")
    run(full_url, f"CREATE INDEX {index} ON users (created_at)")
    assert plans("verify", folder, "--url", full_url).exit_code == 0
    text = (folder / f"plans/{dialect}/minipilot.txt").read_text()
    plans("snapshot", folder, "--also", "--url", full_url)
    assert (folder / f"plans/{dialect}/minipilot.txt").read_text() == text


def test_without_a_snapshot_it_says_how_to_make_one(
    folder: Path, dialect: Dialect, full_url: str
) -> None:
    result = plans("verify", folder, "--url", full_url)
    assert result.exit_code == 3
    assert "minipilot.txt is missing; make it with: rawstore plans snapshot" in result.stderr


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_a_parameter_without_a_sample_is_named(folder: Path, full_url: str) -> None:
    (folder / "plans" / "minipilot.sql").unlink()
    (folder / "plans" / "minipilot.sql").write_text("-- name: any :one\nSELECT 1 AS one;\n")
    result = plans("snapshot", folder, "--url", full_url)
    assert result.exit_code == 3
    assert "no sample has a value for conversation_id; give it as a column" in result.stderr


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_a_sample_is_one_row(folder: Path, full_url: str) -> None:
    (folder / "plans" / "minipilot.sql").write_text(
        "-- name: none :one\nSELECT id AS user_id FROM users WHERE id IS NULL;\n"
    )
    result = plans("snapshot", folder, "--url", full_url)
    assert result.exit_code == 3
    assert "minipilot.sql:1: sample none must give one row" in result.stderr


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_statistics_are_refused(folder: Path, full_url: str) -> None:
    run(full_url, "ANALYZE")
    result = plans("snapshot", folder, "--url", full_url)
    assert result.exit_code == 3
    assert "ANALYZE was run on this database" in result.stderr


def test_a_folder_of_ones_own_is_not_filled(folder: Path) -> None:
    result = plans("verify", folder, "--dialect", "postgres")
    assert result.exit_code == 3
    assert "nothing here fills minipilot; name a full one with --url" in result.stderr
