"""aiosqlite: sqlite3 on a thread of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from ..place import Place
from ..rows import User
from . import AsyncPeer

_time = datetime.fromisoformat


class _Held:
    """On one connection in autocommit; the application makes the typed row."""

    def __init__(self, connection: Any, place: Place) -> None:
        self.connection = connection
        self.get = place.text("get_user").text

    async def get_user(self, user_id: UUID) -> User | None:
        async with self.connection.execute(self.get, (str(user_id),)) as cursor:
            row = await cursor.fetchone()
        return row and User(UUID(row[0]), row[1], row[2], _time(row[3]))


@asynccontextmanager
async def _held(place: Place) -> AsyncIterator[_Held]:
    import aiosqlite

    async with aiosqlite.connect(place.path, isolation_level=None) as connection:
        yield _Held(connection, place)


HELD = AsyncPeer("aiosqlite, typed row", "aiosqlite", "NamedTuple", _held)
