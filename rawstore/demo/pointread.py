"""One row by its key: the store's call, and beside it the same by hand, in turns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..store import Store
from ..target import PostgresTarget, SqliteTarget
from .timing import Calls, duration

if TYPE_CHECKING:
    from rich.console import Console

QUERY = "get_user_by_id"
ROUNDS = 400
READS = 10  # a round

Read = Callable[[UUID], Any]


def compare(store: Store, calls: Calls, console: Console, user: Any) -> None:
    """Measure both in turns, so that what disturbs one disturbs the other; print the medians."""
    query: Read = getattr(store, QUERY)
    with by_hand(store) as (hand, how):
        _durations(query, user.id), _durations(hand, user.id)  # connected and prepared
        ours: list[int] = []
        theirs: list[int] = []
        for _ in range(ROUNDS):
            ours += _durations(query, user.id)
            theirs += _durations(hand, user.id)
    calls.add(QUERY, ours)
    console.print(
        f"{QUERY}, {len(ours)} times: {duration(median(ours))}. By hand ({how}): "
        f"{duration(median(theirs))}. Ratio {median(ours) / median(theirs):.2f}.\n",
        markup=False,
        soft_wrap=True,
    )


def _durations(read: Read, user_id: UUID) -> list[int]:
    durations = []
    for _ in range(READS):
        started = perf_counter_ns()
        read(user_id)
        durations.append(perf_counter_ns() - started)
    return durations


@contextmanager
def by_hand(store: Store) -> Iterator[tuple[Read, str]]:
    """A function that reads the same row with the driver alone, and in words how it does."""
    text = store.queries[QUERY].variants[0].text
    if isinstance(store.target, SqliteTarget):
        with _sqlite(store.target, text) as read:
            yield read, "sqlite3, the same types made of the row"
    else:
        with _postgres(store.target, store.schema, text) as read:
            yield read, "with pool.connection() as c: c.execute(…).fetchone()"


@contextmanager
def _sqlite(target: SqliteTarget, text: str) -> Iterator[Read]:
    connection = sqlite3.connect(str(target.path), isolation_level=None)

    def read(user_id: UUID) -> Any:
        row = connection.execute(text, (str(user_id),)).fetchone()
        key, external_id, name, email, created_at, updated_at = row
        return (
            *(UUID(key), external_id, name, email),
            *(datetime.fromisoformat(created_at), datetime.fromisoformat(updated_at)),
        )

    try:
        yield read
    finally:
        connection.close()


@contextmanager
def _postgres(target: PostgresTarget, schema: str, text: str) -> Iterator[Read]:
    """A pool in autocommit, which is the fast way: otherwise BEGIN and COMMIT are sent too."""
    from psycopg.conninfo import make_conninfo
    from psycopg_pool import ConnectionPool

    from ..engines.postgres_conninfo import session_conninfo

    statement = text.replace("$1", "%s").encode()
    conninfo = make_conninfo(**session_conninfo(target, schema))
    with ConnectionPool(conninfo, min_size=1, kwargs={"autocommit": True}, open=True) as pool:

        def read(user_id: UUID) -> Any:
            with pool.connection() as connection:
                return connection.execute(statement, (user_id,)).fetchone()

        yield read
