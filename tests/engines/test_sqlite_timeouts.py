"""`-- timeout:` on SQLite: a query's own time limit, in place of the URL's, longer or shorter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import StatementTimeout, TransactionAborted
from tests.engines.conftest import on_sqlite, write_shop

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop

pytestmark = on_sqlite

COUNT = """
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < {top}
)

SELECT {columns}
FROM numbers"""


def _query(name: str, kind: str, timeout: str | None, statement: str) -> str:
    policy = f"-- timeout: {timeout}\n" if timeout else ""
    return f"-- name: {name} :{kind}\n{policy}{statement.strip()};\n"


def _counting(columns: str = "count(*)", top: str = ":top") -> str:
    return COUNT.format(columns=columns, top=top)


ADD = "INSERT INTO items (id, text)\nSELECT :top, ({count})"
SHORT = "100ms"
QUERIES = "\n".join(
    [
        "-- row: Item(id int, text text)\n",
        _query("count_up(top int)", "scalar int", None, _counting()),
        _query("patient_count(top int)", "scalar int", "1min", _counting()),
        _query("hasty_count(top int)", "scalar int", SHORT, _counting()),
        _query("hasty_list(top int)", "many", SHORT, _counting("count(*) AS n")),
        _query("hasty_stream(top int)", "stream", SHORT, _counting("count(*) AS n")),
        _query("long_stream(top int)", "stream", "10s", _counting("n")),
        _query("hasty_add(top int)", "affected", SHORT, ADD.format(count=_counting())),
        _query("hasty_each(top int)", "batch", SHORT, ADD.format(count=_counting())),
        _query(
            "hasty_each_row(top int)",
            "batch Item",
            SHORT,
            f"{ADD.format(count=_counting())}\nRETURNING id, text",
        ),
        _query(
            "hasty_script()",
            "script",
            SHORT,
            f"INSERT INTO items (id, text)\nVALUES (77, 'x');\n{_counting(top=str(10**9))}",
        ),
    ]
)
ENDLESS = 10**9
LONG = 3_000_000  # takes a good deal longer than the short limits


@pytest.fixture
def open_timed(tmp_path: Path, open_shop: OpenShop) -> OpenShop:
    """`open_shop`, with the queries above."""
    write_shop(tmp_path, "sqlite", timed=QUERIES)
    return open_shop


def _in_a_transaction(store: Any) -> None:
    with store.transaction() as tx:
        tx.add(1)
        tx.hasty_count(ENDLESS)


def _in_a_batch(store: Any) -> None:
    with store.batch() as batch:
        call = batch.hasty_count(ENDLESS)
    call.result()


CALLS: dict[str, Callable[[Any], object]] = {
    "scalar": lambda store: store.hasty_count(ENDLESS),
    "many": lambda store: store.hasty_list(ENDLESS),
    "write": lambda store: store.hasty_add(ENDLESS),
    "stream": lambda store: next(store.hasty_stream(ENDLESS)),
    "each": lambda store: store.hasty_each([1, ENDLESS]),
    "each with rows": lambda store: store.hasty_each_row([1, ENDLESS]),
    "script": lambda store: store.hasty_script(),
    "transaction": _in_a_transaction,
    "batch": _in_a_batch,
}


@pytest.mark.parametrize("limit", [None, 600], ids=["no limit", "a longer limit"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_query_ends_at_its_own_limit(
    open_timed: OpenShop, call: Callable[[Any], object], limit: int | None
) -> None:
    store = open_timed(statement_timeout=limit) if limit else open_timed()
    for _ in range(2):
        with pytest.raises(StatementTimeout) as caught:
            call(store)
        assert caught.value.query is not None
        assert caught.value.query.startswith("shop.hasty_")
        assert store.count_items() == 0  # without effect
        assert store.hasty_count(10) == 10


def test_a_longer_limit_outlives_the_urls(open_timed: OpenShop) -> None:
    store = open_timed(statement_timeout=0.1)
    with pytest.raises(StatementTimeout):
        store.count_up(LONG)
    assert store.patient_count(LONG) == LONG
    with store.transaction() as tx:
        assert tx.patient_count(LONG) == LONG
    with pytest.raises(StatementTimeout):
        store.count_up(LONG)


def test_the_limit_is_the_querys_and_not_left_on_the_connection(open_timed: OpenShop) -> None:
    store = open_timed()
    with store.transaction(read_only=True) as tx:
        assert tx.hasty_count(10) == 10
        assert tx.count_up(LONG) == LONG
    with pytest.raises(StatementTimeout):
        store.hasty_count(ENDLESS)
    assert store.count_up(LONG) == LONG


def test_each_chunk_of_a_stream_has_the_limit(open_timed: OpenShop) -> None:
    store = open_timed(statement_timeout=0.1)
    stream = store.long_stream(5000)
    assert next(stream).n == 1
    assert store.patient_count(LONG) == LONG  # the reader's own time does not count
    assert sum(1 for _ in stream) == 4999


def test_a_transaction_in_which_a_query_ended_at_its_limit_is_rolled_back(
    open_timed: OpenShop,
) -> None:
    store = open_timed()
    with pytest.raises(TransactionAborted), store.transaction() as tx:
        tx.add(1)
        with pytest.raises(StatementTimeout):
            tx.hasty_count(ENDLESS)
        tx.add(2)
    assert store.count_items() == 0


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Any]:
    with rawstore.open(write_shop(tmp_path, "sqlite", timed=QUERIES), "sqlite://") as store:
        store.migrate()
        yield store


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_in_memory_too(memory: Any, call: Callable[[Any], object]) -> None:
    with pytest.raises(StatementTimeout):
        call(memory)
    assert memory.count_items() == 0
