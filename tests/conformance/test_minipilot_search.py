"""Full-text search over knowledge: best first, always up to date, and never an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import rawstore
from tests.urls import sqlite_url

ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
SYNTAX = st.text(st.sampled_from("ab \"'()*:^+-&|!<>{}[]~\\/%_;,.?#@$"), max_size=20)
WORDS = st.lists(
    st.sampled_from(["AND", "OR", "NOT", "NEAR", "zebra", "title:", "content", "*", '"']),
    max_size=6,
).map(" ".join)


def found(store: Any, query: str, **options: Any) -> list[str]:
    return [hit.external_id for hit in store.search_knowledge_chunks(query, **options)]


def put(store: Any, external_id: str, content: str, title: str | None = None) -> Any:
    return store.upsert_knowledge_chunk("docs", content, external_id, title)


def test_a_hit_is_the_chunk_with_score_and_snippet(store: Any) -> None:
    chunk = put(store, "a", "A zebra crosses the road.", "Animals")
    put(store, "b", "Nothing of interest.")
    (hit,) = store.search_knowledge_chunks("zebra")
    assert hit._fields == (*chunk._fields, "score", "snippet")
    assert hit[:-2] == chunk
    assert type(hit.score) is float
    assert "zebra" in hit.snippet


def test_title_and_content_are_searched_whatever_the_case(store: Any) -> None:
    put(store, "a", "A zebra crosses the road.")
    put(store, "b", "About animals.", "The Zebra")
    put(store, "c", "ZEBRA")
    assert sorted(found(store, "zebra")) == ["a", "b", "c"]
    assert sorted(found(store, "ZeBrA")) == ["a", "b", "c"]
    assert found(store, "giraffe") == []


def test_a_hit_in_the_title_comes_before_one_in_the_content(store: Any) -> None:
    put(store, "content", "Here a zebra stands in a long row of many other words.", "Animals")
    put(store, "title", "Here a horse stands in a long row of many other words.", "Zebra")
    for number in range(20):
        put(store, str(number), f"Filler text number {number} about horses.")
    assert found(store, "zebra") == ["title", "content"]


def test_scores_descend_and_higher_is_better(store: Any) -> None:
    for number in range(1, 8):
        put(store, str(number), "zebra " * number + "horse " * (20 - number))
    hits = store.search_knowledge_chunks("zebra")
    scores = [hit.score for hit in hits]
    assert len(hits) == 7
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert (hits[0].external_id, hits[-1].external_id) == ("7", "1")


def test_equal_scores_have_an_order(store: Any) -> None:
    for number in range(30):
        put(store, str(number), "zebra")
    whole = found(store, "zebra", limit=30)
    assert len(set(whole)) == 30
    for limit in (1, 7, 29):
        assert found(store, "zebra", limit=limit) == whole[:limit]


def test_ten_hits_unless_told(store: Any) -> None:
    for number in range(12):
        put(store, str(number), "zebra")
    assert len(found(store, "zebra")) == 10
    assert len(found(store, "zebra", limit=100)) == 12
    assert found(store, "zebra", limit=0) == []


def test_a_search_may_keep_to_one_source(store: Any) -> None:
    for source in ("docs", "wiki"):
        store.upsert_knowledge_chunk(source, "A zebra.", external_id=source)
    assert found(store, "zebra", source="wiki") == ["wiki"]
    assert found(store, "zebra", source="docs", limit=1) == ["docs"]
    assert found(store, "zebra", source="elsewhere") == []
    assert sorted(found(store, "zebra", source=None)) == ["docs", "wiki"]


def test_every_word_must_be_found(store: Any) -> None:
    put(store, "both", "A horse and a zebra.")
    put(store, "across", "A horse.", "Zebra")
    put(store, "one", "A zebra.")
    assert sorted(found(store, "horse zebra")) == ["across", "both"]
    assert sorted(found(store, "zebra, horse!")) == ["across", "both"]


def test_a_word_is_found_in_its_other_forms(store: Any) -> None:
    put(store, "a", "The connections were closed.")
    for form in ("connection", "connect", "connected", "closing"):
        assert found(store, form) == ["a"], form


def test_stop_words_do_not_count(store: Any) -> None:
    put(store, "a", "A zebra.")
    assert found(store, "the zebra and the") == ["a"]
    assert found(store, "the") == found(store, "the and of") == []


def test_the_syntax_is_that_of_the_web(store: Any) -> None:
    put(store, "ab", "A striped zebra, a tall giraffe.")
    put(store, "ba", "A tall zebra, a striped giraffe.")
    put(store, "b", "A giraffe.")
    assert found(store, '"tall giraffe"') == ["ab"]
    assert found(store, "giraffe -zebra") == ["b"]
    assert found(store, 'zebra -"tall zebra"') == ["ab"]
    assert sorted(found(store, "zebra or giraffe")) == ["ab", "b", "ba"]
    assert sorted(found(store, '"striped zebra" OR "striped giraffe"')) == ["ab", "ba"]
    assert found(store, "-zebra") == []


def test_the_snippet_marks_the_words_found(store: Any) -> None:
    put(store, "a", "Connections of a zebra.", "Horses")
    (hit,) = store.search_knowledge_chunks("zebra connect")
    assert hit.snippet == "<b>Connections</b> of a <b>zebra</b>."


def test_an_update_moves_the_hit(store: Any) -> None:
    put(store, "a", "A zebra.", "Old")
    put(store, "a", "A giraffe.", "New")
    assert found(store, "zebra") == found(store, "old") == []
    assert found(store, "giraffe") == found(store, "new") == ["a"]


def test_a_bulk_upsert_is_searched_too(store: Any) -> None:
    put(store, "a", "A zebra.")
    store.bulk_upsert_knowledge_chunks(
        [
            {"source": "docs", "content": "A giraffe.", "external_id": "a"},
            {"source": "docs", "content": "An okapi.", "external_id": "b"},
        ]
    )
    assert found(store, "zebra") == []
    assert found(store, "giraffe") == ["a"]
    assert found(store, "okapi") == ["b"]


def test_a_deleted_chunk_is_not_found(store: Any) -> None:
    chunk = put(store, "a", "A zebra.")
    put(store, "b", "Another zebra.")
    store.delete_knowledge_chunk(chunk.id)
    assert found(store, "zebra") == ["b"]


def test_an_undone_write_is_not_found(store: Any) -> None:
    put(store, "a", "A zebra.")
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        put(tx, "a", "A giraffe.")
        put(tx, "b", "A zebra.")
        raise ZeroDivisionError
    assert found(store, "zebra") == ["a"]
    assert found(store, "giraffe") == []


def test_the_snippet_of_a_long_text_is_short_and_shows_the_hit(store: Any) -> None:
    put(store, "a", "horse " * 3000 + "zebra " + "horse " * 3000)
    (hit,) = store.search_knowledge_chunks("zebra")
    assert "zebra" in hit.snippet
    assert len(hit.snippet) < 1000


def test_a_search_for_no_word_finds_nothing(store: Any) -> None:
    put(store, "a", "A zebra: 100 % & more.", "...")
    for query in ("", " ", "\n\t", "-", '"', '""', "!?", "%", "_", "*", "& | !", "()"):
        assert found(store, query) == [], query


NASTY = [
    "zebra AND",
    "NOT zebra OR",
    "zebra NEAR(",
    '"zebra',
    "title:zebra",
    "zebra*",
    "^zebra",
    "-zebra",
    "zebra'); DROP TABLE knowledge_chunks; --",
    "zebra :query $1 ? %s",
    "zebra\\",
    "a:b:c & ! <-> |",
    "ze\ufeffbra \u200d\u0301",
    "x" * 100_000,
    "zebra " * 10_000,
    "'" * 1000,
    '"' * 1001,
    "(" * 1000,
]


def test_a_nasty_search_is_a_search(store: Any) -> None:
    put(store, "a", "A zebra.")
    for query in NASTY:
        assert set(found(store, query)) <= {"a"}
    assert found(store, "zebra") == ["a"]


@given(query=ANY_TEXT | SYNTAX | WORDS)
def test_any_text_is_a_valid_search(store: Any, query: str) -> None:
    if not store.list_all_knowledge_chunks(limit=1):
        put(store, "a", "A zebra, and nothing but a zebra.", "Zebra")
    for hit in store.search_knowledge_chunks(query):
        assert hit.external_id == "a"


@given(content=ANY_TEXT, title=st.none() | ANY_TEXT)
def test_any_text_can_be_searched(store: Any, content: str, title: str | None) -> None:
    chunk = put(store, "a", f"{content} zebra", title)
    (hit,) = store.search_knowledge_chunks("zebra")
    assert hit[:-2] == chunk
    assert (hit.content, hit.title) == (f"{content} zebra", title)


CORPUS = {
    "a": "A zebra runs to the giraffe.",
    "b": "The giraffe was running from a zebra.",
    "c": "Connections between horses and zebras",
    "d": "One horse, connected.",
    "e": "giraffe zebra horse",
    "f": "Nothing of the kind",
}
WORD = st.sampled_from(
    ["zebra", "Zebras", "giraffe", "horse", "run", "running", "connection", "kind", "okapi"]
)
ATOM = (
    WORD
    | WORD.map(lambda word: f"-{word}")
    | st.lists(WORD, min_size=1, max_size=2).map(lambda words: f'"{" ".join(words)}"')
    | st.lists(WORD, min_size=1, max_size=2).map(lambda words: f'-"{" ".join(words)}"')
    | st.sampled_from(["or", "OR", "the", "and"])
)


@pytest.fixture
def twins(
    tmp_path: Path, pg_database: Callable[[str | None], str], _minipilot_database: str
) -> Iterator[tuple[Any, Any]]:
    """minipilot on SQLite and on PostgreSQL, with the same chunks in both."""
    with (
        rawstore.open("minipilot", sqlite_url(tmp_path / "twin.db")) as sqlite,
        rawstore.open("minipilot", pg_database(_minipilot_database)) as postgres,
    ):
        sqlite.migrate()
        for store in (sqlite, postgres):
            for external_id, content in CORPUS.items():
                put(store, external_id, content)
        yield sqlite, postgres


@given(query=st.lists(ATOM, max_size=5).map(" ".join))
def test_both_dialects_find_the_same_chunks(twins: tuple[Any, Any], query: str) -> None:
    first, second = (sorted(found(store, query)) for store in twins)
    assert first == second
