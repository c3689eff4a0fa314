"""Conversations and messages of contextpilot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

import rawstore
from rawstore.errors import CheckViolation, ForeignKeyViolation, UniqueViolation


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("contextpilot", migrated_url("contextpilot")) as opened:
        yield opened


def test_a_conversation_keeps_what_it_was_given(store: Any) -> None:
    talk = store.create_conversation("Fix the tests", "anthropic", "large", id="c-1")
    assert talk._fields == ("id", "task", "provider", "model", "created_at")
    assert talk[:4] == ("c-1", "Fix the tests", "anthropic", "large")
    assert abs(datetime.now(UTC) - talk.created_at) < timedelta(seconds=30)
    assert store.get_conversation("c-1") == talk
    assert store.get_conversation("c-2") is None
    with pytest.raises(UniqueViolation):
        store.create_conversation("Again", "anthropic", "large", id="c-1")


def test_without_an_id_the_database_makes_one(store: Any) -> None:
    talk = store.create_conversation("Task", "p", "m")
    assert UUID(talk.id).version == 7
    assert store.get_conversation(talk.id) == talk


def test_conversations_list_newest_first(store: Any) -> None:
    with store.transaction() as tx:
        talks = [tx.create_conversation(f"{n}", "ab"[n % 2], "m") for n in range(102)][::-1]
    assert store.list_conversations() == talks[:100]
    assert store.list_conversations(limit=5, offset=98) == talks[98:]
    assert store.list_conversations("a") == talks[1::2]
    assert store.list_conversations(provider="b", limit=2, offset=1) == talks[2:6:2]
    assert store.list_conversations("c") == []


def test_a_deleted_conversation_takes_its_messages_along(store: Any) -> None:
    talk, other = (store.create_conversation("t", "p", "m") for _ in range(2))
    kept = store.add_message(other.id, "user", "Still here")
    store.add_message(talk.id, "user", "Hello!", tokens=3)
    assert store.delete_conversation(talk.id) == 1
    assert store.delete_conversation(talk.id) == 0
    assert store.list_conversations() == [other]
    assert store.list_messages(talk.id) == []
    assert store.conversation_tokens(talk.id) == 0
    assert store.list_messages(other.id) == [kept]


def test_a_message_keeps_what_it_was_given(store: Any) -> None:
    talk = store.create_conversation("t", "p", "m")
    said = store.add_message(talk.id, "assistant", "Hi!", tokens=7, finish_reason="stop")
    assert said._fields == (
        "id",
        "conversation_id",
        "role",
        "content",
        "timestamp",
        "tokens",
        "finish_reason",
    )
    assert said[1:4] == (talk.id, "assistant", "Hi!")
    assert said[5:] == (7, "stop")
    assert type(said.id) is int
    assert said.timestamp >= talk.created_at
    assert store.list_messages(talk.id) == [said]
    bare = store.add_message(talk.id, "user", "")
    assert bare[5:] == (None, None)
    assert bare.id > said.id


def test_a_message_needs_its_conversation_and_a_known_role(store: Any) -> None:
    talk = store.create_conversation("t", "p", "m")
    with pytest.raises(ForeignKeyViolation):
        store.add_message("nobody", "user", "Hello!")
    for role in ("User", "", "tool"):
        with pytest.raises(CheckViolation):
            store.add_message(talk.id, role, "Hello!")
    for role in ("user", "assistant", "system"):
        store.add_message(talk.id, role, "Hello!")
    assert len(store.list_messages(talk.id)) == 3


def test_messages_list_oldest_first(store: Any) -> None:
    talk = store.create_conversation("t", "p", "m")
    with store.transaction() as tx:
        said = [tx.add_message(talk.id, "user", f"{n}") for n in range(101)]
    assert store.list_messages(talk.id) == said[:100]
    assert store.list_messages(talk.id, 5, 98) == said[98:]
    assert [one.id for one in said] == sorted(one.id for one in said)


def test_the_id_of_a_deleted_message_is_not_used_again(store: Any) -> None:
    talk = store.create_conversation("t", "p", "m")
    last = store.add_message(talk.id, "user", "Hello!")
    store.delete_conversation(talk.id)
    again = store.create_conversation("t", "p", "m")
    assert store.add_message(again.id, "user", "Hello!").id > last.id


def test_tokens_are_those_that_messages_say(store: Any) -> None:
    talk = store.create_conversation("t", "p", "m")
    assert store.conversation_tokens(talk.id) == store.conversation_tokens("nobody") == 0
    store.add_message(talk.id, "user", "Hello!")
    assert store.conversation_tokens(talk.id) == 0
    for tokens in (2_147_483_647, 2_147_483_647, 1):  # together no int of 32 bits
        store.add_message(talk.id, "assistant", "…", tokens=tokens)
    assert store.conversation_tokens(talk.id) == 4_294_967_295
