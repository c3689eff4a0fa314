"""PostgreSQL: a psycopg pool in autocommit that lends sessions, and survives its server.

psycopg_pool does not look at the connections it lends. Here a glance at the socket (no round trip)
finds the ones a restart has closed; the first that is found empties the pool of its like. When the
server is away callers wait, within `pool_timeout`, for it to come back.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import suppress
from typing import Any, Literal

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from ..errors import ConfigError, DatabaseError, Overloaded
from ..target import PostgresTarget
from .postgres_probe import Probe, connect_error
from .postgres_session import GRACE, PostgresSession
from .postgres_types import ServerTypes

WAITING_PER_CONNECTION = 64  # callers that may queue for each connection of the pool
RECONNECT = 10.0  # seconds that the pool's own attempts go on before the next caller starts anew
SLICE = 0.5  # seconds of waiting after which a caller asks whether the server is there
LIFETIME = 1800.0
IDLE_IN_TRANSACTION = 60.0


class _Connection(psycopg.Connection[Any]):
    """A pooled connection with the session that works on it, which ends with it."""

    session: PostgresSession | None = None
    opened: set[_Connection] | None = None

    def close(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            session.wire.close()
        if self.opened is not None:
            self.opened.discard(self)
        super().close()


Pool = ConnectionPool[_Connection]


class PostgresEngine:
    """A pool of sessions on one database."""

    dialect: Literal["postgres"] = "postgres"

    def __init__(self, target: PostgresTarget, schema: str) -> None:
        """Nothing is connected yet: the first call connects."""
        self.target = target
        self.schema = schema
        self.types = ServerTypes()
        self._conninfo = make_conninfo(**session_conninfo(target, schema))
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._probe: Probe | None = None
        self._closed = False
        self._forked = False
        self._errors_seen = 0
        self._drained = 0.0
        # The pool knows nothing of what it has lent: without this a stream that is collected
        # together with its connection could find it finalized before.
        self._opened: set[_Connection] = set()
        _engines.add(self)

    # -- lending

    def borrow(self, *, writes: bool = True, read_only: bool = False) -> PostgresSession:
        """A live session, within `pool_timeout`. Raises Overloaded or ConnectionLost.

        `writes` and `read_only` choose among connections on SQLite only.
        """
        end = time.monotonic() + self.target.pool_timeout
        patience = min(SLICE, self.target.pool_timeout)
        while True:
            pool = self._pool or self._open(end)
            try:
                connection = pool.getconn(patience)
            except TooManyRequests:
                raise self._overloaded(pool, "too many callers are waiting") from None
            except PoolTimeout:
                patience = self._after_timeout(pool, end)
                continue
            except PoolClosed:  # another thread renewed it, or closed the store: _open() knows
                continue
            session = connection.session or self._session(pool, connection)
            if session.alive(end):
                return session
            connection.close()
            pool.putconn(connection)
            self._drain(pool)

    def give(self, session: PostgresSession) -> None:
        """Take a session back; an open transaction is rolled back, a broken one replaced."""
        connection: Any = session.connection
        pool = self._pool
        if not session.rest():
            connection.close()
            if pool is not None and session.wire.watch.fired:
                self._drain(pool)  # a frozen server, or network: the idle ones are no better
        try:
            if pool is not None:
                pool.putconn(connection)
                return
        except (ValueError, psycopg.Error):  # it belongs to a pool that was renewed meanwhile
            pass
        connection.close()

    def close(self) -> None:
        """Close every connection; a lent one is closed when it comes back. Calls then raise."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        _engines.discard(self)
        if pool is not None:
            pool.close()

    def stats(self) -> dict[str, int]:
        """The pool's figures (psycopg_pool's `get_stats`)."""
        return self._pool.get_stats() if self._pool else {}

    def connect(self, limit: float) -> PostgresSession:
        """A session beside the pool, for its caller to close; each wait takes at most `limit`."""
        self._usable()
        try:
            connection = _Connection.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            problem = connect_error(error, self.target)
        else:
            return self._enter(connection, limit - GRACE)
        raise problem

    # -- the pool

    def _open(self, end: float) -> Pool:
        self._usable()
        self._ask(end)  # its error says why, which the pool's would not
        with self._lock:
            self._usable()
            if self._pool is None:
                self._pool = self._new_pool()
            return self._pool

    def _usable(self) -> None:
        if self._forked:
            raise ConfigError(
                "this store was opened before the process forked; open it again in the child"
            )
        if self._closed:
            raise ConfigError("this store is closed; open it again")

    def _new_pool(self) -> Pool:
        target = self.target
        self._errors_seen = 0
        return ConnectionPool(
            self._conninfo,
            connection_class=_Connection,
            kwargs={"autocommit": True, "prepare_threshold": None},
            min_size=target.pool_min,
            max_size=target.pool_max,
            timeout=target.pool_timeout,
            max_waiting=target.pool_max * WAITING_PER_CONNECTION,
            max_lifetime=LIFETIME,
            reconnect_timeout=RECONNECT,
            name="rawstore",
            open=True,
        )

    def _session(self, pool: Pool, connection: _Connection) -> PostgresSession:
        self._errors_seen = _errors(pool)  # the server lets us in again
        return self._enter(connection, self.target.statement_timeout)

    def _enter(self, connection: _Connection, limit: float) -> PostgresSession:
        session = PostgresSession(connection, self.types, limit, prepare=self.target.prepare)
        connection.session, connection.opened = session, self._opened
        self._opened.add(connection)
        return session

    def _drain(self, pool: Pool) -> None:
        """One that is dead or frozen is hardly alone: replace them all, at most once a second."""
        with self._lock:
            if time.monotonic() - self._drained < 1:
                return
            self._drained = time.monotonic()
        with suppress(psycopg.Error):
            pool.drain()

    # -- waiting for a server that is away

    def _after_timeout(self, pool: Pool, end: float) -> float:
        """Nothing came. Raise the reason when it is late; else how long to wait on.

        A pool that cannot connect tries again after ever longer pauses. Once the server is seen to
        be back it is not waited for, but replaced.
        """
        left = end - time.monotonic()
        if _errors(pool) > self._errors_seen:
            try:
                self._ask(end)
            except DatabaseError:
                if time.monotonic() >= end:
                    raise
            else:
                self._renew(pool)
            left = min(SLICE, end - time.monotonic())
        if left <= 0:
            waited = f"no connection was free for {self.target.pool_timeout:g} s"
            raise self._overloaded(pool, waited)
        return left

    def _ask(self, end: float) -> None:
        """Whether the server lets us in: raises why not. Callers share one attempt."""
        with self._lock:
            if self._probe is None or self._probe.over:
                self._probe = Probe(self._conninfo, self.target)
            probe = self._probe
        probe.wait(end)

    def _renew(self, pool: Pool) -> None:
        with self._lock:
            if self._pool is not pool:
                return
            self._pool = self._new_pool()
        threading.Thread(target=pool.close, name="rawstore-close", daemon=True).start()

    def _overloaded(self, pool: Pool, why: str) -> Overloaded:
        stats = pool.get_stats()
        figures = (
            f"{stats.get('pool_size', 0)} connections, {stats.get('requests_waiting', 0)} waiting"
        )
        return Overloaded(f"{why} ({figures}); raise pool_max, or hold transactions shorter")

    def _forget(self) -> None:
        """In a forked child: the sockets are the parent's. Refuse calls, and close nothing."""
        self._forked = True
        self._lock = threading.Lock()
        pool, self._pool = self._pool, None
        if pool is not None:
            _forgotten.append(pool)
            pool._closed = True  # noqa: SLF001 - else its finalizer waits for the parent's threads


def _errors(pool: Pool) -> int:
    return pool.get_stats().get("connections_errors", 0)


def session_conninfo(target: PostgresTarget, schema: str) -> dict[str, str]:
    """A working connection's keywords for libpq: the target's, and our session settings."""
    conninfo = {"connect_timeout": "5", **target.conninfo, "client_encoding": "utf8"}
    if target.prepare:  # a transaction pooler refuses `options`
        settings = {
            "search_path": f'"{schema}",public',
            "timezone": "UTC",
            "statement_timeout": f"{target.statement_timeout * 1000:.0f}",
            "lock_timeout": f"{target.lock_timeout * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION * 1000:.0f}",
            "client_connection_check_interval": f"{GRACE * 1000:.0f}",
        }
        ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
        conninfo["options"] = f"{ours} {conninfo.get('options', '')}".strip()
    return conninfo


_engines: weakref.WeakSet[PostgresEngine] = weakref.WeakSet()
_forgotten: list[Any] = []


def _after_fork() -> None:
    for engine in list(_engines):
        engine._forget()  # noqa: SLF001 - this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
