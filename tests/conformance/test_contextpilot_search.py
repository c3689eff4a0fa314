"""search_contexts: the same nearest units on both dialects, in every dimension, never too few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

import rawstore

Vectors = NDArray[np.float32]


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("contextpilot")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("contextpilot", url) as opened:
        yield opened


def vectors(count: int, dimensions: int, seed: int = 1) -> Vectors:
    """Points about twenty centres, as texts on twenty subjects have them."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(dimensions).standard_normal((20, dimensions))
    noise = random.standard_normal((count, dimensions)) * 0.9
    return (centres[random.integers(20, size=count)] + noise).astype(np.float32)


def add_all(store: Any, embeddings: Vectors, source_types: tuple[str, ...] = ("file",)) -> None:
    """Add a unit for each, named by its number, of the source types in turn."""
    with store.transaction() as tx:
        for number, embedding in enumerate(embeddings):
            kind = source_types[number % len(source_types)]
            tx.add_context(kind, str(number), "text", embedding=embedding)


def cosines(embeddings: Vectors, wanted: Vectors) -> NDArray[np.float64]:
    exact = embeddings.astype(np.float64)
    direction = wanted.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(direction)
    found: NDArray[np.float64] = exact @ direction / lengths
    return found


def names(hits: list[Any]) -> list[str]:
    return [hit.name for hit in hits]


def test_a_hit_is_a_unit_without_its_embedding_and_a_similarity(store: Any) -> None:
    unit = store.add_context("file", "a", "A", {"n": 1}, [3.0, 4.0])
    (hit,) = store.search_contexts([4.0, 3.0])
    assert hit._fields == (
        "id",
        "source_type",
        "name",
        "content",
        "metadata",
        "created_at",
        "updated_at",
        "superseded_by",
        "similarity",
    )
    assert hit[:5] == unit[:5]
    assert hit[5:8] == unit[6:]
    assert type(hit.similarity) is float
    assert hit.similarity == pytest.approx(0.96, abs=1e-6)


@pytest.mark.parametrize("dimensions", [1, 2, 5, 384, 768, 1024, 1536, 2000, 16000])
def test_the_nearest_units_come_first(store: Any, dimensions: int) -> None:
    embeddings, wanted = vectors(40, dimensions), vectors(1, dimensions, seed=2)[0]
    add_all(store, embeddings)
    exact = cosines(embeddings, wanted)
    for limit in (1, 10, 40, 1000):
        hits = store.search_contexts(wanted, limit)
        assert len(hits) == min(limit, 40)
        found = [hit.similarity for hit in hits]
        assert found == sorted(found, reverse=True)
        assert found == pytest.approx(sorted(exact, reverse=True)[:limit], abs=1e-5)
        assert found == pytest.approx([exact[int(hit.name)] for hit in hits], abs=1e-5)


def test_a_search_gives_ten_unless_told(store: Any) -> None:
    add_all(store, vectors(11, 3))
    assert len(store.search_contexts([1.0, 1.0, 1.0])) == 10
    assert store.search_contexts([1.0, 1.0, 1.0], limit=0) == []
    assert len(store.search_contexts([1.0, 1.0, 1.0], limit=2**31 - 1)) == 11


def test_similarity_goes_from_one_to_minus_one_whatever_the_length(store: Any) -> None:
    for name, embedding in {"same": [2e3, 0], "across": [0, 1e-3], "opposite": [-7, 0]}.items():
        store.add_context("file", name, "text", embedding=embedding)
    hits = store.search_contexts([1e-4, 0])
    assert names(hits) == ["same", "across", "opposite"]
    assert [hit.similarity for hit in hits] == pytest.approx([1, 0, -1], abs=1e-6)
    assert all(-1 <= hit.similarity <= 1 for hit in hits)


def test_only_units_of_the_same_dimension_are_compared(store: Any) -> None:
    for dimensions in (2, 3, 384, 385, 768, 1024):
        store.add_context("file", str(dimensions), "text", embedding=[1.0] * dimensions)
    store.add_context("file", "none", "text")
    for dimensions in (2, 3, 384, 385, 768, 1024):
        assert names(store.search_contexts([0.5] * dimensions)) == [str(dimensions)]
    assert store.search_contexts([1.0]) == store.search_contexts([1.0] * 1536) == []


@pytest.mark.parametrize("dimensions", [2, 384])
def test_superseded_and_deleted_units_are_not_found(store: Any, dimensions: int) -> None:
    old, new, gone = (
        store.add_context("file", name, "text", embedding=[1.0] * dimensions)
        for name in ("old", "new", "gone")
    )
    store.supersede_context(old.id, new.id)
    store.delete_context(gone.id)
    assert names(store.search_contexts([1.0] * dimensions)) == ["new"]


@pytest.mark.parametrize("dimensions", [2, 384])
def test_an_updated_embedding_is_the_one_that_is_found(store: Any, dimensions: int) -> None:
    unit = store.add_context("file", "a", "text", embedding=[1.0] * dimensions)
    store.update_context(unit.id, embedding=[-1.0] * dimensions)
    (hit,) = store.search_contexts([-1.0] * dimensions)
    assert hit.similarity == pytest.approx(1, abs=1e-6)
    store.update_context(unit.id, embedding=[1.0] * 768)
    assert store.search_contexts([1.0] * dimensions) == []
    assert names(store.search_contexts([1.0] * 768)) == ["a"]


@pytest.mark.parametrize("dimensions", [2, 384])
def test_a_stored_vector_without_direction_is_never_found(store: Any, dimensions: int) -> None:
    for name, value in {"zero": 0.0, "tiny": 1e-30, "huge": 3e38, "good": 1.0}.items():
        store.add_context("file", name, "text", embedding=[value] * dimensions)
    for arguments in ({}, {"min_similarity": -1.0}, {"limit": 1}, {"source_type": "file"}):
        assert names(store.search_contexts([1.0] * dimensions, **arguments)) == ["good"]


@pytest.mark.parametrize("dimensions", [2, 384])
def test_of_equal_units_the_newest_come_first(store: Any, dimensions: int) -> None:
    embeddings = np.ones((30, dimensions), np.float32)
    embeddings[::10] = vectors(3, dimensions)
    add_all(store, embeddings)
    hits = store.search_contexts([2.0] * dimensions, limit=15)
    equal = [str(number) for number in range(29, 0, -1) if number % 10]
    assert names(hits) == equal[:15]


def test_min_similarity_keeps_those_that_reach_it(store: Any) -> None:
    for name, embedding in {"a": [1, 0], "b": [3, 4], "c": [0, 1], "d": [-1, 0]}.items():
        store.add_context("file", name, "text", embedding=embedding)

    def found(least: float, limit: int = 10) -> list[str]:
        return names(store.search_contexts([1, 0], limit, min_similarity=least))

    assert found(-1.0) == ["a", "b", "c", "d"]
    assert found(0.0) == ["a", "b", "c"]
    assert found(0.5) == ["a", "b"]
    assert found(0.999) == found(-1.0, limit=1) == ["a"]
    assert found(1.5) == found(float("inf")) == []
    assert found(float("-inf")) == ["a", "b", "c", "d"]


def test_a_search_leaves_the_transaction_as_it_was(store: Any) -> None:
    add_all(store, vectors(5, 384))
    with store.transaction(read_only=True) as tx:
        assert len(tx.search_contexts([1.0] * 384)) == 5
        assert len(tx.list_contexts()) == 5
        assert len(tx.search_contexts([1.0] * 384, 3, "file", 0.0)) <= 3


def test_a_search_by_source_type_is_never_short(store: Any) -> None:
    """The rare ones are far from what is wanted, where an index does not look by itself."""
    embeddings = vectors(1500, 384)
    wanted = embeddings[0]
    rare = np.argsort(cosines(embeddings, wanted))[:25]
    with store.transaction() as tx:
        for number, embedding in enumerate(embeddings):
            kind = "rare" if number in rare else "file"
            tx.add_context(kind, str(number), "text", embedding=embedding)
    for limit in (1, 10, 25, 100):
        hits = store.search_contexts(wanted, limit, "rare")
        assert len(hits) == min(limit, 25)
        best = [str(number) for number in rare[::-1][:limit]]
        assert set(names(hits)) <= set(map(str, rare))
        assert len(set(names(hits)) & set(best)) >= 0.9 * len(best)
    assert len(store.search_contexts(wanted, 1400)) == 1400
    assert len(store.search_contexts(wanted, 300, "file")) == 300
    assert store.search_contexts(wanted, source_type="none") == []


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgres"])
def test_twenty_thousand_units_are_searched_by_the_index(store: Any, url: str) -> None:
    embeddings = vectors(20_000, 384)
    add_all(store, embeddings, ("file",) * 19 + ("rare",))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE contextpilot.context_units")
    wanted = vectors(20, 384, seed=3)
    for mode in ("force_custom_plan", "force_generic_plan"):
        executed = plan(store, url, mode, wanted[0])
        assert "Index Scan using idx_context_unit_embedding_384" in executed
        assert "context_units_pkey" in executed
        assert executed.count("Index Scan") == 2
        assert "Seq Scan" not in executed
    for kind in (None, "file", "rare"):
        for limit in (10, 100):
            recall = [recalled(store, embeddings, one, limit, kind) for one in wanted]
            assert np.mean(recall) >= 0.95, (kind, limit)


def plan(store: Any, url: str, mode: str, wanted: Vectors) -> str:
    """The lines of the plan that were executed."""
    (variant,) = (one for one in store.queries["search_contexts"].variants if not one.conditions)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET plan_cache_mode = {mode}")
        connection.execute(f"PREPARE search (public.vector, integer) AS {variant.text}")
        explain = f"EXPLAIN (ANALYZE, COSTS OFF) EXECUTE search('{wanted.tolist()}', 10)"
        lines = connection.execute(explain).fetchall()
    return "\n".join(line for (line,) in lines if "never executed" not in line)


def recalled(store: Any, embeddings: Vectors, wanted: Vectors, limit: int, kind: Any) -> float:
    exact = cosines(embeddings, wanted)
    is_rare = np.arange(len(embeddings)) % 20 == 19
    if kind is not None:
        exact[is_rare != (kind == "rare")] = -2
    hits = store.search_contexts(wanted, limit, kind)
    assert len(hits) == limit
    best = {str(number) for number in np.argsort(-exact)[:limit]}
    return len(best & set(names(hits))) / limit
