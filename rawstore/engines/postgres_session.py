"""One PostgreSQL connection at work: statements and transactions.

Written once for both colours: over the blocking wire its coroutines never suspend, and
`postgres_blocking` drives them; over the asynchronous one they are awaited.

Statements go through psycopg's low-level `PGconn`: prepared once per connection, parameters and
results in binary. Control statements (BEGIN, SAVEPOINT) wait for the next statement and travel with
it in one pipelined round trip.

A statement whose preparation is out of date, because the schema moved or a pooler took it away, has
done nothing: it is prepared and run again, with the transaction that it began. Further on in a
transaction it is a SerializationFailure, so that `Store.run` repeats the whole.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq

from ..errors import (
    CommitOutcomeUnknown,
    ConnectionLost,
    DatabaseError,
    TransactionAborted,
)
from ..query import Query, Variant
from . import postgres_batch, postgres_stream
from .parameters import Items
from .pipeline import Result, Send
from .postgres_codec import UtcLoader
from .postgres_preparation import Preparation
from .postgres_report import (
    ATTEMPTS,
    changes_session,
    failure,
    is_stale,
    libpq_message,
    moved,
    unreadable,
)
from .postgres_statement import Prepared
from .postgres_wire import GOOD, Wire

if TYPE_CHECKING:
    from .postgres_stream import Cursor
    from .postgres_types import ServerTypes

GRACE = 2.0  # seconds that the client waits beyond the server's own statement_timeout
PING_AFTER = 30.0  # seconds of idleness after which a connection is asked before it is used

_IDLE = pq.TransactionStatus.IDLE
_FAILED = pq.TransactionStatus.INERROR
_ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_FATAL = pq.ExecStatus.FATAL_ERROR


def patience(limit: float) -> float:
    """How long the client waits where the server stops a statement after `limit` seconds."""
    return limit + GRACE


class PostgresSession:
    """A connection borrowed from the pool. Used by one thread, or task, at a time."""

    def __init__(self, connection: Any, wire: Wire, types: ServerTypes, *, prepare: bool) -> None:
        """`connection` is psycopg's, of either colour. Without `prepare` nothing is named."""
        self.connection = connection
        self.wire = wire
        self.altered = False  # something would outlive the caller: SET, LISTEN, an advisory lock
        self.preparation = Preparation(self, types, named=prepare)
        self.pending: list[bytes] = []  # control statements that go with the next statement
        self.last_used = time.monotonic()
        self.lent_until = 0.0  # it may stay at hand until then (see `Lending`)
        self._pg: pq.abc.PGconn = connection.pgconn
        self._named = prepare
        self._held = self.preparation.held
        self._cursors = count()
        if not prepare:  # nor are there `options`, so the time zone is the server's
            connection.adapters.register_loader("timestamptz", UtcLoader)

    # -- life

    @property
    def fit(self) -> bool:
        """Whether the connection can be used, as far as is seen without a round trip."""
        return self.wire.silent and time.monotonic() - self.last_used < PING_AFTER

    async def alive(self, end: float) -> bool:
        """Whether the connection can be used. Only in doubt is the server asked, until `end`."""
        if self.fit:
            return True
        result = await self.wire.command(b"", max(0.0, end - time.monotonic()))
        return result.status in GOOD

    async def rest(self) -> bool:
        """Leave nothing behind for the next caller; False where the connection has to be closed."""
        if self.pending or self._pg.transaction_status != _IDLE:
            await self.rollback()
        if self.altered and self._named:  # behind a pooler it would be somebody else's session
            await self.wire.command(b"DISCARD ALL")
            self.preparation.clear()
            self.altered = False
        self.last_used = time.monotonic()
        return self._pg.transaction_status == _IDLE

    @property
    def idle(self) -> bool:
        """Whether the connection is good and no transaction is open on the server."""
        return self._pg.transaction_status == _IDLE

    # -- statements

    async def perform(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back. `values` are in the placeholders' order."""
        prepared, encoded = await self.preparation.encoded(variant, values)
        pending = self.pending
        result = await self._send(prepared, encoded)
        if result.status not in GOOD:
            return await self.run_again(variant, values, result, pending)
        return self.value(prepared, result)

    async def run_again(
        self, variant: Variant, values: Sequence[Any], result: Result, pending: Sequence[bytes] = ()
    ) -> Any:
        """Run a statement whose preparation was out of date, as `result` says; else raise."""
        for _ in range(ATTEMPTS - 1):
            await self.recover(variant, result, pending)
            prepared, encoded = await self.preparation.encoded(variant, values)
            result = await self._send(prepared, encoded)
            if result.status in GOOD:
                return self.value(prepared, result)
        raise self.failed(result, variant.query)

    def value(self, prepared: Prepared, result: Result) -> Any:
        """What the query's kind makes of a good result."""
        try:
            return prepared.value(result)
        except psycopg.DataError as error:
            problem = unreadable(prepared.variant.query, error)
        raise problem

    async def _send(self, prepared: Prepared, values: list[bytes | None]) -> Result:
        return await self.send(self.sender(prepared, values), prepared.variant.query.timeout)

    async def send(self, statement: Send, allowed: float | None) -> Result:
        """Run a statement behind what is deferred; the server allows it so many seconds.

        Its result, or that of the first that failed.
        """
        if allowed is None and not self.pending:
            return await self.wire.call(statement)
        before, after = self.timed(allowed)
        before = [*self.take_pending(), *before]
        limit = self.limit(allowed)
        results = await self.wire.exchange([*before, statement, *after], limit=limit)
        position = len(before) - before.count(self._pg.pipeline_sync)
        return next((each for each in results if each.status not in GOOD), results[position])

    def timed(self, allowed: float | None) -> tuple[list[Send], list[Send]]:
        """What is sent before and after a statement with a time limit of its own.

        Each adds one result, the syncs none. Outside a transaction the limit is the session's, and
        is taken off again whatever happens; a pooler's session is not ours to set, so there the
        statement gets a transaction.
        """
        if allowed is None:
            return [], []
        setting = b"statement_timeout = %d" % max(1, round(allowed * 1000))
        sync, send = self._pg.pipeline_sync, self.command_sender
        if self.pending or not self.idle:
            default = b"SET LOCAL statement_timeout TO DEFAULT"
            return [send(b"SET LOCAL " + setting)], [send(default)]
        if self._named:
            return [send(b"SET " + setting), sync], [sync, send(b"RESET statement_timeout")]
        before = [send(b"BEGIN"), send(b"SET LOCAL " + setting)]
        return before, [send(b"COMMIT"), sync, send(b"ROLLBACK")]

    def limit(self, allowed: float | None) -> float | None:
        """How long the client waits for a statement that the server allows so many seconds."""
        return None if allowed is None else patience(allowed)

    def sender(self, prepared: Prepared, values: list[bytes | None]) -> Send:
        """What sends the statement."""
        formats, result_format = prepared.formats, prepared.result_format
        if prepared.name:
            send = self._pg.send_query_prepared
            return partial(send, prepared.name, values, formats, result_format)
        text = prepared.variant.text.encode()
        return partial(
            self._pg.send_query_params, text, values, prepared.oids, formats, result_format
        )

    def command_sender(self, command: bytes, result_format: int = 0) -> Send:
        """What sends a statement without parameters."""
        return partial(self._pg.send_query_params, command, None, result_format=result_format)

    # -- failures

    def failed(
        self, result: Result, query: Query | None, *, preparing: bool = False
    ) -> DatabaseError:
        """The error of a failed result, or of the connection it broke."""
        name = query.full_name if query else None
        unknown = "whether the statement took effect is not known"
        if self.wire.severed:
            message = "this connection is the parent process's; open the store again in the child"
            return ConnectionLost(message, query=name)
        if self.wire.cut:
            message = f"no answer from the server within {self.wire.patience:g} s; {unknown}"
            return ConnectionLost(message, query=name)
        if result.status == _ABORTED:
            return TransactionAborted("an earlier statement of the transaction failed", query=name)
        error = failure(result, query, preparing=preparing)
        if isinstance(error, ConnectionLost):
            return error
        if not self.wire.broken and (error.code or result.status != _FATAL):
            return error
        self.wire.drop()  # without a code it is libpq's, which may not yet know that all is lost
        message = f"the server closed the connection; {unknown}"
        lost = ConnectionLost(message, query=name, code=error.code)
        lost.__cause__ = psycopg.OperationalError(libpq_message(result))
        return lost

    async def recover(self, variant: Variant, result: Result, pending: Sequence[bytes]) -> None:
        """Make ready to run again what failed only because its preparation was out of date.

        `pending` is what was sent before it. Raises the statement's error if it was another; and
        SerializationFailure where the transaction had done something already.
        """
        if not is_stale(result):
            raise self.failed(result, variant.query)
        self.preparation.forget(variant)
        if not await self.rewind(pending):
            raise moved(variant.query)

    async def rewind(self, pending: Sequence[bytes]) -> bool:
        """Go back to before what failed, where it was a transaction's first; False elsewhere."""
        if not self.idle:
            if not (pending and pending[0].startswith(b"BEGIN")):
                return False
            await self.wire.command(b"ROLLBACK")
        self.pending = list(pending)
        return True

    # -- transactions

    def take_pending(self) -> list[Send]:
        """What sends the deferred statements, which are deferred no longer."""
        commands, self.pending = self.pending, []
        return [self.command_sender(command) for command in commands]

    def defer(self, command: bytes) -> None:
        """Send a control statement with the next statement."""
        self.pending.append(command)

    def undefer(self, command: bytes) -> bool:
        """Take back a control statement that has not been sent; whether it was there."""
        if command in self.pending:
            del self.pending[self.pending.index(command) :]
            return True
        return False

    async def flush(self, query: Query | None = None) -> None:
        """Send what is deferred, now. Raises the mapped error, in the name of `query`."""
        for result in await self.wire.exchange(self.take_pending()):
            if result.status not in GOOD:
                raise self.failed(result, query)

    async def control(self, command: bytes) -> None:
        """Send what is deferred and then a control statement. Raises the mapped error."""
        self.defer(command)
        await self.flush()

    async def commit(self) -> None:
        """Commit; where the connection is lost meanwhile the outcome is unknown, and said so."""
        self.pending.clear()  # COMMIT releases every savepoint
        status = self._pg.transaction_status
        if status == _IDLE:  # nothing was sent: no transaction was begun
            return
        if status == _FAILED:  # the server would roll back and call that a success
            await self.rollback()
            raise TransactionAborted("a statement of this transaction failed: it is rolled back")
        if self.wire.broken:
            raise ConnectionLost("the connection was lost before COMMIT: it is rolled back")
        result = await self.wire.command(b"COMMIT")
        if result.status in GOOD:
            return
        error = self.failed(result, None)
        if isinstance(error, ConnectionLost) and not (error.code or "").startswith("25"):
            message = f"the connection was lost during COMMIT, whose outcome is unknown: {error}"
            raise CommitOutcomeUnknown(message, code=error.code) from error.__cause__
        raise error

    async def rollback(self) -> None:
        """Roll back whatever is open; a broken connection has done so already."""
        self.pending.clear()
        if not self.idle and not self.wire.broken and not self.wire.severed:
            await self.wire.command(b"ROLLBACK")

    # -- many at once

    async def script(self, variant: Variant) -> None:
        """Run a :script: by the simple protocol, all of it or nothing."""
        await self.flush(variant.query)
        self.altered = self.altered or changes_session(variant.text)
        text, timeout = variant.text, variant.query.timeout
        if timeout is not None:
            setting = f"SET LOCAL statement_timeout = {max(1, round(timeout * 1000))}"
            text = f"{setting};\n{text}\n;SET LOCAL statement_timeout TO DEFAULT"
        limit = self.limit(timeout)
        result = await self.wire.call(self._pg.send_query, text.encode(), limit=limit)
        if result.status not in GOOD:
            raise self.failed(result, variant.query, preparing=True)

    async def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls in one round trip: of each its value or its error.

        Outside a transaction each stands alone; inside one the first failure aborts the rest.
        """
        return await postgres_batch.batch(self, calls)

    async def each(self, variant: Variant, items: Items) -> Any:
        """A :batch query: once per item, all or nothing, pipelined. Rows, or the count of rows."""
        return await postgres_batch.each(self, variant, items)

    async def stream(self, variant: Variant, values: Sequence[Any]) -> Cursor:
        """Lists of rows from a server-side cursor, which needs an open transaction."""
        name = b"rawstore %d" % next(self._cursors)
        return await postgres_stream.stream(self, variant, values, name)
