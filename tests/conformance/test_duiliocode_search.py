"""Full-text search over a user's history: best first, always up to date, and never an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import rawstore

ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
SYNTAX = st.text(st.sampled_from("ab \"'()*:^+-&|!<>{}[]~\\/%_;,.?#@$"), max_size=20)
WORDS = st.lists(
    st.sampled_from(["AND", "OR", "NOT", "NEAR", "zebra", "owner:", "content:", "*", '"']),
    max_size=6,
).map(" ".join)
BY_HAND = """
-- name: edit(id bigint, content text, user_id text) :affected
UPDATE conversation_history SET content = :content, user_id = :user_id WHERE id = :id;

-- name: remove(id bigint) :affected
DELETE FROM conversation_history WHERE id = :id;
"""


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("duiliocode")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("duiliocode", url) as opened:
        yield opened


def say(store: Any, content: str, user: str = "ann") -> Any:
    return store.save_message(user, "s", "user", content)


def found(store: Any, query: str, user: str = "ann", **options: Any) -> list[str]:
    """What was found, each by its first word."""
    return [hit.content.split()[0] for hit in store.search_history(user, query, **options)]


def test_a_hit_is_the_message_with_score_and_snippet(store: Any) -> None:
    message = store.save_message(
        "ann", "s", "assistant", "A zebra crosses the road.", "m", "/home", {"key": [1]}
    )
    say(store, "Nothing of interest.")
    (hit,) = store.search_history("ann", "zebra")
    assert hit._fields == (*message._fields, "score", "snippet")
    assert hit[:-2] == message
    assert type(hit.score) is float
    assert hit.snippet == "A <b>zebra</b> crosses the road."


def test_a_user_finds_nobody_elses_messages(store: Any) -> None:
    users = [
        "ann",
        "Ann",
        "ANN",
        "ann ",
        "an",
        "anna",
        "",
        "a-n",
        "é",
        "😀",
        "a\"b OR 'c'",
        "%",
        "x" * 1024,
    ]
    for user in users:
        say(store, f"{users.index(user)} zebra", user)
    for user in users:
        assert found(store, "zebra", user) == [str(users.index(user))]
        assert found(store, "zebra -zebra or zebra", user) == [str(users.index(user))]
    assert found(store, "zebra", "nobody") == found(store, "zebra", "*") == []
    assert found(store, "ann") == []


def test_words_are_found_whatever_their_case_and_form(store: Any) -> None:
    say(store, "one ZEBRA and its connections")
    say(store, "two Zebras, connected!")
    assert sorted(found(store, "zebra")) == ["one", "two"]
    assert sorted(found(store, "ZeBrA connecting")) == ["one", "two"]
    assert found(store, "giraffe") == []


def test_every_word_must_be_found(store: Any) -> None:
    say(store, "both: a horse and a zebra.")
    say(store, "only a zebra.")
    assert found(store, "horse zebra") == ["both:"]
    assert found(store, "zebra, horse!") == ["both:"]
    assert found(store, "the zebra and the horse") == ["both:"]
    assert found(store, "the") == []


def test_the_syntax_is_that_of_the_web(store: Any) -> None:
    say(store, "first: a striped zebra, a tall giraffe.")
    say(store, "second: a tall zebra, a striped giraffe.")
    say(store, "third: a giraffe.")
    assert found(store, '"tall giraffe"') == ["first:"]
    assert found(store, "giraffe -zebra") == ["third:"]
    assert found(store, 'zebra -"tall zebra"') == ["first:"]
    assert sorted(found(store, "zebra or giraffe")) == ["first:", "second:", "third:"]
    assert sorted(found(store, '"striped zebra" OR "striped giraffe"')) == ["first:", "second:"]
    assert found(store, "-zebra") == []


def test_best_first_and_a_higher_score_is_better(store: Any) -> None:
    for number in range(1, 8):
        say(store, f"{number} " + "zebra " * number + "horse " * (20 - number))
    hits = store.search_history("ann", "zebra")
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert [hit.content[0] for hit in hits] == list("7654321")


def test_of_equal_scores_the_newest_is_first(store: Any) -> None:
    with store.transaction() as tx:
        for number in range(30):
            say(tx, f"{number} zebra")
    whole = found(store, "zebra", limit=100)
    assert whole == [str(number) for number in range(29, -1, -1)]
    assert found(store, "zebra") == whole[:20]
    for limit in (0, 1, 7):
        assert found(store, "zebra", limit=limit) == whole[:limit]


def test_other_users_do_not_fill_the_limit(store: Any) -> None:
    say(store, "mine: a zebra among horses, cows and many other animals")
    for _ in range(30):
        say(store, "zebra zebra", "bob")
    assert found(store, "zebra", limit=1) == ["mine:"]


@pytest.fixture
def hand(store: Any, url: str, tmp_path: Path) -> Iterator[Any]:
    """Statements on the same table that are not the store's."""
    folder = tmp_path / "own" / "duiliocode"
    (folder / "sql" / store.dialect).mkdir(parents=True)
    (folder / "sql" / store.dialect / "hand.sql").write_text(BY_HAND)
    with rawstore.open(folder, url) as opened:
        yield opened


def test_the_index_follows_every_change(store: Any, hand: Any) -> None:
    first, second = say(store, "first zebra"), say(store, "second zebra")
    assert hand.edit(first.id, "first giraffe", "ann") == 1
    assert (found(store, "zebra"), found(store, "giraffe")) == (["second"], ["first"])
    assert hand.edit(second.id, "second zebra", "bob") == 1
    assert (found(store, "zebra"), found(store, "zebra", "bob")) == ([], ["second"])
    assert hand.remove(second.id) == 1
    assert found(store, "zebra", "bob") == []
    assert store.delete_session_history("ann", "s") == 1
    assert found(store, "giraffe") == []


def test_an_undone_message_is_not_found(store: Any) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        say(tx, "first zebra")
        assert found(tx, "zebra") == ["first"]
        raise ZeroDivisionError
    assert found(store, "zebra") == []


def test_messages_are_found_after_the_index_was_made_anew(store: Any, empty_url: str) -> None:
    other: Any
    with rawstore.open("duiliocode", empty_url) as other:
        other.migrate()
        say(other, "first zebra")
        other.migrations.down()
        other.migrate()
        assert found(other, "zebra") == ["first"]


def test_a_long_message_is_found_by_its_first_words_and_shown_in_part(store: Any) -> None:
    say(store, "first zebra " + " ".join(f"word{number}" for number in range(500_000)))
    (hit,) = store.search_history("ann", "zebra")
    assert len(hit.content) > 5_000_000
    assert "<b>zebra</b>" in hit.snippet
    assert len(hit.snippet) < 1000


NASTY = [
    "", " ", "\n\t", "-", '"', '""', "!?", "%", "_", "*", "& | !", "()", "•", "zebra AND",
    "NOT zebra OR", "zebra NEAR(", '"zebra', "content:zebra", "owner : zebra", "zebra*", "^zebra",
    "-zebra", "zebra'); DROP TABLE conversation_history; --", "zebra :query $1 ? %s", "zebra\\",
    "a:b:c & ! <-> |", "ze\ufeffbra \u200d\u0301", "x" * 100_000, "zebra " * 10_000, "'" * 1000,
    '"' * 1001, "(" * 1000, "-" * 1000, "zebra or " * 200, '-"' * 300,
]  # fmt: skip


def test_a_nasty_search_is_a_search(store: Any) -> None:
    say(store, "one zebra")
    for query in NASTY:
        assert found(store, query) in ([], ["one"]), query
    assert found(store, "zebra •") == ["one"]


@given(query=ANY_TEXT | SYNTAX | WORDS)
def test_any_text_is_a_valid_search(store: Any, query: str) -> None:
    if not store.recent_messages("ann", 1):
        say(store, "one zebra, and nothing but a zebra.")
    assert found(store, query) in ([], ["one"])


@given(content=ANY_TEXT, user=ANY_TEXT)
def test_any_text_of_any_user_can_be_searched(store: Any, content: str, user: str) -> None:
    store.delete_session_history(user, "s")
    message = say(store, f"{content} zebra", user)
    (hit,) = store.search_history(user, "zebra")
    assert hit[:-2] == message
