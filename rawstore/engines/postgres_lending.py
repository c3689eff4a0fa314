"""How a pool's connections are lent and taken back, for both colours.

psycopg_pool does not look at the connections it lends. Here a glance at the socket (no round trip)
finds the ones a restart has closed; the first that is found empties the pool of its like. When the
server is away callers wait, within `pool_timeout`, for it to come back.

The pool's own lending costs as much as all the rest of our call, so as many sessions as the pool
keeps open anyway (`pool_min`) stay at hand: they pass through it, which replaces the old ones, only
every few seconds. While anybody waits for the pool none stays.

Coroutines here never suspend where `_Pool`'s do not.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from typing import Any, Literal, Protocol

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from ..errors import ConfigError, ConnectionLost, DatabaseError, Overloaded
from ..statistics import Recorder
from ..target import PostgresTarget
from .postgres_conninfo import session_conninfo
from .postgres_probe import Probe
from .postgres_session import patience
from .postgres_types import ServerTypes

WAITING_PER_CONNECTION = 64  # callers that may queue for each connection of the pool
RECONNECT = 10.0  # seconds that the pool's own attempts go on before the next caller starts anew
SLICE = 0.5  # seconds of waiting after which a caller asks whether the server is there
LIFETIME = 1800.0
CLOSED = "this store is closed; open it again"
AT_HAND = 10.0  # seconds that a session may be lent again and again before it passes the pool


class _Pool(Protocol):
    """psycopg_pool's, as far as it is used here."""

    async def getconn(self, wait: float, /) -> Any: ...
    async def putconn(self, connection: Any) -> None: ...
    async def drain(self) -> None: ...
    async def close(self) -> None: ...
    def get_stats(self) -> dict[str, int]: ...


class Lending(ABC):
    """The connections to one database, of one colour. Nothing is connected before the first call.

    What is lent has its `PostgresSession` as `.core`, and is its connection's `.session`.
    """

    dialect: Literal["postgres"] = "postgres"
    single = False  # each stream has a connection of its own

    def __init__(self, target: PostgresTarget, schema: str) -> None:
        """Nothing is connected yet: the first call connects."""
        self.target = target
        self.schema = schema
        self.recorder = Recorder.of(target)
        self.types = ServerTypes()
        self._conninfo = make_conninfo(**session_conninfo(target, schema))
        self._lock = threading.Lock()
        self._pool: Any = None
        self._probe: Probe | None = None
        self._closed = False
        self._forked = False
        self._errors_seen = 0
        self._drained = 0.0
        self._at_hand: deque[Any] = deque()
        self._kept = max(1, target.pool_min)
        self._waiting: list[None] = []  # one for each caller that waits for the pool
        # The pool knows nothing of what it has lent: without this a stream that is collected
        # together with its connection could find it finalized before.
        self._opened: set[Any] = set()
        _engines.add(self)

    # -- what differs by colour

    @abstractmethod
    async def _opened_pool(self) -> _Pool:
        """A new pool, open: it connects in the background, so this does not suspend."""

    @abstractmethod
    async def _answered(self, probe: Probe, end: float) -> None:
        """Wait for the probe; raises what it found."""

    @abstractmethod
    def _enter(self, connection: Any, limit: float) -> Any:
        """A new session on a connection; each wait takes at most `limit` seconds."""

    @abstractmethod
    async def _closed_connection(self, connection: Any) -> None:
        """Close a connection."""

    @abstractmethod
    def _retire(self, pool: _Pool) -> None:
        """Close a pool in the background."""

    # -- lending

    async def _borrow(self, end: float) -> Any:
        """A live session, before `end`. Raises Overloaded or ConnectionLost."""
        patience = min(SLICE, max(0.0, end - time.monotonic()))
        self._waiting.append(None)
        try:
            while True:
                session = self._pop()  # now that we are counted: what comes later is not kept
                if session is None:
                    pool = self._pool or await self._open(end)
                    try:
                        session = self._lent(pool, await pool.getconn(patience))
                    except TooManyRequests:
                        raise self._overloaded("too many callers are waiting") from None
                    except PoolTimeout:
                        patience = await self._after_timeout(pool, end)
                        continue
                    except PoolClosed:  # renewed meanwhile, or the store closed: _open() knows
                        continue
                if await self._seen(session, end):
                    return session
        finally:
            self._waiting.pop()

    def _pop(self) -> Any:
        try:
            return self._at_hand.pop()
        except IndexError:
            return None

    def _lent(self, pool: _Pool, connection: Any) -> Any:
        session = connection.session
        if session is None:
            self._errors_seen = _errors(pool)  # the server lets us in again
            self._probe = None
            session = self._enter(connection, patience(self.target.statement_timeout))
        session.core.lent_until = time.monotonic() + AT_HAND
        return session

    async def _seen(self, session: Any, end: float) -> bool:
        """Whether the session can be used; one that cannot is given up, and its like with it."""
        pool = self._pool
        try:
            if await session.core.alive(end):
                return True
        except BaseException:  # cancelled, or Ctrl-C: nobody has it then
            await self._give_up(session, pool)
            raise
        await self._give_up(session, pool)
        if pool is not None:
            await self._drain(pool)
        return False

    def _kept_at_hand(self, session: Any) -> bool:
        """Keep a session that comes back at hand; False where the pool has to see it."""
        if self._waiting or len(self._at_hand) >= self._kept or not self._reusable(session):
            return False
        self._at_hand.append(session)
        # Whoever came to wait meanwhile has looked before it was there.
        return not (self._waiting or self._closed) or not self._taken_back(session)

    def _reusable(self, session: Any) -> bool:
        """Whether a session that comes back can be lent again as it is."""
        core = session.core
        if core.altered or core.pending or not core.idle:
            return False
        core.last_used = time.monotonic()
        return not self._closed and core.last_used <= core.lent_until

    def _taken_back(self, session: Any) -> bool:
        try:
            self._at_hand.remove(session)
        except ValueError:  # somebody has it
            return False
        return True

    async def _give(self, session: Any) -> None:
        """Take a session back; an open transaction is rolled back, a broken one replaced."""
        connection = session.core.connection
        pool = self._pool
        if not await session.core.rest():
            cut = session.core.wire.cut
            await self._closed_connection(connection)
            if pool is not None and cut:
                await self._drain(pool)  # a frozen server, or network: the idle ones are no better
        await self._give_up(session, pool, close=False)

    async def _give_up(self, session: Any, pool: _Pool | None, *, close: bool = True) -> None:
        """To the pool, which replaces what is closed; or closed, where it is no longer ours."""
        connection = session.core.connection
        if close:
            await self._closed_connection(connection)
        try:
            if pool is not None:
                await pool.putconn(connection)
                return
        except (ValueError, psycopg.Error):  # it belongs to a pool that was renewed meanwhile
            pass
        await self._closed_connection(connection)

    async def _close(self) -> None:
        """Close every connection; a lent one is closed when it comes back. Calls then raise."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        _engines.discard(self)
        await self._clear()
        if pool is not None:
            await pool.close()

    def stats(self) -> dict[str, int]:
        """The pool's figures (psycopg_pool's `get_stats`)."""
        if self._pool is None:
            return {}
        stats: dict[str, int] = self._pool.get_stats()
        return {**stats, "pool_available": stats["pool_available"] + len(self._at_hand)}

    # -- the pool

    async def _open(self, end: float) -> _Pool:
        self._usable()
        await self._ask(end)  # its error says why, which the pool's would not
        with self._lock:
            self._usable()
            if self._pool is None:
                self._pool = await self._new_pool()
            pool: _Pool = self._pool
            return pool

    async def _new_pool(self) -> _Pool:
        self._errors_seen = 0
        return await self._opened_pool()

    def _usable(self) -> None:
        if self._forked:
            raise ConfigError(
                "this store was opened before the process forked; open it again in the child"
            )
        if self._closed:
            raise ConfigError(CLOSED)

    def _pool_options(self) -> dict[str, Any]:
        target = self.target
        return {
            "kwargs": {"autocommit": True, "prepare_threshold": None},
            "min_size": target.pool_min,
            "max_size": target.pool_max,
            "timeout": target.pool_timeout,
            "max_waiting": target.pool_max * WAITING_PER_CONNECTION,
            "max_lifetime": LIFETIME,
            "reconnect_timeout": RECONNECT,
            "name": "rawstore",
        }

    async def _drain(self, pool: _Pool) -> None:
        """One that is dead or frozen is hardly alone: replace them all, at most once a second."""
        with self._lock:
            if time.monotonic() - self._drained < 1:
                return
            self._drained = time.monotonic()
        await self._clear()
        with suppress(psycopg.Error):
            await pool.drain()

    async def _clear(self) -> None:
        """Close what is at hand."""
        with suppress(IndexError):
            while True:
                await self._give_up(self._at_hand.pop(), self._pool)

    # -- waiting for a server that is away

    async def _after_timeout(self, pool: _Pool, end: float) -> float:
        """Nothing came. Raise the reason when it is late; else how long to wait on.

        A pool that cannot connect tries again after ever longer pauses. Once the server is seen to
        be back it is not waited for, but replaced.
        """
        left = end - time.monotonic()
        if _errors(pool) > self._errors_seen:
            try:
                await self._ask(end)
            except DatabaseError:
                if time.monotonic() >= end:
                    raise
            else:
                await self._renew(pool)
            left = min(SLICE, end - time.monotonic())
        if left <= 0:
            raise self._none_free()
        return left

    def _why_late(self) -> DatabaseError:
        """Why a caller that has waited its time has no connection, without asking anybody."""
        problem = self._probe.problem if self._probe is not None else None
        if problem is None and self._pool is not None and _errors(self._pool) > self._errors_seen:
            problem = ConnectionLost(f"cannot connect to {self.target}: every attempt fails")
        return problem or self._none_free()

    async def _ask(self, end: float) -> None:
        """Whether the server lets us in: raises why not. Callers share one attempt."""
        with self._lock:
            if self._probe is None or self._probe.over:
                self._probe = Probe(self._conninfo, self.target)
            probe = self._probe
        await self._answered(probe, end)

    async def _renew(self, pool: _Pool) -> None:
        with self._lock:
            if self._pool is not pool:
                return
            self._pool = await self._new_pool()
        await self._clear()
        self._retire(pool)

    def _none_free(self) -> Overloaded:
        return self._overloaded(f"no connection was free for {self.target.pool_timeout:g} s")

    def _overloaded(self, why: str) -> Overloaded:
        stats = self.stats()
        figures = (
            f"{stats.get('pool_size', 0)} connections, {stats.get('requests_waiting', 0)} waiting"
        )
        return Overloaded(f"{why} ({figures}); raise pool_max, or hold transactions shorter")

    def _forget(self) -> None:
        """In a forked child: the sockets are the parent's. Refuse calls, and close nothing."""
        self._forked = True
        self._lock = threading.Lock()
        _forgotten.append(self._at_hand)
        self._at_hand = deque()
        pool, self._pool = self._pool, None
        if pool is not None:
            _forgotten.append(pool)
            self._abandon(pool)

    @abstractmethod
    def _abandon(self, pool: _Pool) -> None:
        """In a forked child: keep the pool's finalizer from waiting for the parent's threads."""


def _errors(pool: _Pool) -> int:
    return pool.get_stats().get("connections_errors", 0)


_engines: weakref.WeakSet[Lending] = weakref.WeakSet()
_forgotten: list[Any] = []


def _after_fork() -> None:
    for engine in list(_engines):
        engine._forget()  # noqa: SLF001 - this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
