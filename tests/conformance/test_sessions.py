"""A session: calls, transactions and batches over one held connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import ConfigError, DatabaseBusy, UniqueViolation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Colour, Dialect, OpenFolder

MIGRATION = """
CREATE TABLE items (id integer NOT NULL CONSTRAINT items_id_key UNIQUE, text text NOT NULL);
"""
QUERIES = """
-- row: Item(id int, text text)

-- name: add(id int, text text = 'x') :exec
INSERT INTO items (id, text)
VALUES (:id, :text);

-- name: add_each(id int, text text) :batch
INSERT INTO items (id, text)
VALUES (:id, :text);

-- name: get(id int) :one Item
SELECT id, text
FROM items
WHERE id = :id;

-- name: ids() :many
SELECT id
FROM items
ORDER BY id;

-- name: stream_items() :stream Item
SELECT id, text
FROM items
ORDER BY id;
"""
WHO = {
    "postgres": "\n-- name: backend() :scalar int\nSELECT pg_backend_pid();\n",
    "sqlite": "\n-- name: backend() :scalar int\nSELECT 1;\n",
}


@pytest.fixture
def shop(open_folder: OpenFolder, dialect: Dialect) -> Any:
    files = {"items.sql": QUERIES + WHO[dialect]}
    opened: Any = open_folder(files, {"0001_create_items.sql": MIGRATION})
    opened.migrate()
    return opened


def ids(caller: Any) -> list[int]:
    return [row.id for row in caller.ids()]


def test_a_session_has_everything_that_a_store_has(shop: Any) -> None:
    with shop.session() as session:
        session.add(1)
        assert session.get(1) == (1, "x")
        assert session.add_each([(2, "b"), (3, "c")]) == 2
        with session.transaction() as tx:
            tx.add(4)
        with session.batch() as batch:
            fifth, first = batch.add(5), batch.get(1)
        assert fifth.result() is None
        assert first.result() == (1, "x")
        session.run(lambda tx: tx.add(6))
        assert [item.id for item in session.stream_items()] == [1, 2, 3, 4, 5, 6]
    assert ids(shop) == [1, 2, 3, 4, 5, 6]


def test_a_session_keeps_to_one_connection(shop: Any) -> None:
    with shop.session() as session, shop.session() as other:
        first = {session.backend() for _ in range(20)}
        second = {other.backend() for _ in range(20)}
        assert len(first) == len(second) == 1
        if shop.dialect == "postgres":
            assert first != second


def test_a_failed_call_leaves_the_session_usable(shop: Any) -> None:
    with shop.session() as session:
        session.add(1)
        with pytest.raises(UniqueViolation):
            session.add(1)
        with pytest.raises(UniqueViolation), session.transaction() as tx:
            tx.add(2)
            tx.add(1)
        session.add(3)
        assert ids(session) == [1, 3]


def test_a_call_beside_its_open_transaction_is_refused(shop: Any, colour: Colour) -> None:
    """It would not see what the transaction does, or would be part of it: neither is meant."""
    if colour == "async":
        pytest.skip("tasks that share a session queue")
    with shop.session() as session, session.transaction() as tx:
        tx.add(1)
        calls: list[Callable[[], object]] = [
            lambda: session.get(1),
            lambda: session.add(2),
            lambda: session.add_each([]),
        ]
        for call in calls:
            with pytest.raises(DatabaseBusy, match=r"call the query on that \(tx"):
                call()
    assert ids(shop) == [1]


def test_an_ended_session_says_so(shop: Any) -> None:
    with shop.session() as session:
        session.add(1)
    calls: list[Callable[[], object]] = [lambda: session.get(1), lambda: session.add(2)]
    for call in calls:
        with pytest.raises(ConfigError, match="this session has ended"):
            call()


def test_a_stream_of_a_session_leaves_it_free(shop: Any) -> None:
    shop.add_each([(number, "x") for number in range(3000)])
    with shop.session() as session:
        for item in session.stream_items():
            if item.id % 1000 == 0:
                session.add(10_000 + item.id)
        assert len(ids(session)) == 3003


def test_two_sessions_write_in_turn(shop: Any) -> None:
    with shop.session() as one, shop.session() as other:
        for number in range(10):
            (one if number % 2 else other).add(number)
        assert ids(one) == ids(other) == list(range(10))
