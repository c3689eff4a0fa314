"""Rows of a file that refer to rows which are not there."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from psycopg import sql

from ..tables.quoting import identifier, text
from .schema import Table

_KEY = """
SELECT "table", "from", "to"
FROM pragma_foreign_key_list(?)
WHERE id = ?
ORDER BY seq
"""


class Orphans(NamedTuple):
    """A table's rows whose row of `parents` is missing, and the statement that deletes them."""

    table: str
    parents: str
    rows: list[dict[str, Any]]
    delete: str


def orphans(connection: sqlite3.Connection, tables: Mapping[str, Table]) -> list[Orphans]:
    """The orphans of each table; by their values, since not every table has row ids."""
    broken: dict[str, dict[int, str]] = defaultdict(dict)
    for name, _, parent, key in connection.execute("PRAGMA foreign_key_check"):
        broken[name][key] = parent
    found = []
    for name, keys in broken.items():
        where = sql.SQL(" OR ").join(_broken(connection, tables, name, key) for key in keys)
        child = identifier(name)
        cursor = connection.execute(
            text("SELECT * FROM {child} AS child WHERE {where}", child=child, where=where)
        )
        columns = [column for column, *_ in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor]
        delete = text("DELETE FROM {child} AS child WHERE {where}", child=child, where=where)
        if rows:  # none: it refers to no table that there is, which the check will tell
            found.append(Orphans(name, " or ".join(sorted(set(keys.values()))), rows, delete))
    return found


def _broken(
    connection: sqlite3.Connection, tables: Mapping[str, Table], name: str, key: int
) -> sql.Composable:
    """What is true of a row whose foreign key of this number leads nowhere."""
    columns = connection.execute(_KEY, (name, key)).fetchall()
    parent = columns[0][0]
    primary = sorted((f for f in tables[parent].fields if f.key), key=lambda field: field.key)
    pairs = [
        (identifier(own), identifier(to or primary[at].name))
        for at, (_, own, to) in enumerate(columns)
    ]
    given = [sql.SQL("child.{} IS NOT NULL").format(own) for own, _ in pairs]
    same = [sql.SQL("parent.{} = child.{}").format(to, own) for own, to in pairs]
    return sql.SQL("({} AND NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {}))").format(
        sql.SQL(" AND ").join(given), identifier(parent), sql.SQL(" AND ").join(same)
    )
