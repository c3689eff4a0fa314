"""The history of duiliocode: what was said, by user and session, in the order it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import rawstore
from rawstore.errors import CheckViolation

FIELDS = (
    "id",
    "user_id",
    "session_id",
    "role",
    "content",
    "model",
    "workspace_path",
    "extra_data",
    "created_at",
)
AT_ONE_MOMENT = """
-- name: history_at(moment timestamptz) :exec
UPDATE conversation_history SET created_at = :moment;
"""


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("duiliocode")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("duiliocode", url) as opened:
        yield opened


def say(store: Any, count: int, user: str = "ann", session: str = "s") -> list[Any]:
    """Say `count` things in one transaction: many of them in one millisecond."""
    with store.transaction() as tx:
        return [tx.save_message(user, session, "user", str(n)) for n in range(count)]


def test_a_message_keeps_what_it_was_given(store: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    plain = store.save_message("ann", "s", "user", "Hello!")
    assert plain._fields == FIELDS
    assert plain[:-1] == (1, "ann", "s", "user", "Hello!", None, None, None)
    assert before <= plain.created_at <= datetime.now(UTC) + timedelta(milliseconds=2)
    extra = {"tokens": [1, 2.5, None, True], "nested": {"": "ü"}}
    rich = store.save_message("ann", "s", "assistant", "", "gpt", "/home/ann", extra)
    assert rich[3:-1] == ("assistant", "", "gpt", "/home/ann", extra)
    assert store.get_conversation_history("ann", "s") == [plain, rich]


def test_extra_data_is_any_json(store: Any) -> None:
    documents: list[Any] = [[], {}, "text", 0, 1.5, True, False, [None], None]
    for extra in documents:
        made = store.save_message("ann", "s", "user", "x", extra_data=extra)
        assert (made.extra_data, type(made.extra_data)) == (extra, type(extra))
    read = store.get_conversation_history("ann", "s")
    assert [one.extra_data for one in read] == documents


def test_a_role_is_user_assistant_or_system(store: Any) -> None:
    for role in ("", "User", "tool"):
        with pytest.raises(CheckViolation) as caught:
            store.save_message("ann", "s", role, "Hello!")
        assert caught.value.constraint == "conversation_history_role_check"
    store.save_message("ann", "s", "system", "Hello!")
    assert len(store.recent_messages("ann")) == 1


def test_content_is_any_text(store: Any) -> None:
    for content in ("", "x" * 5_000_000, "🎉\n\t%s :name $1 ? -- '"):
        assert store.save_message("ann", "s", "user", content).content == content


def test_names_fit_into_an_index(store: Any) -> None:
    longest = "é" * 512
    store.save_message(longest, longest, "user", "x")
    assert len(store.get_conversation_history(longest, longest)) == 1
    for user, session, column in (
        ("a", longest + "x", "session_id"),
        (longest + "x", "a", "user_id"),
    ):
        with pytest.raises(CheckViolation) as caught:
            store.save_message(user, session, "user", "x")
        assert caught.value.constraint == f"conversation_history_{column}_check"


def test_a_conversation_lists_oldest_first_in_pages(store: Any) -> None:
    said = say(store, 205)
    say(store, 3, session="other")
    say(store, 3, user="bob")
    listed = store.get_conversation_history
    assert listed("ann", "s") == said[:100]
    assert listed("ann", "s", limit=300) == said
    assert listed("ann", "s", 10, 200) == said[200:]
    assert listed("ann", "s", limit=0) == []
    assert listed("bob", "other") == []


def test_recent_messages_are_of_all_sessions_newest_first(store: Any) -> None:
    said = say(store, 8) + say(store, 8, session="other")
    say(store, 3, user="bob")
    assert store.recent_messages("ann") == said[:5:-1]
    assert store.recent_messages("ann", limit=100) == said[::-1]
    assert store.recent_messages("ann", 0) == store.recent_messages("nobody") == []


def test_deleting_a_session_leaves_all_others(store: Any) -> None:
    gone = say(store, 3)
    kept = say(store, 2, session="other")
    others = say(store, 2, user="bob")
    assert store.delete_session_history("ann", "s") == 3
    assert store.delete_session_history("ann", "s") == 0
    assert store.recent_messages("ann") == kept[::-1]
    assert store.get_conversation_history("bob", "s") == others
    assert say(store, 1)[0].id > max(one.id for one in [*gone, *kept, *others])


def test_a_deleted_newest_message_gives_its_id_to_no_other(store: Any) -> None:
    (last,) = say(store, 1)
    store.delete_session_history("ann", "s")
    assert say(store, 1)[0].id > last.id


def test_pages_never_repeat_or_skip_messages_of_one_moment(
    store: Any, url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "own" / "duiliocode"
    (folder / "sql" / store.dialect).mkdir(parents=True)
    (folder / "sql" / store.dialect / "clock.sql").write_text(AT_ONE_MOMENT)
    said = say(store, 25)
    clock: Any
    with rawstore.open(folder, url) as clock:
        clock.history_at(datetime(2024, 2, 29, 12, tzinfo=UTC))
    listed = store.get_conversation_history("ann", "s")
    assert [one.id for one in listed] == [one.id for one in said]
    pages = [store.get_conversation_history("ann", "s", 7, offset) for offset in range(0, 25, 7)]
    assert [one for page in pages for one in page] == listed
    assert store.recent_messages("ann", 25) == listed[::-1]
