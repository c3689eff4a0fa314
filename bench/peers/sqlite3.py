"""The standard library's sqlite3 by hand, giving typed rows or what it gives itself."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from ..place import Place
from ..rows import Note, User, time_text
from . import Peer

_time = datetime.fromisoformat


class _Bare:
    """Rows are tuples of what is stored."""

    def __init__(self, connection: sqlite3.Connection, place: Place) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.get = place.text("get_user").text
        self.list = place.text("list_users").text
        self.add = place.text("add_note").text
        self.count = place.text("count_note").text
        self.put = place.text("put_readings").text

    def get_user(self, user_id: UUID) -> object:
        return self.execute(self.get, (str(user_id),)).fetchone()

    def list_users(self, after: UUID, page: int) -> object:
        return self.execute(self.list, (str(after), page)).fetchall()

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        values = (str(user_id), body, time_text(created_at))
        return self.execute(self.add, values).fetchone()

    def put_readings(self, items: Sequence[tuple[Any, ...]]) -> None:
        self.execute("BEGIN IMMEDIATE")
        self.executemany(self.put, items)
        self.execute("COMMIT")

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        self.execute("BEGIN IMMEDIATE")
        try:
            rows = (
                self.get_user(user_id),
                self.add_note(user_id, body, created_at),
                self.execute(self.count, (str(user_id),)).rowcount,
            )
            self.execute("COMMIT")
        except BaseException:
            self.execute("ROLLBACK")
            raise
        return rows

    def get_users(self, user_ids: Sequence[UUID]) -> object:
        return [self.get_user(user_id) for user_id in user_ids]


class _Typed(_Bare):
    """Rows are NamedTuples of UUIDs and aware times."""

    def get_user(self, user_id: UUID) -> User | None:
        row = self.execute(self.get, (str(user_id),)).fetchone()
        return row and User(UUID(row[0]), row[1], row[2], _time(row[3]))

    def list_users(self, after: UUID, page: int) -> list[User]:
        rows = self.execute(self.list, (str(after), page)).fetchall()
        return [User(UUID(row[0]), row[1], row[2], _time(row[3])) for row in rows]

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> Note:
        values = (str(user_id), body, time_text(created_at))
        row = self.execute(self.add, values).fetchone()
        return Note(row[0], UUID(row[1]), row[2], _time(row[3]))


class _Pooled:
    """A connection of a deque for each call; rows as `_Typed` gives them."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self.place = place
        self.stack = stack
        self.idle: deque[_Typed] = deque()

    def get_user(self, user_id: UUID) -> User | None:
        try:
            application = self.idle.pop()
        except IndexError:
            connection = self.stack.enter_context(connected(self.place))
            application = _Typed(connection, self.place)
        try:
            return application.get_user(user_id)
        finally:
            self.idle.append(application)


@contextmanager
def connected(place: Place) -> Iterator[sqlite3.Connection]:
    """A connection as the store's own are: autocommit, WAL, every commit on disk."""
    connection = sqlite3.connect(place.path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        yield connection
    finally:
        connection.close()


def _open(application: type[_Bare]) -> Callable[[Place], AbstractContextManager[_Bare]]:
    @contextmanager
    def opened(place: Place) -> Iterator[_Bare]:
        with connected(place) as connection:
            yield application(connection, place)

    return opened


@contextmanager
def _pooled(place: Place) -> Iterator[_Pooled]:
    with ExitStack() as stack:
        yield _Pooled(place, stack)


TYPED = Peer("sqlite3 by hand, typed row", "sqlite3", "NamedTuple", _open(_Typed))
BARE = Peer("sqlite3 by hand, bare tuple", "sqlite3", "tuple of stored values", _open(_Bare))
POOLED = Peer("sqlite3, a deque of connections", "sqlite3", "NamedTuple", _pooled)
