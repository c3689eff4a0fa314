"""A session on SQLite that records what it does; statements are recorded where they are run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..query import Variant
from ..statistics import Recorder, clock
from .parameters import Items
from .recording import Call, Committing, RecordedChunks
from .sqlite_session import SqliteSession
from .sqlite_statement import Statements

if TYPE_CHECKING:
    from . import Chunks


class RecordedSqliteSession(SqliteSession):
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

    def each(self, variant: Variant, items: Items) -> Any:
        """A :batch query: once per item, all or nothing. Rows, or the count of rows."""
        with Call(self._recorder, variant) as call:
            call.answer = super().each(variant, items)
        return call.answer

    def script(self, variant: Variant) -> None:
        """Run a :script: all of it or nothing."""
        with Call(self._recorder, variant):
            super().script(variant)

    def stream(self, variant: Variant, values: Sequence[Any]) -> Chunks:
        """Lists of rows, read from the file as they are asked for."""
        reading = RecordedChunks(self._recorder, variant)
        with reading:
            reading.chunks = super().stream(variant, values)
        return reading

    def commit(self) -> None:
        """Commit. On failure the transaction is rolled back."""
        if self.idle:
            super().commit()
        else:
            with Committing(self._recorder):
                super().commit()
