"""One PostgreSQL connection at work: statements and transactions. Synchronous shell.

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
    from . import Chunks
    from .postgres_types import ServerTypes

GRACE = 2.0  # seconds that the client waits beyond the server's own statement_timeout
PING_AFTER = 30.0  # seconds of idleness after which a connection is asked before it is used

_IDLE = pq.TransactionStatus.IDLE
_FAILED = pq.TransactionStatus.INERROR
_ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_FATAL = pq.ExecStatus.FATAL_ERROR


class PostgresSession:
    """A connection borrowed from the pool. Used by one thread at a time."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        types: ServerTypes,
        limit: float,
        *,
        prepare: bool,
    ) -> None:
        """`limit` is the server's statement_timeout in seconds."""
        self.connection = connection
        self.wire = Wire(connection, limit + GRACE)
        self.altered = False  # something would outlive the caller: SET, LISTEN, an advisory lock
        self._pg = connection.pgconn
        self._named = prepare
        self.preparation = Preparation(self, types, named=prepare)
        self._held = self.preparation.held
        self._cursors = count()
        self._pending: list[bytes] = []
        self._last_used = time.monotonic()
        if not prepare:  # nor are there `options`, so the time zone is the server's
            connection.adapters.register_loader("timestamptz", UtcLoader)

    # -- life

    def alive(self, end: float) -> bool:
        """Whether the connection can be used. Only in doubt is the server asked, until `end`."""
        now = time.monotonic()
        if self.wire.silent and now - self._last_used < PING_AFTER:
            return True
        return self.wire.command(b"", max(0.0, end - now)).status in GOOD

    def rest(self) -> bool:
        """Leave nothing behind for the next caller; False where the connection has to be closed."""
        if self._pg.transaction_status != _IDLE:
            self.rollback()
        if self.altered and self._named:  # behind a pooler it would be somebody else's session
            self.wire.command(b"DISCARD ALL")
            self.preparation.clear()
            self.altered = False
        self._last_used = time.monotonic()
        return self._pg.transaction_status == _IDLE

    @property
    def idle(self) -> bool:
        """Whether the connection is good and no transaction is open on the server."""
        return self._pg.transaction_status == _IDLE

    # -- statements

    def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back. `values` are in the placeholders' order."""
        prepared = self._held.get(variant) or self.preparation.prepare(variant)
        try:
            encoded = prepared.encode(values)
        except Exception:
            prepared, encoded = self.preparation.encoded_anew(variant, values)
        pending = self._pending
        result = self._send(prepared, encoded)
        if result.status not in GOOD:
            prepared, result = self._run_again(variant, values, result, pending)
        return self.value(prepared, result)

    def _run_again(
        self, variant: Variant, values: Sequence[Any], result: Result, pending: Sequence[bytes]
    ) -> tuple[Prepared, Result]:
        for _ in range(ATTEMPTS - 1):
            self.recover(variant, result, pending)
            prepared, encoded = self.preparation.encoded(variant, values)
            result = self._send(prepared, encoded)
            if result.status in GOOD:
                return prepared, result
        raise self.failed(result, variant.query)

    def value(self, prepared: Prepared, result: Result) -> Any:
        """What the query's kind makes of a good result."""
        try:
            return prepared.value(result)
        except psycopg.DataError as error:
            problem = unreadable(prepared.variant.query, error)
        raise problem

    def _send(self, prepared: Prepared, values: list[bytes | None]) -> Result:
        if self._pending:
            sends = self.take_pending()
            results = self.wire.exchange([*sends, self.sender(prepared, values)])
            return next((each for each in results if each.status not in GOOD), results[-1])
        if prepared.name:
            return self.wire.run(prepared.name, values, prepared.formats, prepared.result_format)
        return self.wire.call(self.sender(prepared, values))

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
        if self.wire.watch.fired:
            message = f"no answer from the server within {self.wire.limit:g} s; {unknown}"
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

    def recover(self, variant: Variant, result: Result, pending: Sequence[bytes]) -> None:
        """Make ready to run again what failed only because its preparation was out of date.

        `pending` is what was sent before it. Raises the statement's error if it was another; and
        SerializationFailure where the transaction had done something already.
        """
        if not is_stale(result):
            raise self.failed(result, variant.query)
        self.preparation.forget(variant)
        if not self.rewind(pending):
            raise moved(variant.query)

    def rewind(self, pending: Sequence[bytes]) -> bool:
        """Go back to before what failed, where it was a transaction's first; False elsewhere."""
        if not self.idle:
            if not (pending and pending[0].startswith(b"BEGIN")):
                return False
            self.wire.command(b"ROLLBACK")
        self._pending = list(pending)
        return True

    # -- transactions

    @property
    def pending(self) -> Sequence[bytes]:
        """What waits for the next statement."""
        return self._pending

    def take_pending(self) -> list[Send]:
        """What sends the deferred statements, which are deferred no longer."""
        commands, self._pending = self._pending, []
        return [self.command_sender(command) for command in commands]

    def defer(self, command: bytes) -> None:
        """Send a control statement with the next statement."""
        self._pending.append(command)

    def undefer(self, command: bytes) -> bool:
        """Take back a control statement that has not been sent; whether it was there."""
        if command in self._pending:
            del self._pending[self._pending.index(command) :]
            return True
        return False

    def flush(self, query: Query | None = None) -> None:
        """Send what is deferred, now. Raises the mapped error, in the name of `query`."""
        for result in self.wire.exchange(self.take_pending()):
            if result.status not in GOOD:
                raise self.failed(result, query)

    def control(self, command: bytes) -> None:
        """Send what is deferred and then a control statement. Raises the mapped error."""
        self.defer(command)
        self.flush()

    def commit(self) -> None:
        """Commit; where the connection is lost meanwhile the outcome is unknown, and said so."""
        self._pending.clear()  # COMMIT releases every savepoint
        status = self._pg.transaction_status
        if status == _IDLE:  # nothing was sent: no transaction was begun
            return
        if status == _FAILED:  # the server would roll back and call that a success
            self.rollback()
            raise TransactionAborted("a statement of this transaction failed: it is rolled back")
        if self.wire.broken:
            raise ConnectionLost("the connection was lost before COMMIT: it is rolled back")
        result = self.wire.command(b"COMMIT")
        if result.status in GOOD:
            return
        error = self.failed(result, None)
        if isinstance(error, ConnectionLost) and not (error.code or "").startswith("25"):
            message = f"the connection was lost during COMMIT, whose outcome is unknown: {error}"
            raise CommitOutcomeUnknown(message, code=error.code) from error.__cause__
        raise error

    def rollback(self) -> None:
        """Roll back whatever is open; a broken connection has done so already."""
        self._pending.clear()
        if not self.idle and not self.wire.broken and not self.wire.severed:
            self.wire.command(b"ROLLBACK")

    # -- many at once

    def script(self, variant: Variant) -> None:
        """Run a :script: by the simple protocol, all of it or nothing."""
        self.flush(variant.query)
        self.altered = self.altered or changes_session(variant.text)
        result = self.wire.command(variant.text.encode())
        if result.status not in GOOD:
            raise self.failed(result, variant.query, preparing=True)

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls in one round trip: of each its value or its error.

        Outside a transaction each stands alone; inside one the first failure aborts the rest.
        """
        return postgres_batch.batch(self, calls)

    def each(self, variant: Variant, items: Sequence[tuple[Any, ...]]) -> Any:
        """A :batch query: once per item, all or nothing, pipelined. Rows, or the count of rows."""
        return postgres_batch.each(self, variant, items)

    def stream(self, variant: Variant, values: Sequence[Any]) -> Chunks:
        """Lists of rows from a server-side cursor, which needs an open transaction."""
        return postgres_stream.stream(self, variant, values, b"rawstore %d" % next(self._cursors))
