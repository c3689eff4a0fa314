"""supersede_context: chains are allowed, cycles and missing units are not, whoever else writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import rawstore
from rawstore.errors import CheckViolation, DatabaseError, ForeignKeyViolation, SerializationFailure


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("contextpilot")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("contextpilot", url) as opened:
        yield opened


def add(store: Any, *ids: str) -> None:
    for one in ids:
        store.add_context("file", one, "text", id=one)


def successors(store: Any) -> dict[str, str | None]:
    return {unit.id: unit.superseded_by for unit in store.list_contexts(None, True, 1000)}  # noqa: FBT003


def test_a_superseded_unit_says_by_which(store: Any) -> None:
    add(store, "old", "new")
    before = store.get_context("old")
    after = store.supersede_context("old", "new")
    assert after == before._replace(superseded_by="new", updated_at=after.updated_at)
    assert after.updated_at > before.updated_at
    assert store.get_context("old") == after
    assert store.get_context("new").superseded_by is None


def test_a_superseded_unit_may_supersede_and_be_superseded_anew(store: Any) -> None:
    add(store, "a", "b", "c", "d")
    store.supersede_context("a", "b")
    store.supersede_context("b", "c")
    store.supersede_context("d", "c")
    store.supersede_context("a", "d")
    store.supersede_context("a", "d")
    assert successors(store) == {"a": "d", "b": "c", "c": None, "d": "c"}


def test_a_missing_successor_is_a_foreign_key_violation(store: Any) -> None:
    add(store, "a")
    with pytest.raises(ForeignKeyViolation) as caught:
        store.supersede_context("a", "nobody")
    assert caught.value.query == "contextpilot.supersede_context"
    assert successors(store) == {"a": None}


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_a_cycle_is_a_check_violation(store: Any, length: int) -> None:
    ids = [f"{number:02}" for number in range(length)]
    add(store, *ids)
    for old, new in pairwise(ids):
        store.supersede_context(old, new)
    before = store.list_contexts(include_superseded=True)
    with pytest.raises(CheckViolation) as caught:
        store.supersede_context(ids[-1], ids[0])
    assert caught.value.query == "contextpilot.supersede_context"
    assert caught.value.constraint == "context_units_superseded_by_check"
    assert store.list_contexts(include_superseded=True) == before


def test_a_refused_cycle_aborts_only_its_own_block(store: Any) -> None:
    add(store, "a", "b")
    with store.transaction() as tx:
        tx.supersede_context("a", "b")
        with pytest.raises(CheckViolation), tx.transaction() as inner:
            inner.supersede_context("b", "a")
        tx.add_context("file", "c", "text", id="c")
    assert successors(store) == {"a": "b", "b": None, "c": None}


def race(calls: list[Callable[[], Any]]) -> list[DatabaseError | None]:
    """Make the calls at one moment; return the error of each."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> DatabaseError | None:
        start.wait(10)
        try:
            call()
        except DatabaseError as error:
            return error
        return None

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@pytest.mark.parametrize("length", [2, 3, 5])
def test_calls_that_would_close_a_cycle_together_leave_one_out(store: Any, length: int) -> None:
    for number in range(15):
        ids = [f"{number}-{step}" for step in range(length)]
        add(store, *ids)
        pairs = [*zip(ids, [*ids[1:], ids[0]], strict=True)]
        errors = race([lambda pair=pair: store.supersede_context(*pair) for pair in pairs])  # type: ignore[misc]
        refused = [error for error in errors if error is not None]
        assert [type(error) for error in refused] == [CheckViolation]
        found = successors(store)
        assert sum(found[one] is None for one in ids) == 1


def test_transactions_that_cross_leave_one_out(store: Any) -> None:
    """Each has read before the other writes; the second to write waits for the first's end."""
    for isolation in ("read committed", "repeatable read", "serializable") * 3:
        add(store, "a", "b")
        first_look = Barrier(2)

        def supersede(
            old: str, new: str, isolation: str = isolation, look: Barrier = first_look
        ) -> None:
            if store.dialect == "sqlite":  # one that may write begins when the other has ended
                with store.transaction(isolation) as tx:
                    tx.supersede_context(old, new)
                return
            with store.transaction(isolation) as tx:
                tx.get_context(old)
                look.wait(10)
                tx.supersede_context(old, new)

        errors = race([lambda: supersede("a", "b"), lambda: supersede("b", "a")])
        refused = [error for error in errors if error is not None]
        assert len(refused) == 1
        strict = store.dialect == "postgres" and isolation != "read committed"
        assert isinstance(refused[0], SerializationFailure if strict else CheckViolation)
        found = successors(store)
        assert sorted(map(str, found.values())) in (["None", "b"], ["None", "a"])
        for one in sorted(found, key=lambda unit: found[unit] is None):
            store.delete_context(one)


BY_HAND = """
-- name: swap() :exec
UPDATE context_units
SET superseded_by = CASE id WHEN 'a' THEN 'b' ELSE 'a' END;

-- name: insert_pair() :exec
INSERT INTO context_units (id, source_type, name, content, superseded_by)
VALUES ('c', 'file', 'c', 'text', 'd'), ('d', 'file', 'd', 'text', 'c');
"""


def test_statements_by_hand_make_no_cycle_either(store: Any, url: str, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "contextpilot" / "sql" / store.dialect
    folder.mkdir(parents=True)
    (folder / "by_hand.sql").write_text(BY_HAND)
    add(store, "a", "b")
    with rawstore.open(folder.parents[1], url) as by_hand:
        changed: Any = by_hand
        with pytest.raises(CheckViolation):
            changed.swap()
        with pytest.raises(CheckViolation):
            changed.insert_pair()
    assert successors(store) == {"a": None, "b": None}
