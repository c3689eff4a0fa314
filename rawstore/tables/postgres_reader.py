"""A snapshot of a PostgreSQL database: REPEATABLE READ, on a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

from ..jsontext import encode_json
from ..target import PostgresTarget
from .cells import BEYOND, Cells
from .known import Known
from .model import Column, Orphan, Table, Tell
from .postgres_catalog import TYPES, read_tables
from .postgres_connection import connect, mapped
from .postgres_out import portions
from .quoting import listed
from .rows import framed, split, unframed

if TYPE_CHECKING:
    from ..store import Store

_CASTS = {
    "text": "text",
    "smallint": "int2",
    "int": "int4",
    "bigint": "int8",
    "float": "float8",
    "timestamptz": "timestamptz",
    "json": "text",
    "numeric": "text",
}
_AS_IT_IS = frozenset(
    (
        ("text", "text"),
        ("text", "varchar"),
        ("text", "bpchar"),
        ("smallint", "int2"),
        ("int", "int4"),
        ("bigint", "int8"),
        ("float", "float8"),
        ("timestamptz", "timestamptz"),
        ("timestamptz", "timestamp"),
    )
)


class PostgresReader:
    """Reads by COPY, which has no limit of time and keeps nothing in memory."""

    def __init__(self, store: Store, target: PostgresTarget) -> None:
        """Connects and takes the snapshot. Raises the mapped error."""
        self._schema = store.schema
        self.apart: tuple[str, ...] = ()
        begin: LiteralString = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        self._connection = connect(target, store.schema, begin)
        try:
            known = Known(store.source, store.queries)
            self.tables = read_tables(self._connection, store.schema, known)
        except psycopg.Error as error:
            self.close()
            raise mapped(error) from error

    def close(self) -> None:
        """End the transaction and the connection."""
        self._connection.close()

    def count(self, table: Table) -> int:
        """How many rows the table has."""
        return count(self._connection, self._schema, table)

    def columns(
        self,
        table: Table,
        columns: Sequence[Column],
        report: Tell | None = None,
        *,
        ordered: bool = True,
    ) -> Iterator[list[Cells]]:
        """Portions of these columns' cells, in the order of insertion as far as it is known.

        Every value is of its column's type, so `report` is told of none.
        """
        return _columns(self._connection, self._schema, table, columns, ordered=ordered)

    def split(
        self, table: Table, columns: Sequence[Column], count: int
    ) -> Iterator[tuple[list[Cells], list[bytes]]]:
        """Portions of the cells of the first `count` columns, and the others framed, row by row."""
        if any(column.type.array for column in columns):
            for portion in self.columns(table, columns, ordered=False):
                yield portion[:count], framed(portion[count:])
            return
        statement = _statement(self._schema, table, columns, ordered=False)
        for rows in copied(self._connection, statement):
            yield split(rows, count)

    def orphans(self, table: Table) -> Iterator[Orphan]:
        """None: foreign keys hold."""
        return iter(())


def count(connection: psycopg.Connection[Any], schema: str, table: Table) -> int:
    """How many rows a table has."""
    statement = sql.SQL("SELECT count(*) FROM {}").format(_own_rows(schema, table))
    try:
        found = connection.execute(statement).fetchone()
    except psycopg.Error as error:
        raise mapped(error) from error
    return int(found[0]) if found else 0


def _columns(
    connection: psycopg.Connection[Any],
    schema: str,
    table: Table,
    columns: Sequence[Column],
    *,
    ordered: bool,
) -> Iterator[list[Cells]]:
    """Portions of cells of a table, read by the connection's transaction."""
    arrays = [number for number, column in enumerate(columns) if column.type.array]
    statement = _statement(schema, table, columns, ordered=ordered)
    oids = _oids(connection, schema, table, [columns[number] for number in arrays])
    for rows in copied(connection, statement):
        cells = [unframed(row, len(columns)) for row in rows]
        found: list[Cells] = list(map(list, zip(*cells, strict=True)))
        for number, oid in zip(arrays, oids, strict=True):
            found[number] = _arrays(connection, oid, found[number])
        yield found


def _statement(
    schema: str, table: Table, columns: Sequence[Column], *, ordered: bool
) -> sql.Composed:
    kinds = table.extra["kinds"]
    return sql.SQL("COPY (SELECT {} FROM {} {}) TO STDOUT (FORMAT binary)").format(
        sql.SQL(", ").join(_expression(column, kinds[column.name]) for column in columns),
        _own_rows(schema, table),
        _order(table) if ordered else sql.SQL(""),
    )


def _expression(column: Column, kind: str) -> sql.Composable:
    name = sql.Identifier(column.name)
    wanted = column.type.name
    element = kind.removesuffix("[]")
    if column.type.array and (element not in TYPES or element == "text"):  # which may be an enum
        return sql.SQL("{}::text[]").format(name)
    if column.type.array or (wanted, kind) in _AS_IT_IS:
        return name
    if wanted == "text" or TYPES.get(kind) != wanted or wanted in ("json", "numeric", "float"):
        return sql.SQL("{}::{}").format(name, sql.SQL(_CASTS.get(wanted, "text")))
    return name


def _own_rows(schema: str, table: Table) -> sql.Composable:
    """The table without those that inherit from it; with its partitions."""
    name = sql.Identifier(schema, table.name)
    return sql.SQL("ONLY {}").format(name) if table.extra["only"] else name


def _order(table: Table) -> sql.Composable:
    if not table.order:
        return sql.SQL("")
    return sql.SQL("ORDER BY {}").format(listed(table.order))


def _oids(
    connection: psycopg.Connection[Any], schema: str, table: Table, columns: Sequence[Column]
) -> list[int]:
    if not columns:
        return []
    kinds = table.extra["kinds"]
    cursor = connection.execute(
        sql.SQL("SELECT {} FROM {} LIMIT 0").format(
            sql.SQL(", ").join(_expression(column, kinds[column.name]) for column in columns),
            sql.Identifier(schema, table.name),
        )
    )
    return [column.type_code for column in cursor.description or ()]


def _arrays(connection: psycopg.Connection[Any], oid: int, cells: Cells) -> Cells:
    """Arrays as JSON."""
    loader = connection.adapters.get_loader(oid, psycopg.pq.Format.BINARY)
    if loader is None:
        raise NotImplementedError(f"arrays of the type {oid}")
    load = loader(oid, connection).load

    def one(cell: bytes) -> bytes:
        try:
            return encode_json(load(cell)).encode()
        except psycopg.DataError:  # a time that Python does not know
            return BEYOND + cell

    return [None if cell is None else one(cell) for cell in cells]


def copied(connection: psycopg.Connection[Any], statement: sql.Composed) -> Iterator[list[bytes]]:
    """Portions of the rows of a binary COPY, framed. Raises the mapped error."""
    try:
        yield from portions(connection, statement)
    except psycopg.Error as error:
        raise mapped(error) from error
