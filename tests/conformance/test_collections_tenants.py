"""Tenants of collections: with the same ids in both, none sees or changes what is another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import rawstore
from rawstore.errors import ForeignKeyViolation
from tests.conformance.collection import direction
from tests.conformance.contract import read_list

QUERIES: dict[str, Any] = {query["name"]: query for query in read_list("collections")["queries"]}
WRITES = [name for name in QUERIES if name.startswith(("create_", "update_", "delete_"))]
READS = [name for name in QUERIES if name not in WRITES]
SHARED: dict[str, Any] = {
    "item_id": "1",
    "analysis_id": "a",
    "id": "e",
    "query": "zebra",
    "embedding": direction(0),
    "category": "animals",
    "mime_type": "image/png",
    "model": "m",
    "filename": "new.png",
    "original_filename": "new",
    "file_path": "/new",
    "file_size": 7,
    "result": {"category": "animals", "summary": "A new zebra"},
    "provider_used": "p",
    "model_used": "m",
    "trace_id": "t",
    "source_fields": {"from": "summary"},
    "min_similarity": -1.0,
    "limit": 100,
    "offset": 0,
    "top_k": 100,
    "cutoff": datetime(2100, 1, 1, tzinfo=UTC),
}
BY_HAND = """
-- name: insert_analysis(user_id text) :exec
INSERT INTO analyses (user_id, id, item_id, version) VALUES (:user_id, 'x', '1', 9);

-- name: insert_embedding(user_id text) :exec
INSERT INTO embeddings (user_id, item_id, analysis_id, embedding_model, embedding_dimensions)
VALUES (:user_id, '1', 'a', 'm', 1024);
"""


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("collections")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("collections", url) as opened:
        fill(opened, "ann")
        yield opened


def fill(store: Any, user_id: str) -> None:
    """Give the tenant two items with two analyses and embeddings each, under the shared ids."""
    for item_id, suffix in (("1", ""), ("2", "-2")):
        path = f"/{user_id}"
        store.create_item(item_id, "z.png", path, user_id, mime_type="image/png")
        for version in ("first", ""):
            result = {"category": "animals", "summary": f"A zebra of {user_id} {version}"}
            store.create_analysis(f"a{suffix}{version}", item_id, user_id, result)
            store.create_embedding(
                item_id, f"a{suffix}{version}", user_id, direction(5), "m", id=f"e{suffix}{version}"
            )


def call(store: Any, name: str, user_id: str) -> Any:
    """Call a query with the shared ids, every parameter given."""
    arguments = {param["name"]: SHARED.get(param["name"]) for param in QUERIES[name]["params"]}
    answer = getattr(store, name)(**arguments | {"user_id": user_id})
    return list(answer) if QUERIES[name]["kind"] == "stream" else answer


def seen(store: Any, user_id: str) -> dict[str, Any]:
    """Everything that a tenant's own reads show, scores aside."""
    shown = {name: call(store, name, user_id) for name in READS}
    for name in ("search_items",):
        shown[name] = [hit._replace(score=0.0) for hit in shown[name]]
    return shown


def owners(result: Any) -> set[str]:
    rows = result if isinstance(result, list) else [result]
    return {row.user_id for row in rows if hasattr(row, "user_id")}


def test_every_parameter_has_a_value_to_call_with() -> None:
    names = {param["name"] for query in QUERIES.values() for param in query["params"]}
    assert names - {"user_id"} == set(SHARED)
    assert len(WRITES) == 9


@pytest.mark.parametrize("name", READS)
def test_a_stranger_sees_nothing(store: Any, name: str) -> None:
    assert call(store, name, "ann")
    assert not call(store, name, "eve")


@pytest.mark.parametrize("name", WRITES)
def test_a_stranger_changes_nothing(store: Any, name: str) -> None:
    before = seen(store, "ann")
    if name in ("create_analysis", "create_embedding"):
        with pytest.raises(ForeignKeyViolation):
            call(store, name, "eve")
    else:
        written = call(store, name, "eve")
        assert (owners(written) == {"eve"}) if name == "create_item" else not written
    assert seen(store, "ann") == before


@pytest.mark.parametrize("name", READS)
def test_of_two_tenants_with_the_same_ids_each_sees_its_own(store: Any, name: str) -> None:
    before = seen(store, "ann")
    fill(store, "bob")
    assert seen(store, "ann") == before
    mine, others = call(store, name, "ann"), call(store, name, "bob")
    assert owners(mine) <= {"ann"}
    assert owners(others) <= {"bob"}
    if isinstance(mine, list):
        assert len(mine) == len(others)


@pytest.mark.parametrize("name", WRITES)
def test_of_two_tenants_with_the_same_ids_each_changes_its_own(store: Any, name: str) -> None:
    fill(store, "bob")
    if name.startswith("create_"):
        store.delete_item("1", "bob")
        if name != "create_item":
            store.create_item("1", "z.png", "/bob", "bob")
        if name == "create_embedding":
            store.create_analysis("a", "1", "bob", {})
    erased = ["delete_user_embeddings", "delete_user_analyses", "delete_user_items"]
    for before in erased[: erased.index(name)] if name in erased else ():
        assert call(store, before, "bob")  # a row that others point to is left
    others, mine = seen(store, "ann"), seen(store, "bob")
    assert call(store, name, "bob")
    assert seen(store, "ann") == others
    assert seen(store, "bob") != mine


def test_not_even_by_hand_can_a_row_point_to_another_tenants(
    store: Any, url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "own" / "collections"
    queries = folder / "sql" / store.dialect
    queries.mkdir(parents=True)
    (queries / "hand.sql").write_text(BY_HAND)
    hand: Any
    with rawstore.open(folder, url) as hand:
        for insert in (hand.insert_analysis, hand.insert_embedding):
            with pytest.raises(ForeignKeyViolation):
                insert("eve")
            insert("ann")


def test_every_key_and_foreign_key_begins_with_the_tenant(store: Any, url: str) -> None:
    if store.dialect == "sqlite":
        pytest.skip("the rowid is SQLite's own key beside (user_id, id)")
    import psycopg

    with psycopg.connect(url) as connection:
        keys = connection.execute(
            """
            SELECT conname, contype::text, pg_get_constraintdef(oid)
            FROM pg_constraint
            WHERE connamespace = 'collections'::regnamespace AND contype IN ('p', 'u', 'f')
                AND conrelid::regclass::text !~ 'yoyo|rawstore'
            """
        ).fetchall()
    assert len(keys) == 7
    for name, kind, text in keys:
        assert text.partition("(")[2].startswith("user_id, "), name
        if kind == "f":
            assert "REFERENCES" in text
            assert "(user_id, id) ON DELETE CASCADE" in text
