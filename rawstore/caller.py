"""Queries as methods over whatever lends connections: what a store and a session have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .batch import Batch, collecting
from .engines.parameters import batch_values
from .errors import RetryableError
from .query import Query, Variant
from .stream import Stream
from .transaction import Transaction, begin, pauses

if TYPE_CHECKING:
    from .engines import Engine, Lender

Answer = TypeVar("Answer")


class Caller:
    """Each query as one autocommitted statement, and transactions and batches of them."""

    batch_class: type[Batch] = Batch
    transaction_class: type[Transaction] = Transaction

    def __init__(self, engine: Engine, lender: Lender) -> None:
        """Calls borrow from `lender`, streams from `engine`: they keep what they borrow."""
        self._engine = engine
        self._lender = lender
        self._call = lender.call  # what the generated methods call

    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> AbstractContextManager[Any]:
        """A transaction: committed when the block ends, rolled back when an exception leaves it.

        `isolation` is "read committed" (PostgreSQL's default), "repeatable read" or "serializable".
        BEGIN travels with the first statement. Nest with `tx.transaction()`.
        """
        command = begin(self._engine.dialect, isolation, read_only=read_only)
        return self._transaction(command, read_only)

    @contextmanager
    def _transaction(self, command: bytes, read_only: bool) -> Iterator[Any]:  # noqa: FBT001
        session = self._lender.borrow(read_only=read_only)
        transaction = self.transaction_class(session)
        try:
            session.defer(command)
            yield transaction
            transaction._complete()  # noqa: SLF001 - one class in two files
            session.commit()
        except BaseException:
            transaction._end()  # noqa: SLF001
            session.rollback()
            raise
        finally:
            self._lender.give(session)

    def run(
        self,
        function: Callable[[Any], Answer],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> Answer:
        """`function(tx)` in a transaction, again on SerializationFailure and DeadlockDetected.

        At most `retries` times more, with growing random pauses; other errors are never retried.
        The function must have no effect outside the transaction.
        """
        waits = pauses(retries)
        while True:
            try:
                with self.transaction(isolation, read_only=read_only) as transaction:
                    return function(transaction)
            except RetryableError as error:
                pause = next(waits, None)
                if pause is None:
                    raise
                self._engine.recorder.retried(error)
            time.sleep(pause)

    def batch(self) -> AbstractContextManager[Any]:
        """Many calls in one round trip, each as if it stood alone.

        Calls on the batch give handles; after the block `handle.result()` is the call's own value,
        or raises its own error. They run in their order, each committed by itself. An exception
        that leaves the block sends nothing. Raises Overloaded, ConnectionLost, DatabaseBusy where
        no connection is to be had.
        """
        return collecting(self.batch_class(), self._send_batch)

    # -- what the generated methods call, besides

    def _send_batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        with self._lent(writes=any(variant.query.writes for variant, _ in calls)) as session:
            outcomes: list[Any] = session.batch(calls)
            return outcomes

    def _each(self, query: Query, items: Any) -> Any:
        values = batch_values(query, items)
        with self._lent(writes=True) as session:
            return session.each(query.variants[0], values)

    def _script(self, variant: Variant) -> None:
        with self._lent(writes=True) as session:
            session.script(variant)

    @contextmanager
    def _lent(self, *, writes: bool) -> Iterator[Any]:
        session = self._lender.borrow(writes=writes)
        try:
            yield session
        finally:
            self._lender.give(session)

    def _stream(self, variant: Variant, values: Sequence[Any]) -> Stream[Any]:
        engine = self._engine
        session = engine.borrow(writes=False)
        try:
            session.defer(begin(engine.dialect, None, read_only=True))
            chunks = session.stream(variant, values)
            if engine.single:
                chunks.keep()  # the only connection is not kept
                engine.give(session)
                return Stream(chunks)
        except BaseException:
            engine.give(session)
            raise
        return Stream(chunks, lambda: engine.give(session))
