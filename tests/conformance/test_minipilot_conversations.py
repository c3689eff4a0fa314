"""Conversations of minipilot: of a user or of nobody, active or archived, newest first."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rawstore.errors import CheckViolation, ForeignKeyViolation


def test_a_conversation_needs_nothing(store: Any) -> None:
    conversation = store.create_conversation()
    assert (conversation.user_id, conversation.title) == (None, None)
    assert conversation.status == "active"
    assert conversation._fields == (
        "id",
        "user_id",
        "title",
        "status",
        "created_at",
        "updated_at",
    )


def test_a_conversation_keeps_what_it_was_given(store: Any) -> None:
    user = store.create_user()
    made = store.create_conversation(user_id=user.id, title="Chat", status="archived")
    assert (made.user_id, made.title, made.status) == (user.id, "Chat", "archived")
    assert store.get_conversation_by_id(made.id) == made


def test_an_unknown_conversation_is_none(store: Any) -> None:
    assert store.get_conversation_by_id(uuid4()) is None
    assert store.update_conversation(uuid4(), title="New") is None
    assert store.archive_conversation(uuid4()) is None
    assert store.delete_conversation(uuid4()) == 0


def test_a_conversation_of_an_unknown_user_is_refused(store: Any) -> None:
    with pytest.raises(ForeignKeyViolation) as caught:
        store.create_conversation(user_id=uuid4())
    assert caught.value.query == "minipilot.create_conversation"
    assert store.list_all_conversations() == []


def test_a_status_is_active_or_archived(store: Any) -> None:
    kept = store.create_conversation()
    for status in ("", "ACTIVE", "closed", "active "):
        with pytest.raises(CheckViolation) as caught:
            store.create_conversation(status=status)
        assert caught.value.constraint == "conversations_status_check"
        with pytest.raises(CheckViolation) as caught:
            store.update_conversation(kept.id, status=status)
        assert caught.value.constraint == "conversations_status_check"
    assert store.list_all_conversations() == [kept]


def test_an_update_leaves_what_is_null(store: Any) -> None:
    made = store.create_conversation(title="Chat")
    titled = store.update_conversation(made.id, title="Talk")
    assert titled == made._replace(title="Talk", updated_at=titled.updated_at)
    closed = store.update_conversation(made.id, status="archived")
    assert closed == titled._replace(status="archived", updated_at=closed.updated_at)
    assert store.get_conversation_by_id(made.id) == closed


def test_archiving_sets_the_status_alone(store: Any) -> None:
    made = store.create_conversation(title="Chat")
    archived = store.archive_conversation(made.id)
    assert archived == made._replace(status="archived", updated_at=archived.updated_at)
    assert store.archive_conversation(made.id).status == "archived"
    assert store.update_conversation(made.id, status="active").status == "active"


def test_a_users_conversations_list_newest_first(store: Any) -> None:
    user, other = store.create_user(), store.create_user()
    store.create_conversation(user_id=other.id)
    store.create_conversation()
    made = [store.create_conversation(user_id=user.id, title=str(n)) for n in range(5)]
    newest = made[::-1]
    assert store.list_conversations_for_user(user.id) == newest
    assert store.list_conversations_for_user(user.id, limit=2) == newest[:2]
    assert store.list_conversations_for_user(user.id, limit=2, offset=3) == newest[3:]
    assert store.list_conversations_for_user(uuid4()) == []


def test_a_users_conversations_by_status(store: Any) -> None:
    user = store.create_user()
    first, second, third = (store.create_conversation(user_id=user.id) for _ in range(3))
    second = store.archive_conversation(second.id)
    assert store.list_conversations_for_user(user.id, status="active") == [third, first]
    assert store.list_conversations_for_user(user.id, "archived") == [second]
    assert store.list_conversations_for_user(user.id, "unheard of") == []
    assert store.list_conversations_for_user(user.id, None) == [third, second, first]


def test_all_conversations_list_newest_first_and_by_status(store: Any) -> None:
    user = store.create_user()
    owned = store.create_conversation(user_id=user.id)
    nobodys = store.create_conversation(status="archived")
    last = store.create_conversation()
    assert store.list_all_conversations() == [last, nobodys, owned]
    assert store.list_all_conversations(limit=1, offset=1) == [nobodys]
    assert store.list_all_conversations(status="active") == [last, owned]
    assert store.list_all_conversations(status="archived") == [nobodys]
    assert store.list_all_conversations("active", 1, 1) == [owned]


def test_deleting_a_conversation_takes_its_messages_along(store: Any) -> None:
    conversation, other = store.create_conversation(), store.create_conversation()
    message = store.add_message(conversation.id, "user", "Hello!")
    kept = store.add_message(other.id, "user", "Still here")
    assert store.delete_conversation(conversation.id) == 1
    assert store.get_conversation_by_id(conversation.id) is None
    assert store.get_message_by_id(message.id) is None
    assert store.get_message_by_id(kept.id) == kept


def test_deleting_a_conversation_leaves_its_user(store: Any) -> None:
    user = store.create_user()
    conversation = store.create_conversation(user_id=user.id)
    store.delete_conversation(conversation.id)
    assert store.get_user_by_id(user.id) == user
