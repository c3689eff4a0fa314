"""The tables of a store in an SQLite database."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Any

from ..types import Type
from .known import Known
from .model import Column, Reference, Table, parents_first

_TABLES = """
SELECT name, wr, strict
FROM pragma_table_list
WHERE schema = 'main' AND type = 'table'
ORDER BY name
"""
_VIRTUAL = """
SELECT name
FROM pragma_table_list
WHERE schema = 'main' AND type = 'virtual'
ORDER BY name
"""
_COLUMNS = """
SELECT name, type, "notnull", dflt_value IS NOT NULL, pk, hidden
FROM pragma_table_xinfo(?)
ORDER BY cid
"""
_UNIQUE = """
SELECT name
FROM pragma_index_list(?)
WHERE "unique" AND NOT partial
ORDER BY origin <> 'pk', name
"""
_INDEXED = "SELECT name FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno"
_REFERENCES = """
SELECT id, "table", "from", "to"
FROM pragma_foreign_key_list(?)
ORDER BY id, seq
"""
# What is nobody's data: SQLite's own, yoyo's and our history.
_FOREIGN = ("sqlite_", "_yoyo_", "yoyo_", "rawstore_migration")
_STORED = {"INTEGER": Type("bigint"), "REAL": Type("float"), "TEXT": Type("text")}


def read_tables(connection: sqlite3.Connection, known: Known) -> tuple[Table, ...]:
    """The base tables, parents before children; with `str` as the connection's text."""
    found = connection.execute(_TABLES).fetchall()
    return parents_first(
        _table(connection, known, name, has_rowid=not without, strict=bool(strict))
        for name, without, strict in found
        if not name.lower().startswith(_FOREIGN)
    )


def virtual_tables(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The names of virtual tables: what they hold is not among the tables' rows."""
    return tuple(name for (name,) in connection.execute(_VIRTUAL))


def _table(
    connection: sqlite3.Connection,
    known: Known,
    name: str,
    *,
    has_rowid: bool,
    strict: bool,
) -> Table:
    rows = connection.execute(_COLUMNS, (name,)).fetchall()
    primary = [row[0] for row in sorted(rows, key=lambda row: row[4]) if row[4]]
    rowid = [
        row[0] for row in rows if has_rowid and primary == [row[0]] and row[1].upper() == "INTEGER"
    ]
    alone = not any(known.is_portable(name, row[0]) for row in rows)  # one dialect has the table
    portable: list[Column] = []
    others: list[Column] = []
    for column, written, not_null, has_default, _, hidden in rows:
        made = Column(
            column,
            known.type(name, column) or _stored_type(written, strict=strict),
            nullable=not (not_null or column in rowid or (not has_rowid and column in primary)),
            stored=written,
            default=bool(has_default or not not_null or column in rowid),
            derived=bool(hidden),
        )
        kept = not hidden and (alone or known.is_portable(name, column))
        (portable if kept else others).append(made)
    names = {column.name for column in portable if not column.nullable}
    keys = [tuple(primary), *_unique(connection, name)]
    return Table(
        name=name,
        columns=tuple(portable),
        key=next((key for key in keys if key and names.issuperset(key)), ()),
        references=tuple(_references(connection, name)),
        others=tuple(others),
        serial=tuple(rowid) if names.issuperset(rowid) else (),
        strict=strict and all(row[1].upper() != "ANY" for row in rows),
        ordered=has_rowid and not names.issuperset(rowid or ("",)),
        extra={"rowid": has_rowid},
    )


def _stored_type(written: str, *, strict: bool) -> Type:
    """What a column of which no query knows holds: what its type says, if that is sure."""
    name = written.upper()
    if strict and name == "BLOB":
        return Type("bytes")
    if strict:
        return _STORED.get("INTEGER" if name == "INT" else name, Type("any"))
    return Type("any")


def _unique(connection: sqlite3.Connection, table: str) -> list[tuple[str, ...]]:
    found = []
    for (index,) in connection.execute(_UNIQUE, (table,)).fetchall():
        columns = [row[0] for row in connection.execute(_INDEXED, (index,))]
        if None not in columns:
            found.append(tuple(columns))
    return found


def _references(connection: sqlite3.Connection, table: str) -> list[Reference]:
    found: dict[int, list[Any]] = defaultdict(list)
    for number, other, column, to in connection.execute(_REFERENCES, (table,)):
        found[number].append((other, column, to))
    return [  # in the order of their numbers
        Reference(
            tuple(column for _, column, _ in parts),
            parts[0][0],
            tuple(to or "" for _, _, to in parts),
        )
        for parts in found.values()
    ]
