"""One PostgreSQL connection, and waits on it that end: by a deadline, by Ctrl-C, by its loss.

psycopg's low-level `PGconn` beneath. A broken connection is no exception here but a result of
status FATAL_ERROR, as libpq has it. What waits is written once, as `async def`: over the blocking
wire it never suspends.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from threading import get_ident
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg import pq

from .pipeline import Result, Send, exchange
from .watchdog import Watch, unwatch, watch

Answer = TypeVar("Answer")

GOOD = frozenset((pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY))

_BAD = pq.ConnStatus.BAD
_FATAL = pq.ExecStatus.FATAL_ERROR
COPY = frozenset((pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_BOTH))


def now(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """What a coroutine returns that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    raise AssertionError("suspended over a blocking wire")  # pragma: no cover


class Wire(ABC):
    """A connection with a deadline on each wait: `limit` seconds."""

    def __init__(self, connection: psycopg.Connection[Any] | Any, limit: float) -> None:
        self.pg: pq.abc.PGconn = connection.pgconn
        self.limit = limit
        self.severed = False
        self.cut = False  # by the watchdog: the server, or the network, is frozen
        self.patience = limit  # of the wait under way
        poller = select.poll()
        poller.register(self.pg.socket, select.POLLIN)
        self._poll = poller.poll
        # A duplicate of the descriptor: it can never come to mean another connection's socket.
        self._socket = socket.socket(fileno=os.dup(self.pg.socket))
        self.watch = Watch(self._shut_down)
        watch(self.watch)
        _wires.add(self)

    @abstractmethod
    async def _wait(self, *, writing: bool = False) -> None:
        """Until input has come, and is consumed; or, where `writing`, output can go."""

    @property
    def broken(self) -> bool:
        """Whether the connection is gone."""
        return self.pg.status == _BAD

    @property
    def silent(self) -> bool:
        """Whether nothing has come that was not asked for, such as the server's farewell."""
        return not self._poll(0)

    def close(self) -> None:
        """Stop watching the connection, which its owner closes."""
        self.watch.stop()
        unwatch(self.watch)
        self._socket.close()

    def drop(self) -> None:
        """Close the connection: nothing more can be done with it."""
        self.pg.finish()

    def _shut_down(self) -> None:
        self.cut = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def sever(self) -> None:
        """In a forked child: nothing done here may reach the parent's connection."""
        self.severed = True
        nowhere = os.open(os.devnull, os.O_RDWR)
        try:
            if not self.broken:
                os.dup2(nowhere, self.pg.socket)
            if self._socket.fileno() >= 0:
                os.dup2(nowhere, self._socket.fileno())
        finally:
            os.close(nowhere)

    # -- round trips

    async def command(self, text: bytes, limit: float | None = None) -> Result:
        """Run statements without parameters; of several the last result, or the failure."""
        return await self.call(self.pg.send_query, text, limit=limit)

    async def call(
        self, send: Callable[..., None], *arguments: Any, limit: float | None = None
    ) -> Result:
        """Call one of PGconn's `send_…` and wait for what comes of it."""
        self.patience = self.limit if limit is None else limit
        self.watch.start(self.patience)
        try:
            send(*arguments)
            return await self._receive()
        except psycopg.OperationalError:
            return self._lost()
        finally:
            self.watch.stop()

    async def exchange(
        self, sends: Sequence[Send], *, steady: bool = False, limit: float | None = None
    ) -> list[Result]:
        """One pipelined round trip; a result for each send but the syncs.

        Progress earns time, and is seen for each statement where the exchange is `steady`.
        """
        if not sends:
            return []
        self.patience = self.limit if limit is None else limit
        self.watch.start(self.patience)
        try:
            sends = [*sends, self.pg.pipeline_sync]
            return await exchange(
                self.pg, sends, self._wait, self._progress, self.drop, steady=steady
            )
        finally:
            self.watch.stop()

    def _progress(self) -> None:
        if not self.watch.fired:
            self.watch.start(self.patience)

    async def _receive(self) -> Result:
        found: Result | None = None
        try:
            while (result := await self._next()) is not None:
                if found is None or found.status in GOOD:
                    found = result
                if result.status in COPY:  # get_result() would give it for ever
                    break
        except psycopg.OperationalError:
            raise
        except BaseException:  # Ctrl-C: the server stops once it finds the client gone
            self.drop()
            raise
        return found or self._lost()

    async def _next(self) -> Result | None:
        pg = self.pg
        try:
            while pg.flush() == 1:
                await self._wait(writing=True)
            while pg.is_busy():
                await self._wait()
        except psycopg.OperationalError:
            pass  # get_result() knows more of it
        return pg.get_result()

    def _lost(self) -> Result:
        self.drop()
        return self.pg.make_empty_result(_FATAL)


class BlockingWire(Wire):
    """A wire whose waits block the thread."""

    def __init__(self, connection: psycopg.Connection[Any], limit: float) -> None:
        super().__init__(connection, limit)
        self.pg.nonblocking = 0  # psycopg has it otherwise; then a send may leave something unsent
        self._execute = self.pg.exec_prepared
        # In the main thread a wait must let Python's signal handlers run.
        self._main = threading.main_thread().ident
        self._two_ways = select.poll()
        self._two_ways.register(self.pg.socket, select.POLLIN | select.POLLOUT)

    async def _wait(self, *, writing: bool = False) -> None:
        events = self._two_ways.poll() if writing else self._poll()
        if any(event & ~select.POLLOUT for _, event in events):
            self.pg.consume_input()

    def run(
        self,
        name: bytes,
        values: Sequence[bytes | None],
        formats: Sequence[int],
        result_format: pq.Format,
    ) -> Result:
        """Run a prepared statement."""
        # As `call`, written out for the most frequent case.
        watch = self.watch
        self.patience = self.limit
        watch.deadline = monotonic() + self.limit
        try:
            if get_ident() != self._main:
                return self._execute(name, values, formats, result_format)  # type: ignore[arg-type] # None too
            self.pg.send_query_prepared(name, values, formats, result_format)
            return self._receive_one()
        except psycopg.OperationalError:
            return self._lost()
        finally:
            watch.deadline = None
            if watch.aborting:
                watch.stop()

    def _receive_one(self) -> Result:
        """As `_receive`, for a statement that gives one result."""
        pg, busy = self.pg, self.pg.is_busy
        result: Result | None = None
        try:
            while True:
                while busy():
                    self._poll()
                    pg.consume_input()
                more = pg.get_result()
                if more is None:
                    return result or self._lost()
                result = more
                if result.status in COPY:
                    return result
        except psycopg.OperationalError:
            lost = now(self._receive())
            return lost if result is None or result.status in GOOD else result
        except BaseException:  # Ctrl-C: the server stops once it finds the client gone
            pg.finish()
            raise


_wires: weakref.WeakSet[Wire] = weakref.WeakSet()


def _after_fork() -> None:
    for wire in list(_wires):
        wire.sever()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
