"""Dropping a store: its schema on PostgreSQL, its tables on SQLite."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from .errors import ConfigError
from .lent import lent
from .target import SqliteTarget

if TYPE_CHECKING:
    from .store import Store

# Virtual tables first: dropping one drops its shadow tables, which cannot be dropped alone.
_OBJECTS = """
SELECT type, name
FROM sqlite_master
WHERE type IN ('table', 'view')
    AND name NOT LIKE 'sqlite@_%' ESCAPE '@'
ORDER BY sql NOT LIKE 'CREATE VIRTUAL%', type DESC, rootpage DESC
"""


def drop(store: Store) -> None:
    """Drop every object of the store, and its migration history. Raises the mapped error."""
    if isinstance(store.target, SqliteTarget):
        _drop_tables(store, store.target)
    else:
        _drop_schema(store)


def _drop_schema(store: Store) -> None:
    if store.schema in ("public", "pg_catalog", "information_schema"):
        raise ConfigError(f"the schema {store.schema} is shared; drop the store's tables by hand")
    with lent(store) as session:
        session.control(f'DROP SCHEMA IF EXISTS "{store.schema}" CASCADE'.encode())


def _drop_tables(store: Store, target: SqliteTarget) -> None:
    if target.path is not None and not target.path.exists():
        return
    with lent(store) as session:
        connection: sqlite3.Connection = session.connection
        try:
            session.control(b"PRAGMA foreign_keys = OFF")
            session.control(b"BEGIN IMMEDIATE")
            while found := connection.execute(_OBJECTS).fetchone():
                kind, name = found
                quoted = name.replace('"', '""')
                session.control(f'DROP {kind.upper()} "{quoted}"'.encode())
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.control(b"PRAGMA foreign_keys = ON")
