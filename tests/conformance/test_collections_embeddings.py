"""Embeddings of collections, and the searches by similarity and by both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import cos, radians
from typing import Any
from uuid import UUID

import numpy as np
import pytest

import rawstore
from rawstore.errors import CheckViolation, ForeignKeyViolation, UniqueViolation
from tests.conformance.collection import analyse, direction, embed, ids, put, put_item


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("collections", migrated_url("collections")) as opened:
        yield opened


def near(store: Any, degrees: float = 0, **options: Any) -> list[str]:
    return ids(store.search_similar(direction(degrees), "ann", **options))


def test_an_embedding_keeps_what_it_was_given(store: Any) -> None:
    put(store, "1", "Sand")
    vector = np.linspace(-1, 1, 1024)
    made = store.create_embedding("1", "1-1", "ann", vector, "titan", {"fields": ["summary"]}, "e")
    assert made[:4] == ("e", "1", "1-1", "ann")
    assert made.vector == vector.astype(np.float32).tolist()
    assert made[5:8] == ("titan", 1024, {"fields": ["summary"]})
    assert made.created_at.tzname() == "UTC"
    assert store.get_embedding("e", "ann") == made
    assert store.get_embedding("f", "ann") is None


def test_an_embedding_without_an_id_gets_a_uuid_v7(store: Any) -> None:
    made = [embed(store, "1", direction(number)) for number in range(20)]
    for row in made:
        key = UUID(row.id)
        assert (str(key), key.version, key.variant) == (row.id, 7, "specified in RFC 4122")
        assert abs((key.int >> 80) - row.created_at.timestamp() * 1000) <= 20
    assert len(set(ids(made))) == 20
    assert store.list_embeddings("1", "ann") == made[::-1]
    assert store.list_embeddings("1", "ann", 3, 2) == made[-3:-6:-1]
    assert store.list_embeddings("2", "ann") == []


def test_an_embedding_needs_its_item_and_analysis(store: Any) -> None:
    put(store, "1", "Sand")
    put(store, "2", "Sand", user_id="bob")
    vector = direction(0)
    for item_id, analysis_id in (("1", "2-1"), ("2", "1-1"), ("2", "2-1"), ("1", "x")):
        with pytest.raises(ForeignKeyViolation):
            store.create_embedding(item_id, analysis_id, "ann", vector, "m")
    store.create_embedding("1", "1-1", "ann", vector, "m", id="e")
    with pytest.raises(UniqueViolation):
        store.create_embedding("1", "1-1", "ann", vector, "m", id="e")
    with pytest.raises(CheckViolation):
        store.create_embedding("1", "1-1", "ann", vector, "m" * 1025)


def test_items_come_by_similarity_best_first(store: Any) -> None:
    for degrees in (90, 10, 180, 0, 45):
        embed(store, str(degrees), direction(degrees))
    hits = store.search_similar(direction(0), "ann")
    assert ids(hits) == ["0", "10", "45", "90", "180"]
    for hit in hits:
        assert hit.similarity == pytest.approx(cos(radians(int(hit.id))), abs=1e-5)
        assert type(hit.similarity) is float
        assert hit[:-1] == store.get_item(hit.id, "ann")
    assert hits[0]._fields[-1] == "similarity"
    assert near(store, 170) == ["180", "90", "45", "10", "0"]


def test_an_item_is_found_once_by_its_best_embedding(store: Any) -> None:
    for item_id, degrees in [("a", 80), ("a", 20), ("b", 30), ("a", 5), ("c", 40), ("b", 60)]:
        embed(store, item_id, direction(degrees))
    analyse(store, "c", {})
    store.create_embedding("c", "c-2", "ann", direction(1), "m")
    hits = store.search_similar(direction(0), "ann")
    assert ids(hits) == ["c", "a", "b"]
    expected = [cos(radians(degrees)) for degrees in (1, 5, 30)]
    assert [hit.similarity for hit in hits] == pytest.approx(expected, abs=1e-5)
    assert near(store, top_k=2) == ["c", "a"]


def test_always_as_many_as_wanted_or_as_there_are(store: Any) -> None:
    for number in range(25):
        embed(store, f"{number:02}", direction(number * 7))
    whole = near(store, top_k=100)
    assert whole == [f"{number:02}" for number in range(25)]
    assert near(store) == whole[:10]
    for top_k in (0, 1, 24, 25):
        assert near(store, top_k=top_k) == whole[:top_k]


def test_equally_similar_items_have_an_order(store: Any) -> None:
    for item_id in ("b", "C", "a", "é", "B"):
        embed(store, item_id, direction(30))
    assert near(store) == ["B", "C", "a", "b", "é"]
    for top_k in range(5):
        assert near(store, top_k=top_k) == ["B", "C", "a", "b", "é"][:top_k]


def test_a_search_may_keep_to_a_model_and_a_similarity(store: Any) -> None:
    for degrees in (0, 20, 40, 60):
        embed(store, str(degrees), direction(degrees), model="old" if degrees % 40 else "new")
    assert near(store, model="old") == ["20", "60"]
    assert near(store, model="new") == ["0", "40"]
    assert near(store, model="none") == []
    assert near(store, min_similarity=0.7) == ["0", "20", "40"]
    assert near(store, model="old", min_similarity=0.7, top_k=1) == ["20"]
    assert near(store, min_similarity=-1.0) == ["0", "20", "40", "60"]
    assert near(store, min_similarity=1.1) == []


def test_a_vector_of_zeros_is_kept_but_never_found(store: Any) -> None:
    zero = embed(store, "1", [0.0] * 1024)
    assert store.get_embedding(zero.id, "ann").vector == [0.0] * 1024
    assert near(store) == []
    embed(store, "2", direction(90))
    assert near(store) == ["2"]
    embed(store, "1", direction(180))
    assert near(store) == ["2", "1"]


def test_length_does_not_count(store: Any) -> None:
    embed(store, "short", [number * 1e-6 for number in direction(10)])
    embed(store, "long", [number * 1e6 for number in direction(20)])
    hits = store.search_similar([number * 1e3 for number in direction(0)], "ann")
    assert ids(hits) == ["short", "long"]
    expected = [cos(radians(10)), cos(radians(20))]
    assert [hit.similarity for hit in hits] == pytest.approx(expected, abs=1e-5)


def fused(words: list[str], similar: list[str]) -> dict[str, Any]:
    """Reciprocal rank fusion, as the contract says it."""
    places: dict[str, list[int | None]] = {}
    for index, ranked in enumerate((words, similar)):
        for place, item_id in enumerate(ranked, 1):
            places.setdefault(item_id, [None, None])[index] = place
    return {
        item_id: (sum(1 / (60 + place) for place in both if place), *both)
        for item_id, both in places.items()
    }


@pytest.fixture
def shelf(store: Any) -> Any:
    """Twenty items: even ones speak of the beach, the more the higher; all have a direction."""
    for number in range(20):
        said = "beach " * (number + 1) if number % 2 == 0 else "town "
        put(store, str(number), said + "photo " * (30 - number))
        if number < 15:
            embed(store, str(number), direction(number * 10 + 5))
    return store


def test_a_hybrid_search_fuses_both_lists(shelf: Any) -> None:
    words = ids(shelf.search_items("beach", "ann", top_k=100))
    similar = ids(shelf.search_similar(direction(0), "ann", top_k=100))
    assert (len(words), len(similar)) == (10, 15)
    hits = shelf.hybrid_search("beach", direction(0), "ann", top_k=100)
    expected = fused(words, similar)
    assert set(ids(hits)) == set(expected)
    for hit in hits:
        assert (hit.score, hit.text_rank, hit.vector_rank) == pytest.approx(expected[hit.id])
        assert hit[:9] == shelf.get_item(hit.id, "ann")
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert hits[0]._fields[-3:] == ("score", "text_rank", "vector_rank")
    assert [type(value) for value in hits[0][-3:]] == [float, int, int]


def test_top_k_moves_no_hit(shelf: Any) -> None:
    whole = shelf.hybrid_search("beach", direction(0), "ann", top_k=100)
    assert len(shelf.hybrid_search("beach", direction(0), "ann")) == 10
    for top_k in (0, 1, 3, 17):
        assert shelf.hybrid_search("beach", direction(0), "ann", top_k) == whole[:top_k]


def test_equal_scores_go_to_the_more_similar(store: Any) -> None:
    put(store, "words", "A beach")
    embed(store, "vector", direction(0))
    hits = store.hybrid_search("beach", direction(0), "ann")
    assert [(hit.id, hit.text_rank, hit.vector_rank) for hit in hits] == [
        ("vector", None, 1),
        ("words", 1, None),
    ]


def test_one_list_alone_is_fused_too(store: Any) -> None:
    assert store.hybrid_search("beach", direction(0), "ann") == []
    put_item(store, "bare")
    put(store, "1", "A beach")
    assert ids(store.hybrid_search("beach", direction(0), "ann")) == ["1"]
    embed(store, "1", direction(40))
    (hit,) = store.hybrid_search("nothing -", direction(0), "ann")
    assert (hit.id, hit.text_rank, hit.vector_rank) == ("1", None, 1)
    assert hit.score == pytest.approx(1 / 61)
    (hit,) = store.hybrid_search("beach", direction(0), "ann")
    assert hit.score == pytest.approx(2 / 61)
