"""Streams: rows come as they are asked for, and nothing stays open behind them."""

from __future__ import annotations

import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import DatabaseError, ParameterError, TransactionAborted

if TYPE_CHECKING:
    from tests.conftest import Dialect, OpenFolder

COUNT = 50_000
MIGRATION = """
CREATE TABLE numbers (n integer NOT NULL PRIMARY KEY, text text NOT NULL);
"""
QUERIES = """
-- row: Number(n int, text text)

-- name: count_to(top int) :stream Number
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < :top
)

SELECT n, 'number ' || n AS text
FROM numbers;

-- name: list_to(top int) :many Number
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < :top
)

SELECT n, 'number ' || n AS text
FROM numbers;

-- name: add_number(n int) :exec
INSERT INTO numbers (n, text)
VALUES (:n, 'x');

-- name: add_numbers(top int) :exec
INSERT INTO numbers (n, text)
WITH RECURSIVE counted (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM counted
    WHERE n < :top
)

SELECT n, 'x' AS text
FROM counted;

-- name: all_numbers() :stream Number
SELECT n, text
FROM numbers
ORDER BY n;

-- name: one() :scalar int
SELECT 1;
"""


@pytest.fixture
def shop(open_folder: OpenFolder) -> Any:
    opened: Any = open_folder({"numbers.sql": QUERIES}, {"0001_create_numbers.sql": MIGRATION})
    opened.migrate()
    return opened


def test_a_stream_gives_every_row_in_order(shop: Any) -> None:
    count = 0
    for number in shop.count_to(COUNT):
        count += 1
        assert number == (count, f"number {count}")
    assert count == COUNT


def test_a_streamed_row_is_a_row_like_any_other(shop: Any) -> None:
    (row,) = shop.count_to(1)
    assert [row] == shop.list_to(1)
    assert type(row) is type(shop.list_to(1)[0])


def test_a_stream_does_not_hold_all_rows(shop: Any) -> None:
    list(shop.count_to(10))
    tracemalloc.start()
    try:
        assert sum(1 for _ in shop.count_to(COUNT)) == COUNT
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000  # all rows at once take more than 8 MB


def test_a_stream_left_early_leaves_nothing_open(shop: Any) -> None:
    for _ in range(30):  # more than any pool holds
        for number in shop.count_to(COUNT):
            if number.n == 3:
                break
    assert shop.one() == 1
    shop.add_number(1)
    assert list(shop.all_numbers()) == [(1, "x")]


def test_a_stream_that_is_refused_leaves_nothing_behind(shop: Any) -> None:
    for number in range(3):
        with pytest.raises(ParameterError):
            list(shop.count_to("many"))
        shop.add_number(number)
    assert [row.n for row in shop.all_numbers()] == [0, 1, 2]


def test_a_stream_can_be_closed(shop: Any) -> None:
    streams = []
    for _ in range(30):
        stream = shop.count_to(COUNT)
        assert next(stream).n == 1
        stream.close()
        streams.append(stream)
    assert [list(stream) for stream in streams] == [[]] * 30
    assert shop.one() == 1


def test_a_wrong_value_is_refused_by_the_call_itself(shop: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        shop.count_to("many")
    assert caught.value.query == "shop.count_to"
    with pytest.raises(TypeError, match="count_to"):
        shop.count_to()


def test_calls_go_on_beside_an_open_stream(shop: Any) -> None:
    stream = shop.count_to(COUNT)
    first = list(islice(stream, 10))
    for n in range(5):
        shop.add_number(n)
    other = list(islice(shop.count_to(COUNT), 5))
    assert first[:5] == other
    assert [number.n for number in islice(stream, 10)] == list(range(11, 21))
    assert len(list(shop.all_numbers())) == 5
    stream.close()


def test_a_stream_sees_one_moment(shop: Any) -> None:
    for n in range(10):
        shop.add_number(n)
    stream = shop.all_numbers()
    next(stream)
    shop.add_number(100)
    assert len(list(stream)) == 9
    assert len(list(shop.all_numbers())) == 11


def test_a_stream_in_a_transaction_sees_its_writes(shop: Any) -> None:
    with shop.transaction() as tx:
        for n in range(5):
            tx.add_number(n)
        assert [number.n for number in tx.all_numbers()] == [0, 1, 2, 3, 4]
        for number in tx.all_numbers():
            if number.n == 2:
                break
        tx.add_number(5)
    assert len(list(shop.all_numbers())) == 6


def test_a_stream_in_a_transaction_is_not_disturbed_by_later_writes(shop: Any) -> None:
    with shop.transaction() as tx:
        tx.add_numbers(2500)
        seen = []
        for number in tx.all_numbers():
            seen.append(number.n)
            tx.add_number(number.n + 10_000)
            assert len(seen) <= 2500
    assert seen == list(range(1, 2501))
    assert len(list(shop.all_numbers())) == 5000


def test_a_stream_outlives_an_undone_inner_transaction(shop: Any) -> None:
    with shop.transaction() as tx:
        tx.add_numbers(2500)
        stream = tx.all_numbers()
        next(stream)
        with pytest.raises(ZeroDivisionError), tx.transaction() as inner:
            inner.add_number(10_000)
            raise ZeroDivisionError
        assert len(list(stream)) == 2499


def test_a_stream_ends_with_its_transaction(shop: Any) -> None:
    shop.add_numbers(2500)
    with shop.transaction() as tx:
        stream = tx.all_numbers()
        next(stream)
    with pytest.raises(TransactionAborted, match="ended"):
        list(stream)
    assert shop.one() == 1


def test_two_streams_of_one_transaction_go_side_by_side(shop: Any) -> None:
    with shop.transaction() as tx:
        tx.add_numbers(2500)
        pairs = list(zip(tx.all_numbers(), tx.all_numbers(), strict=True))
    assert len(pairs) == 2500
    assert all(first == second for first, second in pairs)


# What cannot be read as JSON fails on both, but each has its own words for it.
BROKEN = {
    "sqlite": """json_extract(value, '$')
FROM json_each('["1", "2", "{"]')""",
    "postgres": """value::json
FROM (VALUES ('1'), ('2'), ('{')) AS texts (value)""",
}


def test_an_error_in_the_middle_of_a_stream_ends_it(
    open_folder: OpenFolder, dialect: Dialect
) -> None:
    broken = f"-- name: broken() :stream\nSELECT {BROKEN[dialect]};\n"
    shop: Any = open_folder({"numbers.sql": QUERIES, "broken.sql": broken})
    with pytest.raises(DatabaseError) as caught:
        list(shop.broken())
    assert caught.value.query == "shop.broken"
    assert shop.one() == 1


def test_the_store_closes_under_an_open_stream(shop: Any) -> None:
    stream = shop.count_to(COUNT)
    next(stream)
    shop.close()
    with pytest.raises(Exception, match="closed"):
        shop.one()
