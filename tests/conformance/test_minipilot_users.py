"""Users of minipilot: who they are, found by every key, made once, and gone with all they own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest

from rawstore.errors import UniqueViolation


def test_a_user_needs_nothing(store: Any) -> None:
    user = store.create_user()
    assert (user.email, user.name, user.external_id) == (None, None, None)
    assert type(user.id) is UUID


def test_a_user_keeps_what_it_was_given(store: Any) -> None:
    user = store.create_user(email="ann@example.com", name="Ann", external_id="ext-1")
    assert (user.email, user.name, user.external_id) == ("ann@example.com", "Ann", "ext-1")
    assert user._fields == ("id", "external_id", "name", "email", "created_at", "updated_at")


def test_a_user_is_found_by_each_of_its_keys(store: Any) -> None:
    store.create_user(email="bob@example.com", external_id="bob")
    user = store.create_user(email="ann@example.com", name="Ann", external_id="ann")
    assert store.get_user_by_id(user.id) == user
    assert store.get_user_by_email("ann@example.com") == user
    assert store.get_user_by_external_id("ann") == user


def test_an_unknown_user_is_none(store: Any) -> None:
    store.create_user()
    assert store.get_user_by_id(uuid4()) is None
    assert store.get_user_by_email("nobody@example.com") is None
    assert store.get_user_by_external_id("nobody") is None


@pytest.mark.parametrize("column", ["email", "external_id"])
def test_keys_are_unique(store: Any, column: str) -> None:
    store.create_user(**{column: "same"})
    with pytest.raises(UniqueViolation) as caught:
        store.create_user(**{column: "same"})
    assert caught.value.query == "minipilot.create_user"
    assert caught.value.__cause__ is not None
    assert len(store.list_users()) == 1


def test_two_users_without_keys_do_not_clash(store: Any) -> None:
    assert store.create_user().id != store.create_user().id


def test_an_update_can_clash_with_another_users_email(store: Any) -> None:
    store.create_user(email="ann@example.com")
    bob = store.create_user(email="bob@example.com")
    with pytest.raises(UniqueViolation):
        store.update_user(bob.id, email="ann@example.com")
    assert store.get_user_by_id(bob.id) == bob


def test_keys_are_compared_exactly(store: Any) -> None:
    store.create_user(email="ann@example.com")
    for other in ("Ann@example.com", "ann@example.com ", "ann@example_com", "%"):
        assert store.get_user_by_email(other) is None
        store.create_user(email=other)
    assert len(store.list_users()) == 5


def test_an_update_leaves_what_is_null(store: Any) -> None:
    user = store.create_user(email="ann@example.com", name="Ann", external_id="ann")
    renamed = store.update_user(user.id, name="Anna")
    assert renamed == user._replace(name="Anna", updated_at=renamed.updated_at)
    moved = store.update_user(user.id, email="anna@example.com")
    assert moved == renamed._replace(email="anna@example.com", updated_at=moved.updated_at)
    assert store.get_user_by_id(user.id) == moved


def test_an_empty_text_is_a_value_and_not_null(store: Any) -> None:
    user = store.create_user(name="Ann")
    assert store.update_user(user.id, name="").name == ""


def test_updating_an_unknown_user_is_none(store: Any) -> None:
    assert store.update_user(uuid4(), name="Nobody") is None


def test_get_or_create_creates_once(store: Any) -> None:
    first = store.get_or_create_user_by_external_id("ext", email="a@example.com", name="Ann")
    again = store.get_or_create_user_by_external_id("ext", email="b@example.com", name="Bob")
    assert first._fields[-1] == "created"
    assert first.created is True
    assert again == first._replace(created=False)
    assert store.get_user_by_external_id("ext") == first[:-1]


def test_get_or_create_finds_a_user_made_otherwise(store: Any) -> None:
    user = store.create_user(external_id="ext", name="Ann")
    assert store.get_or_create_user_by_external_id("ext") == (*user, False)


def test_get_or_create_does_not_hide_another_users_email(store: Any) -> None:
    store.create_user(email="taken@example.com")
    with pytest.raises(UniqueViolation):
        store.get_or_create_user_by_external_id("ext", email="taken@example.com")
    assert store.get_user_by_external_id("ext") is None


@pytest.mark.parametrize("email", [None, "ann{}@example.com"])
def test_eight_threads_get_one_user_and_one_of_them_created_it(
    store: Any, email: str | None
) -> None:
    for number in range(20):
        start = Barrier(8)
        external_id = f"ext-{number}"
        address = email and email.format(number)

        def call(
            start: Barrier = start, key: str = external_id, address: str | None = address
        ) -> Any:
            start.wait(10)
            return store.get_or_create_user_by_external_id(key, address)

        with ThreadPoolExecutor(8) as threads:
            calls = [threads.submit(call) for _ in range(8)]
        users = [one.result() for one in calls]
        assert {user[:-1] for user in users} == {store.get_user_by_external_id(external_id)}
        assert sorted(user.created for user in users) == [False] * 7 + [True]
    assert len(store.list_users()) == 20


def test_get_or_create_in_a_transaction_is_undone_with_it(store: Any) -> None:
    class Undo(Exception):
        pass

    with pytest.raises(Undo), store.transaction() as tx:
        assert tx.get_or_create_user_by_external_id("ext").created
        assert not tx.get_or_create_user_by_external_id("ext").created
        raise Undo
    assert store.get_or_create_user_by_external_id("ext").created


def test_users_list_newest_first(store: Any) -> None:
    users = [store.create_user(name=str(number)) for number in range(5)]
    assert store.list_users() == users[::-1]
    assert store.list_users(limit=2) == users[:-3:-1]
    assert store.list_users(limit=2, offset=4) == users[:1]
    assert store.list_users(limit=0) == []
    assert store.list_users(offset=5) == []


def test_a_list_holds_a_hundred_unless_told(store: Any) -> None:
    with store.transaction() as tx:
        users = [tx.create_user() for _ in range(101)]
    assert store.list_users() == users[:0:-1]


def test_deleting_a_user_takes_conversations_and_messages_along(store: Any) -> None:
    user, other = store.create_user(), store.create_user()
    kept = store.create_conversation(user_id=other.id)
    conversations = [store.create_conversation(user_id=user.id) for _ in range(2)]
    messages = [store.add_message(one.id, "user", "Hello!") for one in conversations]
    kept_message = store.add_message(kept.id, "user", "Still here")

    assert store.delete_user(user.id) == 1

    assert store.get_user_by_id(user.id) is None
    assert store.list_all_conversations() == [kept]
    assert [store.get_message_by_id(one.id) for one in messages] == [None, None]
    assert store.get_message_by_id(kept_message.id) == kept_message
    assert store.delete_user(user.id) == 0
