"""`-- timeout:` of a query: the database stops its statement, and that one only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import StatementTimeout

if TYPE_CHECKING:
    from tests.conftest import OpenFolder

MIGRATION = "CREATE TABLE items (id integer NOT NULL CONSTRAINT items_id_key UNIQUE);"
COUNT = """WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < :top
)
"""
QUERIES = f"""
-- row: Number(n bigint)

-- name: short(top bigint) :scalar bigint
-- timeout: 100ms
{COUNT}
SELECT count(*)
FROM numbers;

-- name: long(top bigint) :scalar bigint
-- timeout: 60s
{COUNT}
SELECT count(*)
FROM numbers;

-- name: unlimited(top bigint) :scalar bigint
{COUNT}
SELECT count(*)
FROM numbers;

-- name: short_stream(top bigint) :stream Number
-- timeout: 100ms
{COUNT}
SELECT count(*) AS n
FROM numbers;

-- name: short_each(top bigint) :batch
-- timeout: 100ms
INSERT INTO items (id)
{COUNT}
SELECT max(n)
FROM numbers;

-- name: short_script() :script
-- timeout: 100ms
INSERT INTO items (id) VALUES (1);
INSERT INTO items (id)
{COUNT.replace(":top", "1000000000")}
SELECT max(n)
FROM numbers;

-- name: add(id int) :exec
-- timeout: 5s
INSERT INTO items (id)
VALUES (:id);

-- name: count_items() :scalar bigint
SELECT count(*)
FROM items;
"""
ENDLESS = 1_000_000_000
WHILE = 400_000  # takes longer than 100 ms, and not very long


@pytest.fixture
def shop(open_folder: OpenFolder) -> Any:
    opened: Any = open_folder(
        {"items.sql": QUERIES}, {"0001_create_items.sql": MIGRATION}, statement_timeout=20
    )
    opened.migrate()
    return opened


def in_a_transaction(shop: Any) -> None:
    with shop.transaction() as tx:
        tx.add(1)
        tx.short(ENDLESS)


def first_in_a_transaction(shop: Any) -> None:
    with shop.transaction() as tx:
        tx.short(ENDLESS)


def in_a_transactions_batch(shop: Any) -> None:
    with shop.transaction() as tx:
        with tx.batch() as batch:
            batch.add(1)
            counted = batch.short(ENDLESS)
        counted.result()


WAYS: dict[str, Any] = {
    "call": lambda shop: shop.short(ENDLESS),
    "stream": lambda shop: list(shop.short_stream(ENDLESS)),
    "each": lambda shop: shop.short_each([10, ENDLESS, 11]),
    "script": lambda shop: shop.short_script(),
    "in a transaction": in_a_transaction,
    "first in a transaction": first_in_a_transaction,
    "in a transaction's batch": in_a_transactions_batch,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_statement_is_stopped_at_its_own_limit(shop: Any, way: str) -> None:
    for _ in range(2):  # prepared, and then as it was prepared
        began = time.monotonic()
        with pytest.raises(StatementTimeout):
            WAYS[way](shop)
        assert time.monotonic() - began < 10
    assert shop.count_items() == 0


def test_the_next_statement_has_the_stores_limit_again(shop: Any) -> None:
    assert shop.short(10) == 10
    assert shop.unlimited(WHILE) == WHILE
    with pytest.raises(StatementTimeout):
        shop.short(ENDLESS)
    assert shop.unlimited(WHILE) == WHILE
    with shop.transaction() as tx:
        assert tx.short(10) == 10
        assert tx.unlimited(WHILE) == WHILE
        tx.add(1)
    assert list(shop.short_stream(10)) == [(10,)]
    assert shop.unlimited(WHILE) == WHILE
    assert shop.count_items() == 1


def test_a_batch_limits_each_call_by_its_own(shop: Any) -> None:
    with shop.batch() as batch:
        added, stopped, whole = batch.add(1), batch.short(ENDLESS), batch.unlimited(WHILE)
    assert (added.result(), whole.result()) == (None, WHILE)
    with pytest.raises(StatementTimeout, match=r"shop\.short"):
        stopped.result()
    assert shop.count_items() == 1


def test_a_limit_may_be_longer_than_the_stores(open_folder: OpenFolder) -> None:
    shop: Any = open_folder(
        {"items.sql": QUERIES}, {"0001_create_items.sql": MIGRATION}, statement_timeout=0.05
    )
    shop.migrate()
    with pytest.raises(StatementTimeout):
        shop.unlimited(ENDLESS)
    assert shop.long(WHILE) == WHILE
    with pytest.raises(StatementTimeout):
        shop.unlimited(ENDLESS)


def test_a_nested_block_that_is_stopped_leaves_the_rest(shop: Any) -> None:
    with shop.transaction() as tx:
        tx.add(1)
        with pytest.raises(StatementTimeout), tx.transaction() as inner:
            inner.add(2)
            inner.short(ENDLESS)
        assert tx.unlimited(WHILE) == WHILE
    assert shop.count_items() == 1


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_a_limit_holds_behind_a_pooler(open_folder: OpenFolder) -> None:
    """Nothing is prepared or set on the session there: the statement gets a transaction."""
    shop: Any = open_folder({"items.sql": QUERIES}, prepare="off")
    for _ in range(2):
        with pytest.raises(StatementTimeout):
            shop.short(ENDLESS)
        assert shop.short(10) == 10
        assert shop.unlimited(WHILE) == WHILE
    with shop.batch() as batch:
        stopped, whole = batch.short(ENDLESS), batch.unlimited(WHILE)
    assert whole.result() == WHILE
    with pytest.raises(StatementTimeout):
        stopped.result()
    with shop.transaction() as tx:
        assert tx.short(10) == 10
        assert tx.unlimited(WHILE) == WHILE
