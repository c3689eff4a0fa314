"""Rows into a PostgreSQL database: COPY, in one transaction."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.copy import QueuedLibpqWriter
from psycopg.types.numeric import DecimalBinaryDumper

from ..target import PostgresTarget
from .cells import Cells
from .known import Known
from .model import Column, Table
from .postgres_catalog import TYPES, read_tables
from .postgres_connection import connect, mapped
from .postgres_reader import count
from .postgres_text import text_rows
from .rows import stream
from .triggers import mentions, qualified

if TYPE_CHECKING:
    from ..store import Store

_START = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_TRIGGERS = """
SELECT relname::text, tgname::text, prosrc || ' ' || pg_get_triggerdef(pg_trigger.oid)
FROM pg_trigger
INNER JOIN pg_class ON pg_class.oid = tgrelid
INNER JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE
    NOT tgisinternal
    AND tgparentid = 0
    AND tgenabled = 'O'
    AND tgtype::int & 4 <> 0 -- by INSERT
    AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
ORDER BY relname, tgname
"""
_ELSEWHERE = """
SELECT lower(nspname || '.' || relname)
FROM pg_class
INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE
    relkind IN ('r', 'p', 'v', 'f')
    AND nspname <> ALL(ARRAY['pg_catalog', 'information_schema', %s])
"""
_FORWARD = """
SELECT pg_class.relname::text, conname::text, other.relname::text
FROM pg_constraint
INNER JOIN pg_class ON pg_class.oid = conrelid
INNER JOIN pg_class AS other ON other.oid = confrelid
WHERE
    contype = 'f' AND conparentid = 0 AND NOT condeferrable
    AND pg_class.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
"""
COUNTER = """
SELECT coalesce(
    pg_get_serial_sequence(%(table)s, %(column)s),
    (
        SELECT refobjid::regclass::text
        FROM pg_attrdef
        INNER JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
        INNER JOIN pg_depend
            ON
                classid = 'pg_attrdef'::regclass AND objid = pg_attrdef.oid
                AND refclassid = 'pg_class'::regclass
        INNER JOIN pg_class ON pg_class.oid = refobjid AND relkind = 'S'
        WHERE adrelid = %(table)s::regclass AND attname = %(column)s
        LIMIT 1
    )
)
"""


class PostgresLoader:
    """A connection of its own, with one transaction."""

    def __init__(self, store: Store, target: PostgresTarget) -> None:
        """Connects, begins, and keeps other writers out of the tables till the end."""
        self._schema = store.schema
        begin: LiteralString = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        self._connection = connect(target, store.schema, begin)
        self._loaded: list[Table] = []
        self._whole = False
        self._quieted: list[tuple[str, str]] = []
        self._deferred: list[tuple[str, str]] = []
        try:
            known = Known(store.source, store.queries)
            self.tables = read_tables(self._connection, store.schema, known)
            self._lock()
            self._defer()
        except psycopg.Error as error:
            self.close()
            raise mapped(error) from error

    def columns(
        self, table: Table, columns: Sequence[Column], portions: Iterable[Sequence[Cells]]
    ) -> int:
        """Insert portions of these columns' cells; how many rows."""
        self._loaded.append(table)
        kinds = [table.extra["kinds"][column.name] for column in columns]
        binary = all(
            not column.type.array and kind in TYPES
            for column, kind in zip(columns, kinds, strict=True)
        )
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT {})").format(
            self._name(table),
            sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            sql.SQL("binary" if binary else "text"),
        )
        rows = 0
        try:
            cursor = self._connection.cursor()
            # A thread sends, while the next portion is made.
            with cursor.copy(statement, writer=QueuedLibpqWriter(cursor)) as copy:
                if binary:
                    copy.write(_START)
                for portion in portions:
                    rows += len(portion[0])
                    copy.write(_binary(kinds, portion) if binary else text_rows(columns, portion))
                if binary:
                    copy.write(_END)
        except psycopg.Error as error:
            raise mapped(error, _place(error)) from error
        return rows

    def count(self, table: Table) -> int:
        """How many rows the table has."""
        return count(self._connection, self._schema, table)

    def clear(self, tables: Sequence[Table]) -> None:
        """Delete every row of these tables, at once."""
        if tables:
            self._run("TRUNCATE {}", sql.SQL(", ").join(map(self._name, tables)))

    def quiet_triggers(self, tables: Sequence[Table], apart: Iterable[str]) -> None:
        """Disable triggers that change nothing but what is loaded, until the commit."""
        self._whole = True
        owned = {table.name for table in self.tables if table.extra["owned"]}
        apart = {*apart, *(column.name for table in tables for column in table.others)}
        elsewhere = {name for (name,) in self._all(_ELSEWHERE, (self._schema,))}
        for table, trigger, written in self._all(_TRIGGERS, (self._schema,)):
            kept = mentions(written, "postgres", apart) or qualified(written) & elsewhere
            if table in owned and not kept:
                self._alter(table, trigger, "DISABLE TRIGGER {}")
                self._quieted.append((table, trigger))

    def commit(self) -> None:
        """Set the counters of ids, check the foreign keys, commit."""
        for table in self._loaded:
            for column in table.serial:
                self._count_on(table, column)
        self._run("SET CONSTRAINTS ALL IMMEDIATE")
        if self._whole and self._loaded:
            self._run("ANALYZE {}", sql.SQL(", ").join(map(self._name, self._loaded)))
        for name, trigger in self._quieted:
            self._alter(name, trigger, "ENABLE TRIGGER {}")
        for name, constraint in self._deferred:
            self._alter(name, constraint, "ALTER CONSTRAINT {} NOT DEFERRABLE")
        self._run("COMMIT")

    def close(self) -> None:
        """End it; what is not committed is undone."""
        self._connection.close()

    def _lock(self) -> None:
        """One load at a time, and no other writer: what is counted stays as it is."""
        if self.tables:
            names = sorted(self.tables, key=lambda table: table.name)
            self._run(
                "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
                sql.SQL(", ").join(map(self._name, names)),
            )

    def _defer(self) -> None:
        """Let foreign keys be checked at the end: of a circle of tables, one comes first."""
        places = {table.name: place for place, table in enumerate(self.tables)}
        for name, constraint, other in self._all(_FORWARD, (self._schema,)):
            if name in places and places[name] < places.get(other, -1):
                self._alter(name, constraint, "ALTER CONSTRAINT {} DEFERRABLE")
                self._deferred.append((name, constraint))
        self._run("SET CONSTRAINTS ALL DEFERRED")

    def _count_on(self, table: Table, column: str) -> None:
        """Let the column's sequence go on from its highest value, but never back."""
        name = self._name(table).as_string(self._connection)
        (found,) = self._all(COUNTER, {"table": name, "column": column})
        if found[0] is None:
            return
        self._run(
            "SELECT setval(seqrelid, highest)"
            " FROM pg_sequence CROSS JOIN (SELECT max({}) AS highest FROM {}) AS ids"
            " WHERE seqrelid = {}::regclass"
            " AND highest > coalesce(pg_sequence_last_value(seqrelid), seqmin - 1)",
            sql.Identifier(column),
            self._name(table),
            sql.Literal(found[0]),
        )

    def _alter(self, table: str, name: str, what: str) -> None:
        changed = sql.SQL(what).format(sql.Identifier(name))
        self._run("ALTER TABLE {} {}", sql.Identifier(self._schema, table), changed)

    def _name(self, table: Table) -> sql.Identifier:
        return sql.Identifier(self._schema, table.name)

    def _run(self, statement: str, *parts: sql.Composable) -> None:
        try:
            self._connection.execute(sql.SQL(statement).format(*parts))
        except psycopg.Error as error:
            raise mapped(error) from error

    def _all(self, statement: str, values: Any = None) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except psycopg.Error as error:
            raise mapped(error) from error


def _place(error: psycopg.Error) -> str:
    """Where COPY was: its context, without the value."""
    found = re.match(r"COPY (\S+), line \d+, column (\S+?)(?=[:,]|$)", error.diag.context or "")
    return f"in {found[1]}.{found[2]}" if found else ""


# -- cells as the server receives them

_count = struct.Struct(">h").pack


def _binary(kinds: Sequence[str], portion: Sequence[Cells]) -> bytes:
    columns = [
        _SENT[kind](cells) if kind in _SENT else cells
        for kind, cells in zip(kinds, portion, strict=True)
    ]
    return stream(columns, _count(len(columns)))


def _jsonb(cells: Cells) -> Cells:
    return [None if cell is None else b"\1" + cell for cell in cells]


def _float4(cells: Cells) -> Cells:
    narrow = struct.Struct(">f").pack
    wide = struct.Struct(">d").unpack
    return [None if cell is None else narrow(*wide(cell)) for cell in cells]


def _numeric(cells: Cells) -> Cells:
    dump = DecimalBinaryDumper(Decimal).dump
    return [None if cell is None else bytes(dump(Decimal(cell.decode())) or b"") for cell in cells]


_SENT: dict[str, Callable[[Cells], Cells]] = {
    "jsonb": _jsonb,
    "float4": _float4,
    "numeric": _numeric,
}
