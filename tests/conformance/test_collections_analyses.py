"""Analyses of collections: numbered 1, 2, 3 … per item whoever calls, the latest at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

import rawstore
from rawstore.errors import CheckViolation, ForeignKeyViolation, UniqueViolation
from tests.conformance.collection import analyse, put_item


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("collections", migrated_url("collections")) as opened:
        yield opened


def test_category_and_summary_come_from_the_result(store: Any) -> None:
    put_item(store, "1")
    result = {"category": "beach", "summary": "Sand", "tags": ["sun"], "score": 0.5, "x": None}
    made = store.create_analysis("a", "1", "ann", result, "anthropic", "large", "trace")
    assert made[:7] == ("a", "1", "ann", 1, "beach", "Sand", result)
    assert made[7:10] == ("anthropic", "large", "trace")
    assert made.created_at.tzname() == "UTC"
    assert store.get_analysis("a", "ann") == store.get_latest_analysis("1", "ann") == made
    assert store.create_analysis("b", "1", "ann", {})[7:10] == (None, None, None)


@pytest.mark.parametrize(
    "result",
    [
        {},
        [],
        ["category", "summary"],
        "category",
        7,
        True,
        {"category": None, "summary": None},
        {"category": 7, "summary": 0.5},
        {"category": ["beach"], "summary": {"text": "Sand"}},
        {"nested": {"category": "beach", "summary": "Sand"}},
    ],
    ids=repr,
)
def test_a_result_without_these_texts_is_kept_too(store: Any, result: Any) -> None:
    put_item(store, "1")
    made = store.create_analysis("a", "1", "ann", result)
    assert (made.category, made.summary, made.raw_response) == (None, None, result)


def test_versions_count_per_item_of_a_tenant(store: Any) -> None:
    for user_id in ("ann", "bob"):
        put_item(store, "1", user_id)
        put_item(store, "2", user_id)
    calls = [("ann", "1"), ("ann", "1"), ("bob", "1"), ("ann", "2"), ("ann", "1"), ("bob", "1")]
    made = [analyse(store, item_id, {}, user_id) for user_id, item_id in calls]
    assert [row.version for row in made] == [1, 2, 1, 1, 3, 2]


def test_analyses_list_newest_version_first(store: Any) -> None:
    put_item(store, "1")
    made = [analyse(store, "1", {"n": number}) for number in range(5)]
    assert store.list_analyses("1", "ann") == made[::-1]
    assert store.list_analyses("1", "ann", limit=2, offset=1) == made[3:1:-1]
    assert store.get_latest_analysis("1", "ann") == made[-1]
    assert store.list_analyses("2", "ann") == []
    assert store.get_latest_analysis("2", "ann") is None
    assert store.get_analysis("2", "ann") is None


def test_an_analysis_needs_its_item(store: Any) -> None:
    put_item(store, "1", "bob")
    with pytest.raises(ForeignKeyViolation):
        store.create_analysis("a", "1", "ann", {})


def test_a_refused_analysis_takes_no_version(store: Any) -> None:
    put_item(store, "1")
    store.create_analysis("a", "1", "ann", {})
    with pytest.raises(UniqueViolation):
        store.create_analysis("a", "1", "ann", {"category": "lost"})
    with pytest.raises(CheckViolation):
        store.create_analysis("b", "1", "ann", {"category": "x" * 1025})
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        assert tx.create_analysis("b", "1", "ann", {"category": "lost"}).version == 2
        raise ZeroDivisionError
    assert store.count_items("ann", "lost") == 0
    assert store.create_analysis("b", "1", "ann", {}).version == 2


def test_several_in_one_transaction_follow_each_other(store: Any) -> None:
    put_item(store, "1")
    with store.transaction() as tx:
        made = [tx.create_analysis(str(n), "1", "ann", {"category": str(n)}) for n in range(3)]
        assert [row.version for row in made] == [1, 2, 3]
        assert tx.get_latest_analysis("1", "ann") == made[-1]
        assert tx.count_items("ann", "2") == 1


@pytest.mark.parametrize("in_transaction", [False, True])
def test_concurrent_callers_get_versions_without_gap_or_clash(
    store: Any, *, in_transaction: bool
) -> None:
    for item_id in ("1", "2"):
        put_item(store, item_id)
    start = Barrier(8)

    def call(caller: int) -> list[tuple[str, int]]:
        start.wait(10)
        made = []
        for number in range(12):
            item_id = str(number % 2 + 1)
            arguments = (f"{caller}-{number}", item_id, "ann", {"category": f"c{caller}"})
            if in_transaction:
                with store.transaction() as tx:
                    made.append(tx.create_analysis(*arguments))
            else:
                made.append(store.create_analysis(*arguments))
        return [(row.item_id, row.version) for row in made]

    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(call, caller) for caller in range(8)]
    numbered = [version for one in calls for version in one.result()]
    assert sorted(numbered) == [(item_id, n) for item_id in "12" for n in range(1, 49)]
    for item in store.list_items("ann"):
        latest = store.get_latest_analysis(item.id, "ann")
        assert (item.version, item.category) == (latest.version, latest.category)
        assert latest.version == 48
    assert sum(row.items for row in store.list_categories("ann")) == 2
