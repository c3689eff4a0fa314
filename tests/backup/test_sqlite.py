"""What can stand in the way of a file of SQLite's, and what is no reason to refuse it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import ConfigError, DatabaseCorrupt, RawstoreError

if TYPE_CHECKING:
    from tests.conftest import Dialect


@pytest.fixture
def dialect() -> Dialect:
    return "sqlite"


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_what_belongs_to_another_file_is_refused(
    bank: Any, reopened: Any, tmp_path: Path, suffix: str
) -> None:
    made = bank.backup(tmp_path)
    beside = reopened.target.path.with_name(f"{reopened.target.path.name}{suffix}")
    beside.touch()
    with pytest.raises(ConfigError, match=f"{suffix} is there"):
        reopened.restore(made.path)
    assert not reopened.target.path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_an_empty_file_that_is_open_is_refused(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    holder = sqlite3.connect(reopened.target.path)
    try:
        holder.execute("PRAGMA user_version").fetchone()
        with pytest.raises(ConfigError, match="is open in process"):
            reopened.restore(made.path)
    finally:
        holder.close()


def test_a_damaged_file_has_no_backup(bank: Any, tmp_path: Path) -> None:
    bank.close()
    path = bank.target.path
    data = bytearray(path.read_bytes())
    data[-4096 * 3 : -4096 * 2] = bytes(range(256)) * 16
    path.write_bytes(data)
    with (
        rawstore.open(bank.source.root, str(bank.target)) as store,
        pytest.raises(RawstoreError, match=r"damaged|malformed"),
    ):
        store.backup(tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_file_that_is_only_read_has_a_backup(bank: Any, tmp_path: Path) -> None:
    with rawstore.open(bank.source.root, f"{bank.target}?mode=ro") as store:
        made = store.backup(tmp_path / "backups")
        assert made.manifest.rows == 10
        with pytest.raises(ConfigError, match="read-only"):
            store.restore(made.path)


def test_a_text_that_is_no_utf8_is_kept(
    store: Any, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(store.target.path)) as connection, connection:
        connection.execute(
            "INSERT INTO users (name, email) VALUES (CAST(x'ff41' AS text), 'a@example.com')"
        )
    connection.close()
    made = store.backup(tmp_path / "backups")
    with rawstore.open("minipilot", elsewhere()) as other:
        assert other.restore(made.path).manifest.rows == 1


def test_a_counter_that_was_set_back_is_no_reason_to_refuse(
    bank: Any, reopened: Any, tmp_path: Path
) -> None:
    """SQLite looks at the highest id as well: none is given twice."""
    with closing(sqlite3.connect(bank.target.path)) as connection, connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 0")
    connection.close()
    reopened.restore(bank.backup(tmp_path).path)
    assert reopened.open_account(1) == 11


def test_rows_without_their_parents_are_told(store: Any, tmp_path: Path) -> None:
    user = store.create_user(email="a@example.com", name="A")
    store.create_conversation(user_id=user.id, title="T")
    with closing(sqlite3.connect(store.target.path)) as connection, connection:
        connection.execute("DELETE FROM users")
    connection.close()
    with pytest.raises(DatabaseCorrupt, match="1 rows of conversations without"):
        store.backup(tmp_path)


def test_a_full_text_index_that_does_not_fit_is_told(store: Any, tmp_path: Path) -> None:
    store.upsert_knowledge_chunk(source="book", content="The shop opens at nine.")
    with closing(sqlite3.connect(store.target.path)) as connection, connection:
        connection.execute("DELETE FROM knowledge_chunks_search_data WHERE id > 10")
    connection.close()
    with pytest.raises(DatabaseCorrupt, match="full-text index knowledge_chunks_search"):
        store.backup(tmp_path)
