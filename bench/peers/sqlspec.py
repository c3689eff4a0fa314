"""SQLSpec: statements as text, over psycopg or sqlite3.

Placeholders are the driver's own and values positional: both measure faster than names. On
PostgreSQL `schema_type` makes the row; on SQLite a dataclass would keep the stored text, so that
the application converts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ..place import POOL, Place
from ..rows import Note, User, time_text
from . import Peer

_time = datetime.fromisoformat


@dataclass
class _Row:
    def __iter__(self) -> Iterator[Any]:
        return iter(astuple(self))


@dataclass
class _User(_Row):
    id: UUID
    email: str
    name: str
    created_at: datetime


@dataclass
class _Note(_Row):
    id: int
    user_id: UUID
    body: str
    created_at: datetime


class _Postgres:
    """On one session, psycopg's connection in autocommit."""

    def __init__(self, session: Any, place: Place) -> None:
        self.session = session
        self.get = place.text("get_user").percent
        self.list = place.text("list_users").percent
        self.add = place.text("add_note").percent
        self.count = place.text("count_note").percent
        self.put = place.text("put_readings").percent

    def get_user(self, user_id: UUID) -> object:
        return self.session.select_one_or_none(self.get, (user_id,), schema_type=_User)

    def list_users(self, after: UUID, page: int) -> object:
        return self.session.select(self.list, (after, page), schema_type=_User)

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        return self.session.select_one(self.add, (user_id, body, created_at), schema_type=_Note)

    def put_readings(self, items: Sequence[tuple[Any, ...]]) -> None:
        with self.session.transaction():
            self.session.execute_many(self.put, items)

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        with self.session.transaction():
            return (
                self.get_user(user_id),
                self.add_note(user_id, body, created_at),
                self.session.execute(self.count, (user_id,)).rows_affected,
            )

    def get_users(self, user_ids: Sequence[UUID]) -> object:
        from sqlspec import StatementStack

        stack = StatementStack()  # on psycopg it is sent as a pipeline
        for user_id in user_ids:
            stack = stack.push_execute(self.get, (user_id,))
        return [each.result.one_or_none() for each in self.session.execute_stack(stack)]


class _Pooled:
    """A session from the pool for each call."""

    def __init__(self, provide: Callable[[], AbstractContextManager[Any]], place: Place) -> None:
        self.provide = provide
        self.get = place.text("get_user").percent

    def get_user(self, user_id: UUID) -> object:
        with self.provide() as session:
            return session.select_one_or_none(self.get, (user_id,), schema_type=_User)


class _Sqlite:
    """On one session, sqlite3's connection in autocommit; the application makes the row."""

    def __init__(self, session: Any, place: Place) -> None:
        self.session = session
        self.get = place.text("get_user").text
        self.list = place.text("list_users").text
        self.add = place.text("add_note").text
        self.count = place.text("count_note").text
        self.put = place.text("put_readings").text

    def get_user(self, user_id: UUID) -> object:
        row = self.session.select_one_or_none(self.get, (str(user_id),))
        return row and User(UUID(row["id"]), row["email"], row["name"], _time(row["created_at"]))

    def list_users(self, after: UUID, page: int) -> object:
        return [
            User(UUID(row["id"]), row["email"], row["name"], _time(row["created_at"]))
            for row in self.session.select(self.list, (str(after), page))
        ]

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        row = self.session.select_one(self.add, (str(user_id), body, time_text(created_at)))
        return Note(row["id"], UUID(row["user_id"]), row["body"], _time(row["created_at"]))

    def put_readings(self, items: Sequence[tuple[Any, ...]]) -> None:
        with self.session.transaction():
            self.session.execute_many(self.put, items)

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        with self.session.transaction():
            return (
                self.get_user(user_id),
                self.add_note(user_id, body, created_at),
                self.session.execute(self.count, (str(user_id),)).rows_affected,
            )


class _SqliteDict(_Sqlite):
    """Rows as SQLSpec gives them."""

    def get_user(self, user_id: UUID) -> object:
        return self.session.select_one_or_none(self.get, (str(user_id),))


@contextmanager
def _provider(place: Place) -> Iterator[Callable[[], AbstractContextManager[Any]]]:
    from sqlspec import SQLSpec
    from sqlspec.adapters.psycopg import PsycopgSyncConfig

    config = PsycopgSyncConfig(
        connection_config={
            "conninfo": place.conninfo,
            "autocommit": True,
            "min_size": 1,
            "max_size": POOL,
        }
    )
    spec = SQLSpec()
    spec.add_config(config)
    try:
        yield lambda: spec.provide_session(config)
    finally:
        config.close_pool()


@contextmanager
def _held(place: Place) -> Iterator[_Postgres]:
    with _provider(place) as provide, provide() as session:
        yield _Postgres(session, place)


@contextmanager
def _pooled(place: Place) -> Iterator[_Pooled]:
    with _provider(place) as provide:
        yield _Pooled(provide, place)


def _sqlite(application: type[_Sqlite]) -> Callable[[Place], AbstractContextManager[_Sqlite]]:
    @contextmanager
    def opened(place: Place) -> Iterator[_Sqlite]:
        from sqlspec import SQLSpec
        from sqlspec.adapters.sqlite import SqliteConfig

        config = SqliteConfig(
            connection_config={"database": place.path, "isolation_level": None},
            driver_features={
                "pragmas": {"synchronous": "FULL", "foreign_keys": "ON", "busy_timeout": 30000}
            },
        )
        spec = SQLSpec()
        spec.add_config(config)
        try:
            with spec.provide_session(config) as session:
                yield application(session, place)
        finally:
            config.close_pool()

    return opened


HELD = Peer("SQLSpec", "sqlspec", "dataclass", _held)
POOLED = Peer("SQLSpec, pool", "sqlspec", "dataclass", _pooled)
SQLITE = Peer("SQLSpec, typed row", "sqlspec", "NamedTuple", _sqlite(_Sqlite))
SQLITE_DICT = Peer("SQLSpec, dict", "sqlspec", "dict of stored values", _sqlite(_SqliteDict))
