"""As `rawstore.caller`, for tasks: what a store and a session have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..batch import Batch, Call
from ..engines.completion import completed
from ..engines.parameters import batch_values
from ..errors import RetryableError
from ..query import Query, Variant
from ..transaction import begin, pauses
from .stream import AsyncStream, Opened
from .transaction import AsyncTransaction, collecting

if TYPE_CHECKING:
    from ..engines import AsyncEngine, AsyncLender, AsyncSession

Answer = TypeVar("Answer")


class AsyncCaller:
    """Each query as one autocommitted statement, and transactions and batches of them."""

    batch_class: type[Batch] = Batch
    transaction_class: type[AsyncTransaction] = AsyncTransaction

    def __init__(self, engine: AsyncEngine, lender: AsyncLender) -> None:
        """Calls borrow from `lender`, streams from `engine`: they keep what they borrow."""
        self._engine = engine
        self._lender = lender
        self._call = lender.call  # what the generated methods call

    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> AbstractAsyncContextManager[Any]:
        """A transaction: committed when the block ends, rolled back when an exception leaves it.

        `isolation` is "read committed" (PostgreSQL's default), "repeatable read" or "serializable".
        BEGIN travels with the first statement. Nest with `tx.transaction()`. Cancelled while it
        commits, the block waits for the outcome and is left with CancelledError.
        """
        command = begin(self._engine.dialect, isolation, read_only=read_only)
        return self._transaction(command, read_only)

    @asynccontextmanager
    async def _transaction(self, command: bytes, read_only: bool) -> AsyncIterator[Any]:  # noqa: FBT001
        session = await self._lender.borrow(read_only=read_only)
        transaction = self.transaction_class(session)
        try:
            session.defer(command)
            yield transaction
            await transaction._complete()  # noqa: SLF001 - one class in two files
            await session.commit()
        except BaseException:
            await completed(_abandon(transaction, session))
            raise
        finally:
            await self._lender.give(session)

    async def run(
        self,
        function: Callable[[Any], Awaitable[Answer]],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> Answer:
        """`await function(tx)` in a transaction, again on SerializationFailure, DeadlockDetected.

        At most `retries` times more, with growing random pauses; other errors are never retried.
        The function must have no effect outside the transaction.
        """
        waits = pauses(retries)
        while True:
            try:
                async with self.transaction(isolation, read_only=read_only) as transaction:
                    return await function(transaction)
            except RetryableError as error:
                pause = next(waits, None)
                if pause is None:
                    raise
                self._engine.recorder.retried(error)
            await asyncio.sleep(pause)

    def batch(self) -> AbstractAsyncContextManager[Any]:
        """Many calls in one round trip, each as if it stood alone.

        Calls on the batch, which are not awaited, give handles; after the block `handle.result()`
        is the call's own value, or raises its own error. They run in their order, each committed by
        itself. An exception that leaves the block sends nothing. Raises Overloaded, ConnectionLost,
        DatabaseBusy where no connection is to be had.
        """
        return collecting(self.batch_class(), self._send_batch)

    # -- what the generated methods call, besides

    async def _send_batch(self, calls: Sequence[Call]) -> list[Any]:
        writes = any(variant.query.writes for variant, _ in calls)
        async with self._lent(writes=writes) as session:
            outcomes: list[Any] = await session.batch(calls)
            return outcomes

    async def _each(self, query: Query, items: Any) -> Any:
        values = batch_values(query, items)
        async with self._lent(writes=True) as session:
            return await session.each(query.variants[0], values)

    async def _script(self, variant: Variant) -> None:
        async with self._lent(writes=True) as session:
            await session.script(variant)

    @asynccontextmanager
    async def _lent(self, *, writes: bool) -> AsyncIterator[Any]:
        session = await self._lender.borrow(writes=writes)
        try:
            yield session
        finally:
            await self._lender.give(session)

    def _stream(self, variant: Variant, values: Sequence[Any]) -> AsyncStream[Any]:
        return AsyncStream(partial(self._open, variant, values))

    async def _open(self, variant: Variant, values: Sequence[Any]) -> Opened:
        engine = self._engine
        session = await engine.borrow(writes=False)
        try:
            session.defer(begin(engine.dialect, None, read_only=True))
            chunks = await session.stream(variant, values)
            if not engine.single:
                return chunks, partial(engine.give, session)
            await chunks.keep()  # the only connection is not kept
        except BaseException:
            await engine.give(session)
            raise
        await engine.give(session)
        return chunks, None


async def _abandon(transaction: AsyncTransaction, session: AsyncSession) -> None:
    await transaction._end()  # noqa: SLF001 - one class in two files
    await session.rollback()
