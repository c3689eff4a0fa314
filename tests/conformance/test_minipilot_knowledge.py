"""Knowledge of minipilot: chunks of text, put in one by one or many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from rawstore.errors import ParameterError

ALL = 2_147_483_647
FIELDS = (
    "id",
    "source",
    "external_id",
    "title",
    "content",
    "chunk_metadata",
    "created_at",
    "updated_at",
)


def everything(store: Any) -> list[Any]:
    chunks: list[Any] = store.list_all_knowledge_chunks(limit=ALL)
    return chunks


def test_an_upsert_inserts(store: Any) -> None:
    chunk = store.upsert_knowledge_chunk(
        "docs", "Body", external_id="a", title="Title", chunk_metadata={"page": 1}
    )
    assert chunk._fields == FIELDS
    assert chunk[1:6] == ("docs", "a", "Title", "Body", {"page": 1})
    # Two readings of one clock, in the order of the columns.
    assert timedelta() <= chunk.updated_at - chunk.created_at < timedelta(seconds=1)
    assert store.get_knowledge_chunk_by_id(chunk.id) == chunk


def test_an_upsert_updates_the_chunk_of_that_source_and_external_id(store: Any) -> None:
    first = store.upsert_knowledge_chunk("docs", "Old", external_id="a", title="T")
    other = store.upsert_knowledge_chunk("wiki", "Other", external_id="a")
    again = store.upsert_knowledge_chunk(
        "docs", "New", external_id="a", title="U", chunk_metadata=[1]
    )
    assert again == first._replace(
        content="New", title="U", chunk_metadata=[1], updated_at=again.updated_at
    )
    assert again.updated_at > first.updated_at
    assert store.get_knowledge_chunk_by_id(first.id) == again
    assert store.get_knowledge_chunk_by_id(other.id) == other
    assert len(everything(store)) == 2


def test_an_upsert_replaces_the_whole_chunk(store: Any) -> None:
    store.upsert_knowledge_chunk("docs", "Old", "a", title="T", chunk_metadata={"k": 1})
    again = store.upsert_knowledge_chunk("docs", "New", "a")
    assert (again.title, again.chunk_metadata) == (None, None)


def test_a_chunk_without_external_id_is_always_a_new_one(store: Any) -> None:
    first = store.upsert_knowledge_chunk("docs", "Same")
    second = store.upsert_knowledge_chunk("docs", "Same")
    assert first.id != second.id
    assert len(everything(store)) == 2


def test_a_chunk_is_found_by_external_id(store: Any) -> None:
    docs = store.upsert_knowledge_chunk("docs", "A", external_id="a")
    wiki = store.upsert_knowledge_chunk("wiki", "A", external_id="a")
    only = store.upsert_knowledge_chunk("wiki", "B", external_id="b")
    store.upsert_knowledge_chunk("docs", "A, updated", external_id="a")
    docs = store.get_knowledge_chunk_by_id(docs.id)
    by_external_id = store.get_knowledge_chunk_by_external_id
    assert by_external_id("a", source="docs") == docs
    assert by_external_id("a", "wiki") == wiki
    assert by_external_id("a") == wiki  # the newest of them
    assert by_external_id("b") == only
    assert by_external_id("b", "docs") is None
    assert by_external_id("c") is None


def test_an_unknown_chunk_is_none(store: Any) -> None:
    assert store.get_knowledge_chunk_by_id(uuid4()) is None
    assert store.delete_knowledge_chunk(uuid4()) == 0


def test_a_chunk_is_deleted(store: Any) -> None:
    chunk, kept = (store.upsert_knowledge_chunk("docs", text) for text in "ab")
    assert store.delete_knowledge_chunk(chunk.id) == 1
    assert everything(store) == [kept]


def test_chunks_list_newest_first_and_by_source(store: Any) -> None:
    for number in range(6):
        store.upsert_knowledge_chunk(("docs", "wiki")[number % 2], str(number))
    by_source = store.search_knowledge_chunks_by_source
    newest = everything(store)
    assert [chunk.content for chunk in newest] == ["5", "4", "3", "2", "1", "0"]
    docs = newest[1::2]
    assert by_source("docs") == docs
    assert by_source("docs", limit=2) == docs[:2]
    assert by_source("docs", limit=2, offset=2) == docs[2:]
    assert by_source("wiki") == newest[::2]
    assert by_source("elsewhere") == []


def test_bulk_upsert_returns_rows_in_the_order_of_its_input(store: Any) -> None:
    old = store.upsert_knowledge_chunk("docs", "Old", external_id="b")
    chunks = [
        {"source": "docs", "content": "C", "external_id": "c", "title": "Third"},
        {"source": "docs", "content": "B", "external_id": "b"},
        {"source": "wiki", "content": "A", "chunk_metadata": {"page": [1, None]}},
        {"content": "A", "source": "docs", "external_id": None, "title": None},
    ]
    rows = store.bulk_upsert_knowledge_chunks(chunks)
    assert [row[1:6] for row in rows] == [
        ("docs", "c", "Third", "C", None),
        ("docs", "b", None, "B", None),
        ("wiki", None, None, "A", {"page": [1, None]}),
        ("docs", None, None, "A", None),
    ]
    assert rows[0]._fields == FIELDS
    assert (rows[1].id, rows[1].created_at) == (old.id, old.created_at)
    assert rows[1].updated_at > old.updated_at
    assert [store.get_knowledge_chunk_by_id(row.id) for row in rows] == rows
    assert len(everything(store)) == 4


def test_of_duplicates_in_a_bulk_upsert_the_last_wins(store: Any) -> None:
    keys = ["a", "b", "a", "c", "b", "a"]
    chunks = [
        {"source": "docs", "content": str(number), "external_id": key}
        for number, key in enumerate(keys)
    ]
    rows = store.bulk_upsert_knowledge_chunks(chunks)
    stored = {chunk.external_id: chunk for chunk in everything(store)}
    assert {key: chunk.content for key, chunk in stored.items()} == {
        "a": "5",
        "b": "4",
        "c": "3",
    }
    assert rows == [stored[key] for key in ("c", "b", "a")]  # each where its last stood


def test_same_external_id_of_two_sources_is_no_duplicate(store: Any) -> None:
    chunks = [{"source": s, "content": s, "external_id": "a"} for s in ("docs", "wiki")]
    assert [row.content for row in store.bulk_upsert_knowledge_chunks(chunks)] == [
        "docs",
        "wiki",
    ]


def test_same_items_without_external_id_are_no_duplicates(store: Any) -> None:
    rows = store.bulk_upsert_knowledge_chunks([{"source": "s", "content": "c"}] * 3)
    assert len({row.id for row in rows}) == len(everything(store)) == 3


def test_a_bulk_upsert_of_nothing_is_nothing(store: Any) -> None:
    assert store.bulk_upsert_knowledge_chunks([]) == []
    assert everything(store) == []


def test_a_bulk_upsert_takes_two_thousand_chunks(store: Any) -> None:
    chunks = [
        {"source": "docs", "content": f"Text {n} ü 🎉", "external_id": str(n)} for n in range(2000)
    ]
    rows = store.bulk_upsert_knowledge_chunks(chunks)
    assert [row.external_id for row in rows] == [str(n) for n in range(2000)]
    again = store.bulk_upsert_knowledge_chunks(chunks[::-1])
    assert [row.id for row in again] == [row.id for row in reversed(rows)]
    assert len(everything(store)) == 2000


GOOD: dict[str, object] = {"source": "docs", "content": "Good"}


BAD: list[tuple[dict[str, object], str]] = [
    ({"source": "docs"}, "content"),
    ({"content": "Text"}, "source"),
    (GOOD | {"content": None}, "content"),
    (GOOD | {"content": "a\0b"}, "content"),
    (GOOD | {"title": "\ud800"}, "title"),
    (GOOD | {"title": 1}, "title"),
    (GOOD | {"source": b"docs"}, "source"),
    (GOOD | {"chunk_metadata": {"x": float("nan")}}, "chunk_metadata"),
    (GOOD | {"chunk_metadata": {"x": {1}}}, "chunk_metadata"),
    (GOOD | {"colour": "blue"}, "colour"),
    (GOOD | {"id": str(uuid4())}, "id"),
]


def test_one_bad_item_and_nothing_is_written(store: Any) -> None:
    for bad, named in BAD:
        with pytest.raises(ParameterError) as caught:
            store.bulk_upsert_knowledge_chunks([GOOD, bad, GOOD])
        assert caught.value.query == "minipilot.bulk_upsert_knowledge_chunks"
        assert caught.value.parameter == "chunks"
        assert "item 1" in caught.value.expected
        assert named in caught.value.expected
    assert everything(store) == []


def test_a_bulk_upsert_takes_a_list_of_dicts(store: Any) -> None:
    wrong: list[object] = [None, 1, "text", GOOD, [1], ["text"], [None], [[]], iter([GOOD])]
    for chunks in wrong:
        with pytest.raises(ParameterError) as caught:
            store.bulk_upsert_knowledge_chunks(chunks)
        assert caught.value.parameter == "chunks"


def test_a_bulk_upsert_is_undone_with_its_transaction(store: Any) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        assert len(tx.bulk_upsert_knowledge_chunks([GOOD, GOOD])) == 2
        raise ZeroDivisionError
    assert everything(store) == []
