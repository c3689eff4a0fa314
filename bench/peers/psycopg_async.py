"""psycopg by hand on an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from psycopg_pool import AsyncConnectionPool

from ..place import POOL, Place
from . import AsyncPeer


class _Held:
    """On one connection in autocommit."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], place: Place) -> None:
        self.connection = connection
        self.get = place.text("get_user").percent

    async def get_user(self, user_id: UUID) -> object:
        cursor = await self.connection.execute(self.get, (user_id,))
        return await cursor.fetchone()


class _Pooled:
    """A connection of the pool, in autocommit, for each call."""

    def __init__(self, pool: AsyncConnectionPool[Any], place: Place) -> None:
        self.pool = pool
        self.get = place.text("get_user").percent

    async def get_user(self, user_id: UUID) -> object:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(self.get, (user_id,))
            return await cursor.fetchone()


@asynccontextmanager
async def _held(place: Place) -> AsyncIterator[_Held]:
    async with await psycopg.AsyncConnection.connect(
        place.conninfo, autocommit=True, row_factory=namedtuple_row
    ) as connection:
        yield _Held(connection, place)


@asynccontextmanager
async def _pooled(place: Place) -> AsyncIterator[_Pooled]:
    async with AsyncConnectionPool(
        place.conninfo,
        min_size=1,
        max_size=POOL,
        kwargs={"autocommit": True, "row_factory": namedtuple_row},
        open=False,
    ) as pool:
        await pool.wait()
        yield _Pooled(pool, place)


HELD = AsyncPeer("psycopg async, connection.execute", "psycopg", "namedtuple", _held)
POOLED = AsyncPeer("psycopg async pool, autocommit", "psycopg", "namedtuple", _pooled)
