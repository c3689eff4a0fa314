"""Rows into an SQLite database, in one transaction of its writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from psycopg import sql

from ..errors import ForeignKeyViolation
from .cells import Cells
from .known import Known
from .model import Column, Table
from .quoting import identifier, listed, text
from .sqlite_catalog import read_tables
from .sqlite_reader import mapped
from .storing import stored_column
from .triggers import mentions

if TYPE_CHECKING:
    from ..store import Store

_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
_APART = """
SELECT name
FROM pragma_table_list
WHERE schema = 'main' AND type IN ('virtual', 'shadow')
"""


class SqliteLoader:
    """Holds the store's only writer."""

    def __init__(self, store: Store) -> None:
        """Begins the transaction, with foreign keys checked at its end."""
        self._engine: Any = store._engine  # noqa: SLF001 - part of the store
        self._session = self._engine.borrow()
        self._connection: sqlite3.Connection = self._session.connection
        self._triggers: list[tuple[str, str]] = []
        self._changed: list[Table] = []
        try:
            self._session.control(b"PRAGMA foreign_keys = OFF")
            self._session.control(b"BEGIN IMMEDIATE")
            self.tables = read_tables(self._connection, Known(store.source, store.queries))
        except BaseException:
            self.close()
            raise

    def columns(
        self, table: Table, columns: Sequence[Column], portions: Iterable[Sequence[Cells]]
    ) -> int:
        """Insert portions of these columns' cells; how many rows."""
        self._changed.append(table)
        statement = text(
            "INSERT INTO {table} ({columns}) VALUES ({values})",
            table=identifier(table.name),
            columns=listed(column.name for column in columns),
            values=sql.SQL(", ").join([sql.SQL("?")] * len(columns)),
        )
        rows = 0
        for portion in portions:
            values = [
                stored_column(column.type, cells)
                for column, cells in zip(columns, portion, strict=True)
            ]
            try:
                self._connection.executemany(statement, zip(*values, strict=True))
            except sqlite3.Error as error:
                raise mapped(error) from error
            rows += len(portion[0])
        return rows

    def count(self, table: Table) -> int:
        """How many rows the table has."""
        statement = text("SELECT count(*) FROM {table}", table=identifier(table.name))
        return int(self._all(statement)[0][0])

    def clear(self, tables: Sequence[Table]) -> None:
        """Delete every row of these tables, children first."""
        self._changed += tables
        for table in reversed(tables):
            self._run(text("DELETE FROM {table}", table=identifier(table.name)))

    def quiet_triggers(self, tables: Sequence[Table], apart: Iterable[str]) -> None:
        """Drop triggers that change nothing but what is loaded, until the commit."""
        named = {*apart, *(name for (name,) in self._all(_APART))}
        for table in tables:
            named |= {column.name for column in table.others if column.name not in _rowids(table)}
        self._triggers = self._all(_TRIGGERS)
        for name, written in self._triggers:
            if not mentions(written, "sqlite", named):
                self._run(text("DROP TRIGGER {name}", name=identifier(name)))

    def commit(self) -> None:
        """Check the foreign keys, commit. AUTOINCREMENT has counted by itself."""
        changed = {table.name for table in self._changed}
        lower = {name.lower() for name in changed}
        for name, written in self._triggers:  # all, for they run in the order of their making
            self._run(text("DROP TRIGGER IF EXISTS {name}", name=identifier(name)))
            self._run(written)
        for table in self.tables:
            if table.name in changed or any(to.table.lower() in lower for to in table.references):
                self._check(table)
        self._session.control(b"COMMIT")

    def close(self) -> None:
        """End it; what is not committed is undone."""
        try:
            if self._connection.in_transaction:
                self._session.control(b"ROLLBACK")
            self._session.control(b"PRAGMA foreign_keys = ON")
        finally:
            self._engine.give(self._session)

    def _check(self, table: Table) -> None:
        statement = "SELECT parent FROM pragma_foreign_key_check(?) LIMIT 1"
        if found := self._all(statement, (table.name,)):
            raise ForeignKeyViolation(
                f"a row of {table.name} refers to one of {found[0][0]} that is not there",
                code="SQLITE_CONSTRAINT_FOREIGNKEY",
            )

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise mapped(error) from error

    def _run(self, statement: str) -> None:
        self._all(statement)


def _rowids(table: Table) -> set[str]:
    """The table's own name of its rowid: every trigger finds its row by it."""
    return {c.name for c in table.others if c.stored.upper() == "INTEGER" and c.default}
