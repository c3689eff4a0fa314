"""Rows into an SQLite database, one by one, so that each refusal has its row."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from psycopg import sql

from ..errors import DataError, ForeignKeyViolation, IntegrityError
from ..scan import Dialect
from ..tables import Column, Table
from ..tables.cells import Cells
from ..tables.known import Known
from ..tables.quoting import identifier, listed, text
from ..tables.sqlite_catalog import read_tables
from ..tables.sqlite_reader import mapped
from ..tables.storing import stored_column
from .checking import Row
from .jsonlines import Place
from .staging import Outcome, Portions, Refusal

if TYPE_CHECKING:
    from ..store import Store

# OR ABORT: whatever the table says of a conflict, no row that is there is replaced.
_INSERT = "INSERT OR ABORT INTO {table} ({columns}) VALUES ({values})"
_INSERT_NEW = f"{_INSERT} ON CONFLICT DO NOTHING"
_PLACES = """
CREATE TEMP TABLE IF NOT EXISTS rawstore_places (
    name text, id integer, line integer, character integer, PRIMARY KEY (name, id)
) WITHOUT ROWID
"""
_PENDING = """
SELECT places.line, places.character
FROM pragma_foreign_key_check(?) AS pending
INNER JOIN temp.rawstore_places AS places ON places.name = ? AND places.id = pending.rowid
GROUP BY places.id
ORDER BY places.line, places.character
LIMIT ?
"""
_WRITTEN = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
_KEEP = "INSERT INTO temp.rawstore_places VALUES (?, ?, ?, ?)"
_ORPHANS = "SELECT count(*) FROM pragma_foreign_key_check(?)"
_WAITS = re.compile(r"\bINITIALLY\s+DEFERRED\b", re.IGNORECASE)


class SqliteImporter:
    """Holds the store's only writer. See `Importer`."""

    dialect: Dialect = "sqlite"

    def __init__(self, store: Store) -> None:
        """Begins the transaction."""
        self._engine: Any = store._engine  # noqa: SLF001 - part of the store
        self._session = self._engine.borrow()
        self._connection: sqlite3.Connection = self._session.connection
        self._open = False  # whether foreign keys wait for the end
        self._waiting: list[tuple[Table, int]] = []
        try:
            self._session.control(b"BEGIN IMMEDIATE")
            self.tables = read_tables(self._connection, Known(store.source, store.queries))
        except BaseException:
            self.close()
            raise

    def load(self, table: Table, rows: Iterable[Row], *, skip: bool, limit: int) -> Outcome:
        """Insert rows."""
        self._open = self._open or self._has_to_wait(table)
        try:
            if not table.references or not (self._open or _refers_to(table, table.name)):
                return _Loading(self._connection, table, skip=skip).run(rows, limit)
            return self._load_deferred(table, rows, skip=skip, limit=limit)
        except sqlite3.Error as error:
            raise mapped(error) from error

    def _has_to_wait(self, table: Table) -> bool:
        """Whether its rows may refer to those of tables that come later."""
        later = self.tables[self.tables.index(table) + 1 :]
        if any(_refers_to(table, other.name) for other in later):
            return True
        written = self._connection.execute(_WRITTEN, (table.name,)).fetchone()
        return written is not None and _WAITS.search(written[0]) is not None

    def _load_deferred(
        self, table: Table, rows: Iterable[Row], *, skip: bool, limit: int
    ) -> Outcome:
        """Where a row may refer to one further on, foreign keys are looked at when all are in."""
        run = self._connection.execute
        run("PRAGMA defer_foreign_keys = ON")
        run(_PLACES)
        before = self._orphans(table)
        outcome = _Loading(self._connection, table, skip=skip, remember=True).run(rows, limit)
        if self._open:
            self._waiting.append((table, before))
            return outcome
        outcome.refused += self._lost(table, before, limit - len(outcome.refused))
        outcome.refused.sort(key=lambda refused: (refused.place.line, refused.place.character or 0))
        if not outcome.refused:
            run("PRAGMA defer_foreign_keys = OFF")
        return outcome

    def settle(self, *, limit: int) -> dict[str, list[Refusal]]:
        """Look at the foreign keys that had to wait."""
        try:
            return {
                table.name: self._lost(table, orphans, limit) for table, orphans in self._waiting
            }
        except sqlite3.Error as error:
            raise mapped(error) from error

    def _orphans(self, table: Table) -> int:
        """How many rows refer to none, where a row has no number to be told by."""
        if table.extra["rowid"]:
            return 0
        return int(self._connection.execute(_ORPHANS, (table.name,)).fetchone()[0])

    def _lost(self, table: Table, orphans: int, limit: int) -> list[Refusal]:
        """The rows that refer to none; `orphans` were there before."""
        if self._orphans(table) > orphans:
            raise ForeignKeyViolation(f"a row of {table.name} refers to one that is not there")
        found = self._connection.execute(_PENDING, (table.name, table.name, limit))
        return [Refusal(Place(*place), ForeignKeyViolation("")) for place in found]

    def commit(self) -> None:
        """Commit; SQLite's counters have gone on by themselves."""
        self._session.control(b"DROP TABLE IF EXISTS temp.rawstore_places")
        self._session.control(b"COMMIT")

    def close(self) -> None:
        """End it."""
        self._engine.give(self._session)  # which rolls back


def _refers_to(table: Table, name: str) -> bool:
    return any(reference.table.lower() == name.lower() for reference in table.references)


class _Loading:
    """Rows into one table."""

    def __init__(
        self, connection: sqlite3.Connection, table: Table, *, skip: bool, remember: bool = False
    ) -> None:
        self._connection = connection
        self._table = table
        self._statement = _INSERT_NEW if skip else _INSERT
        self._remember = remember
        self._outcome = Outcome()

    def run(self, rows: Iterable[Row], limit: int) -> Outcome:
        portions = Portions(self._table, rows)
        for number, places, cells in portions:
            if len(self._outcome.refused) < limit:
                self._insert(portions.layouts[number], places, cells)
        del self._outcome.refused[limit:]
        return self._outcome

    def _insert(
        self, columns: Sequence[Column], places: Sequence[Place], cells: Sequence[Cells]
    ) -> None:
        statement = text(
            self._statement,
            table=identifier(self._table.name),
            columns=listed(column.name for column in columns),
            values=sql.SQL(", ").join([sql.SQL("?")] * len(columns)),
        )
        stored = [stored_column(c.type, found) for c, found in zip(columns, cells, strict=True)]
        kept: list[tuple[str, int | None, int, int | None]] = []
        cursor = self._connection.cursor()
        for place, values in zip(places, zip(*stored, strict=True), strict=True):
            try:
                cursor.execute(statement, values)
            except sqlite3.Error as error:
                self._refuse(place, error)
                continue
            if cursor.rowcount:
                kept.append((self._table.name, cursor.lastrowid, *place))
            else:
                self._outcome.skipped += 1
        self._outcome.rows += len(kept)
        if self._remember and self._table.extra["rowid"]:
            self._connection.executemany(_KEEP, kept)

    def _refuse(self, place: Place, error: sqlite3.Error) -> None:
        """Keep a row's refusal; raise what is no row's, or has ended the transaction."""
        refusal = mapped(error)
        if not isinstance(refusal, (IntegrityError, DataError)):
            raise refusal from error
        if not self._connection.in_transaction:
            raise refusal from error
        self._outcome.refused.append(Refusal(place, refusal))
