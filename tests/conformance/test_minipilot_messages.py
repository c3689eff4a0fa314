"""Messages of minipilot: kept in the order they were said, read in pages of any size."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from rawstore.errors import CheckViolation, ForeignKeyViolation


@pytest.fixture
def conversation_id(store: Any) -> UUID:
    made: UUID = store.create_conversation().id
    return made


def talk(store: Any, conversation_id: UUID, count: int) -> list[Any]:
    """Say `count` things in one transaction: many of them in one millisecond."""
    with store.transaction() as tx:
        return [tx.add_message(conversation_id, "user", str(n)) for n in range(count)]


def pages(store: Any, conversation_id: UUID, limit: int) -> list[Any]:
    """Read the conversation page by page, each after the last message of the page before."""
    read: list[Any] = []
    after: UUID | None = None
    while page := store.list_messages_after(conversation_id, after, limit=limit):
        assert len(page) <= limit
        read += page
        after = page[-1].id
    return read


def test_a_message_keeps_what_it_was_given(store: Any, conversation_id: UUID) -> None:
    plain = store.add_message(conversation_id, "user", "Hello!")
    assert plain[1:5] == (conversation_id, "user", "Hello!", None)
    assert plain._fields == (
        "id",
        "conversation_id",
        "sender_type",
        "content",
        "role_metadata",
        "created_at",
        "updated_at",
    )
    metadata = {"model": "m", "tokens": [1, 2.5, None, True], "nested": {"": "ü"}}
    rich = store.add_message(conversation_id, "assistant", "", role_metadata=metadata)
    assert rich.role_metadata == metadata
    assert store.get_message_by_id(rich.id) == rich


def test_metadata_left_out_reads_as_none(store: Any, conversation_id: UUID) -> None:
    made = store.add_message(conversation_id, "user", "x", role_metadata=None)
    assert store.get_message_by_id(made.id).role_metadata is None


def test_metadata_is_any_json(store: Any, conversation_id: UUID) -> None:
    documents: list[Any] = [[], {}, "text", 0, 1.5, True, False, [None]]
    for metadata in documents:
        made = store.add_message(conversation_id, "user", "x", role_metadata=metadata)
        read = store.get_message_by_id(made.id).role_metadata
        assert (read, type(read)) == (metadata, type(metadata))


def test_an_unknown_message_is_none(store: Any) -> None:
    assert store.get_message_by_id(uuid4()) is None
    assert store.delete_message(uuid4()) == 0


def test_a_message_needs_its_conversation(store: Any) -> None:
    with pytest.raises(ForeignKeyViolation) as caught:
        store.add_message(uuid4(), "user", "Hello?")
    assert caught.value.query == "minipilot.add_message"


def test_a_sender_is_user_assistant_or_system(store: Any, conversation_id: UUID) -> None:
    for sender in ("", "User", "tool"):
        with pytest.raises(CheckViolation) as caught:
            store.add_message(conversation_id, sender, "Hello!")
        assert caught.value.constraint == "messages_sender_type_check"
    assert store.get_conversation_message_count(conversation_id) == 0


def test_content_is_any_text(store: Any, conversation_id: UUID) -> None:
    for content in ("", "x" * 1_000_000, "🎉\n\t%s :name $1 ? -- '"):
        made = store.add_message(conversation_id, "system", content)
        assert store.get_message_by_id(made.id).content == content


def test_five_hundred_messages_of_one_transaction_list_in_order(
    store: Any, conversation_id: UUID
) -> None:
    said = talk(store, conversation_id, 500)
    assert store.list_messages_for_conversation(conversation_id, limit=1000) == said
    assert store.list_messages_after(conversation_id, limit=1000) == said


def test_messages_said_one_by_one_list_in_order(store: Any, conversation_id: UUID) -> None:
    said = [store.add_message(conversation_id, "user", str(n)) for n in range(100)]
    assert store.list_messages_for_conversation(conversation_id) == said


def test_order_is_kept_where_conversations_alternate(store: Any) -> None:
    ids = [store.create_conversation().id for _ in range(3)]
    with store.transaction() as tx:
        said = [tx.add_message(ids[n % 3], "user", str(n)) for n in range(60)]
    for number, conversation_id in enumerate(ids):
        assert store.list_messages_for_conversation(conversation_id) == said[number::3]
        assert pages(store, conversation_id, limit=7) == said[number::3]


def test_messages_list_oldest_first_in_pages(store: Any, conversation_id: UUID) -> None:
    said = talk(store, conversation_id, 5)
    listed = store.list_messages_for_conversation
    assert listed(conversation_id, limit=2) == said[:2]
    assert listed(conversation_id, limit=2, offset=4) == said[4:]
    assert listed(conversation_id, limit=0) == []
    assert listed(uuid4()) == []


def test_messages_list_by_sender(store: Any, conversation_id: UUID) -> None:
    senders = ["system", "user", "assistant", "user", "assistant"]
    said = [store.add_message(conversation_id, one, "x") for one in senders]
    listed = store.list_messages_for_conversation
    assert listed(conversation_id, sender_type="user") == [said[1], said[3]]
    assert listed(conversation_id, "assistant", limit=1, offset=1) == [said[4]]
    assert listed(conversation_id, "tool") == []


def test_keyset_pages_make_up_the_whole_list(store: Any, conversation_id: UUID) -> None:
    talk(store, store.create_conversation().id, 5)
    said = talk(store, conversation_id, 250)
    for limit in (1, 7, 100, 250, 251):
        assert pages(store, conversation_id, limit) == said


def test_keyset_paging_sees_what_is_said_meanwhile(store: Any, conversation_id: UUID) -> None:
    said = talk(store, conversation_id, 3)
    first = store.list_messages_after(conversation_id, limit=2)
    said.append(store.add_message(conversation_id, "user", "later"))
    assert first + store.list_messages_after(conversation_id, first[-1].id) == said
    assert store.list_messages_after(conversation_id, said[-1].id) == []


def test_a_page_goes_on_where_messages_before_it_were_deleted(
    store: Any, conversation_id: UUID
) -> None:
    said = talk(store, conversation_id, 6)
    store.delete_message(said[0].id)
    store.delete_message(said[3].id)
    assert store.list_messages_after(conversation_id, said[2].id) == said[4:]


def test_after_a_message_that_is_not_of_the_conversation_there_is_nothing(
    store: Any, conversation_id: UUID
) -> None:
    other = talk(store, store.create_conversation().id, 1)
    said = talk(store, conversation_id, 3)
    gone = said.pop(0)
    store.delete_message(gone.id)
    for after in (uuid4(), other[0].id, gone.id):
        assert store.list_messages_after(conversation_id, after) == []


def test_messages_are_counted(store: Any, conversation_id: UUID) -> None:
    other = store.create_conversation().id
    said = talk(store, conversation_id, 3)
    talk(store, other, 2)
    assert store.get_conversation_message_count(conversation_id) == 3
    assert store.delete_message(said[1].id) == 1
    assert store.get_conversation_message_count(conversation_id) == 2
    assert store.get_conversation_message_count(uuid4()) == 0
    assert type(store.get_conversation_message_count(other)) is int


def test_deleting_the_last_message_does_not_disturb_the_order(
    store: Any, conversation_id: UUID
) -> None:
    said = talk(store, conversation_id, 3)
    store.delete_message(said.pop().id)
    said += talk(store, conversation_id, 3)
    assert store.list_messages_for_conversation(conversation_id) == said
