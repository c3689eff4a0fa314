"""A `:stream` query on SQLite: a statement that is read in chunks."""

from __future__ import annotations

import sqlite3
from collections import deque
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from .sqlite_session import SqliteSession
    from .sqlite_statement import Statement

STREAM_ROWS = 1000


class Rows:
    """A statement that is being read, in chunks (see `Chunks`).

    SQLite's own would show what its transaction writes meanwhile, PostgreSQL's cursors do not; so
    what is left is read into memory before such a write.
    """

    def __init__(
        self, session: SqliteSession, statement: Statement, cursor: sqlite3.Cursor
    ) -> None:
        self._session = session
        self._statement = statement
        self._cursor = cursor
        self._kept: deque[Any] | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[Any]:
        if self._kept is None:
            with self._session.working(self._statement):
                found = self._cursor.fetchmany(STREAM_ROWS)
        else:
            found = [self._kept.popleft() for _ in range(min(STREAM_ROWS, len(self._kept)))]
        if not found:
            self.close()
            raise StopIteration
        return self._statement.make(self._cursor, found)

    def keep(self) -> None:
        """Read what is left, and hold it."""
        if self._kept is not None:
            return
        with self._session.working(self._statement):
            self._kept = deque(self._cursor.fetchall())

    def close(self) -> None:
        """Release the statement and the snapshot it reads."""
        self._kept = deque()
        self._cursor.close()
