"""One user of ten thousand by primary key: the registry's call and what people write by hand."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from psycopg_pool import ConnectionPool

import rawstore
from rawstore.target import PostgresTarget, SqliteTarget

USERS = 10_000

_COLUMNS = "id, external_id, name, email, created_at, updated_at"


class _User(NamedTuple):
    id: UUID
    external_id: str | None
    name: str | None
    email: str | None
    created_at: datetime
    updated_at: datetime


Ways = dict[str, Callable[[], object]]


@contextmanager
def ways(url: str) -> Iterator[Ways]:
    """Each way of reading one random user, by name; the first is the registry's."""
    with rawstore.open("minipilot", url) as store:
        store.migrate()
        ids = _users(store)
        target = store.target
        registry = {"rawstore": partial(_one_of, store.get_user_by_id, ids)}
        if isinstance(target, SqliteTarget):
            yield registry | _sqlite(str(target.path), ids)
        else:
            with _pools(target) as pools:
                yield registry | _postgres(pools, ids)


def _users(store: Any) -> list[UUID]:
    """The ids of the users, made where they are too few."""
    users = store.list_users(limit=USERS)
    with store.transaction() as transaction:
        for number in range(len(users), USERS):
            users.append(transaction.create_user(f"user{number}@bench.example", f"User {number}"))
    return [user.id for user in users]


def _one_of(read: Callable[[UUID], object], ids: Sequence[UUID]) -> object:
    return read(ids[int(random.random() * len(ids))])  # noqa: S311


def _sqlite(path: str, ids: Sequence[UUID]) -> Ways:
    connection = sqlite3.connect(path, isolation_level=None)
    statement = f"SELECT {_COLUMNS} FROM users WHERE id = ?"  # noqa: S608
    parse = datetime.fromisoformat

    def typed(user_id: UUID) -> object:
        row = connection.execute(statement, (str(user_id),)).fetchone()
        return row and _User(UUID(row[0]), row[1], row[2], row[3], parse(row[4]), parse(row[5]))

    def bare(user_id: UUID) -> object:
        return connection.execute(statement, (str(user_id),)).fetchone()

    return {
        "sqlite3 by hand, same typed row": partial(_one_of, typed, ids),
        "sqlite3 by hand, bare tuple": partial(_one_of, bare, ids),
    }


@contextmanager
def _pools(target: PostgresTarget) -> Iterator[tuple[ConnectionPool[Any], ConnectionPool[Any]]]:
    """A pool in autocommit, and one with psycopg's default transactions."""
    conninfo = psycopg.conninfo.make_conninfo(**target.conninfo)
    rows = {"row_factory": namedtuple_row}
    with (
        ConnectionPool(conninfo, min_size=1, kwargs={**rows, "autocommit": True}) as autocommit,
        ConnectionPool(conninfo, min_size=1, kwargs=rows) as default,
    ):
        autocommit.wait()
        default.wait()
        yield autocommit, default


def _postgres(pools: tuple[ConnectionPool[Any], ConnectionPool[Any]], ids: Sequence[UUID]) -> Ways:
    statement = f"SELECT {_COLUMNS} FROM minipilot.users WHERE id = %s"  # noqa: S608

    def pooled(pool: ConnectionPool[Any], user_id: UUID) -> object:
        with pool.connection() as connection:
            return connection.execute(statement, (user_id,)).fetchone()

    autocommit, default = pools
    return {
        "with pool.connection(), autocommit": partial(_one_of, partial(pooled, autocommit), ids),
        "with pool.connection(), default": partial(_one_of, partial(pooled, default), ids),
    }
