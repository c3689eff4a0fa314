"""One SQLite connection at work: statements, transactions, streams."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from ..errors import DatabaseError
from ..query import Query, Variant
from .errormap import from_sqlite
from .parameters import refusal
from .sqlite_statement import Statement
from .watchdog import Watch, unwatch, watch

STREAM_ROWS = 1000


class SqliteSession:
    """A connection of the engine. Used by one thread at a time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        compiled: Callable[[Variant], Statement],
        limit: float | None,
    ) -> None:
        """`limit` is the seconds a statement may take, or None."""
        self.connection = connection
        self._execute = connection.execute
        self._compiled = compiled
        self._pending: list[str] = []
        self._limit = limit
        self._read_only = False
        self.watch = Watch(connection.interrupt)
        if limit is not None:
            watch(self.watch)

    def discard(self) -> None:
        """Close the connection."""
        unwatch(self.watch)
        self.connection.close()

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return not self.connection.in_transaction

    @property
    def read_only(self) -> bool:
        """Whether writes are refused; to be set outside a transaction."""
        return self._read_only

    @read_only.setter
    def read_only(self, value: bool) -> None:
        self._execute(f"PRAGMA query_only = {'ON' if value else 'OFF'}")
        self._read_only = value

    # -- statements

    def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back. `values` are in the placeholders' order."""
        statement = self._compiled(variant)
        bound = _encoded(statement, values)
        if self._pending:
            self.flush()
        self.watch.start(self._limit)
        try:
            return statement.value(self._execute(statement.text, bound))
        except sqlite3.Error as error:
            raise self.failed(error, variant.query) from error
        finally:
            self.watch.stop()

    def failed(self, error: sqlite3.Error, query: Query | None) -> DatabaseError:
        """The mapped error."""
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        return from_sqlite(name, str(error), query=query.full_name if query else None)

    # -- transactions

    def defer(self, command: bytes) -> None:
        """Run a control statement before the next statement."""
        self._pending.append(command.decode())

    def undefer(self, command: bytes) -> bool:
        """Take back a control statement that has not been run; whether it was there."""
        text = command.decode()
        if text in self._pending:
            del self._pending[self._pending.index(text) :]
            return True
        return False

    def flush(self) -> None:
        """Run what is deferred. Raises the mapped error."""
        commands, self._pending = self._pending, []
        for command in commands:
            self.control(command.encode())

    def control(self, command: bytes) -> None:
        """Run what is deferred and then a control statement. Raises the mapped error."""
        self.flush()
        try:
            self._execute(command.decode())
        except sqlite3.Error as error:
            raise self.failed(error, None) from error

    def commit(self) -> None:
        """Commit. On failure the transaction is rolled back."""
        self._pending.clear()
        if self.idle:
            return
        try:
            self.control(b"COMMIT")
        except DatabaseError:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Roll back whatever is open; a full disk has done so already."""
        self._pending.clear()
        if not self.idle:
            with suppress(sqlite3.Error):
                self._execute("ROLLBACK")

    # -- many at once

    def script(self, variant: Variant) -> None:
        """Run a :script: all of it or nothing."""
        with_own = self.idle and not self._pending
        self.flush()
        if with_own:
            self.control(b"BEGIN IMMEDIATE")
        try:
            for text in self._compiled(variant).statements:
                self._execute(text).fetchall()
        except sqlite3.Error as error:
            if with_own:
                self.rollback()
            raise self.failed(error, variant.query) from error
        if with_own:
            self.commit()

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls, one after another: of each its value or its error."""
        outcomes: list[Any] = []
        for variant, values in calls:
            try:
                outcomes.append(self.run(variant, values))
            except (DatabaseError, ValueError) as error:
                outcomes.append(error)
        return outcomes

    def each(self, variant: Variant, items: Sequence[tuple[Any, ...]]) -> Any:
        """A :batch query: once per item, all or nothing. Rows, or the count of rows."""
        statement = self._compiled(variant)
        bound = [_encoded(statement, item) for item in items]
        with_own = self.idle and not self._pending
        self.flush()
        if with_own:
            self.control(b"BEGIN IMMEDIATE")
        try:
            if variant.query.row is None and not variant.query.returns_rows:
                result: Any = max(self.connection.executemany(statement.text, bound).rowcount, 0)
            else:
                result = self._rows_of_each(statement, bound)
        except sqlite3.Error as error:
            if with_own:
                self.rollback()
            raise self.failed(error, variant.query) from error
        if with_own:
            self.commit()
        return result

    def _rows_of_each(self, statement: Statement, bound: Sequence[Sequence[Any]]) -> Any:
        rows: list[Any] = []
        for values in bound:
            cursor = self._execute(statement.text, values)
            rows += statement.make(cursor, cursor.fetchall())
        return rows if statement.query.row is not None else len(rows)

    # -- streams

    def stream(self, variant: Variant, values: Sequence[Any]) -> Iterator[list[Any]]:
        """Lists of rows, read from the file as they are asked for."""
        statement = self._compiled(variant)
        bound = _encoded(statement, values)
        self.flush()
        try:
            cursor = self._execute(statement.text, bound)
        except sqlite3.Error as error:
            raise self.failed(error, variant.query) from error
        return self._fetch(statement, cursor)

    def _fetch(self, statement: Statement, cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
        try:
            while found := cursor.fetchmany(STREAM_ROWS):
                yield statement.make(cursor, found)
        except sqlite3.Error as error:
            raise self.failed(error, statement.query) from error
        finally:
            cursor.close()


def _encoded(statement: Statement, values: Sequence[Any]) -> list[Any]:
    try:
        return statement.encode(values)
    except Exception as error:
        raise refusal(statement.variant, values, error) from None


