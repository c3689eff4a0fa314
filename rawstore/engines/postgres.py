"""PostgreSQL for threads: a psycopg pool in autocommit, and sessions that block."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import monotonic
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from ..query import Variant
from .postgres_blocking import BlockingSession
from .postgres_lending import Lending
from .postgres_probe import Probe, connect_error
from .postgres_recorded import RecordedBlockingSession
from .postgres_session import PostgresSession
from .postgres_wire import BlockingWire, now


class _Connection(psycopg.Connection[Any]):
    """A pooled connection with the session that works on it, which ends with it."""

    session: BlockingSession | None = None
    opened: set[_Connection] | None = None

    def close(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            session.core.wire.close()
        if self.opened is not None:
            self.opened.discard(self)
        super().close()


class _Pool:
    """psycopg_pool's, in the form that `Lending` wants: it never suspends."""

    def __init__(self, pool: ConnectionPool[_Connection]) -> None:
        self.pool = pool
        self.get_stats = pool.get_stats

    async def getconn(self, wait: float) -> _Connection:
        return self.pool.getconn(wait)

    async def putconn(self, connection: _Connection) -> None:
        self.pool.putconn(connection)

    async def drain(self) -> None:
        self.pool.drain()

    async def close(self) -> None:
        self.pool.close()


class PostgresEngine(Lending):
    """The connections to one database (see `Engine`)."""

    def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Borrow a session, run one statement, give the session back: the way of a single call."""
        try:
            session = self.borrow()
        except BaseException as error:
            self.recorder.refused(variant, error)
            raise
        try:
            return session.run(variant, values)
        finally:
            if not self._kept_at_hand(session):
                now(self._give(session))

    def borrow(self, *, writes: bool = True, read_only: bool = False) -> BlockingSession:
        """A live session, within `pool_timeout`. Raises Overloaded or ConnectionLost.

        `writes` and `read_only` choose among connections on SQLite only.
        """
        session: BlockingSession
        try:
            session = self._at_hand.pop()
        except IndexError:
            session = now(self._borrow(monotonic() + self.target.pool_timeout))
            return session
        if session.core.fit:
            return session
        self._at_hand.append(session)
        session = now(self._borrow(monotonic() + self.target.pool_timeout))
        return session

    def give(self, session: BlockingSession) -> None:
        """Take a session back; an open transaction is rolled back, a broken one replaced."""
        if not self._kept_at_hand(session):
            now(self._give(session))

    def close(self) -> None:
        """Close every connection; a lent one is closed when it comes back. Calls then raise."""
        now(self._close())

    def connect(self, limit: float) -> BlockingSession:
        """A session beside the pool, for its caller to close; each wait takes at most `limit`."""
        self._usable()
        try:
            connection = _Connection.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            problem = connect_error(error, self.target)
        else:
            return self._enter(connection, limit)
        raise problem

    # -- what `Lending` wants

    async def _opened_pool(self) -> _Pool:
        return _Pool(
            ConnectionPool(
                self._conninfo,
                connection_class=_Connection,
                open=True,
                **self._pool_options(),
            )
        )

    async def _answered(self, probe: Probe, end: float) -> None:
        probe.wait(end)

    def _enter(self, connection: _Connection, limit: float) -> BlockingSession:
        wire = BlockingWire(connection, limit)
        core = PostgresSession(connection, wire, self.types, prepare=self.target.prepare)
        if self.recorder.active:
            session: BlockingSession = RecordedBlockingSession(core, wire, self.recorder)
        else:
            session = BlockingSession(core, wire)
        connection.session = session
        connection.opened = self._opened
        self._opened.add(connection)
        return session

    async def _closed_connection(self, connection: _Connection) -> None:
        connection.close()

    def _retire(self, pool: Any) -> None:
        threading.Thread(target=pool.pool.close, name="rawstore-close", daemon=True).start()

    def _abandon(self, pool: Any) -> None:
        pool.pool._closed = True  # noqa: SLF001 - else its finalizer waits for the parent's threads
