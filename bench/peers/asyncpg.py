"""asyncpg: a held connection or its pool. It brings no types, hence the Any."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import UUID

from ..place import POOL, Place
from . import AsyncPeer


class _Held:
    """On one connection."""

    def __init__(self, connection: Any, place: Place) -> None:
        self.connection = connection
        self.get = place.text("get_user").text
        self.list = place.text("list_users").text
        self.add = place.text("add_note").text
        self.count = place.text("count_note").text
        self.put = place.text("put_readings").text

    async def get_user(self, user_id: UUID) -> object:
        return await self.connection.fetchrow(self.get, user_id)

    async def list_users(self, after: UUID, page: int) -> object:
        return await self.connection.fetch(self.list, after, page)

    async def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        return await self.connection.fetchrow(self.add, user_id, body, created_at)

    async def put_readings(self, items: Sequence[tuple[Any, ...]]) -> None:
        await self.connection.executemany(self.put, items)

    async def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        connection = self.connection
        async with connection.transaction():
            return (
                await connection.fetchrow(self.get, user_id),
                await connection.fetchrow(self.add, user_id, body, created_at),
                int((await connection.execute(self.count, user_id)).split()[-1]),
            )

    async def get_users(self, user_ids: Sequence[UUID]) -> object:
        return [await self.connection.fetchrow(self.get, user_id) for user_id in user_ids]


class _Pooled:
    """Calls on the pool, each of which takes a connection."""

    def __init__(self, pool: Any, place: Place) -> None:
        self.pool = pool
        self.get = place.text("get_user").text

    async def get_user(self, user_id: UUID) -> object:
        return await self.pool.fetchrow(self.get, user_id)


def arguments(place: Place) -> dict[str, Any]:
    """The keywords of asyncpg for what libpq's say."""
    keywords = place.keywords
    settings = dict(re.findall(r"-c (\w+)=(\S+)", keywords.get("options", "")))
    found: dict[str, Any] = {
        "host": keywords.get("host"),
        "port": int(keywords["port"]) if keywords.get("port") else None,
        "user": keywords.get("user"),
        "password": keywords.get("password"),
        "database": keywords.get("dbname"),
        "ssl": keywords.get("sslmode"),
    }
    given = {name: value for name, value in found.items() if value is not None}
    return {**given, "server_settings": settings}


@asynccontextmanager
async def _held(place: Place) -> AsyncIterator[_Held]:
    asyncpg: Any = import_module("asyncpg")
    connection = await asyncpg.connect(**arguments(place))
    try:
        yield _Held(connection, place)
    finally:
        await connection.close()


def _pooled(**options: Any) -> Callable[[Place], AbstractAsyncContextManager[_Pooled]]:
    @asynccontextmanager
    async def opened(place: Place) -> AsyncIterator[_Pooled]:
        asyncpg: Any = import_module("asyncpg")
        sizes = {"min_size": 1, "max_size": POOL}
        async with asyncpg.create_pool(**arguments(place), **sizes, **options) as pool:
            yield _Pooled(pool, place)

    return opened


async def _keep(_: object) -> None:
    """In place of the pool's own reset, which asks the server once more after each call."""


HELD = AsyncPeer("asyncpg, fetchrow", "asyncpg", "Record", _held)
POOLED = AsyncPeer("asyncpg, pool", "asyncpg", "Record", _pooled())
POOLED_AS_IT_IS = AsyncPeer(
    "asyncpg, pool without its reset", "asyncpg", "Record", _pooled(reset=_keep)
)
