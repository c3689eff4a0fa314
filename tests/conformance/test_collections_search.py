"""Full-text search over items: their latest analyses, best first, and never an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

import rawstore
from tests.conformance.collection import analyse, ids, put, put_item

ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
SYNTAX = st.text(st.sampled_from("ab \"'()*:^+-&|!<>{}[]~\\/%_;,.?#@$"), max_size=20)
WORDS = st.lists(
    st.sampled_from(["AND", "OR", "NOT", "NEAR", "zebra", "summary:", "tenant", "*", '"']),
    max_size=6,
).map(" ".join)


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("collections", migrated_url("collections")) as opened:
        yield opened


def found(store: Any, query: str, **options: Any) -> list[str]:
    return ids(store.search_items(query, "ann", **options))


def test_a_hit_is_the_item_with_category_summary_score_and_snippet(store: Any) -> None:
    put(store, "1", "A zebra crosses the road.", "animals")
    put(store, "2", "Nothing of interest.")
    (hit,) = store.search_items("zebra", "ann")
    item = store.get_item("1", "ann")
    assert hit._fields == (*item._fields, "category", "summary", "score", "snippet")
    assert hit[:9] == item
    assert (hit.category, hit.summary) == ("animals", "A zebra crosses the road.")
    assert type(hit.score) is float
    assert "A <b>zebra</b> crosses the road" in hit.snippet


def test_category_summary_and_the_responses_texts_are_searched(store: Any) -> None:
    put(store, "1", "Sand and water", "zebra")
    put(store, "2", "The Zebra")
    put(store, "3", "Sand", tags=["sun", "ZEBRA"])
    put(store, "4", "Sand", details={"objects": [{"label": "a zebra", "score": 0.5}]})
    put(store, "5", "Sand", zebra="a key is no text", flags=[True, None, 1])
    put_item(store, "zebra")
    assert sorted(found(store, "zebra")) == sorted(found(store, "ZeBrA")) == ["1", "2", "3", "4"]
    assert found(store, "sand zebra", top_k=1) != []
    assert found(store, "giraffe") == []


def test_category_weighs_more_than_summary_and_this_more_than_the_response(store: Any) -> None:
    filler = "stands in a long row of many other words"
    put(store, "response", f"A horse {filler}", "horses", text=f"Here a zebra {filler}")
    put(store, "category", f"A horse {filler}", "zebra", text=f"Here a horse {filler}")
    put(store, "summary", f"A zebra {filler}", "horses", text=f"Here a horse {filler}")
    for number in range(20):
        put(store, str(number), f"Filler number {number} about horses")
    assert found(store, "zebra") == ["category", "summary", "response"]


FIXTURE = {
    "beach-sunset": ("travel", "Beach at sunset", ["sea", "golden hour", "sand"]),
    "beach-noon": ("travel", "A crowded beach at noon under a blue sky", ["sea", "umbrella"]),
    "city-sunset": ("city", "Sunset behind the towers of the old town", ["skyline", "evening"]),
    "rain": ("weather", "Rain on an empty beach in the late autumn", ["grey", "storm"]),
    "cat": ("animals", "A cat sleeps on a sofa", ["pet", "home"]),
    "lecture": ("people", "A lecture on tides", ["sea", "the beach is eroded by every storm"]),
}
RANKED = {
    "beach sunset": ["beach-sunset"],
    "travel": ["beach-sunset", "beach-noon"],
    "sunset": ["beach-sunset", "city-sunset"],
    "beach": ["beach-sunset", "rain", "beach-noon", "lecture"],
    "beach -rain": ["beach-sunset", "beach-noon", "lecture"],
    'beach -rain "golden hour"': ["beach-sunset"],
    "cats or towers": ["cat", "city-sunset"],
    "the": [],
}


def test_both_dialects_rank_the_same(store: Any) -> None:
    for item_id, (category, summary, tags) in FIXTURE.items():
        put(store, item_id, summary, category, tags=tags)
    assert {query: found(store, query) for query in RANKED} == RANKED


def test_scores_descend_and_higher_is_better(store: Any) -> None:
    for number in range(1, 8):
        put(store, str(number), "zebra " * number + "horse " * (20 - number))
    hits = store.search_items("zebra", "ann")
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert (hits[0].id, hits[-1].id, len(hits)) == ("7", "1", 7)


def test_equal_scores_have_an_order(store: Any) -> None:
    for number in range(30):
        put(store, str(number), "zebra")
    whole = found(store, "zebra", top_k=30)
    assert whole == [str(number) for number in reversed(range(30))]
    for top_k in (1, 7, 29):
        assert found(store, "zebra", top_k=top_k) == whole[:top_k]
    assert len(found(store, "zebra")) == 10
    assert found(store, "zebra", top_k=0) == []


def test_an_item_is_searched_by_its_latest_analysis_alone(store: Any) -> None:
    put(store, "1", "A zebra", "animals")
    analyse(store, "1", {"summary": "A giraffe, not a horse", "category": "zoo"})
    put(store, "2", "A giraffe")
    analyse(store, "2", {"summary": "Another giraffe"})
    assert found(store, "zebra") == found(store, "animals") == []
    assert sorted(found(store, "giraffe")) == ["1", "2"]
    (hit,) = store.search_items("giraffe", "ann", category="zoo")
    assert (hit.id, hit.category, hit.summary) == ("1", "zoo", "A giraffe, not a horse")
    assert found(store, "giraffe", category="animals") == []


def test_a_category_is_that_of_the_latest_analysis(store: Any) -> None:
    for number in range(20):
        put(store, str(number), "A zebra", ("zoo", "wild")[number % 2])
    assert found(store, "zebra", category="zoo", top_k=3) == ["18", "16", "14"]
    assert len(found(store, "zebra", category="wild", top_k=20)) == 10
    assert found(store, "zebra", category="elsewhere") == []


def test_every_word_must_be_found_in_any_of_its_forms(store: Any) -> None:
    put(store, "both", "The connections were closed")
    put(store, "across", "Connected", "closing")
    put(store, "one", "A connection")
    assert sorted(found(store, "connect, close!")) == ["across", "both"]


def test_the_syntax_is_that_of_the_web(store: Any) -> None:
    put(store, "ab", "A striped zebra, a tall giraffe.")
    put(store, "ba", "A tall zebra, a striped giraffe.")
    put(store, "b", "A giraffe.")
    assert found(store, '"tall giraffe"') == ["ab"]
    assert found(store, "giraffe -zebra") == ["b"]
    assert found(store, 'zebra -"tall zebra"') == ["ab"]
    assert sorted(found(store, '"striped zebra" OR "striped giraffe"')) == ["ab", "ba"]
    assert found(store, "-zebra") == []


def test_a_search_for_no_word_finds_nothing(store: Any) -> None:
    put(store, "1", "A zebra: 100 % & more.", "...")
    for query in ("", " ", "\n\t", "-", '"', '""', "!?", "%", "_", "*", "& | !", "()", "the"):
        assert found(store, query) == [], query


def test_the_index_word_of_the_tenant_is_no_word_of_the_texts(store: Any) -> None:
    put(store, "1", "A zebra")
    for query in ("ann", "u616e6e", "u616E6E", "tenant", "tenant:u616e6e", '"u616e6e"'):
        assert found(store, query) == []


@pytest.mark.parametrize("user_id", ["", " ", '"', "a b", "'; --", "é", "😀", "x" * 1024, "*", "-"])
def test_any_text_may_name_a_tenant(store: Any, user_id: str) -> None:
    put(store, "1", "A zebra", user_id=user_id)
    put(store, "1", "Another zebra", user_id="ann")
    (hit,) = store.search_items("zebra", user_id)
    assert (hit.user_id, hit.summary) == (user_id, "A zebra")


def test_the_snippet_marks_the_words_and_stays_short(store: Any) -> None:
    put(store, "1", "horse " * 1000 + "zebra " + "horse " * 1000)
    put(store, "2", "Sand", "zebra")
    for hit in store.search_items("zebra", "ann"):
        assert "<b>zebra</b>" in hit.snippet
        assert len(hit.snippet) < 1000


def test_a_write_that_is_undone_is_not_found(store: Any) -> None:
    put(store, "1", "A zebra")
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        analyse(tx, "1", {"summary": "A giraffe"})
        put(tx, "2", "A zebra")
        raise ZeroDivisionError
    assert (found(store, "zebra"), found(store, "giraffe")) == (["1"], [])


@pytest.mark.parametrize("key", ["text", "summary", "tags"])
def test_a_document_of_5_mb_goes_in_and_is_found_by_its_first_words(store: Any, key: str) -> None:
    words = " ".join(f"მზე{number}" for number in range(400_000))
    assert len(words.encode()) > 5_000_000
    document = f"Harvest moon over the vineyard. {words}"
    result = {"category": "letter", key: [document, "pinot"] if key == "tags" else document}
    put_item(store, "1")
    made = analyse(store, "1", result)
    assert made.raw_response == result
    assert found(store, '"harvest moon" vineyard მზე1000') == ["1"]
    if key == "tags":
        assert found(store, "harvest pinot") == ["1"]
    assert "<b>Harvest</b>" in store.search_items("harvest", "ann")[0].snippet


NASTY = [
    "zebra AND",
    "NOT zebra OR",
    "zebra NEAR(",
    '"zebra',
    "summary:zebra",
    "{category} : zebra",
    "zebra*",
    "^zebra",
    "-zebra",
    "zebra'); DROP TABLE items; --",
    "zebra :query $1 ? %s",
    "zebra\\",
    "a:b:c & ! <-> |",
    "ze\ufeffbra \u200d\u0301",
    "x" * 100_000,
    "zebra " * 10_000,
    "'" * 1000,
    '"' * 1001,
    "(" * 1000,
    "- " * 100,
    "-" * 100,
]


def test_a_nasty_search_is_a_search(store: Any) -> None:
    put(store, "1", "A zebra")
    for query in NASTY:
        assert set(found(store, query)) <= {"1"}
    assert found(store, "zebra") == ["1"]


@given(query=ANY_TEXT | SYNTAX | WORDS)
def test_any_text_is_a_valid_search(store: Any, query: str) -> None:
    if not store.count_items("ann"):
        put(store, "1", "A zebra, and nothing but a zebra.", "zebra")
    assert set(found(store, query)) <= {"1"}


@given(summary=ANY_TEXT, text=ANY_TEXT, category=st.none() | ANY_TEXT)
def test_any_text_can_be_searched(
    store: Any, summary: str, text: str, category: str | None
) -> None:
    store.delete_item("1", "ann")
    made = put(store, "1", summary, category, text=[{"a": text}, "zebra"])
    (hit,) = store.search_items("zebra", "ann")
    assert (hit.category, hit.summary) == (made.category, made.summary) == (category, summary)
