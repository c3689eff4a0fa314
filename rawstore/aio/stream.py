"""The rows of a `:stream` query, a chunk at a time, for tasks."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from ..engines import AsyncChunks

Row = TypeVar("Row")
Done = Callable[[], Awaitable[None]]
Opened = tuple["AsyncChunks", Done | None]


class AsyncStream(AsyncIterator[Row], Generic[Row]):
    """An async iterator over rows that holds its connection until it is exhausted or closed.

    Nothing is asked of the database before the first row is, or its block is entered. Use it in an
    `async for`, or in an `async with` where the loop may be left early. Tasks may share one: each
    row goes to one of them.
    """

    def __init__(self, opened: Callable[[], Awaitable[Opened]]) -> None:
        """`opened` gives the chunks, and what is called once when no more rows are wanted."""
        self._opened = opened
        self._chunks: AsyncChunks | None = None
        self._rows: deque[Row] = deque()
        self._done: Done | None = None
        self._closed = False
        self._turn = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __anext__(self) -> Row:
        while not self._rows:
            if self._closed:
                raise StopAsyncIteration
            await self._fill()
        return self._rows.popleft()

    async def _fill(self) -> None:
        async with self._turn:
            if self._rows or self._closed:  # another task has been here meanwhile
                return
            try:
                chunks = await self._open()
                self._rows.extend(await anext(chunks))
            except BaseException:
                await self._release()
                raise

    async def _open(self) -> AsyncChunks:
        if self._chunks is None:
            self._loop = asyncio.get_running_loop()
            self._chunks, self._done = await self._opened()
        return self._chunks

    async def close(self) -> None:
        """Give the connection back; the rows not read are dropped."""
        self._closed = True
        self._rows.clear()
        async with self._turn:
            await self._release()

    async def _release(self) -> None:
        self._closed = True
        self._rows.clear()
        chunks, self._chunks = self._chunks, None
        done, self._done = self._done, None
        if chunks is not None:
            await _finish(chunks, done)

    async def __aenter__(self) -> Self:
        async with self._turn:
            if not self._closed:
                await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        """A dropped stream gives its own connection back; a transaction's is the transaction's."""
        chunks, done, loop = self._chunks, self._done, self._loop
        if chunks is None or done is None or loop is None:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(_finish_later, chunks, done)


_finishing: set[asyncio.Task[None]] = set()


def _finish_later(chunks: AsyncChunks, done: Done) -> None:
    task = asyncio.get_running_loop().create_task(_finish(chunks, done))
    _finishing.add(task)
    task.add_done_callback(_finishing.discard)


async def _finish(chunks: AsyncChunks, done: Done | None) -> None:
    try:
        await chunks.close()
    finally:
        if done is not None:
            await done()
