"""Layers over asyncpg on an event loop: aiosql, SQLSpec, SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any
from uuid import UUID

from ..place import Place
from . import AsyncPeer
from .asyncpg import arguments


class _Aiosql:
    def __init__(self, connection: Any, queries: Any) -> None:
        self.connection = connection
        self.queries = queries

    async def get_user(self, user_id: UUID) -> object:
        return await self.queries.get_user(self.connection, user_id=user_id)


class _Sqlspec:
    def __init__(self, session: Any, place: Place) -> None:
        self.session = session
        self.get = place.text("get_user").text

    async def get_user(self, user_id: UUID) -> object:
        return await self.session.select_one_or_none(self.get, (user_id,))


class _Core:
    def __init__(self, connection: Any, place: Place) -> None:
        from sqlalchemy import bindparam, select

        from .sqlalchemy_tables import tables

        users = tables(place).users
        self.connection = connection
        self.get = select(users).where(users.c.id == bindparam("user_id"))

    async def get_user(self, user_id: UUID) -> object:
        return (await self.connection.execute(self.get, {"user_id": user_id})).one_or_none()


@asynccontextmanager
async def _aiosql(place: Place) -> AsyncIterator[_Aiosql]:
    import aiosql

    asyncpg: Any = import_module("asyncpg")
    text = f"-- name: get_user(user_id)^\n{place.text('get_user').named};\n"
    connection = await asyncpg.connect(**arguments(place))
    try:
        yield _Aiosql(connection, aiosql.from_str(text, "asyncpg"))
    finally:
        await connection.close()


@asynccontextmanager
async def _sqlspec(place: Place) -> AsyncIterator[_Sqlspec]:
    from sqlspec import SQLSpec
    from sqlspec.adapters.asyncpg import AsyncpgConfig

    keywords: Any = {**arguments(place), "min_size": 1, "max_size": 1}
    config = AsyncpgConfig(connection_config=keywords)
    spec = SQLSpec()
    spec.add_config(config)
    try:
        async with spec.provide_session(config) as session:
            yield _Sqlspec(session, place)
    finally:
        await config.close_pool()


@asynccontextmanager
async def _core(place: Place) -> AsyncIterator[_Core]:
    from sqlalchemy.ext.asyncio import create_async_engine

    asyncpg: Any = import_module("asyncpg")

    async def connect() -> Any:
        return await asyncpg.connect(**arguments(place))

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, isolation_level="AUTOCOMMIT"
    )
    try:
        async with engine.connect() as connection:
            yield _Core(connection, place)
    finally:
        await engine.dispose()


AIOSQL = AsyncPeer("aiosql on asyncpg", "aiosql", "Record", _aiosql)
SQLSPEC = AsyncPeer("SQLSpec on asyncpg", "sqlspec", "dict", _sqlspec)
CORE = AsyncPeer("SQLAlchemy Core on asyncpg", "SQLAlchemy", "Row", _core)
