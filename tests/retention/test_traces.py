"""SQLite: what was erased is not in the file any more, nor in the log beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .persons import CANARY, fill

Opened = Callable[[str], Any]
pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def on_disk(store: Any, needle: str) -> list[str]:
    """The files of the database that hold the bytes."""
    path: Path = store.target.path
    files = [path, *(path.with_name(path.name + end) for end in ("-wal", "-journal"))]
    return [file.name for file in files if file.exists() and needle.encode() in file.read_bytes()]


def pragma(store: Any, text: str) -> list[Any]:
    """Run a PRAGMA on the connection that the store writes with."""
    session = store._engine.borrow()
    try:
        rows: list[Any] = session.connection.execute(f"PRAGMA {text}").fetchall()
        return rows
    finally:
        store._engine.give(session)


@pytest.mark.parametrize("name", ["minipilot", "duiliocode", "collections"])
def test_no_byte_of_what_was_erased_stays(name: str, opened: Opened) -> None:
    store = opened(name)
    for number in range(8):
        fill(store, f"user{number}", "unmarked")
    subject = fill(store, "ann", CANARY)
    assert on_disk(store, CANARY)
    pragma(store, "secure_delete = OFF")  # many builds have it on
    done = store.erase(subject)
    assert done.notes == ()
    assert on_disk(store, CANARY) == []
    assert on_disk(store, "unmarked")
    assert pragma(store, "secure_delete") == [(0,)]


def test_a_reader_that_keeps_the_log_is_told_of(opened: Opened) -> None:
    store = opened("duiliocode")
    fill(store, "ann", CANARY)
    with closing(sqlite3.connect(store.target.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM user_preferences").fetchall()
        (note,) = store.erase("ann").notes
    assert "write-ahead log" in note
    store.erase("ann")
    assert on_disk(store, CANARY) == []
