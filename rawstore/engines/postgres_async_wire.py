"""A PostgreSQL connection whose waits leave the event loop free.

Its socket stays registered with the loop: adding and removing a reader for each call would cost
more than all the rest. What arrives unasked is noticed by the way.
"""

from __future__ import annotations

import asyncio
import select
from asyncio import get_running_loop
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import psycopg
from psycopg import pq

from ..errors import ConfigError, ConnectionLost
from .arrival import Arrival
from .pipeline import Result, Send
from .postgres_wire import COPY, Wire

OTHER_LOOP = "this store serves another event loop; open one store in each, with open_async"
CANCEL_WITHIN = 2.0  # seconds that a called-off statement has to end, before its connection does


def _around(descriptor: int, loop: asyncio.AbstractEventLoop) -> select.epoll | None:
    """An epoll that watches the descriptor, for a loop to watch in its place; None if it need not.

    Of a socket that is in error (a reset) libuv, and so uvloop, tells its reader nothing, and stops
    watching. An epoll around it is merely readable then.
    """
    if isinstance(loop, asyncio.SelectorEventLoop) or not hasattr(select, "epoll"):
        return None
    epoll = select.epoll()
    epoll.register(descriptor, select.EPOLLIN)
    return epoll


class AsyncWire(Wire):
    """A wire for one event loop.

    A task that is cancelled while it waits calls its statement off, and goes on once the server has
    answered: the connection is good for the next. A `command` (COMMIT, ROLLBACK) is not called off,
    but waited for.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], limit: float) -> None:
        super().__init__(connection, limit)
        self.pg.nonblocking = 1
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        # Our duplicate: libpq's own it closes by itself, and then it could not be deregistered.
        self._descriptor = self._socket.fileno()
        self._epoll = _around(self._descriptor, self._loop)
        self._read_descriptor = self._epoll.fileno() if self._epoll else self._descriptor
        self._registered = True
        self._waiter: Arrival | None = None
        self._error: psycopg.OperationalError | None = None
        self._heard = False  # something that was not asked for
        self._enduring = False  # what is under way is not called off
        self._cancelled: asyncio.CancelledError | None = None
        self._cancelling: asyncio.Task[None] | None = None
        self._astray = False  # a cancel request that may still arrive
        self._loop.add_reader(self._read_descriptor, self._readable)

    @property
    def silent(self) -> bool:
        """Whether nothing has come that was not asked for, such as the server's farewell."""
        return not self._heard and super().silent

    def close(self) -> None:
        """Stop watching the connection, which its owner closes."""
        self._deregister()
        if self._epoll is not None:
            self._epoll.close()
        super().close()

    def drop(self) -> None:
        """Close the connection: nothing more can be done with it."""
        self._deregister()
        super().drop()

    def sever(self) -> None:
        """In a forked child: the loop's own descriptors are the parent's too."""
        self._registered = False
        super().sever()

    def _deregister(self) -> None:
        """Before the descriptor is closed: its number may soon be another's."""
        if self._registered and not self._loop.is_closed():
            self._loop.remove_reader(self._read_descriptor)
            self._loop.remove_writer(self._descriptor)
        self._registered = False

    def _shut_down(self) -> None:
        super()._shut_down()
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._readable)

    # -- waiting

    def _readable(self) -> None:
        if not self._registered:
            return
        pg = self.pg
        try:
            pg.consume_input()
            if pg.is_busy():
                return
        except psycopg.OperationalError as error:
            self._error = error
            self._deregister()  # a closed connection is readable for ever
        waiter, self._waiter = self._waiter, None
        if waiter is None:
            self._heard = True
        else:
            waiter.come()

    def _writable(self) -> None:
        self._loop.remove_writer(self._descriptor)
        if self._waiter is not None:
            self._waiter.come()

    async def _wait(self, *, writing: bool = False) -> None:
        if self._error is not None:
            raise self._error
        waiter = self._waiter = Arrival(self._loop)
        if writing:
            self._loop.add_writer(self._descriptor, self._writable)
        try:
            await waiter
        except asyncio.CancelledError as error:
            self._call_off(error)
        finally:
            self._waiter = None
            if writing and self._registered:
                self._loop.remove_writer(self._descriptor)

    # -- cancellation

    def _call_off(self, error: asyncio.CancelledError) -> None:
        if not self._enduring and self._cancelled is None:
            self.patience = min(self.patience, CANCEL_WITHIN)
            self.watch.start(self.patience)
            self._cancelling = self._loop.create_task(self._cancel())
        self._cancelled = self._cancelled or error

    async def _cancel(self) -> None:
        try:
            await self._connection.cancel_safe(timeout=CANCEL_WITHIN)
        except psycopg.Error:  # the statement ends by itself, or at its deadline
            self._astray = True

    def _progress(self) -> None:
        if self._cancelled is None:  # else what is left has the time that was left
            super()._progress()

    async def _called_off(self) -> None:
        """Raise CancelledError, once no cancel request is under way that could hit the next."""
        while self._cancelling is not None and not self._cancelling.done():
            try:
                await asyncio.wait({self._cancelling})
            except asyncio.CancelledError:  # again, in every round perhaps: it takes no longer
                continue
        self._cancelling = None
        if self._astray:  # it would end the next one's statement
            self.drop()
        error, self._cancelled = self._cancelled, None
        raise error or asyncio.CancelledError

    # -- round trips

    def _check_loop(self) -> None:
        if self.severed:
            raise ConnectionLost(
                "this connection is the parent process's; open the store again in the child"
            )
        if get_running_loop() is not self._loop:
            raise ConfigError(OTHER_LOOP)

    async def command(self, text: bytes, limit: float | None = None) -> Result:
        """Run statements without parameters; of several the last result, or the failure."""
        self._enduring = True
        try:
            result = await super().command(text, limit)
        finally:
            self._enduring = False
        self._heard = False
        return result

    async def call(
        self, send: Callable[..., None], *arguments: Any, limit: float | None = None
    ) -> Result:
        """Call one of PGconn's `send_…` and wait for what comes of it."""
        self._check_loop()
        result = await super().call(send, *arguments, limit=limit)
        if self._cancelled is not None:
            await self._called_off()
        return result

    async def exchange(
        self, sends: Sequence[Send], *, steady: bool = False, limit: float | None = None
    ) -> list[Result]:
        """One pipelined round trip; a result for each send but the syncs."""
        self._check_loop()
        results = await super().exchange(sends, steady=steady, limit=limit)
        if self._cancelled is not None:
            await self._called_off()
        return results

    async def run(
        self,
        name: bytes,
        values: Sequence[bytes | None],
        formats: Sequence[int],
        result_format: pq.Format,
    ) -> Result:
        """Run a prepared statement."""
        # As `call`, written out for the most frequent case.
        if get_running_loop() is not self._loop:
            self._check_loop()
        pg, watch = self.pg, self.watch
        self.patience = self.limit
        watch.deadline = monotonic() + self.limit
        try:
            pg.send_query_prepared(name, values, formats, result_format)
            if pg.flush() or self._error:
                result = await self._receive()
            else:
                waiter = self._waiter = Arrival(self._loop)
                try:
                    await waiter
                except asyncio.CancelledError as error:
                    self._call_off(error)
                result = await self._received() or self._lost()
        except psycopg.OperationalError:
            result = self._lost()
        finally:
            watch.deadline = None
            if watch.aborting:
                watch.stop()
        if self._cancelled is not None:
            await self._called_off()
        return result

    async def _received(self) -> Result | None:
        """The one result of a statement."""
        pg = self.pg
        result: Result | None = None
        while True:
            while pg.is_busy():
                await self._wait()
            more = pg.get_result()
            if more is None:
                return result
            result = more
            if result.status in COPY:
                return result
