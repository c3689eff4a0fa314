"""collections' tables to who writes to them by hand: defaults, triggers, checks, indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import rawstore
from rawstore.errors import CheckViolation, UniqueViolation
from tests.conformance.collection import analyse, direction, embed, ids, put, put_item

BY_HAND = """
-- name: insert_analysis(id text, version int, category text? = null, summary text? = null) :exec
INSERT INTO analyses (user_id, id, item_id, version, category, summary)
VALUES ('ann', :id, '1', :version, :category, :summary);

-- name: rewrite_analysis(id text, version int, category text?, summary text?) :affected
UPDATE analyses SET version = :version, category = :category, summary = :summary
WHERE user_id = 'ann' AND id = :id;

-- name: give_analysis(id text, item_id text) :affected
UPDATE analyses SET item_id = :item_id WHERE user_id = 'ann' AND id = :id;

-- name: delete_analysis(id text) :affected
DELETE FROM analyses WHERE user_id = 'ann' AND id = :id;

-- name: insert_embedding(vector vector? = null) :scalar text
INSERT INTO embeddings (
    user_id, item_id, analysis_id, vector, embedding_model, embedding_dimensions
)
VALUES ('ann', '1', '1-1', :vector, 'm', 1024)
RETURNING id;

-- name: items_at(moment timestamptz) :exec
UPDATE items SET created_at = :moment;

-- name: embeddings_at(moment timestamptz) :exec
UPDATE embeddings SET created_at = :moment;
"""
INDEXES = """
-- name: indexes() :many
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid IN ('analyses'::regclass, 'embeddings'::regclass) AND indisvalid;

-- name: triggers() :many
SELECT tgname FROM pg_trigger WHERE tgrelid = 'analyses'::regclass;

-- name: search_vector(id text) :scalar text
SELECT search_vector::text FROM analyses WHERE user_id = 'ann' AND id = :id;
"""
CONTRACT = {
    "ix_analyses_item_id": "btree (item_id, user_id)",
    "ix_analyses_user_id": "btree (user_id)",
    "ix_analyses_category": "btree (category, user_id)",
    "idx_analyses_item_version": "btree (item_id, version DESC)",
    "idx_analyses_search_vector": "gin (search_vector)",
    "ix_embeddings_item_id": "btree (item_id, user_id)",
    "ix_embeddings_analysis_id": "btree (analysis_id, user_id)",
    "ix_embeddings_user_id": "btree (user_id)",
    "idx_embeddings_vector_cosine": "ivfflat (vector vector_cosine_ops) WITH (lists='100')",
}


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("collections")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("collections", url) as opened:
        yield opened


@pytest.fixture
def hand(store: Any, url: str, tmp_path: Path) -> Iterator[Any]:
    """Statements on the same tables that are not the store's."""
    folder = tmp_path / "own" / "collections"
    queries = folder / "sql" / store.dialect
    queries.mkdir(parents=True)
    postgres = INDEXES if store.dialect == "postgres" else ""
    (queries / "hand.sql").write_text(BY_HAND + postgres)
    with rawstore.open(folder, url) as opened:
        yield opened


def test_the_contracts_indexes_and_its_trigger_are_there(hand: Any) -> None:
    if hand.dialect == "sqlite":
        pytest.skip("these are PostgreSQL's")
    found = {
        row.name: row.definition.partition(" USING ")[2].replace("public.", "")
        for row in hand.indexes()
    }
    assert {name: found.get(name) for name in CONTRACT} == CONTRACT
    assert "analyses_search_vector_trigger" in [row.tgname for row in hand.triggers()]


def test_the_trigger_weighs_category_summary_and_response(store: Any, hand: Any) -> None:
    if hand.dialect == "sqlite":
        pytest.skip("search_vector is PostgreSQL's")
    put(store, "1", "red", "blue", tags=["green"])
    assert hand.search_vector("1-1") == "'blue':1A 'green':3C 'red':2B"


def test_an_embedding_inserted_by_hand_gets_id_and_time(store: Any, hand: Any) -> None:
    put(store, "1", "x")
    embedding_id = hand.insert_embedding(direction(3))
    made = store.get_embedding(embedding_id, "ann")
    assert UUID(made.id).version == 7
    assert abs(datetime.now(UTC) - made.created_at).total_seconds() < 10
    assert made.embedding_source is None
    assert ids(store.search_similar(direction(0), "ann")) == ["1"]


def test_an_embedding_without_a_vector_is_not_found(store: Any, hand: Any) -> None:
    put(store, "1", "x")
    embedding_id = hand.insert_embedding()
    assert store.get_embedding(embedding_id, "ann").vector is None
    assert store.search_similar(direction(0), "ann") == []
    with pytest.raises((CheckViolation, rawstore.errors.DataError)):
        hand.insert_embedding([1.0, 2.0])


def test_versions_go_on_from_those_inserted_by_hand(store: Any, hand: Any) -> None:
    put_item(store, "1")
    hand.insert_analysis("b", 2, "two")
    hand.insert_analysis("a", 1, "one")
    assert [tuple(row) for row in store.list_categories("ann")] == [("two", 1)]
    assert store.create_analysis("c", "1", "ann", {"category": "three"}).version == 3
    with pytest.raises(UniqueViolation):
        hand.insert_analysis("d", 3)
    with pytest.raises(CheckViolation):
        hand.insert_analysis("d", 0)


def latest(store: Any, item_id: str = "1") -> Any:
    """Version and category as the list has them, which must be those of the latest analysis."""
    row = next(row for row in store.list_items("ann") if row.id == item_id)
    analysis = store.get_latest_analysis(item_id, "ann")
    assert row[9:] == (analysis[3:6] if analysis else (None, None, None))
    if row.category:
        assert row.id in ids(store.list_items("ann", category=row.category))
    return row[9:11]


def test_the_latest_analysis_is_known_whatever_is_done_by_hand(store: Any, hand: Any) -> None:
    put_item(store, "1")
    put_item(store, "2")
    for category in ("one", "two", "three"):
        analyse(store, "1", {"category": category})
    assert hand.delete_analysis("1-3") == 1
    assert latest(store) == (2, "two")
    assert hand.rewrite_analysis("1-1", 7, "seven", None) == 1
    assert latest(store) == (7, "seven")
    assert hand.rewrite_analysis("1-1", 7, "eight", None) == 1
    assert latest(store) == (7, "eight")
    assert hand.give_analysis("1-1", "2") == 1
    assert (latest(store), latest(store, "2")) == ((2, "two"), (7, "eight"))
    assert store.create_analysis("new", "2", "ann", {}).version == 8
    assert hand.delete_analysis("1-2") == 1
    assert latest(store) == (None, None)
    assert store.create_analysis("again", "1", "ann", {}).version == 1
    assert store.list_categories("ann") == []


def test_a_change_by_hand_is_searched(store: Any, hand: Any) -> None:
    put_item(store, "1")
    item = store.get_item("1", "ann")
    hand.insert_analysis("1-1", 1, "animals", "A zebra")
    assert ids(store.search_items("animals zebra", "ann")) == ["1"]
    hand.rewrite_analysis("1-1", 1, "zoo", "A giraffe")
    assert store.search_items("animals", "ann") == []
    (hit,) = store.search_items("giraffe", "ann")
    assert (hit.category, hit.summary) == ("zoo", "A giraffe")
    assert store.get_item("1", "ann") == item
    hand.delete_analysis("1-1")
    assert store.search_items("giraffe", "ann") == []


def page_through(listed: Callable[..., list[Any]], limit: int) -> list[Any]:
    rows: list[Any] = []
    while page := listed(limit=limit, offset=len(rows)):
        rows += page
    return rows


def test_pages_never_repeat_or_skip_rows_of_one_moment(store: Any, hand: Any) -> None:
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    for number in range(25):
        put_item(store, f"{number:02}", mime_type="image/png")
        analyse(store, f"{number:02}", {"category": "beach"})
        embed(store, "00", direction(number))
    hand.items_at(moment)
    hand.embeddings_at(moment)
    lists: list[Callable[..., list[Any]]] = [
        lambda **page: store.list_items("ann", **page),
        lambda **page: store.list_items("ann", "beach", **page),
        lambda **page: store.list_items("ann", "beach", "image/png", **page),
        lambda **page: store.list_embeddings("00", "ann", **page),
    ]
    for listed in lists:
        whole = listed()
        assert {row.created_at for row in whole} == {moment}
        assert len(set(ids(whole))) == 25
        for limit in (1, 7, 24):
            assert page_through(listed, limit) == whole
    assert ids(lists[0]()) == [f"{number:02}" for number in reversed(range(25))]
