"""`Store.batch()`: many calls in one go, each with a result or an error of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from rawstore.errors import (
    CheckViolation,
    ForeignKeyViolation,
    ParameterError,
    RawstoreError,
    TransactionAborted,
    UniqueViolation,
)


def test_results_are_those_of_the_calls(store: Any) -> None:
    user = store.create_user(name="Ann")
    talk = store.create_conversation(user.id)
    said = store.add_message(talk.id, "user", "Hello!", {"k": 1})
    with store.batch() as batch:
        one = batch.get_user_by_id(user.id)
        none = batch.get_user_by_id(uuid4())
        many = batch.list_messages_for_conversation(talk.id, limit=10)
        scalar = batch.get_conversation_message_count(talk.id)
        affected = batch.delete_conversation(uuid4())
    assert one.result() == user
    assert type(one.result()) is type(user)
    assert none.result() is None
    assert many.result() == [said]
    assert scalar.result() == 1
    assert affected.result() == 0
    assert one.result() == user


def test_calls_run_in_their_order(store: Any) -> None:
    with store.batch() as batch:
        before = batch.list_users()
        made = [batch.create_user(name=str(number)) for number in range(100)]
        after = batch.list_users()
    users = [call.result() for call in made]
    assert before.result() == []
    assert [user.name for user in users] == [str(number) for number in range(100)]
    assert after.result() == users[::-1] == store.list_users()
    assert all(type(user.id) is UUID for user in users)


def test_an_empty_batch_is_fine(store: Any) -> None:
    with store.batch():
        pass
    assert store.list_users() == []


def test_a_failing_call_raises_from_its_own_result(store: Any) -> None:
    with store.batch() as batch:
        first = batch.create_user(email="ann@example.com")
        clash = batch.create_user(email="ann@example.com")
        orphan = batch.add_message(uuid4(), "user", "x")
        closed = batch.create_conversation(status="closed")
        last = batch.create_user(email="bob@example.com")
    for call, error, query in (
        (clash, UniqueViolation, "minipilot.create_user"),
        (orphan, ForeignKeyViolation, "minipilot.add_message"),
        (closed, CheckViolation, "minipilot.create_conversation"),
    ):
        with pytest.raises(error) as caught:
            call.result()
        assert caught.value.query == query
        with pytest.raises(error):
            call.result()
    assert store.list_users() == [last.result(), first.result()]


def test_a_wrong_value_is_that_calls_failure_alone(store: Any) -> None:
    with store.batch() as batch:
        first = batch.create_user(name="Ann")
        wrong = [
            batch.create_user(name="a\0b"),
            batch.list_users(limit=-1),
            batch.get_user_by_id(None),
            batch.create_conversation(user_id="Ann"),
        ]
        last = batch.create_user(name="Bob")
    for call, parameter in zip(wrong, ("name", "limit", "user_id", "user_id"), strict=True):
        with pytest.raises(ParameterError) as caught:
            call.result()
        assert caught.value.parameter == parameter
    assert store.list_users() == [last.result(), first.result()]


def test_a_wrong_call_is_refused_at_once(store: Any) -> None:
    with store.batch() as batch:
        first = batch.create_user(name="Ann")
        with pytest.raises(TypeError, match="create_user"):
            batch.create_user(unheard_of=1)
    assert store.list_users() == [first.result()]


def test_a_result_is_not_there_before_the_batch_ran(store: Any) -> None:
    with store.batch() as batch:
        call = batch.create_user(name="Ann")
        with pytest.raises((RawstoreError, RuntimeError), match="batch"):
            call.result()
    assert call.result().name == "Ann"


def test_a_batch_left_by_an_exception_sends_nothing(store: Any) -> None:
    with pytest.raises(ZeroDivisionError), store.batch() as batch:
        batch.create_user(name="Ann")
        raise ZeroDivisionError
    assert store.list_users() == []


def test_a_batch_in_a_transaction_is_undone_with_it(store: Any) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        with tx.batch() as batch:
            calls = [batch.create_user(name=str(number)) for number in range(3)]
        assert [call.result().name for call in calls] == ["0", "1", "2"]
        assert len(tx.list_users()) == 3
        raise ZeroDivisionError
    assert store.list_users() == []


def test_in_a_transaction_the_first_failure_aborts_what_follows(store: Any) -> None:
    with pytest.raises(TransactionAborted), store.transaction() as tx:
        with tx.batch() as batch:
            first = batch.create_user(name="Ann")
            orphan = batch.add_message(uuid4(), "user", "x")
            last = batch.create_user(name="Bob")
        assert first.result().name == "Ann"
        with pytest.raises(ForeignKeyViolation):
            orphan.result()
        with pytest.raises(TransactionAborted) as caught:
            last.result()
        assert caught.value.query == "minipilot.create_user"
        tx.list_users()
    assert store.list_users() == []


def test_a_batch_that_may_fail_goes_into_a_savepoint(store: Any) -> None:
    with store.transaction() as tx:
        tx.create_user(name="Ann")
        with pytest.raises(ForeignKeyViolation), tx.transaction() as inner:
            with inner.batch() as batch:
                batch.create_user(name="Bob")
                orphan = batch.add_message(uuid4(), "user", "x")
            orphan.result()
        with tx.batch() as batch:
            batch.create_user(name="Cid")
    assert [user.name for user in store.list_users()] == ["Cid", "Ann"]


def test_a_large_batch_does_not_stall(store: Any) -> None:
    talk = store.create_conversation()
    with store.batch() as batch:
        calls = [batch.add_message(talk.id, "user", "x" * 10_000) for _ in range(500)]
    assert [call.result().id for call in calls] == [
        message.id for message in store.list_messages_for_conversation(talk.id, limit=500)
    ]


def test_many_batches_leave_nothing_open(store: Any) -> None:
    for _ in range(40):  # more than any pool holds
        with store.batch() as batch:
            call = batch.add_message(uuid4(), "user", "x")
        with pytest.raises(ForeignKeyViolation):
            call.result()
    assert store.create_user(name="Ann")
