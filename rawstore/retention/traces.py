"""What deleting leaves in an SQLite file, and getting rid of it.

A deleted row's bytes stay in the page, and in the write-ahead log; a full-text index keeps its
words until it merges the parts that hold them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..lent import lent
from ..tables.quoting import identifier, text

if TYPE_CHECKING:
    from ..store import Store

_INDEXES = """
SELECT name
FROM sqlite_master
WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'
ORDER BY name
"""
_PAGES = 200  # that one step of a merge writes
_TRIES = 10  # to empty the log
_PATIENCE = 30  # milliseconds of each
_BETWEEN = 0.05  # seconds


@contextmanager
def without_traces(store: Store) -> Iterator[list[str]]:
    """Have what is deleted in the block overwritten, and its words and the log cleared after it.

    The list given tells, after the block, what was not to be had.
    """
    notes: list[str] = []
    with lent(store) as session:
        connection = session.connection
        (before,) = connection.execute("PRAGMA secure_delete").fetchone()
        connection.execute("PRAGMA secure_delete = ON")
    try:
        yield notes
        with lent(store) as session:
            connection = session.connection
            tables = [name for (name,) in connection.execute(_INDEXES)]
        for name in tables:
            _merge(store, name)
        if not _clear_log(store):
            notes.append(
                "another connection reads from the write-ahead log, which may hold deleted text "
                "until all have closed or a checkpoint comes through"
            )
    finally:
        with lent(store) as session:
            connection = session.connection
            connection.execute(f"PRAGMA secure_delete = {('OFF', 'ON', 'FAST')[before]}")


def _clear_log(store: Store) -> bool:
    """Write the log back and empty it, which waits for readers: briefly, for writers wait too."""
    for _ in range(_TRIES):
        with lent(store) as session:
            connection = session.connection
            (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
            try:
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {patience}")
        if not busy:
            return True
        time.sleep(_BETWEEN)
    return False


def _merge(store: Store, name: str) -> None:
    """Merge an FTS5 index into one part, step by step, each a short transaction."""
    step = "INSERT INTO {table} ({table}, rank) VALUES ('merge', {pages})"
    pages = -_PAGES  # negative: begin a merge of all parts
    while True:
        with lent(store) as session:
            connection = session.connection
            before = connection.total_changes
            made = text(step, table=identifier(name), pages=_number(pages))
            connection.execute(made)
            if connection.total_changes - before < 2:  # as FTS5 tells that nothing was to do
                return
        pages = _PAGES


def _number(value: int) -> Any:
    from psycopg import sql

    return sql.SQL(str(value))
