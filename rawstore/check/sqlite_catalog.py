"""The catalog of an SQLite database."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from .catalog import Catalog, ForeignKey, Index, Table, TableColumn
from .types import affinity


def read_catalog(connection: sqlite3.Connection) -> Catalog:
    """Every table, view and virtual table; names in lower case, for SQLite does not tell it."""
    found = connection.execute(
        "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
    )
    tables = {}
    for name, kind, without_rowid, strict in found.fetchall():
        if kind == "shadow" or name.startswith("sqlite_"):
            continue
        table = _table(connection, name, kind, has_rowid=not without_rowid, strict=bool(strict))
        tables[table.name] = table
    return Catalog(tables)


def _table(
    connection: sqlite3.Connection, name: str, kind: str, *, has_rowid: bool, strict: bool
) -> Table:
    rows = connection.execute(
        'SELECT lower(name), type, "notnull", pk FROM pragma_table_xinfo(?) ORDER BY cid', (name,)
    ).fetchall()
    primary = tuple(
        row[0] for row in sorted((row for row in rows if row[3]), key=lambda row: row[3])
    )
    # An integer primary key is the rowid, which is never null.
    rowid = {row[0] for row in rows if primary == (row[0],) and row[1].upper() == "INTEGER"}
    columns = {
        column: TableColumn(
            column,
            affinity(written, strict=strict),
            bool(not_null) or (has_rowid and column in rowid),
        )
        for column, written, not_null, _ in rows
    }
    if kind == "virtual":
        columns["rowid"] = TableColumn("rowid", "INTEGER", not_null=True)
        primary = ("rowid",)
    elif kind == "table" and has_rowid and not primary:
        columns.setdefault("rowid", TableColumn("rowid", "INTEGER", not_null=True))
        primary = ("rowid",)
    return Table(
        name=name.lower(),
        columns=columns,
        # In a table that is not STRICT, columns of the primary key may be null: then it is none.
        primary_key=primary if all(columns[key].not_null for key in primary) else (),
        indexes=tuple(_indexes(connection, name)),
        foreign_keys=tuple(_foreign_keys(connection, name)),
        is_base=kind == "table",
    )


def _indexes(connection: sqlite3.Connection, table: str) -> list[Index]:
    found = []
    indexes = connection.execute(
        "SELECT list.name, list.\"unique\", coalesce(master.sql, '')"
        " FROM pragma_index_list(?) AS list"
        " LEFT JOIN sqlite_master AS master ON master.name = list.name AND list.partial",
        (table,),
    )
    for name, unique, definition in indexes.fetchall():
        keys = connection.execute(
            "SELECT lower(name) FROM pragma_index_info(?) ORDER BY seqno", (name,)
        ).fetchall()
        plain: list[str] = []
        for (key,) in keys:
            if key is None:
                break
            plain.append(key)
        if plain:
            where = definition.upper().rpartition("WHERE")[2].strip() if definition else ""
            found.append(Index(tuple(plain), bool(unique) and len(plain) == len(keys), where))
    return found


def _foreign_keys(connection: sqlite3.Connection, table: str) -> list[ForeignKey]:
    columns: dict[int, list[str]] = defaultdict(list)
    references = {}
    rows = connection.execute(
        'SELECT id, "table", lower("from") FROM pragma_foreign_key_list(?) ORDER BY id, seq',
        (table,),
    )
    for number, other, column in rows:
        columns[number].append(column)
        references[number] = other
    return [ForeignKey(tuple(names), references[number]) for number, names in columns.items()]
