"""SQLite connections whose work another thread can end, even a wait for another process's lock."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from typing import Any, Self, cast

from .sqlite import SqliteEngine

SLICE = 0.05  # seconds that SQLite itself waits for the lock before it is asked again


class _Cursor(sqlite3.Cursor):
    """Waits for another process's lock in slices: SQLite's own wait cannot be interrupted."""

    connection: StoppableConnection

    def execute(self, *arguments: Any) -> Self:
        end: float | None = None
        while True:
            try:
                return super().execute(*arguments)
            except sqlite3.OperationalError as error:
                connection = self.connection
                busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
                if not busy or connection.in_transaction or connection.stopped:
                    raise
                now = time.monotonic()
                end = end or now + connection.patience - SLICE
                if now >= end:
                    raise


class StoppableConnection(sqlite3.Connection):
    """One whose statements can be ended from another thread, whatever they wait for."""

    patience = 0.0  # seconds
    stopped = False

    def stop(self) -> None:
        """End the statement that another thread is running."""
        self.stopped = True
        with suppress(sqlite3.ProgrammingError):  # closed meanwhile
            self.interrupt()

    def cursor(self, factory: type[sqlite3.Cursor] | None = None) -> Any:  # type: ignore[override]
        """One that can be called off while it waits."""
        return super().cursor(factory or _Cursor)

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """As sqlite3's, by such a cursor."""
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.execute(*arguments)


class StoppableEngine(SqliteEngine):
    """The engine beneath, whose connections can be called off while they wait for a lock."""

    connection_class = StoppableConnection

    def connect(self) -> sqlite3.Connection:
        """A new connection with our settings. Raises the mapped error."""
        connection = cast("StoppableConnection", super().connect())
        connection.patience = self.target.busy_timeout
        slice_ = min(SLICE, connection.patience)
        connection.execute(f"PRAGMA busy_timeout = {slice_ * 1000:.0f}")
        return connection
