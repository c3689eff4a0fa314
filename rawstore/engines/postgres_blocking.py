"""A PostgreSQL session for threads: each of its calls returns when the server has answered.

`PostgresSession` does the work; here the most frequent case is written out: one prepared statement
outside of anything that is deferred.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import psycopg

from ..query import Variant
from .parameters import Items
from .pipeline import Result
from .postgres_report import unreadable
from .postgres_session import PostgresSession
from .postgres_wire import GOOD, BlockingWire, now

if TYPE_CHECKING:
    from . import Chunks
    from .postgres_stream import Cursor


class BlockingSession:
    """A connection borrowed from the pool. Used by one thread at a time (see `Session`)."""

    def __init__(self, core: PostgresSession, wire: BlockingWire) -> None:
        """`wire` is the core's."""
        self.core = core
        self.connection: psycopg.Connection[Any] = core.connection
        self._held = core.preparation.held
        self._run = wire.run

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self.core.idle

    def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""
        core = self.core
        prepared = self._held.get(variant)
        if prepared is None or not prepared.direct or core.pending:
            return now(core.perform(variant, values))
        try:
            encoded = prepared.encode(values)
        except Exception:  # not to be the next one's context: it may quote the value
            encoded = None
        if encoded is None:
            return now(core.perform(variant, values))
        result = self._run(prepared.name, encoded, prepared.formats, prepared.result_format)
        if result.status not in GOOD:
            return now(core.run_again(variant, values, result))
        try:
            return prepared.value(result)
        except psycopg.DataError as error:
            problem = unreadable(variant.query, error)
        raise problem

    def script(self, variant: Variant) -> None:
        """Run a `:script`, all of it or nothing."""
        now(self.core.script(variant))

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Run many; of each its value or its error."""
        return now(self.core.batch(calls))

    def each(self, variant: Variant, items: Items) -> Any:
        """Run one once per item, all or nothing."""
        return now(self.core.each(variant, items))

    def stream(self, variant: Variant, values: Sequence[Any]) -> Chunks:
        """Rows in chunks."""
        return BlockingCursor(now(self.core.stream(variant, values)))

    def defer(self, command: bytes) -> None:
        """Send a control statement with the next statement."""
        self.core.defer(command)

    def undefer(self, command: bytes) -> bool:
        """Take back what has not been sent; whether it was there."""
        return self.core.undefer(command)

    def control(self, command: bytes) -> None:
        """Send what is deferred and then a control statement."""
        now(self.core.control(command))

    def commit(self) -> None:
        """Commit what is open."""
        now(self.core.commit())

    def rollback(self) -> None:
        """Roll back what is open."""
        now(self.core.rollback())

    def command(self, text: bytes, limit: float | None = None) -> Result:
        """Run statements without parameters; of several the last result, or the failure."""
        return now(self.core.wire.command(text, limit))

    def call(self, send: Callable[..., None], *arguments: Any) -> Result:
        """Call one of PGconn's `send_…` and wait for what comes of it."""
        return now(self.core.wire.call(send, *arguments))


class BlockingCursor:
    """A server-side cursor, read in chunks (see `Chunks`)."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[Any]:
        try:
            return now(self._cursor.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """Close the cursor, unless the end of its transaction has done so."""
        now(self._cursor.close())
