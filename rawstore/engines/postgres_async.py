"""PostgreSQL for asyncio: psycopg's asynchronous pool in autocommit, on one event loop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Self

import psycopg
from psycopg_pool import AsyncConnectionPool

from ..errors import ConfigError
from ..query import Variant
from ..target import PostgresTarget
from .completion import completed
from .postgres_async_session import AsyncPostgresSession, RecordedAsyncPostgresSession
from .postgres_async_wire import OTHER_LOOP, AsyncWire
from .postgres_lending import CLOSED, Lending
from .postgres_probe import Probe

_Waiter = asyncio.Future["AsyncPostgresSession | None"]


class _Connection(psycopg.AsyncConnection[Any]):
    """A pooled connection with the session that works on it, which ends with it."""

    session: AsyncPostgresSession | None = None
    opened: set[_Connection] | None = None

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """As psycopg's; whoever is cancelled in it, is until it ends.

        The pool's tasks take a cancellation here for a failure and go on, and then asyncio.run(),
        which cancels them at its end, would wait for them for ever.
        """
        try:
            return await super().connect(conninfo, **options)
        except asyncio.CancelledError:
            _insist(asyncio.current_task())
            raise

    async def close(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            session.wire.close()
        if self.opened is not None:
            self.opened.discard(self)
        await super().close()


def _set_from_thread(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(event.set)


def _insist(task: asyncio.Task[Any] | None) -> None:
    if task is not None and not task.done():
        task.cancel()
        task.get_loop().call_later(0.01, _insist, task)


class AsyncPostgresEngine(Lending):
    """The connections to one database (see `AsyncEngine`).

    No more callers than connections go to the pool. The others stand in line here, where a session
    that comes back goes from hand to hand: the pool's own queue costs more than a short statement.
    Tasks are cheap, so any number may wait, for `pool_timeout`.
    """

    def __init__(self, target: PostgresTarget, schema: str) -> None:
        """Nothing is connected yet: the first call connects."""
        super().__init__(target, schema)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._served = 0  # callers that have a session, or are getting one
        self._line: OrderedDict[_Waiter, None] = OrderedDict()

    async def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Borrow a session, run one statement, give the session back: the way of a single call."""
        try:
            session = await self.borrow()
        except BaseException as error:
            self.recorder.refused(variant, error)
            raise
        try:
            return await session.run(variant, values)
        finally:
            if not self._passed_on(session):
                await completed(self._take_back(session))

    async def borrow(self, *, writes: bool = True, read_only: bool = False) -> AsyncPostgresSession:
        """A live session, within `pool_timeout`. Raises Overloaded or ConnectionLost.

        `writes` and `read_only` choose among connections on SQLite only.
        """
        if asyncio.get_running_loop() is not self._loop:
            self._bind()
        session: AsyncPostgresSession | None
        placed = self._served < self.target.pool_max
        if placed:
            self._served += 1
            if self._at_hand:
                session = self._at_hand.pop()
                if session.fit:
                    return session
                self._at_hand.append(session)
        end = monotonic() + self.target.pool_timeout
        session = None if placed else await self._stand_in_line()
        return session or await self._from_pool(end)

    async def give(self, session: AsyncPostgresSession) -> None:
        """Take a session back, whatever is cancelled meanwhile: rolled back, or replaced."""
        if not self._passed_on(session):
            await completed(self._take_back(session))

    async def close(self) -> None:
        """Close every connection; a lent one is closed when it comes back. Calls then raise."""
        if self._loop in (None, asyncio.get_running_loop()) or self._forked:
            await self._close_here()
        else:
            self._close_elsewhere()

    async def _close_here(self) -> None:
        self._closed = True
        for waiter in list(self._line):
            if not waiter.done():
                waiter.set_exception(ConfigError(CLOSED))
        await completed(self._close())
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _close_elsewhere(self) -> None:
        """Close after the store's own loop has ended, without a farewell to the server."""
        if self._loop is not None and not self._loop.is_closed():
            raise ConfigError(OTHER_LOOP)
        self._closed = True
        self._pool = None
        self._at_hand.clear()
        for connection in list(self._opened):
            if connection.session is not None:
                connection.session.wire.close()
            connection.pgconn.finish()

    def stats(self) -> dict[str, int]:
        """The pool's figures (psycopg_pool's `get_stats`), those in line among them."""
        stats = super().stats()
        if stats:
            stats["requests_waiting"] += len(self._line)
        return stats

    def _bind(self) -> None:
        """The first call's event loop is the store's."""
        self._usable()
        if self._loop is not None:
            raise ConfigError(OTHER_LOOP)
        self._loop = asyncio.get_running_loop()

    async def _from_pool(self, end: float) -> AsyncPostgresSession:
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        session: AsyncPostgresSession
        try:
            session = await self._borrow(end)
        except BaseException:
            self._leave()
            raise
        if task and task.cancelling() > before:  # lost in the pool, by Python 3.11's wait_for()
            self._hand_back(session)
            raise asyncio.CancelledError
        return session

    # -- the line

    async def _stand_in_line(self) -> AsyncPostgresSession | None:
        """A session that somebody gives back; or None: the place of one that was not good."""
        self._usable()
        loop = asyncio.get_running_loop()
        waiter: _Waiter = loop.create_future()
        self._line[waiter] = None
        timer = loop.call_later(self.target.pool_timeout, self._late, waiter)
        try:
            session: AsyncPostgresSession | None = await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.exception() is None:
                self._hand_back(waiter.result())
            raise
        finally:
            timer.cancel()
            self._line.pop(waiter, None)
        return session

    def _late(self, waiter: _Waiter) -> None:
        if not waiter.done():
            waiter.set_exception(self._why_late())

    def _next(self, session: AsyncPostgresSession | None) -> bool:
        """Give the first in line a session, or a place; False where nobody waits."""
        while self._line:
            waiter, _ = self._line.popitem(last=False)
            if not waiter.done():
                waiter.set_result(session)
                return True
        return False

    def _leave(self) -> None:
        if not self._next(None):
            self._served -= 1

    def _passed_on(self, session: AsyncPostgresSession) -> bool:
        """Give a good session to the next in line, or keep it at hand; False where neither."""
        if self._line and self._reusable(session) and self._next(session):
            return True
        if self._kept_at_hand(session):
            self._served -= 1
            return True
        return False

    async def _take_back(self, session: AsyncPostgresSession) -> None:
        try:
            await self._give(session)
        finally:
            self._leave()

    def _hand_back(self, session: AsyncPostgresSession | None) -> None:
        """What came just as its caller was cancelled."""
        if session is None:
            self._leave()
        elif not self._passed_on(session):
            self._start(self._take_back(session))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what `Lending` wants

    async def _opened_pool(self) -> AsyncConnectionPool[_Connection]:
        pool = AsyncConnectionPool(
            self._conninfo, connection_class=_Connection, open=False, **self._pool_options()
        )
        await pool.open()
        return pool

    async def _answered(self, probe: Probe, end: float) -> None:
        # Not in the loop's executor: its few threads are for others, name look-ups among them.
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        probe.when_done(partial(_set_from_thread, loop, done))
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, end - monotonic())):
                await done.wait()
        probe.wait(monotonic())

    def _enter(self, connection: _Connection, limit: float) -> AsyncPostgresSession:
        wire = AsyncWire(connection, limit)
        prepare = self.target.prepare
        if self.recorder.active:
            session: AsyncPostgresSession = RecordedAsyncPostgresSession(
                connection, wire, self.types, self.recorder, prepare=prepare
            )
        else:
            session = AsyncPostgresSession(connection, wire, self.types, prepare=prepare)
        connection.session, connection.opened = session, self._opened
        self._opened.add(connection)
        return session

    async def _closed_connection(self, connection: _Connection) -> None:
        await connection.close()

    def _retire(self, pool: Any) -> None:
        self._start(pool.close())

    def _abandon(self, pool: Any) -> None:
        pool._closed = True  # noqa: SLF001 - else its finalizer warns of what is the parent's
