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
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from ..errors import ConfigError, ConnectionLost, DatabaseError, Overloaded
from ..target import PostgresTarget
from .errormap import from_sqlstate
from .postgres_session import GRACE, PostgresSession
from .postgres_types import ServerTypes

OLDEST_SERVER = 140000
WAITING_PER_CONNECTION = 64  # callers that may queue for each connection of the pool
RECONNECT = 10.0  # seconds that the pool's own attempts go on before the next caller starts anew
SLICE = 0.5  # seconds between looks at a server that is known to be away
LIFETIME = 1800.0


class _Connection(psycopg.Connection[Any]):
    """A pooled connection with the session that works on it."""

    session: PostgresSession | None = None

    def close(self) -> None:
        """Close it, whoever asks: the pool, or the session."""
        if self.session is not None:
            self.session.release()
        super().close()


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
        self._pool: ConnectionPool[_Connection] | None = None
        self._closed = False
        self._forked = False
        self._errors_seen = 0
        self._drained = 0.0
        _engines.add(self)

    # -- lending

    def borrow(self, *, writes: bool = True, read_only: bool = False) -> PostgresSession:
        """A live session, within `pool_timeout`. Raises Overloaded or ConnectionLost.

        `writes` and `read_only` choose among connections on SQLite only.
        """
        end = time.monotonic() + self.target.pool_timeout
        while True:
            pool = self._pool or self._open()
            try:
                connection = pool.getconn(self._patience(pool, end))
            except TooManyRequests:
                raise self._overloaded(pool, "too many callers are waiting") from None
            except PoolTimeout:
                self._after_timeout(pool, end)
                continue
            except psycopg.Error as error:  # PoolClosed: another thread renewed or closed it
                if self._closed or time.monotonic() > end:
                    raise ConnectionLost(f"the pool is closed: {error}") from None
                continue
            session = connection.session or self._session(connection)
            if session.alive():
                return session
            session.discard()
            pool.putconn(connection)
            self._drain(pool)

    def give(self, session: PostgresSession) -> None:
        """Take a session back; an open transaction is rolled back, a broken one replaced."""
        if not session.idle:
            session.rollback()
        session.rest()
        connection = session.connection
        if session.broken:
            session.discard()
        pool = self._pool
        try:
            if pool is not None:
                pool.putconn(connection)
                return
        except (ValueError, psycopg.Error):  # it belongs to a pool that was renewed meanwhile
            pass
        session.discard()

    def close(self) -> None:
        """Close every connection. Calls afterwards raise."""
        self._closed = True
        pool, self._pool = self._pool, None
        _engines.discard(self)
        if pool is not None and not self._forked:
            pool.close()

    def stats(self) -> dict[str, int]:
        """The pool's figures (psycopg_pool's `get_stats`)."""
        return self._pool.get_stats() if self._pool else {}

    # -- the pool

    def _open(self) -> ConnectionPool[_Connection]:
        with self._lock:
            if self._pool is not None:
                return self._pool
            if self._forked:
                raise ConfigError(
                    "this store was opened before the process forked; open it again in the child"
                )
            if self._closed:
                raise ConfigError("this store is closed; open it again")
            self._probe()  # its error says why, which the pool's would not
            self._pool = self._new_pool()
            return self._pool

    def _new_pool(self) -> ConnectionPool[_Connection]:
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

    def _session(self, connection: _Connection) -> PostgresSession:
        session = connection.session = PostgresSession(
            connection, self.types, self.target.statement_timeout, prepare=self.target.prepare
        )
        return session

    def _drain(self, pool: ConnectionPool[_Connection]) -> None:
        """One dead connection means a restart: replace them all, at most once a second."""
        with self._lock:
            if time.monotonic() - self._drained < 1:
                return
            self._drained = time.monotonic()
        with suppress(psycopg.Error):
            pool.drain()

    # -- waiting for a server that is away

    def _patience(self, pool: ConnectionPool[_Connection], end: float) -> float:
        left = max(end - time.monotonic(), 0.001)
        return min(left, SLICE) if self._away(pool) else left

    def _away(self, pool: ConnectionPool[_Connection]) -> bool:
        return pool.get_stats().get("connections_errors", 0) > self._errors_seen

    def _after_timeout(self, pool: ConnectionPool[_Connection], end: float) -> None:
        """Nothing came. Say why, or return to wait on, with a new pool if the server is back."""
        late = time.monotonic() >= end
        if not self._away(pool):
            if late:
                raise self._overloaded(pool, f"no connection was free for {self.target.pool_timeout:g} s")
            return
        try:
            self._probe()
        except DatabaseError:
            if late:
                raise
            return
        with self._lock:  # the pool's next attempt may be far off: do not wait for it
            if self._pool is pool:
                self._pool = self._new_pool()
                threading.Thread(target=pool.close, name="rawstore-close", daemon=True).start()
        if late:
            raise self._overloaded(pool, f"no connection was free for {self.target.pool_timeout:g} s")

    def _overloaded(self, pool: ConnectionPool[_Connection], why: str) -> Overloaded:
        stats = pool.get_stats()
        figures = f"{stats.get('pool_size', 0)} connections, {stats.get('requests_waiting', 0)} waiting"
        return Overloaded(f"{why} ({figures}); raise pool_max, or hold transactions shorter")

    def _probe(self) -> None:
        """Connect once, to learn why it cannot be done. Raises the mapped error."""
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            raise connect_error(error, self.target) from None
        with connection:
            version = connection.info.server_version
        if version < OLDEST_SERVER:
            raise ConfigError(f"the server is PostgreSQL {version // 10000}; 14 or newer is needed")

    def _forget(self) -> None:
        """In a forked child: the sockets are the parent's. Keep them, unclosed, and refuse calls."""
        self._forked = True
        _forgotten.append(self._pool)
        self._pool = None
        self._lock = threading.Lock()


def session_conninfo(target: PostgresTarget, schema: str) -> dict[str, str]:
    """libpq's keywords for a working connection: the target's, and our session settings."""
    conninfo = {"connect_timeout": "5", **target.conninfo, "client_encoding": "utf8"}
    if target.prepare:  # a transaction pooler refuses `options`
        settings = {
            "search_path": f'"{schema}",public',
            "timezone": "UTC",
            "statement_timeout": f"{target.statement_timeout * 1000:.0f}",
            "lock_timeout": f"{target.lock_timeout * 1000:.0f}",
            "idle_in_transaction_session_timeout": "60000",
            "client_connection_check_interval": f"{GRACE * 1000:.0f}",
        }
        ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
        conninfo["options"] = f"{ours} {conninfo.get('options', '')}".strip()
    return conninfo


def connect_error(error: psycopg.Error, target: PostgresTarget) -> DatabaseError:
    """Why a connection could not be made, without the password."""
    said = str(error).strip().splitlines()
    reason = said[-1].strip() if said else type(error).__name__
    if password := target.conninfo.get("password"):
        reason = reason.replace(password, "***")
    if error.sqlstate and not error.sqlstate.startswith(("08", "28", "3D", "57")):
        return from_sqlstate(error.sqlstate, reason)
    return ConnectionLost(f"cannot connect to {target}: {reason}", code=error.sqlstate)


_engines: weakref.WeakSet[PostgresEngine] = weakref.WeakSet()
_forgotten: list[Any] = []


def _after_fork() -> None:
    for engine in list(_engines):
        engine._forget()  # noqa: SLF001 - this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
