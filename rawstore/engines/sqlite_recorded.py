"""A session on SQLite that records what it does; statements are recorded where they are run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from ..query import Variant
from ..statistics import Recorder, clock
from .recorded import Recorded
from .sqlite_session import SqliteSession
from .sqlite_statement import Statements


class RecordedSqliteSession(Recorded, SqliteSession):
    """A connection of the engine. Used by one thread at a time."""

    def __init__(
        self, connection: sqlite3.Connection, statements: Statements, recorder: Recorder
    ) -> None:
        super().__init__(connection, statements)
        self._recorder = recorder

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls, one after another: of each its value or its error."""
        began = clock()
        outcomes = super().batch(calls)
        self._recorder.flown(calls, clock() - began)
        return outcomes
