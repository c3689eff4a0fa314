"""A transaction, and the savepoints inside it, for tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from ..batch import Batch, Call
from ..engines.completion import completed
from ..engines.parameters import batch_values
from ..engines.turns import Turns
from ..errors import RawstoreError
from ..query import Query, Variant
from ..transaction import Level
from .stream import AsyncStream

if TYPE_CHECKING:
    from ..engines import AsyncChunks, AsyncSession

PATIENCE = 30.0  # seconds that a task waits for another's nested block


@asynccontextmanager
async def collecting(
    batch: Batch, send: Callable[[Sequence[Call]], Awaitable[list[Any]]]
) -> AsyncIterator[Batch]:
    """The block in which `batch` collects; its calls are sent when it ends without an exception."""
    yield batch
    if calls := batch._calls:  # noqa: SLF001 - its other half
        with batch._failing():  # noqa: SLF001
            outcomes = await send(calls)
        batch._settle(outcomes)  # noqa: SLF001


class AsyncTransaction(Level):
    """An open transaction, with the store's queries as methods.

    After a failed or cancelled statement every further call raises TransactionAborted, on both
    dialects, until the `async with` block of that level is left; a nested block that fails leaves
    the outer one usable. Tasks may share a transaction: their statements queue, and while one of
    them is in a nested block the others wait for its end.
    """

    def __init__(self, session: AsyncSession, outer: AsyncTransaction | None = None) -> None:
        """Made by `AsyncStore.transaction`."""
        super().__init__(outer._depth + 1 if outer else 0)  # noqa: SLF001 - another of this class
        self._session = session
        self._inner: list[AsyncTransaction] = []  # nested blocks that are open, outermost first
        self._queue: asyncio.Lock = outer._queue if outer else asyncio.Lock()  # noqa: SLF001
        self._nested = Turns(
            PATIENCE, held="", late="another task's nested block in this transaction did not end"
        )
        self._streams: WeakSet[AsyncChunks] = WeakSet()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """A nested block, as a savepoint: its failure undoes only what was done in it."""
        again = self._nested.mine  # a block beside an open one, in one task: it lies within that
        if not again:
            await self._nested.take()
        try:
            async with self._savepoint_block() as inner:
                yield inner
        finally:
            if not again:
                self._nested.leave()

    @asynccontextmanager
    async def _savepoint_block(self) -> AsyncIterator[Self]:
        inner = type(self)(self._session, self)
        savepoint = inner._savepoint  # noqa: SLF001
        await self._begin(None)
        self._session.defer(savepoint)
        self._inner.append(inner)
        self._queue.release()
        try:
            yield inner
            await inner._complete()  # noqa: SLF001
        except BaseException:
            await completed(self._undo(inner, savepoint))
            raise
        else:
            async with self._queue:
                if not self._ended and not self._session.undefer(savepoint):
                    self._session.defer(b"RELEASE " + savepoint)
        finally:
            self._inner.remove(inner)

    async def _undo(self, inner: Self, savepoint: bytes) -> None:
        """Back to the savepoint. Where that fails (a lost connection), this level fails too."""
        await inner._end()
        async with self._queue:
            if self._ended or self._session.undefer(savepoint):
                return
            failed, self._failed = self._failed, True
            with suppress(RawstoreError):
                await self._session.control(b"ROLLBACK TO " + savepoint)
                await self._session.control(b"RELEASE " + savepoint)
                self._failed = failed

    def batch(self) -> AbstractAsyncContextManager[Any]:
        """Many calls in one round trip; the first failure aborts those behind it."""
        return collecting(self.batch_class(), self._send_batch)

    # -- life

    async def _begin(self, query: Query | None) -> None:
        """Wait for the connection, which is then this task's until it releases the queue."""
        while True:
            await self._queue.acquire()
            try:
                self._usable(query)
            except BaseException:
                self._queue.release()
                raise
            if self._nested.mine or not self._nested.taken:
                return
            self._queue.release()
            await self._nested.take()
            self._nested.leave()

    @asynccontextmanager
    async def _working(self, query: Query | None) -> AsyncIterator[None]:
        await self._begin(query)
        try:
            yield
        except BaseException as error:
            self._judge(error)
            raise
        finally:
            self._queue.release()

    def _judge(self, error: BaseException) -> None:
        super()._judge(error)
        self._failed = self._failed or isinstance(error, asyncio.CancelledError)

    async def _end(self) -> None:
        """Refuse what comes late, and close the streams that are still open.

        After that nobody uses the session but its owner, not even a task in a nested block.
        """
        levels = list(self._levels())
        for level in levels:
            level._ended = True  # noqa: SLF001 - another of this class
        async with self._queue:
            for level in levels:
                for chunks in list(level._streams):  # noqa: SLF001
                    await chunks.close()

    def _levels(self) -> Iterator[AsyncTransaction]:
        """This one, and the nested ones that are open."""
        yield self
        for inner in self._inner:
            yield from inner._levels()  # noqa: SLF001

    async def _complete(self) -> None:
        await self._end()
        self._committable()

    # -- what the generated methods call

    async def _call(self, variant: Variant, values: Sequence[Any]) -> Any:
        # As `_working`, written out: a context manager is two microseconds a call.
        await self._begin(variant.query)
        try:
            return await self._session.run(variant, values)
        except BaseException as error:
            self._judge(error)
            raise
        finally:
            self._queue.release()

    async def _send_batch(self, calls: Sequence[Call]) -> list[Any]:
        async with self._working(None):
            outcomes = await self._session.batch(calls)
            self._judge_all(outcomes)
        return outcomes

    async def _each(self, query: Query, items: Any) -> Any:
        values = batch_values(query, items)
        async with self._working(query):
            return await self._session.each(query.variants[0], values)

    async def _script(self, variant: Variant) -> None:
        async with self._working(variant.query):
            await self._session.script(variant)

    def _stream(self, variant: Variant, values: Sequence[Any]) -> AsyncStream[Any]:
        return AsyncStream(partial(self._open, variant, values))

    async def _open(self, variant: Variant, values: Sequence[Any]) -> tuple[AsyncChunks, None]:
        async with self._working(variant.query):
            chunks = await self._session.stream(variant, values)
            self._streams.add(chunks)
        return _Chunks(self, variant.query, chunks), None


class _Chunks:
    """A stream's chunks; once its transaction has ended or failed, they raise."""

    def __init__(self, transaction: AsyncTransaction, query: Query, chunks: AsyncChunks) -> None:
        self._transaction = transaction
        self._query = query
        self._chunks = chunks

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Any]:
        async with self._transaction._working(self._query):  # noqa: SLF001 - this module's own
            try:
                return await anext(self._chunks)
            except StopAsyncIteration:  # which may not leave an async generator's block
                pass
        raise StopAsyncIteration

    async def close(self) -> None:
        async with self._transaction._queue:  # noqa: SLF001
            await self._chunks.close()
