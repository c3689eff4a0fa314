"""PostgreSQL for asyncio: psycopg's asynchronous pool in autocommit, on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from ..errors import ConfigError
from ..query import Variant
from ..target import PostgresTarget
from .completion import completed
from .postgres_async_wire import OTHER_LOOP, AsyncWire
from .postgres_lending import Lending
from .postgres_probe import Probe
from .postgres_session import PostgresSession
from .postgres_types import ServerTypes
from .postgres_wire import GOOD


class AsyncPostgresSession(PostgresSession):
    """A connection borrowed from the pool. Used by one task at a time (see `AsyncSession`)."""

    wire: AsyncWire

    def __init__(
        self, connection: _Connection, wire: AsyncWire, types: ServerTypes, *, prepare: bool
    ) -> None:
        super().__init__(connection, wire, types, prepare=prepare)
        self.core = self  # as `Lending` finds it

    async def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""
        # As PostgresSession's, written out for the most frequent case.
        prepared = self._held.get(variant)
        if prepared is None or not prepared.direct or self.pending:
            return await super().run(variant, values)
        encoded = prepared.encoded(values)
        if encoded is None:
            return await super().run(variant, values)
        result = await self.wire.run(
            prepared.name, encoded, prepared.formats, prepared.result_format
        )
        if result.status not in GOOD:
            return await self.run_again(variant, values, result)
        return self.value(prepared, result)


class _Connection(psycopg.AsyncConnection[Any]):
    """A pooled connection with the session that works on it, which ends with it."""

    session: AsyncPostgresSession | None = None
    opened: set[_Connection] | None = None

    async def close(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            session.wire.close()
        if self.opened is not None:
            self.opened.discard(self)
        await super().close()


class AsyncPostgresEngine(Lending):
    """The connections to one database (see `AsyncEngine`)."""

    def __init__(self, target: PostgresTarget, schema: str) -> None:
        """Nothing is connected yet: the first call connects."""
        super().__init__(target, schema)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._retired: set[asyncio.Task[None]] = set()

    async def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Borrow a session, run one statement, give the session back: the way of a single call."""
        session = await self.borrow()
        try:
            return await session.run(variant, values)
        finally:
            if not self._kept_at_hand(session):
                await completed(self._give(session))

    async def borrow(self, *, writes: bool = True, read_only: bool = False) -> AsyncPostgresSession:
        """A live session, within `pool_timeout`. Raises Overloaded or ConnectionLost.

        `writes` and `read_only` choose among connections on SQLite only.
        """
        if asyncio.get_running_loop() is not self._loop:
            self._bind()
        session: AsyncPostgresSession
        if self._at_hand:
            session = self._at_hand.pop()
            if session.fit:
                return session
            self._at_hand.append(session)
        session = await self._borrow()
        return session

    async def give(self, session: AsyncPostgresSession) -> None:
        """Take a session back, whatever is cancelled meanwhile: rolled back, or replaced."""
        if not self._kept_at_hand(session):
            await completed(self._give(session))

    async def close(self) -> None:
        """Close every connection; a lent one is closed when it comes back. Calls then raise."""
        await completed(self._close())
        if self._retired:
            await asyncio.wait(self._retired)

    def _bind(self) -> None:
        """The first call's event loop is the store's."""
        self._usable()
        if self._loop is not None:
            raise ConfigError(OTHER_LOOP)
        self._loop = asyncio.get_running_loop()

    # -- what `Lending` wants

    async def _opened_pool(self) -> AsyncConnectionPool[_Connection]:
        pool = AsyncConnectionPool(
            self._conninfo, connection_class=_Connection, open=False, **self._pool_options()
        )
        await pool.open()
        return pool

    async def _answered(self, probe: Probe, end: float) -> None:
        await asyncio.to_thread(probe.wait, end)

    def _enter(self, connection: _Connection, limit: float) -> AsyncPostgresSession:
        wire = AsyncWire(connection, limit)
        prepare = self.target.prepare
        session = AsyncPostgresSession(connection, wire, self.types, prepare=prepare)
        connection.session, connection.opened = session, self._opened
        self._opened.add(connection)
        return session

    async def _closed_connection(self, connection: _Connection) -> None:
        await connection.close()

    def _retire(self, pool: Any) -> None:
        task = asyncio.get_running_loop().create_task(pool.close())
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    def _abandon(self, pool: Any) -> None:
        pool._closed = True  # noqa: SLF001 - else its finalizer warns of what is the parent's
