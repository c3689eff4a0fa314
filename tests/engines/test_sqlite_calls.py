"""A single call on SQLite: what it leaves behind on its connection and on the store."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.engines.sqlite import LARGE_CACHE, LARGE_CACHES
from rawstore.errors import ConfigError, ParameterError, ResultError, StatementError, TooManyRows
from tests.engines.conftest import eventually, in_threads, on_sqlite, write_shop

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop

pytestmark = on_sqlite

FAILING = """
-- row: Item(id int, text text)
-- row: Wrong(id int, body text)

-- name: first(start int) :one Item
SELECT id, text
FROM items
WHERE id >= :start
ORDER BY id;

-- name: first_id(start int) :scalar int
SELECT id
FROM items
WHERE id >= :start
ORDER BY id;

-- name: misnamed() :many Wrong
SELECT id, text
FROM items;

-- name: misread() :many Item
SELECT id, text
FROM items
WHERE json_extract(text, '$') = 1;

-- name: add_two(id int) :one Item
INSERT INTO items (id, text)
VALUES (:id, 'x'), (:id + 1, 'x')
RETURNING id, text;

-- name: add_with(id int) :affected
-- sqlite3 itself does not count where WITH comes first.
WITH given AS (SELECT :id AS id)
INSERT INTO items (id, text)
SELECT id, 'x' FROM given WHERE id > 0;

-- name: add_each_with(id int) :batch
WITH given AS (SELECT :id AS id)
INSERT INTO items (id, text)
SELECT id, 'x' FROM given WHERE id > 0;

-- name: change_with(text text) :affected
/* a hint */ -- and a comment
WITH given AS (SELECT :text AS text)
UPDATE items SET text = (SELECT text FROM given);
"""


@pytest.fixture
def filled(tmp_path: Path, open_shop: OpenShop) -> Any:
    write_shop(tmp_path, "sqlite", failing=FAILING)
    store = open_shop()
    store.add_each([(n, "x") for n in range(3)])
    return store


def assert_no_statement_is_open(store: Any) -> None:
    """Nobody reads: the write-ahead log can be emptied."""
    with closing(sqlite3.connect(store.target.path)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda store: store.first(0), TooManyRows),
        (lambda store: store.first_id(0), TooManyRows),
        (lambda store: store.misnamed(), ResultError),
        (lambda store: store.misread(), StatementError),
        (lambda store: store.get("1"), ParameterError),
    ],
    ids=["second row", "second value", "other columns", "bad JSON", "parameter"],
)
def test_a_call_that_fails_leaves_no_statement_open(
    filled: Any, call: Callable[[Any], object], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        call(filled)
    assert_no_statement_is_open(filled)  # although the error, with its frames, is still held
    assert caught.value.__traceback__ is not None
    assert filled.first(2).id == 2
    assert filled.first_id(2) == 2
    assert filled.first(3) is filled.first_id(3) is None


def test_a_second_row_of_a_write_leaves_it_written_and_the_lock_free(filled: Any) -> None:
    with pytest.raises(TooManyRows, match="stays written"):
        filled.add_two(10)
    assert_no_statement_is_open(filled)
    filled.add(20)
    assert filled.count_items() == 6


def test_a_write_that_begins_with_with_is_counted(filled: Any) -> None:
    assert (filled.add_with(10), filled.add_with(-1)) == (1, 0)
    assert filled.add_each_with([11, -1, 12, 13]) == 3
    assert filled.change_with("y") == filled.count_items() == 7
    assert filled.add_with(-2) == 0


def test_calls_one_after_another_use_one_connection(filled: Any) -> None:
    for _ in range(10):
        filled.get(1)
        filled.count_items()
        with suppress(TooManyRows):
            filled.first(0)
    assert len(filled._engine._sessions) == 2  # one reader, and the writer


def test_closing_while_calls_are_under_way_leaves_no_connection_open(filled: Any) -> None:
    started = threading.Barrier(9)

    def work(_: int) -> None:
        started.wait()
        with pytest.raises(ConfigError, match="closed"):
            while True:
                assert filled.get(1).id == 1

    def close() -> None:
        started.wait()
        eventually(lambda: filled._engine._sessions)
        filled.close()

    closer = threading.Thread(target=close)
    closer.start()
    in_threads(8, work)
    closer.join()
    eventually(lambda: filled._engine._writer is None)
    assert not filled._engine._sessions


@pytest.fixture
def lent(filled: Any) -> Iterator[list[sqlite3.Connection]]:
    """The connections of more readers than have large caches, in the order of their opening."""
    engine = filled._engine
    engine.give(engine.borrow())  # the writer's counts
    sessions = [engine.borrow(writes=False) for _ in range(LARGE_CACHES + 2)]
    yield [session.connection for session in sessions]
    for session in sessions:
        engine.give(session)


def test_the_connections_opened_first_keep_more_pages(lent: list[sqlite3.Connection]) -> None:
    sizes = [connection.execute("PRAGMA cache_size").fetchone()[0] for connection in lent]
    assert sizes[: LARGE_CACHES - 1] == [-LARGE_CACHE] * (LARGE_CACHES - 1)
    assert max(-size for size in sizes[LARGE_CACHES - 1 :]) < LARGE_CACHE
