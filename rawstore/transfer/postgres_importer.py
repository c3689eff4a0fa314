"""Rows into a PostgreSQL database: by COPY beside their table, and from there by INSERT.

So a row keeps its place in its file, defaults are filled in, keys that are taken can be left out,
and rows may refer to rows further on. Where the INSERT fails, the server tries row by row which
are the ones it refuses.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from ..scan import Dialect
from ..tables import Column, Table
from ..tables.cells import Cells
from ..tables.known import Known
from ..tables.postgres_catalog import read_tables
from ..tables.postgres_connection import connect, mapped
from ..tables.postgres_loader import COUNTER
from ..tables.postgres_text import text_rows
from ..tables.quoting import listed
from ..target import PostgresTarget
from ..types import Type
from .checking import Row
from .jsonlines import Place
from .postgres_circles import Circles
from .postgres_rowwise import insert_each
from .staging import Outcome, Portions, Refusal

if TYPE_CHECKING:
    from ..store import Store

_NUMBERS = tuple(
    Column(name, Type("bigint"), nullable=True)
    for name in ("rawstore_layout", "rawstore_line", "rawstore_character")
)
_CREATE = sql.SQL("""
CREATE TEMP TABLE rawstore_import AS
SELECT
    {columns}, 0::int8 AS rawstore_layout, 0::int8 AS rawstore_line, 0::int8 AS rawstore_character
FROM {table}
WITH NO DATA
""")
_DROP = sql.SQL("DROP TABLE IF EXISTS pg_temp.rawstore_import, pg_temp.rawstore_refused")
_COPY = sql.SQL("COPY pg_temp.rawstore_import ({}) FROM STDIN")
_INSERT = sql.SQL("""
INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
SELECT {columns}
FROM pg_temp.rawstore_import
WHERE rawstore_layout = {layout}
ORDER BY rawstore_line, rawstore_character
{conflict}
""")
# Where COPY says a value is not of its column's type.
_COPIED = re.compile(r"^COPY rawstore_import, \S+ (?P<row>\d+)(?:, \S+ (?P<rest>.*))?", re.M)
_COUNT_ON = sql.SQL("""
SELECT setval({counter}, greatest(highest, last_value))
FROM {sequence}, (SELECT max({column}) AS highest FROM {table}) AS found
WHERE highest > last_value OR (highest = last_value AND NOT is_called)
""")


class PostgresImporter:
    """A connection of its own, with one transaction. See `Importer`."""

    dialect: Dialect = "postgres"

    def __init__(self, store: Store, target: PostgresTarget) -> None:
        """Connects and begins."""
        self._schema = store.schema
        begin: LiteralString = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        self._connection = connect(target, store.schema, begin)
        self._counted: list[tuple[Table, str]] = []  # columns that were given their numbers
        try:
            known = Known(store.source, store.queries)
            self.tables = read_tables(self._connection, store.schema, known)
            self._circles = Circles(self._connection, store.schema, self.tables)
        except psycopg.Error as error:
            self.close()
            raise mapped(error) from error

    def load(self, table: Table, rows: Iterable[Row], *, skip: bool, limit: int) -> Outcome:
        """Insert rows."""
        conflict = sql.SQL("ON CONFLICT DO NOTHING" if skip else "")
        try:
            self._circles.defer(table)
            staged = self._stage(table, rows)
            if isinstance(staged, Refusal):
                return Outcome(refused=[staged])
            layouts, count = staged
            outcome = self._insert(table, layouts, conflict, limit)
            if not outcome.refused:
                outcome.skipped = count - outcome.rows
                self._circles.keep(table)
            self._connection.execute(_DROP)
        except psycopg.Error as error:
            raise mapped(error) from error
        given = {column.name for layout in layouts for column in layout}
        self._counted += [(table, column) for column in table.serial if column in given]
        return outcome

    def settle(self, *, limit: int) -> dict[str, list[Refusal]]:
        """Look at the foreign keys that had to wait."""
        try:
            return self._circles.settle(limit)
        except psycopg.Error as error:
            raise mapped(error) from error

    def commit(self) -> None:
        """Let the counters of ids go on behind the highest, and commit."""
        try:
            for table, column in self._counted:
                self._count_on(table, column)
            self._circles.restore()
            self._connection.execute("COMMIT")
        except psycopg.Error as error:
            raise mapped(error) from error

    def close(self) -> None:
        """End it."""
        self._connection.close()

    def _stage(
        self, table: Table, rows: Iterable[Row]
    ) -> tuple[Sequence[tuple[Column, ...]], int] | Refusal:
        """Put the rows beside the table; the layouts they have, and how many they are.

        Or the one with a value that is not of its column's type, where only the server knows that.
        """
        names = listed(column.name for column in table.columns)
        self._connection.execute(_CREATE.format(columns=names, table=self._name(table)))
        columns = (*_NUMBERS, *table.columns)
        portions = Portions(table, rows)
        where = array("q")
        statement = _COPY.format(listed(column.name for column in columns))
        try:
            with self._connection.cursor().copy(statement) as copy:
                for number, places, cells in portions:
                    where.extend(chain.from_iterable((line, at or 0) for line, at in places))
                    found = _numbered(number, places)
                    layout = portions.layouts[number]
                    given = dict(zip((column.name for column in layout), cells, strict=True))
                    empty: Cells = [None] * len(places)
                    found += [given.get(column.name, empty) for column in table.columns]
                    copy.write(text_rows(columns, found))
        except psycopg.Error as error:
            if refusal := _refused_by_copy(error, table, where):
                return refusal
            raise
        return portions.layouts, len(where) // 2

    def _insert(
        self,
        table: Table,
        layouts: Sequence[tuple[Column, ...]],
        conflict: sql.SQL,
        limit: int,
    ) -> Outcome:
        self._connection.execute("SAVEPOINT rawstore_import")
        outcome = Outcome()
        try:
            for number, columns in enumerate(layouts):
                statement = _INSERT.format(
                    table=self._name(table),
                    columns=listed(column.name for column in columns),
                    layout=sql.Literal(number),
                    conflict=conflict,
                )
                outcome.rows += self._connection.execute(statement).rowcount
        except psycopg.Error as error:
            if not _is_a_rows(error):
                raise
            self._connection.execute("ROLLBACK TO rawstore_import")
            name = self._name(table)
            outcome = insert_each(self._connection, table, name, layouts, conflict, limit)
        return outcome

    def _count_on(self, table: Table, column: str) -> None:
        """Let the column's sequence go on from its highest value, and never back."""
        name = self._name(table)
        wanted = {"table": name.as_string(self._connection), "column": column}
        found = self._connection.execute(COUNTER, wanted).fetchone()
        if found is None or found[0] is None:
            return
        self._connection.execute(
            _COUNT_ON.format(
                counter=sql.Literal(found[0]),
                sequence=sql.SQL(found[0]),
                column=sql.Identifier(column),
                table=name,
            )
        )

    def _name(self, table: Table) -> sql.Identifier:
        return sql.Identifier(self._schema, table.name)


_int8 = struct.Struct(">q").pack


def _numbered(layout: int, places: Sequence[Place]) -> list[Cells]:
    """The columns that stand before the table's."""
    return [
        [_int8(layout)] * len(places),
        [_int8(place.line) for place in places],
        [_int8(place.character or 0) for place in places],
    ]


def _refused_by_copy(error: psycopg.Error, table: Table, where: array[int]) -> Refusal | None:
    found = _COPIED.search(error.diag.context or "")
    if found is None or not _is_a_rows(error):
        return None
    line, character = where[2 * int(found["row"]) - 2 :][:2]
    said = found["rest"] or ""
    column = next((c.name for c in table.columns if said.startswith(f"{c.name}: ")), None)
    return Refusal(Place(line, character or None), mapped(error), column)


def _is_a_rows(error: psycopg.Error) -> bool:
    """Whether it is a row that the server refuses."""
    code = error.sqlstate or ""
    return code[:2] in ("22", "23") or code in ("54000", "P0001")
