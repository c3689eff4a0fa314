"""One PostgreSQL connection at work: statements, transactions, batches, streams. Synchronous shell.

Statements go through psycopg's low-level `PGconn`: prepared once per connection, parameters and
results in binary. Control statements (BEGIN, SAVEPOINT) wait for the next statement and travel with
it in one pipelined round trip.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from ..errors import CommitOutcomeUnknown, ConnectionLost, DatabaseError, TransactionAborted
from ..query import Kind, Query, Variant
from .parameters import batch_values, refusal
from .pipeline import exchange
from .postgres_statement import GOOD, Prepared, Result, failure, sqlstate, unreadable
from .watchdog import Watch, unwatch, watch

if TYPE_CHECKING:
    from .postgres_types import ServerTypes

GRACE = 2.0  # seconds that the client waits beyond the server's own statement_timeout
PING_AFTER = 30.0  # seconds of idleness after which a connection is asked before it is used
STREAM_ROWS = 1000  # rows a FETCH of a stream brings

_ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_IDLE = pq.TransactionStatus.IDLE
_IN_TRANSACTION = pq.TransactionStatus.INTRANS
_BAD = pq.ConnStatus.BAD

# A statement that was good when it was prepared and is not now: the schema moved under it
# (feature_not_supported is "cached plan must not change result type"), or a pooler or DISCARD took
# it away. It failed before it did anything.
_STALE = frozenset(("0A000", "26000", "42883", "42804", "42P18", "42703", "42P01"))


class PostgresSession:
    """A connection borrowed from the pool. Used by one thread at a time."""

    def __init__(
        self, connection: psycopg.Connection[Any], types: ServerTypes, limit: float, *, prepare: bool
    ) -> None:
        """`limit` is the server's statement_timeout in seconds."""
        self.connection = connection
        self._pg = connection.pgconn
        self._exec = connection.pgconn.exec_prepared
        self._types = types
        self._prepare_allowed = prepare
        self._prepared: dict[Variant, Prepared] = {}
        self._pending: list[bytes] = []
        self._limit = limit + GRACE
        self._last_used = time.monotonic()
        self._poller = select.poll()
        self._poller.register(self._pg.socket, select.POLLIN)
        # A duplicate of the descriptor: it can never come to mean another connection's socket.
        self._socket = socket.socket(fileno=os.dup(self._pg.socket))
        self.watch = Watch(self._shut_down)
        watch(self.watch)

    # -- life

    def alive(self) -> bool:
        """Whether the connection can be used, by a look at its socket; asked only when in doubt."""
        if not self._poller.poll(0) and time.monotonic() - self._last_used < PING_AFTER:
            return True
        if self._pg.status == _BAD:
            return False
        return self._command(b"").status in GOOD

    def rest(self) -> None:
        """The session goes back to its pool."""
        self._last_used = time.monotonic()

    def discard(self) -> None:
        """Close the connection."""
        self.connection.close()

    def release(self) -> None:
        """Let go of what the session holds beside its connection, which is being closed."""
        unwatch(self.watch)
        self._socket.close()

    @property
    def broken(self) -> bool:
        """Whether the connection is gone."""
        return self._pg.status == _BAD

    @property
    def idle(self) -> bool:
        """Whether no transaction is open on the server."""
        return self._pg.transaction_status == _IDLE

    def _shut_down(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    # -- statements

    def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back. `values` are in the placeholders' order."""
        prepared = self._prepared.get(variant) or self._prepare(variant)
        try:
            encoded = prepared.encode(values)
        except Exception as error:
            raise refusal(variant, values, error) from None
        result = self._send(prepared, encoded)
        if result.status not in GOOD:
            prepared, result = self._again(prepared, values, result)
        try:
            return prepared.value(result)
        except psycopg.DataError as error:
            raise unreadable(variant.query, error) from error

    def _send(self, prepared: Prepared, values: list[bytes | None]) -> Result:
        if self._pending:
            return self._with_pending(prepared, values)
        self.watch.start(self._limit)
        try:
            if prepared.name:
                return self._exec(prepared.name, values, prepared.formats, prepared.result_format)
            return self._pg.exec_params(
                prepared.variant.text.encode(), values, prepared.oids, prepared.formats, prepared.result_format
            )
        finally:
            self.watch.stop()

    def _again(
        self, prepared: Prepared, values: Sequence[Any], result: Result
    ) -> tuple[Prepared, Result]:
        """A failed statement: once more when only its preparation was out of date, else its error."""
        variant = prepared.variant
        if sqlstate(result) in _STALE and self.idle:
            self.forget(variant)
            renewed = self._prepare(variant)
            second = self._send(renewed, renewed.encode(values))
            if second.status in GOOD:
                return renewed, second
            result = second
        raise self.failed(result, variant.query)

    def failed(self, result: Result, query: Query | None) -> DatabaseError:
        """The error of a failed result, or of the connection it broke."""
        name = query.full_name if query else None
        if self.watch.fired:
            return ConnectionLost(
                f"no answer from the server within {self._limit:g} s; the connection was dropped, "
                "and whether the statement took effect is not known",
                query=name,
            )
        if result.status == _ABORTED:
            return TransactionAborted("an earlier statement of the transaction failed", query=name)
        error = failure(result, name)
        if self.broken and not isinstance(error, ConnectionLost):
            lost = ConnectionLost("the server closed the connection", query=name, code=error.code)
            lost.__cause__ = error.__cause__
            return lost
        return error

    # -- preparing

    def forget(self, variant: Variant) -> None:
        """Take a prepared statement off this connection."""
        prepared = self._prepared.pop(variant, None)
        if prepared and prepared.name and self.idle:
            self._command(b'DEALLOCATE "%s"' % prepared.name)

    def _prepare(self, variant: Variant) -> Prepared:
        name = b"%s/%d" % (variant.query.full_name.encode(), len(self._prepared))
        if not self._prepare_allowed:
            name = b""
        described = self._describe(variant, name)
        oids = [described.param_type(n) for n in range(described.nparams)]
        columns = [described.ftype(n) for n in range(described.nfields)]
        known, binary = self._types.resolve(self, oids, columns)
        transformer = Transformer(self.connection)
        prepared = Prepared(variant, name, oids, known, transformer, binary=binary)
        self._prepared[variant] = prepared
        return prepared

    def _describe(self, variant: Variant, name: bytes) -> Result:
        """Prepare and describe. Behind a transaction pooler both must meet the same server."""
        pinned = not name and self.idle
        if pinned:
            self._command(b"BEGIN")
        self.watch.start(self._limit)
        try:
            result = self._pg.prepare(name, variant.text.encode())
            if result.status in GOOD:
                result = self._pg.describe_prepared(name)
        finally:
            self.watch.stop()
        if pinned:
            self._command(b"ROLLBACK")
        if result.status not in GOOD:
            raise self.failed(result, variant.query)
        return result

    # -- transactions

    def defer(self, command: bytes) -> None:
        """Send a control statement with the next statement."""
        self._pending.append(command)

    def undefer(self, command: bytes) -> bool:
        """Take back a control statement that has not been sent; whether it was there."""
        if command in self._pending:
            del self._pending[self._pending.index(command) :]
            return True
        return False

    def flush(self) -> None:
        """Send what is deferred, now. Raises the mapped error."""
        commands, self._pending = self._pending, []
        for command in commands:
            self.control(command)

    def control(self, command: bytes) -> None:
        """Send what is deferred and then a control statement. Raises the mapped error."""
        self.flush()
        result = self._command(command)
        if result.status not in GOOD:
            raise self.failed(result, None)

    def commit(self) -> None:
        """Commit; where the connection is lost meanwhile the outcome is unknown, and said so."""
        if self.idle:  # nothing was sent: no transaction was begun
            self._pending.clear()
            return
        try:
            self.control(b"COMMIT")
        except ConnectionLost as error:
            message = f"the connection was lost during COMMIT, whose outcome is unknown: {error}"
            raise CommitOutcomeUnknown(message) from error.__cause__

    def rollback(self) -> None:
        """Roll back whatever is open; a broken connection has done so already."""
        self._pending.clear()
        if not self.broken and not self.idle:
            self._command(b"ROLLBACK")

    def _with_pending(self, prepared: Prepared, values: list[bytes | None]) -> Result:
        commands, self._pending = self._pending, []
        sends: list[Callable[[], None]] = [self._sender(command) for command in commands]
        sends.append(self._statement_sender(prepared, values))
        results = self._exchange([*sends, self._pg.pipeline_sync])
        failed = next((result for result in results if result.status not in GOOD), None)
        return failed or results[-1]

    def _sender(self, command: bytes) -> Callable[[], None]:
        return lambda: self._pg.send_query_params(command, None)

    def _statement_sender(self, prepared: Prepared, values: list[bytes | None]) -> Callable[[], None]:
        if prepared.name:
            return lambda: self._pg.send_query_prepared(
                prepared.name, values, prepared.formats, prepared.result_format
            )
        text = prepared.variant.text.encode()
        return lambda: self._pg.send_query_params(
            text, values, prepared.oids, prepared.formats, prepared.result_format
        )

    def _exchange(self, sends: Sequence[Callable[[], None]]) -> list[Result]:
        """One pipelined round trip; a result for each send but the syncs."""
        self.watch.start(self._limit)
        try:
            return exchange(self._pg, sends)
        except psycopg.OperationalError as error:
            lost = self._pg.make_empty_result(pq.ExecStatus.FATAL_ERROR)
            raise self.failed(lost, None) from error
        finally:
            self.watch.stop()

    def _command(self, command: bytes) -> Result:
        self.watch.start(self._limit)
        try:
            return self._pg.exec_(command)
        finally:
            self.watch.stop()

    # -- many at once

    def script(self, variant: Variant) -> None:
        """Run a :script: by the simple protocol, all of it or nothing."""
        self.flush()
        result = self._command(variant.text.encode())
        if result.status not in GOOD:
            raise self.failed(result, variant.query)

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls in one round trip: of each its value or its error.

        Outside a transaction each stands alone; inside one the first failure aborts the rest.
        """
        outcomes: list[Any] = [None] * len(calls)
        sent: list[tuple[int, Prepared]] = []
        alone = self.idle and not self._pending
        sends = [self._sender(command) for command in self._pending]
        skipped = len(sends)
        for number, (variant, values) in enumerate(calls):
            try:
                prepared = self._prepared.get(variant) or self._prepare(variant)
                encoded = _encoded(prepared, values)
            except (DatabaseError, ValueError) as error:
                outcomes[number] = error
                continue
            sent.append((number, prepared))
            sends.append(self._statement_sender(prepared, encoded))
            if alone:
                sends.append(self._pg.pipeline_sync)
        self._pending = []
        if not alone:
            sends.append(self._pg.pipeline_sync)
        results = self._exchange(sends)[skipped:] if sends else []
        for (number, prepared), result in zip(sent, results, strict=True):
            outcomes[number] = self._outcome(prepared, calls[number][1], result, alone=alone)
        return outcomes

    def _outcome(
        self, prepared: Prepared, values: Sequence[Any], result: Result, *, alone: bool
    ) -> Any:
        try:
            if result.status not in GOOD:
                if not alone:
                    raise self.failed(result, prepared.variant.query)
                prepared, result = self._again(prepared, values, result)
            return prepared.value(result)
        except psycopg.DataError as error:
            return unreadable(prepared.variant.query, error)
        except DatabaseError as error:
            return error

    def each(self, variant: Variant, items: Sequence[tuple[Any, ...]]) -> Any:
        """A :batch query: once per item, all or nothing, pipelined. Rows, or the count of rows."""
        prepared = self._prepared.get(variant) or self._prepare(variant)
        sends = [self._sender(command) for command in self._pending]
        skipped = len(sends)
        self._pending = []
        for item in items:
            sends.append(self._statement_sender(prepared, _encoded(prepared, item)))
        results = self._exchange([*sends, self._pg.pipeline_sync])
        if failed := next((r for r in results if r.status not in GOOD), None):
            raise self.failed(failed, variant.query)
        values = [prepared.value(result) for result in results[skipped:]]
        if variant.query.row is not None:
            return [row for rows in values for row in rows]
        return sum(value if isinstance(value, int) else len(value) for value in values)

    # -- streams

    def stream(self, variant: Variant, values: Sequence[Any]) -> Iterator[list[Any]]:
        """Lists of rows from a server-side cursor, which needs an open transaction."""
        prepared = self._prepared.get(variant) or self._prepare(variant)
        encoded = _encoded(prepared, values)
        self.flush()
        name = f'"stream {id(prepared):x} {time.monotonic_ns():x}"'.encode()
        declare = b"DECLARE %s NO SCROLL CURSOR FOR %s" % (name, variant.text.encode())
        self.watch.start(self._limit)
        try:
            result = self._pg.exec_params(declare, encoded, prepared.oids, prepared.formats)
        finally:
            self.watch.stop()
        if result.status not in GOOD:
            raise self.failed(result, variant.query)
        return self._fetch(prepared, name)

    def _fetch(self, prepared: Prepared, name: bytes) -> Iterator[list[Any]]:
        fetch = b"FETCH %d FROM %s" % (STREAM_ROWS, name)
        try:
            while True:
                self.watch.start(self._limit)
                try:
                    result = self._pg.exec_params(fetch, None, result_format=prepared.result_format)
                finally:
                    self.watch.stop()
                if result.status not in GOOD:
                    raise self.failed(result, prepared.variant.query)
                rows = prepared.rows(result)
                if rows:
                    yield rows
                if len(rows) < STREAM_ROWS:
                    return
        finally:
            if self._pg.transaction_status == _IN_TRANSACTION:
                self._command(b"CLOSE %s" % name)


def _encoded(prepared: Prepared, values: Sequence[Any]) -> list[bytes | None]:
    try:
        return prepared.encode(values)
    except Exception as error:
        raise refusal(prepared.variant, values, error) from None
