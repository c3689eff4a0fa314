"""Context units of contextpilot: put in, found, listed, changed, counted, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import rawstore
from rawstore.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

FIELDS = (
    "id",
    "source_type",
    "name",
    "content",
    "metadata",
    "embedding",
    "created_at",
    "updated_at",
    "superseded_by",
)


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("contextpilot")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("contextpilot", url) as opened:
        yield opened


def add_many(store: Any, count: int, source_type: str = "file") -> list[Any]:
    with store.transaction() as tx:
        return [tx.add_context(source_type, f"{n}", "text") for n in range(count)]


def test_a_unit_keeps_what_it_was_given(store: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    unit = store.add_context(
        "code_symbol", "f", "def f(): …", {"lines": [1, 2]}, [1.0, 2.0], id="f.py#f"
    )
    assert unit._fields == FIELDS
    assert unit[:6] == ("f.py#f", "code_symbol", "f", "def f(): …", {"lines": [1, 2]}, [1.0, 2.0])
    assert unit.superseded_by is None
    assert before <= unit.created_at <= datetime.now(UTC) + timedelta(milliseconds=2)
    assert unit.updated_at >= unit.created_at
    assert store.get_context("f.py#f") == unit


def test_a_unit_needs_neither_metadata_nor_embedding_nor_id(store: Any) -> None:
    unit = store.add_context("file", "a.py", "")
    assert (unit.metadata, unit.embedding) == ({}, None)
    made = UUID(unit.id)
    assert (made.version, unit.id) == (7, str(made))
    assert store.get_context(unit.id) == unit


def test_ids_rise_with_the_milliseconds(store: Any) -> None:
    units = add_many(store, 50)
    stamps = [UUID(unit.id).int >> 80 for unit in units]
    assert stamps == sorted(stamps)
    assert len({unit.id for unit in units}) == 50


@pytest.mark.parametrize("metadata", [[], [1, None], "text", 0, False, {"a": {"b": "ü"}}])
def test_metadata_is_any_json(store: Any, metadata: Any) -> None:
    unit = store.add_context("file", "a", "A", metadata)
    found = store.get_context(unit.id).metadata
    assert (found, type(found)) == (metadata, type(metadata))


def test_an_id_is_used_once(store: Any) -> None:
    store.add_context("file", "a", "A", id="a")
    with pytest.raises(UniqueViolation):
        store.add_context("file", "b", "B", id="a")
    assert store.get_context("a").name == "a"


def test_ids_are_compared_exactly(store: Any) -> None:
    ids = ["a", "A", "a ", "", "%", "ä", "a" * 1024]
    for one in ids:
        store.add_context("file", one, "text", id=one)
    assert [store.get_context(one).name for one in ids] == ids


def test_what_an_index_cannot_hold_is_refused(store: Any) -> None:
    unit = store.add_context("file", "a", "A")
    for arguments in ({"id": "a" * 1025}, {"source_type": "é" * 513}):
        with pytest.raises(CheckViolation):
            store.add_context(**({"source_type": "file", "name": "a", "content": "A"} | arguments))
    with pytest.raises(CheckViolation):
        store.supersede_context(unit.id, "a" * 5000)
    with pytest.raises(CheckViolation):
        store.add_message("a" * 5000, "user", "text")
    with pytest.raises(CheckViolation):
        store.create_conversation("task", "p" * 5000, "model")


def test_an_unknown_unit_is_none(store: Any) -> None:
    assert store.get_context("a") is None
    assert store.update_context("a", name="b") is None
    assert store.supersede_context("a", "a") is None
    assert store.delete_context("a") == 0


def test_an_update_leaves_what_is_null(store: Any) -> None:
    unit = store.add_context("file", "a", "A", {"n": 1}, [1.0])
    changes: list[dict[str, Any]] = [
        {"name": "b"},
        {"content": ""},
        {"metadata": {}},
        {"metadata": []},
        {"embedding": [1.0, 2.0]},
        {},
        {"name": "c", "content": "C", "metadata": {"n": 2}, "embedding": [3.0]},
    ]
    for change in changes:
        after = store.update_context(unit.id, **change)
        assert after == unit._replace(**change, updated_at=after.updated_at)
        assert after.updated_at > unit.updated_at
        unit = after
    assert store.get_context(unit.id) == unit


def test_units_list_newest_first(store: Any) -> None:
    units = add_many(store, 7)[::-1]
    assert store.list_contexts() == units
    assert store.list_contexts(limit=3, offset=2) == units[2:5]
    assert store.list_contexts(limit=0) == store.list_contexts(offset=7) == []


def test_units_list_by_source_type(store: Any) -> None:
    files, symbols = add_many(store, 3), add_many(store, 2, "code_symbol")
    assert store.list_contexts("file") == files[::-1]
    assert store.list_contexts(source_type="code_symbol") == symbols[::-1]
    assert store.list_contexts("directory") == store.list_contexts("FILE") == []


def test_a_list_holds_a_hundred_unless_told(store: Any) -> None:
    units = add_many(store, 101)
    assert store.list_contexts() == units[:0:-1]
    assert len(store.list_contexts(limit=1000)) == 101


def test_superseded_units_are_listed_and_counted_only_when_asked_for(store: Any) -> None:
    units = add_many(store, 6) + add_many(store, 6, "directory")
    old = [store.supersede_context(unit.id, units[-1].id) for unit in units[0:10:2]]
    every = [*old[0:1], units[1], *old[1:2], units[3], *old[2:3], units[5]]
    every += [*old[3:4], units[7], *old[4:5], *units[9:]]
    live = [unit for unit in every if unit.superseded_by is None]

    assert store.list_contexts() == live[::-1]
    assert store.list_contexts(include_superseded=True) == every[::-1]
    assert store.list_contexts("file") == live[2::-1]
    assert store.list_contexts("file", include_superseded=True) == every[5::-1]
    paged = [store.list_contexts(None, True, 5, offset) for offset in (0, 5, 10, 15)]  # noqa: FBT003
    assert [unit for page in paged for unit in page] == every[::-1]
    assert (store.count_contexts(), store.count_contexts(include_superseded=True)) == (7, 12)


def test_there_may_be_nothing_to_count(store: Any) -> None:
    assert store.count_contexts() == store.count_contexts(include_superseded=True) == 0


def test_a_deleted_unit_is_gone(store: Any) -> None:
    kept, unit = add_many(store, 2)
    assert store.delete_context(unit.id) == 1
    assert store.delete_context(unit.id) == 0
    assert store.list_contexts() == [kept]


def test_a_unit_that_supersedes_another_is_not_deleted_under_it(store: Any) -> None:
    old, new = add_many(store, 2)
    store.supersede_context(old.id, new.id)
    with pytest.raises(ForeignKeyViolation):
        store.delete_context(new.id)
    assert store.delete_context(old.id) == 1
    assert store.delete_context(new.id) == 1


MOMENT = datetime(2024, 2, 29, 12, tzinfo=UTC)
BY_HAND = """
-- name: set_clock(moment timestamptz) :exec
UPDATE context_units SET created_at = :moment;

-- name: insert_unit() :one
INSERT INTO context_units (source_type, name, content) VALUES ('file', 'by hand', 'text')
RETURNING id, metadata, embedding;

-- name: rename(id text, name text) :exec
UPDATE context_units SET name = :name WHERE id = :id;

-- name: insert_bytes(embedding bytes) :exec
INSERT INTO context_units (source_type, name, content, embedding)
VALUES ('file', 'by hand', 'text', :embedding);
"""


@pytest.fixture
def by_hand(store: Any, url: str, tmp_path: Path) -> Iterator[Any]:
    folder = tmp_path / "own" / "contextpilot" / "sql" / store.dialect
    folder.mkdir(parents=True)
    (folder / "by_hand.sql").write_text(BY_HAND)
    with rawstore.open(folder.parents[1], url) as opened:
        yield opened


def test_pages_never_repeat_or_skip_units_of_one_moment(store: Any, by_hand: Any) -> None:
    units = add_many(store, 25)
    for unit in units[::3]:
        store.supersede_context(unit.id, units[-2].id)
    by_hand.set_clock(MOMENT)
    order = [unit.id for unit in units[::-1]]
    for limit in (1, 7, 24):
        pages = [
            store.list_contexts("file", include_superseded=True, limit=limit, offset=offset)
            for offset in range(0, 25, limit)
        ]
        assert [unit.id for page in pages for unit in page] == order


def test_a_unit_put_in_by_hand_gets_the_same_defaults(store: Any, by_hand: Any) -> None:
    made = by_hand.insert_unit()
    unit = store.get_context(made.id)
    assert (unit.metadata, unit.embedding, unit.superseded_by) == ({}, None, None)
    assert UUID(unit.id).version == 7


def test_updated_at_moves_on_an_update_by_hand(store: Any, by_hand: Any) -> None:
    unit = store.add_context("file", "a", "A")
    by_hand.rename(unit.id, "b")
    assert store.get_context(unit.id).updated_at > unit.updated_at


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("no_vector", [b"", b"\0\0\x80", b"\0" * 64004])
def test_a_blob_that_is_no_vector_is_refused(by_hand: Any, no_vector: bytes) -> None:
    with pytest.raises(CheckViolation):
        by_hand.insert_bytes(no_vector)
