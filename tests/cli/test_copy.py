"""`rawstore copy` and `rawstore verify`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rawstore
from tests.cli.conftest import Cli
from tests.transfer import shop
from tests.transfer.filled import fill_collections, fill_minipilot
from tests.transfer.test_copy import run_sql


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of minipilot's with some rows."""
    path = tmp_path_factory.mktemp("filled") / "chat.db"
    with rawstore.open("minipilot", f"sqlite:///{path}") as store:
        store.migrate()
        fill_minipilot(store)
    return path


@pytest.fixture
def chat(filled: Path, workdir: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(filled, workdir / "chat.db"))


def test_copy_and_again(cli: Cli, chat: Path, pg_database: Callable[[str | None], str]) -> None:
    url = pg_database(None)
    result = cli("copy", chat, url)
    assert result.exit_code == 0
    assert "users" in result.stdout
    assert result.stdout.endswith("verified: equal\n")
    result = cli("copy", chat, url)
    assert result.stdout.endswith("equal already: nothing to do\n")
    result = cli("verify", url, chat)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "equal")


def test_copy_to_a_store_of_the_ladder(
    cli: Cli, chat: Path, monkeypatch: pytest.MonkeyPatch, workdir: Path
) -> None:
    monkeypatch.setenv("DB_PATH", str(workdir / "mine.db"))
    assert cli("copy", chat, "minipilot").exit_code == 0
    result = cli("verify", "minipilot", chat, "--format", "json")
    assert {table["equal"] for table in json.loads(result.stdout)} == {True}


def test_copy_of_ones_own_store(cli: Cli, workdir: Path) -> None:
    folder = shop.write(workdir)
    with rawstore.open(folder, f"sqlite:///{workdir}/a.db") as store:
        store.migrate()
    run_sql(workdir / "a.db", shop.THINGS)
    result = cli("copy", "a.db", "b.db")
    assert result.exit_code == 2
    assert "give --store" in result.stderr
    assert cli("copy", "a.db", "b.db", "--store", folder).exit_code == 0
    run_sql(workdir / "b.db", "UPDATE things SET small = 5 WHERE id > 7")
    result = cli("verify", "a.db", "b.db", "--store", folder)
    assert result.exit_code == 1
    assert "things id=40: different" in result.stdout
    result = cli("verify", "a.db", "b.db", "--store", folder, "--format", "json")
    found = {table["table"]: table for table in json.loads(result.stdout)}
    assert found["things"]["differences"] == [
        {"key": "id=40", "what": "different"},
        {"key": "id=9", "what": "different"},
    ]


def test_rows_that_cannot_go_are_listed(cli: Cli, chat: Path) -> None:
    run_sql(chat, "UPDATE users SET name = CAST(x'ff' AS text) WHERE email IS NOT NULL")
    for further in ((), ("--dry-run",)):
        result = cli("copy", chat, "other.db", *further)
        assert result.exit_code == 5
        assert "bytes that are no UTF-8" in result.stdout
        assert "nothing was written: 1 value cannot go" in result.stderr


def test_replace_is_asked_for(cli: Cli, chat: Path, workdir: Path) -> None:
    shutil.copy(chat, workdir / "other.db")
    run_sql(workdir / "other.db", "DELETE FROM messages", "DELETE FROM conversations")
    result = cli("copy", chat, "other.db")
    assert result.exit_code == 8
    assert "holds other rows (users 2)" in result.stderr
    assert cli("copy", chat, "other.db", "--replace").exit_code == 2
    result = cli("copy", chat, "other.db", "--replace", "--dry-run")
    assert result.stdout.splitlines()[-1].endswith("in place of 2")
    assert cli("copy", chat, "other.db", "--replace", "--yes").exit_code == 0
    assert cli("verify", chat, "other.db").exit_code == 0


def test_memory_keeps_nothing(cli: Cli, chat: Path) -> None:
    result = cli("copy", chat, "sqlite://")
    assert result.exit_code == 0
    assert "nothing is kept" in result.stderr


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "no file": (("nothing.db", "other.db"), "nothing.db does not exist"),
    "no store": (("nonsense", "other.db"), "no URL, no SQLite file and no store"),
    "two stores": (("minipilot", "omnimemory"), "several stores"),
    "twice the same": (("minipilot", "minipilot"), "both the database of minipilot"),
    "--url": (("chat.db", "other.db", "--url", "sqlite://"), "leave --url out"),
    "another's": (("chat.db", "other.db", "--store", "nonsense"), "no store 'nonsense'"),
    "not ours": (("empty.db", "other.db"), "give --store"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(case: str, cli: Cli, chat: Path, workdir: Path) -> None:
    run_sql(workdir / "empty.db", "CREATE TABLE t (a)")
    args, message = MISTAKES[case]
    before: set[Any] = set(workdir.iterdir())
    for command in ("copy", "verify"):
        result = cli(command, *args)
        assert result.exit_code == 2
        assert message in result.stderr
    assert set(workdir.iterdir()) == before
    assert chat.exists()


def test_no_password_is_shown(cli: Cli, chat: Path) -> None:
    url = "postgresql://ann:hunter2@127.0.0.1:1/db"
    for args in (("copy", chat, url), ("verify", url, chat), ("copy", url, chat)):
        result = cli(*args)
        assert result.exit_code == 7
        assert "hunter2" not in result.output + result.stderr


def test_what_is_not_copied_is_named(
    cli: Cli, workdir: Path, pg_database: Callable[[str | None], str]
) -> None:
    """And an index that is older than its rows."""
    with rawstore.open("collections", f"sqlite:///{workdir}/images.db") as store:
        store.migrate()
        fill_collections(store)
    result = cli("copy", "images.db", pg_database(None))
    assert result.exit_code == 0
    assert "column analyses.search_vector" in result.stderr
    assert "idx_embeddings_vector_cosine is older than its rows: rawstore vectors" in result.stderr
    assert cli("copy", "images.db", "other.db").stderr == ""
