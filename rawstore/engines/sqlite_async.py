"""SQLite for tasks: each step runs in a thread, on the sessions that threads use too.

Borrowing and giving back are the event loop's, so that nothing but statements is done in threads.
Writers queue in the loop; a thread waits only where another process has the file's lock.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal, TypeVar

from ..errors import ConfigError
from ..query import Variant
from ..statistics import Recorder
from ..target import SqliteTarget
from .sqlite import SqliteEngine
from .sqlite_async_session import AsyncSqliteSession, RecordedAsyncSqliteSession
from .sqlite_stoppable import StoppableEngine
from .threads import Threads
from .turns import Turns

Answer = TypeVar("Answer")

THREADS = 16


class AsyncSqliteEngine:
    """The connections to one file, or to one database in memory, for one event loop."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, target: SqliteTarget, *, create: bool = False) -> None:
        """Nothing is opened yet. A missing file is made only where `create` says so."""
        self.recorder = Recorder.of(target)
        nothing = Recorder(keep=False)  # tasks wait for the threads, too: that is recorded here
        self.blocking = StoppableEngine(target, create=create, recorder=nothing)
        self.single = self.blocking.single
        self._threads = Threads(THREADS, "rawstore-sqlite")
        self._readers = asyncio.Semaphore(THREADS)
        self._writer = Turns(
            target.busy_timeout,
            held="this task has a transaction or stream open, which holds the only writer: "
            "call the query on the transaction (tx.…), not on the store",
            late="the write lock was not free",
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()
        self._lent = 0
        self._closed = False

    # -- lending

    async def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement on a session of its own; what its kind gives back."""
        writes = variant.query.writes
        if writes or self.single:
            return await self._call(variant, values, writes)
        async with self._readers:  # more connections than threads would be of no use
            return await self._call(variant, values, writes)

    async def _call(self, variant: Variant, values: Sequence[Any], writes: bool) -> Any:  # noqa: FBT001
        try:
            session = await self.borrow(writes=writes)
        except BaseException as error:
            self.recorder.refused(variant, error)
            raise
        try:
            return await session.run(variant, values)
        finally:
            await self.give(session)

    async def borrow(self, *, writes: bool = True, read_only: bool = False) -> AsyncSqliteSession:
        """A session that may write, or one that only reads. Raises DatabaseBusy."""
        self.check()
        writer = self.single or (writes and not read_only)
        if writer:
            await self._writer.take()
        lend = partial(self.blocking.borrow, writes=writer, read_only=read_only)
        self._lent += 1
        try:
            if self.blocking.opens(writes=writer) and not self.single:
                session = await self._threads.run(lend, lost=self.blocking.give)
            else:
                session = lend()
        except BaseException:
            self._back(writer)
            raise
        if self.recorder.active:
            return RecordedAsyncSqliteSession(self, session, self.recorder, writer=writer)
        return AsyncSqliteSession(self, session, writer=writer)

    async def give(self, lent: AsyncSqliteSession) -> None:
        """Take a session back; an open transaction is rolled back."""
        give = partial(lent.end, self.blocking.give)
        try:
            if self._closed or lent.session.altered or not lent.idle:
                await self.finish(give)
            else:
                give()
        finally:
            self._back(lent.writer)

    def _back(self, writer: bool) -> None:  # noqa: FBT001 - which of the two is back
        if writer:
            self._writer.leave()
        self._lent -= 1
        self._end()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[SqliteEngine]:
        """The engine for threads, which nobody else uses to write meanwhile."""
        self.check()
        await self._writer.take()
        try:
            yield self.blocking
        finally:
            self._writer.leave()

    def stats(self) -> dict[str, int]:
        """There is no pool to tell of."""
        return {}

    async def close(self) -> None:
        """Close every connection that is not lent; a lent one is closed when it comes back."""
        if self._closed or self.forked:
            return
        self._closed = True
        await self._threads.run(self.blocking.close)
        self._end()

    def _end(self) -> None:
        if self._closed and not self._lent:
            self._threads.shutdown()

    # -- what its sessions ask for

    @property
    def forked(self) -> bool:
        """Whether this is a child, in which the threads do not exist."""
        return os.getpid() != self._process

    def check(self) -> None:
        """Refuse a forked child, and another event loop than the first."""
        if self.forked:
            self.blocking.borrow(writes=False)  # refuses
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigError(
                "this store serves another event loop; open one store in each, with open_async"
            )

    async def step(self, work: Callable[[], Answer], interrupt: Callable[[], None]) -> Answer:
        """One step of a session, in a thread. Cancelled, it is interrupted."""
        self.check()
        return await self._threads.run(work, interrupt=interrupt)

    async def finish(self, work: Callable[[], Answer]) -> Answer:
        """One step that is done whatever happens."""
        if self.forked:
            return work()  # which leaves the parent's connections alone
        self.check()
        return await self._threads.run(work)
