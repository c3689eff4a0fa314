"""Items of collections: a tenant's files, newest first, each with what its latest analysis says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import rawstore
from rawstore.errors import CheckViolation, UniqueViolation
from tests.conformance.collection import analyse, direction, embed, ids, put, put_item


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("collections", migrated_url("collections")) as opened:
        yield opened


def test_an_item_keeps_what_it_was_given(store: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    item = store.create_item(
        "1", "a.jpg", "/p/a.jpg", "ann", "A (1).jpg", 2**40, mime_type="image/jpeg"
    )
    after = datetime.now(UTC) + timedelta(milliseconds=2)
    assert item[:7] == ("1", "ann", "a.jpg", "A (1).jpg", "/p/a.jpg", 2**40, "image/jpeg")
    assert before <= item.created_at <= item.updated_at <= after
    assert item.created_at.tzname() == "UTC"
    assert store.get_item("1", "ann") == item
    assert put_item(store, "2")[3:7] == (None, "/photos/2.jpg", None, None)


def test_an_id_is_unique_within_its_tenant(store: Any) -> None:
    first = put_item(store, "1")
    other = put_item(store, "1", "bob")
    with pytest.raises(UniqueViolation):
        store.create_item("1", "b.jpg", "/b", "ann")
    assert (store.get_item("1", "ann"), store.get_item("1", "bob")) == (first, other)


def test_an_unknown_item_is_none(store: Any) -> None:
    assert store.get_item("1", "ann") is None
    assert store.update_item("1", "ann", filename="a") is None
    assert store.delete_item("1", "ann") == 0
    assert store.list_items("ann") == []
    assert store.count_items("ann") == 0


def test_long_ids_are_refused_alike(store: Any) -> None:
    put_item(store, "x" * 1024, "u" * 1024)
    for item_id, user_id, more in [
        ("x" * 1025, "ann", {}),
        ("é" * 513, "ann", {}),
        ("1", "u" * 1025, {}),
        ("1", "ann", {"mime_type": "m" * 1025}),
    ]:
        with pytest.raises(CheckViolation):
            put_item(store, item_id, user_id, **more)


def test_items_list_newest_first_with_their_latest_analysis(store: Any) -> None:
    items = [put_item(store, str(number)) for number in range(3)]
    analyse(store, "1", {"category": "beach", "summary": "Sand"})
    analyse(store, "1", {"category": "sea", "summary": "Water"})
    analyse(store, "0", {"text": "neither"})
    rows = store.list_items("ann")
    assert [row[:9] for row in rows] == items[::-1]
    assert [row[9:] for row in rows] == [
        (None, None, None),
        (2, "sea", "Water"),
        (1, None, None),
    ]
    assert store.list_items("ann", limit=1, offset=1) == rows[1:2]
    assert store.list_items("ann", limit=0) == store.list_items("ann", offset=3) == []


def test_a_category_is_that_of_the_latest_analysis(store: Any) -> None:
    for number in range(6):
        put(store, str(number), "Old", "beach")
    for number in (0, 3):
        analyse(store, str(number), {"category": "sea"})
    analyse(store, "5", {"summary": "None any more"})
    assert ids(store.list_items("ann", category="beach")) == ["4", "2", "1"]
    assert ids(store.list_items("ann", category="sea")) == ["3", "0"]
    assert ids(store.list_items("ann", "beach", limit=1, offset=1)) == ["2"]
    assert store.list_items("ann", category="Beach") == []
    assert store.count_items("ann") == 6
    assert store.count_items("ann", "beach") == 3
    assert store.count_items("ann", category="sea") == 2
    assert store.count_items("ann", "elsewhere") == 0


def test_items_may_be_listed_by_mime_type(store: Any) -> None:
    for number in range(4):
        put_item(store, str(number), mime_type=("image/jpeg", "image/png")[number % 2])
        analyse(store, str(number), {"category": "beach" if number < 3 else "sea"})
    put_item(store, "none")
    assert ids(store.list_items("ann", mime_type="image/png")) == ["3", "1"]
    assert ids(store.list_items("ann", "beach", "image/jpeg")) == ["2", "0"]
    assert ids(store.list_items("ann", mime_type="image/png", category="beach")) == ["1"]


def test_categories_are_counted_by_latest_analysis_most_first(store: Any) -> None:
    for item_id, category in zip("abcdef", ["sea", "sea", "Zoo", "alps", None, "sea"], strict=True):
        put(store, item_id, "x", category)
    put_item(store, "without")
    analyse(store, "f", {"category": "alps"})
    rows = store.list_categories("ann")
    assert [tuple(row) for row in rows] == [("alps", 2), ("sea", 2), ("Zoo", 1)]
    assert rows[0]._fields == ("category", "items")
    assert store.list_categories("bob") == []


def test_an_update_leaves_what_is_null(store: Any) -> None:
    item = put_item(store, "1", file_size=1, mime_type="image/png", original_filename="o")
    put_item(store, "1", "bob")
    changed = store.update_item("1", "ann", file_path="/new", file_size=0)
    assert changed[:7] == ("1", "ann", "1.jpg", "o", "/new", 0, "image/png")
    assert changed.created_at == item.created_at
    assert changed.updated_at > item.updated_at
    whole = store.update_item("1", "ann", "f", "g", "h", 2**33, "text/plain")
    assert whole[2:7] == ("f", "g", "h", 2**33, "text/plain")
    assert store.get_item("1", "ann") == whole


def test_updated_at_moves_on_every_update_and_on_no_analysis(store: Any) -> None:
    with store.transaction() as tx:
        row = put_item(tx, "1")
        for _ in range(20):
            after = tx.update_item("1", "ann")
            assert after.updated_at > row.updated_at
            row = after
        analyse(tx, "1", {"category": "beach"})
        assert tx.get_item("1", "ann") == row


def test_times_are_of_the_row_and_not_of_the_transaction(store: Any) -> None:
    with store.transaction() as tx:
        first = put_item(tx, "1")
        time.sleep(0.003)
        last = put_item(tx, "2")
    assert last.created_at - first.created_at >= timedelta(milliseconds=2)


def test_items_keep_the_order_of_their_insertion(store: Any) -> None:
    names = [f"{n * 7919 % 100:02}" for n in range(100)]
    with store.transaction() as tx:
        for name in names:
            put_item(tx, name)
    assert ids(store.list_items("ann")) == names[::-1]
    pages = [store.list_items("ann", limit=7, offset=offset) for offset in range(0, 100, 7)]
    assert [row.id for page in pages for row in page] == names[::-1]


def test_a_deleted_item_takes_its_analyses_and_embeddings_along(store: Any) -> None:
    kept, gone = (embed(store, item_id, direction(0)) for item_id in ("kept", "gone"))
    analyse(store, "gone", {"summary": "A zebra"})
    assert store.delete_item("gone", "ann") == 1
    assert store.get_embedding(gone.id, "ann") is None
    assert store.get_analysis("gone-2", "ann") is None
    assert store.list_analyses("gone", "ann") == store.search_items("zebra", "ann") == []
    assert (
        ids(store.list_items("ann")) == ids(store.search_similar(direction(0), "ann")) == ["kept"]
    )
    assert store.get_embedding(kept.id, "ann") == kept
