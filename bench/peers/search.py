"""The searches of the store collections: the registry's calls, and the same statements by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from importlib import import_module
from typing import Any

import numpy as np
import psycopg
from pgvector import Vector
from psycopg.rows import namedtuple_row

from rawstore.engines import sqlite_functions

from ..place import Place
from . import AsyncPeer, Peer
from .asyncpg import arguments

_TOP = 10


def _words(query: str, user_id: str) -> dict[str, Any]:
    return {"query": query, "user_id": user_id, "top_k": _TOP}


def _alike(embedding: object, user_id: str) -> dict[str, Any]:
    return {"embedding": embedding, "user_id": user_id, "top_k": _TOP, "model": None}


class _Rawstore:
    def __init__(self, caller: Any) -> None:
        self.search_items = caller.search_items
        self.search_similar = caller.search_similar


class _Psycopg:
    """On one connection in autocommit, with pgvector's own types registered."""

    def __init__(self, connection: psycopg.Connection[Any], place: Place) -> None:
        self.connection = connection
        self.items = place.text("search_items").percent_named
        self.similar = place.text("search_similar").percent_named

    def search_items(self, query: str, user_id: str) -> object:
        return self.connection.execute(self.items, _words(query, user_id)).fetchall()

    def search_similar(self, embedding: list[float], user_id: str) -> object:
        values = _alike(Vector(embedding), user_id)
        return self.connection.execute(self.similar, values).fetchall()


class _Sqlite:
    """On one connection that has our SQL functions; rows are tuples of what is stored."""

    def __init__(self, connection: sqlite3.Connection, place: Place) -> None:
        self.connection = connection
        self.items = place.text("search_items")
        self.similar = place.text("search_similar")

    def search_items(self, query: str, user_id: str) -> object:
        values = _words(query, user_id)
        bound = [values[name] for name in self.items.names]
        return self.connection.execute(self.items.text, bound).fetchall()

    def search_similar(self, embedding: list[float], user_id: str) -> object:
        values = _alike(np.asarray(embedding, "<f4").tobytes(), user_id)
        bound = [values[name] for name in self.similar.names]
        return self.connection.execute(self.similar.text, bound).fetchall()


class _Asyncpg:
    """On one connection, with pgvector's own type registered."""

    def __init__(self, connection: Any, place: Place) -> None:
        self.connection = connection
        self.items = place.text("search_items")
        self.similar = place.text("search_similar")

    async def search_items(self, query: str, user_id: str) -> object:
        values = _words(query, user_id)
        bound = [values[name] for name in self.items.names]
        return await self.connection.fetch(self.items.text, *bound)

    async def search_similar(self, embedding: list[float], user_id: str) -> object:
        values = _alike(Vector(embedding), user_id)
        bound = [values[name] for name in self.similar.names]
        return await self.connection.fetch(self.similar.text, *bound)


@contextmanager
def _rawstore(place: Place) -> Iterator[_Rawstore]:
    with place.store.session() as session:
        yield _Rawstore(session)


@contextmanager
def _psycopg(place: Place) -> Iterator[_Psycopg]:
    from pgvector.psycopg import register_vector

    with psycopg.connect(place.conninfo, autocommit=True, row_factory=namedtuple_row) as connection:
        register_vector(connection)
        yield _Psycopg(connection, place)


@contextmanager
def _sqlite(place: Place) -> Iterator[_Sqlite]:
    with closing(sqlite3.connect(place.path, isolation_level=None)) as connection:
        sqlite_functions.register(connection)
        yield _Sqlite(connection, place)


@asynccontextmanager
async def _asyncpg(place: Place) -> AsyncIterator[_Asyncpg]:
    asyncpg: Any = import_module("asyncpg")
    register: Any = import_module("pgvector.asyncpg").register_vector
    connection = await asyncpg.connect(**arguments(place))
    try:
        await register(connection)
        yield _Asyncpg(connection, place)
    finally:
        await connection.close()


RAWSTORE = Peer("rawstore, store.session()", "rawstore", "NamedTuple", _rawstore)
PSYCOPG = Peer("psycopg, connection.execute", "psycopg", "namedtuple", _psycopg)
SQLITE = Peer("sqlite3 by hand, bare tuple", "sqlite3", "tuple of stored values", _sqlite)
ASYNCPG = AsyncPeer("asyncpg, fetch", "asyncpg", "Record", _asyncpg)
