"""`rawstore stats` and `rawstore top`."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

import rawstore

from .conftest import ROOT, Cli


@pytest.fixture
def file(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/chat.db"
    with rawstore.open("minipilot", url) as store:
        store.migrate()
        for _ in range(5):
            store.create_user()
    return url


@pytest.fixture
def database(pg_database: Callable[[str | None], str]) -> str:
    url = pg_database(None)
    with rawstore.open("minipilot", url) as store:
        store.migrate()
        store.create_user()
    return url


def test_stats_of_a_file(cli: Cli, file: str) -> None:
    result = cli("stats", "minipilot", "--url", file)
    assert result.exit_code == 0
    assert "users" in result.stdout
    assert "wal" in result.stdout.splitlines()[-1]


def test_stats_for_programs(cli: Cli, file: str) -> None:
    found = json.loads(cli("stats", "minipilot", "--url", file, "--format", "json").stdout)
    rows = {table["table"]: table for table in found["tables"]}
    assert (rows["users"]["rows"], rows["users"]["exact"]) == (5, True)
    listed = cli("stats", "minipilot", "--url", file, "--format", "csv").stdout
    assert {row["table"] for row in csv.DictReader(io.StringIO(listed))} == set(rows)


def test_stats_on_a_server_name_the_unused_indexes(cli: Cli, database: str) -> None:
    shown = cli("stats", "minipilot", "--url", database).stdout
    assert "idx_user_created" in shown
    listed = cli("stats", "minipilot", "--url", database, "--indexes", "--format", "jsonl").stdout
    indexes = {row["index"]: row for row in map(json.loads, listed.splitlines())}
    assert indexes["idx_user_created"]["unused"] is True
    assert indexes["users_pkey"]["unused"] is False


def test_stats_of_what_is_not_there(cli: Cli, tmp_path: Path) -> None:
    result = cli("stats", "minipilot", "--url", f"sqlite:///{tmp_path}/none.db")
    assert result.exit_code == 7
    assert "rawstore migrate up minipilot" in result.stderr


def test_top_of_a_url(cli: Cli, database: str) -> None:
    with psycopg.connect(database) as other:
        other.execute("SELECT 'hunter2'")
        shown = cli("top", database)
        listed = cli("top", "minipilot", "--url", database, "--format", "json")
        lines = cli("top", database, "--format", "jsonl")
    assert shown.exit_code == 0
    assert "(other) SELECT ?" in shown.stdout
    assert "pg_stat_statements is not installed" in shown.stdout
    (running,) = json.loads(listed.stdout)["running"]
    assert running["state"] == "idle in transaction"
    assert json.loads(lines.stdout)["what"] == "running"
    assert "pg_stat_statements is not installed" in lines.stderr
    assert "hunter2" not in shown.output + listed.output + lines.output


def test_top_knows_a_store_of_ones_own(
    cli: Cli, tmp_path: Path, pg_database: Callable[[str | None], str]
) -> None:
    queries = tmp_path / "shop" / "sql" / "postgres"
    queries.mkdir(parents=True)
    (queries / "shop.sql").write_text("-- name: nap() :exec\nSELECT 1;\n")
    url = pg_database(None)
    with psycopg.connect(url) as connection:
        connection.execute("/* shop.nap */ SELECT 1")
        unknown = cli("top", url, "--format", "json")
        known = cli("top", url, "--store", tmp_path / "shop", "--format", "json")
    assert json.loads(unknown.stdout)["running"][0]["query"] == "(other) SELECT ?"
    (running,) = json.loads(known.stdout)["running"]
    assert running["query"] == "shop.nap"
    assert running["place"].endswith("shop.sql:1")


def test_top_on_sqlite_says_that_there_is_no_server(cli: Cli, file: str) -> None:
    result = cli("top", file)
    assert result.exit_code == 0
    assert "no server to ask" in result.stdout


def test_top_wants_to_know_which_database(cli: Cli) -> None:
    result = cli("top")
    assert result.exit_code == 2
    assert "name a store, or give a database URL" in result.stderr


def test_top_watches_on_a_terminal_only(cli: Cli, file: str) -> None:
    result = cli("top", file, "--watch")
    assert result.exit_code == 2
    assert "--watch is for a terminal" in result.stderr


@pytest.mark.parametrize(
    ("signal", "code"), [pytest.param("ctrl-c", 130, marks=pytest.mark.slow), ("SIGTERM", 143)]
)
def test_top_leaves_a_terminal_as_it_was(signal: str, code: int, file: str) -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    # Who opens a terminal as the first of a session gets its Ctrl-C.
    opened = 'tty=$1; shift; exec "$@" < "$tty" > "$tty" 2>&1'
    command = [sys.executable, "-m", "rawstore", "top", file, "--watch", "100ms"]
    with subprocess.Popen(
        ["/bin/sh", "-c", opened, "sh", os.ttyname(theirs), *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        start_new_session=True,
    ) as process:
        shown = b""
        while b"no server to ask" not in shown:
            shown += os.read(ours, 4096)
        if signal == "ctrl-c":
            os.write(ours, b"\x03")
        else:
            process.terminate()
        assert process.wait(timeout=30) == code
    os.set_blocking(ours, False)
    with suppress(BlockingIOError):  # there is no more
        while True:
            shown += os.read(ours, 65536)
    assert termios.tcgetattr(theirs) == before
    for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h")):
        assert 0 <= shown.rindex(on) < shown.rindex(off)
    os.close(ours)
    os.close(theirs)
