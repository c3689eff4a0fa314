"""One PostgreSQL connection, and waits on it that end: by a deadline, by Ctrl-C, by its loss.

psycopg's low-level `PGconn` beneath. A broken connection is no exception here but a result of
status FATAL_ERROR, as libpq has it.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import get_ident
from typing import Any

import psycopg
from psycopg import pq

from .pipeline import Result, Send, exchange
from .watchdog import Watch, unwatch, watch

GOOD = frozenset((pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY))

_BAD = pq.ConnStatus.BAD
_FATAL = pq.ExecStatus.FATAL_ERROR
_COPY = frozenset((pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_BOTH))


class Wire:
    """A connection with a deadline on each wait: `limit` seconds."""

    def __init__(self, connection: psycopg.Connection[Any], limit: float) -> None:
        self.pg = connection.pgconn
        self.limit = limit
        self.severed = False
        self._execute = self.pg.exec_prepared
        poller = select.poll()
        poller.register(self.pg.socket, select.POLLIN)
        self._poll = poller.poll
        # In the main thread a wait must let Python's signal handlers run.
        self._main = threading.main_thread().ident
        # A duplicate of the descriptor: it can never come to mean another connection's socket.
        self._socket = socket.socket(fileno=os.dup(self.pg.socket))
        self.watch = Watch(self._shut_down)
        watch(self.watch)
        _wires.add(self)

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

    def run(
        self,
        name: bytes,
        values: Sequence[bytes | None],
        formats: Sequence[int],
        result_format: pq.Format,
    ) -> Result:
        """Run a prepared statement."""
        self.watch.start(self.limit)
        try:
            if get_ident() != self._main:
                return self._execute(name, values, formats, result_format)  # type: ignore[arg-type] # None too
            self.pg.send_query_prepared(name, values, formats, result_format)
            return self._receive()
        except psycopg.OperationalError:
            return self._lost()
        finally:
            self.watch.stop()

    def command(self, text: bytes, limit: float | None = None) -> Result:
        """Run statements without parameters; of several the last result, or the failure."""
        return self.call(self.pg.send_query, text, limit=limit)

    def call(
        self, send: Callable[..., None], *arguments: Any, limit: float | None = None
    ) -> Result:
        """Call one of PGconn's `send_…` and wait for what comes of it."""
        self.watch.start(self.limit if limit is None else limit)
        try:
            send(*arguments)
            return self._receive()
        except psycopg.OperationalError:
            return self._lost()
        finally:
            self.watch.stop()

    def exchange(self, sends: Sequence[Send], *, steady: bool = False) -> list[Result]:
        """One pipelined round trip; a result for each send but the syncs.

        Progress earns time, and is seen for each statement where the exchange is `steady`.
        """
        if not sends:
            return []
        self.watch.start(self.limit)
        try:
            sends = [*sends, self.pg.pipeline_sync]
            return exchange(self.pg, sends, self._progress, steady=steady)
        finally:
            self.watch.stop()

    def _progress(self) -> None:
        if not self.watch.fired:
            self.watch.start(self.limit)

    def _receive(self) -> Result:
        found: Result | None = None
        try:
            while (result := self._next()) is not None:
                if found is None or found.status in GOOD:
                    found = result
                if result.status in _COPY:  # get_result() would give it for ever
                    break
        except psycopg.OperationalError:
            raise
        except BaseException:  # Ctrl-C: the server stops once it finds the client gone
            self.pg.finish()
            raise
        return found or self._lost()

    def _next(self) -> Result | None:
        pg = self.pg
        try:
            while pg.is_busy():
                self._poll()
                pg.consume_input()
        except psycopg.OperationalError:
            pass  # get_result() knows more of it
        return pg.get_result()

    def _lost(self) -> Result:
        self.pg.finish()
        return self.pg.make_empty_result(_FATAL)


_wires: weakref.WeakSet[Wire] = weakref.WeakSet()


def _after_fork() -> None:
    for wire in list(_wires):
        wire.sever()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
