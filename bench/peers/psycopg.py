"""psycopg by hand: a held connection or a pool, in autocommit or with its default transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from psycopg_pool import ConnectionPool

from ..place import POOL, Place
from . import Peer


class _Texts:
    """The statements with `%s`."""

    def __init__(self, place: Place) -> None:
        self.get = place.text("get_user").percent
        self.list = place.text("list_users").percent
        self.add = place.text("add_note").percent
        self.count = place.text("count_note").percent
        self.put = place.text("put_readings").percent


class _Held:
    """On one connection in autocommit."""

    binary = False

    def __init__(self, connection: psycopg.Connection[Any], place: Place) -> None:
        self.connection = connection
        self.text = _Texts(place)

    def get_user(self, user_id: UUID) -> object:
        return self.connection.execute(self.text.get, (user_id,), binary=self.binary).fetchone()

    def list_users(self, after: UUID, page: int) -> object:
        cursor = self.connection.execute(self.text.list, (after, page), binary=self.binary)
        return cursor.fetchall()

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        return self.connection.execute(self.text.add, (user_id, body, created_at)).fetchone()

    def put_readings(self, items: Sequence[tuple[Any, ...]]) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(self.text.put, items)

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        with self.connection.transaction():
            return _three(self.connection, self.text, user_id, body, created_at)

    def get_users(self, user_ids: Sequence[UUID]) -> object:
        return [self.get_user(user_id) for user_id in user_ids]


class _Binary(_Held):
    """The same, results in binary."""

    binary = True


class _Default(_Held):
    """On one connection with its default transactions: the first statement begins one."""

    def get_user(self, user_id: UUID) -> object:
        row = self.connection.execute(self.text.get, (user_id,)).fetchone()
        self.connection.commit()
        return row

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        rows = _three(self.connection, self.text, user_id, body, created_at)
        self.connection.commit()
        return rows


class _Pipeline(_Held):
    """Many statements sent before the first answer is read."""

    def get_users(self, user_ids: Sequence[UUID]) -> object:
        execute, text = self.connection.execute, self.text.get
        with self.connection.pipeline():
            cursors = [execute(text, (user_id,)) for user_id in user_ids]
        return [cursor.fetchone() for cursor in cursors]


class _Pooled:
    """A connection of the pool for each call; the pool's mode decides what transactions are."""

    def __init__(self, pool: ConnectionPool[Any], place: Place) -> None:
        self.pool = pool
        self.text = _Texts(place)

    def get_user(self, user_id: UUID) -> object:
        with self.pool.connection() as connection:
            return connection.execute(self.text.get, (user_id,)).fetchone()

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        with self.pool.connection() as connection:  # the default mode's block is a transaction
            return _three(connection, self.text, user_id, body, created_at)


def _three(
    connection: psycopg.Connection[Any],
    text: _Texts,
    user_id: UUID,
    body: str,
    created_at: datetime,
) -> object:
    return (
        connection.execute(text.get, (user_id,)).fetchone(),
        connection.execute(text.add, (user_id, body, created_at)).fetchone(),
        connection.execute(text.count, (user_id,)).rowcount,
    )


def _held(
    application: type[_Held], *, autocommit: bool = True
) -> Callable[[Place], AbstractContextManager[_Held]]:
    @contextmanager
    def opened(place: Place) -> Iterator[_Held]:
        with psycopg.connect(
            place.conninfo, autocommit=autocommit, row_factory=namedtuple_row
        ) as connection:
            yield application(connection, place)

    return opened


def _pooled(*, autocommit: bool) -> Callable[[Place], AbstractContextManager[_Pooled]]:
    @contextmanager
    def opened(place: Place) -> Iterator[_Pooled]:
        with pool(place, autocommit=autocommit) as connections:
            yield _Pooled(connections, place)

    return opened


@contextmanager
def pool(place: Place, *, autocommit: bool) -> Iterator[ConnectionPool[Any]]:
    """A pool as everybody makes it."""
    with ConnectionPool(
        place.conninfo,
        min_size=1,
        max_size=POOL,
        kwargs={"autocommit": autocommit, "row_factory": namedtuple_row},
        open=True,
    ) as connections:
        connections.wait()
        yield connections


_LIBRARY = "psycopg"
_ROW = "namedtuple"

HELD = Peer("psycopg, connection.execute", _LIBRARY, _ROW, _held(_Held))
DEFAULT = Peer("psycopg, default transaction", _LIBRARY, _ROW, _held(_Default, autocommit=False))
BINARY = Peer("psycopg, binary cursor", _LIBRARY, _ROW, _held(_Binary))
PIPELINE = Peer("psycopg, pipeline", _LIBRARY, _ROW, _held(_Pipeline))
POOLED = Peer("psycopg pool, autocommit", _LIBRARY, _ROW, _pooled(autocommit=True))
POOLED_DEFAULT = Peer(
    "psycopg pool, default transaction", _LIBRARY, _ROW, _pooled(autocommit=False)
)
