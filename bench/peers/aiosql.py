"""aiosql: query files like ours, over psycopg or sqlite3."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row

from ..place import Place
from ..rows import Note, User, time_text
from . import Peer, psycopg as by_hand, sqlite3 as by_hand_sqlite

_FILE = """
-- name: get_user(user_id)^
{get_user};

-- name: list_users(after, page)
{list_users};

-- name: add_note(user_id, body, created_at)^
{add_note};

-- name: count_note(user_id)!
{count_note};

-- name: put_readings*!
{put_readings};
"""
_time = datetime.fromisoformat


def _queries(place: Place, driver: str) -> Any:
    import aiosql

    texts = {name: statement.named for name, statement in place.statements.items()}
    return aiosql.from_str(_FILE.format(**texts), driver)


class _Postgres:
    """On one psycopg connection in autocommit."""

    def __init__(self, connection: psycopg.Connection[Any], place: Place) -> None:
        self.connection = connection
        self.queries = _queries(place, "psycopg")

    def get_user(self, user_id: UUID) -> object:
        return self.queries.get_user(self.connection, user_id=user_id)

    def list_users(self, after: UUID, page: int) -> object:
        return list(self.queries.list_users(self.connection, after=after, page=page))

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        return self.queries.add_note(
            self.connection, user_id=user_id, body=body, created_at=created_at
        )

    def readings(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return [{"id": row[0], "sensor": row[1], "celsius": row[2]} for row in rows]

    def put_readings(self, items: Sequence[dict[str, Any]]) -> None:
        with self.connection.transaction():
            self.queries.put_readings(self.connection, items)

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        with self.connection.transaction():
            return (
                self.get_user(user_id),
                self.add_note(user_id, body, created_at),
                self.queries.count_note(self.connection, user_id=user_id),
            )


class _Pooled:
    """A connection of psycopg's pool for each call."""

    def __init__(self, connections: Any, place: Place) -> None:
        self.connections = connections
        self.queries = _queries(place, "psycopg")

    def get_user(self, user_id: UUID) -> object:
        with self.connections.connection() as connection:
            return self.queries.get_user(connection, user_id=user_id)


class _SqliteBare:
    """On one sqlite3 connection; rows are tuples of what is stored."""

    def __init__(self, connection: Any, place: Place) -> None:
        self.connection = connection
        self.queries = _queries(place, "sqlite3")

    def get_user(self, user_id: UUID) -> object:
        return self.queries.get_user(self.connection, user_id=str(user_id))


class _SqliteTyped(_SqliteBare):
    """Rows made NamedTuples of UUIDs and aware times, by the application."""

    def get_user(self, user_id: UUID) -> object:
        row = self.queries.get_user(self.connection, user_id=str(user_id))
        return row and User(UUID(row[0]), row[1], row[2], _time(row[3]))

    def list_users(self, after: UUID, page: int) -> object:
        rows = self.queries.list_users(self.connection, after=str(after), page=page)
        return [User(UUID(row[0]), row[1], row[2], _time(row[3])) for row in rows]

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        row = self.queries.add_note(
            self.connection, user_id=str(user_id), body=body, created_at=time_text(created_at)
        )
        return Note(row[0], UUID(row[1]), row[2], _time(row[3]))

    def readings(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return [{"id": row[0], "sensor": row[1], "celsius": row[2]} for row in rows]

    def put_readings(self, items: Sequence[dict[str, Any]]) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.queries.put_readings(self.connection, items)
        self.connection.execute("COMMIT")

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        self.connection.execute("BEGIN IMMEDIATE")
        rows = (
            self.get_user(user_id),
            self.add_note(user_id, body, created_at),
            self.queries.count_note(self.connection, user_id=str(user_id)),
        )
        self.connection.execute("COMMIT")
        return rows


@contextmanager
def _postgres(place: Place) -> Iterator[_Postgres]:
    with psycopg.connect(place.conninfo, autocommit=True, row_factory=namedtuple_row) as connection:
        yield _Postgres(connection, place)


@contextmanager
def _pooled(place: Place) -> Iterator[_Pooled]:
    with by_hand.pool(place, autocommit=True) as connections:
        yield _Pooled(connections, place)


def _sqlite(
    application: type[_SqliteBare],
) -> Callable[[Place], AbstractContextManager[_SqliteBare]]:
    @contextmanager
    def opened(place: Place) -> Iterator[_SqliteBare]:
        with by_hand_sqlite.connected(place) as connection:
            yield application(connection, place)

    return opened


HELD = Peer("aiosql", "aiosql", "namedtuple", _postgres)
POOLED = Peer("aiosql, psycopg pool", "aiosql", "namedtuple", _pooled)
SQLITE = Peer("aiosql, typed row", "aiosql", "NamedTuple", _sqlite(_SqliteTyped))
SQLITE_BARE = Peer("aiosql, bare tuple", "aiosql", "tuple of stored values", _sqlite(_SqliteBare))
