"""Transactions: all or nothing, savepoints inside, and clear errors where one is over."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest

from rawstore.errors import (
    ConfigError,
    DatabaseError,
    ForeignKeyViolation,
    ReadOnly,
    TransactionAborted,
    UniqueViolation,
)


class Undo(Exception):
    """Raised by a test to leave a transaction."""


def names(store: Any) -> list[str]:
    return [user.name for user in reversed(store.list_users())]


def test_a_transaction_commits_at_its_end(store: Any) -> None:
    with store.transaction() as tx:
        user = tx.create_user(name="Ann")
        assert tx.get_user_by_id(user.id) == user
        tx.create_conversation(user_id=user.id)
    assert store.get_user_by_id(user.id) == user
    assert len(store.list_conversations_for_user(user.id)) == 1


def test_an_exception_undoes_a_transaction_and_goes_on(store: Any) -> None:
    with pytest.raises(Undo), store.transaction() as tx:
        tx.create_user(name="Ann")
        raise Undo
    assert names(store) == []
    store.create_user(name="Bob")
    assert names(store) == ["Bob"]


def test_an_interrupt_undoes_a_transaction_too(store: Any) -> None:
    interrupts: list[type[BaseException]] = [KeyboardInterrupt, SystemExit, GeneratorExit]
    for error in interrupts:
        with pytest.raises(error), store.transaction() as tx:
            tx.create_user(name="Ann")
            raise error
    assert names(store) == []


def test_others_see_nothing_before_the_commit(store: Any) -> None:
    seen: list[list[str]] = []
    with store.transaction() as tx:
        tx.create_user(name="Ann")
        reader = threading.Thread(target=lambda: seen.append(names(store)))
        reader.start()
        reader.join(10)
    assert seen == [[]]
    assert names(store) == ["Ann"]


def test_an_empty_transaction_is_fine(store: Any) -> None:
    with store.transaction():
        pass
    with store.transaction() as tx, tx.transaction():
        pass
    store.create_user(name="Ann")
    assert names(store) == ["Ann"]


def test_an_inner_transaction_is_undone_alone(store: Any) -> None:
    with store.transaction() as tx:
        tx.create_user(name="outer")
        with pytest.raises(Undo), tx.transaction() as inner:
            inner.create_user(name="inner")
            raise Undo
        tx.create_user(name="after")
    assert names(store) == ["outer", "after"]


def test_an_inner_transaction_is_undone_with_the_outer(store: Any) -> None:
    with pytest.raises(Undo), store.transaction() as tx:
        with tx.transaction() as inner:
            inner.create_user(name="inner")
        assert names(tx) == ["inner"]
        raise Undo
    assert names(store) == []


def test_transactions_nest_deeply(store: Any) -> None:
    with store.transaction() as one:
        one.create_user(name="1")
        with one.transaction() as two:
            two.create_user(name="2")
            with pytest.raises(Undo), two.transaction() as three:
                three.create_user(name="3")
                with three.transaction() as four:
                    four.create_user(name="4")
                raise Undo
            with two.transaction() as five:
                five.create_user(name="5")
    assert names(store) == ["1", "2", "5"]


def test_an_inner_failure_that_is_caught_keeps_the_outer(store: Any) -> None:
    with store.transaction() as tx:
        tx.create_user(name="Ann", email="ann@example.com")
        with pytest.raises(UniqueViolation), tx.transaction() as inner:
            inner.create_user(name="Anna", email="ann@example.com")
        tx.create_user(name="Bob")
    assert names(store) == ["Ann", "Bob"]


def test_after_a_swallowed_error_a_transaction_is_aborted(store: Any) -> None:
    with pytest.raises(TransactionAborted) as caught, store.transaction() as tx:
        tx.create_user(name="Ann", email="ann@example.com")
        with pytest.raises(UniqueViolation):
            tx.create_user(name="Anna", email="ann@example.com")
        tx.list_users()
    assert caught.value.query == "minipilot.list_users"
    assert names(store) == []


def test_an_aborted_transaction_cannot_be_committed_in_silence(store: Any) -> None:
    with pytest.raises(TransactionAborted), store.transaction() as tx:
        tx.create_user(name="Ann")
        with pytest.raises(ForeignKeyViolation):
            tx.add_message(uuid4(), "user", "x")
    assert names(store) == []


def test_an_aborted_transaction_opens_no_inner_one(store: Any) -> None:
    with pytest.raises(TransactionAborted), store.transaction() as tx:
        with pytest.raises(ForeignKeyViolation):
            tx.add_message(uuid4(), "user", "x")
        with tx.transaction() as inner:
            inner.list_users()
    assert names(store) == []


def test_an_aborted_inner_transaction_leaves_the_outer_usable(store: Any) -> None:
    with store.transaction() as tx:
        tx.create_user(name="Ann")
        with pytest.raises(TransactionAborted), tx.transaction() as inner:
            with pytest.raises(ForeignKeyViolation):
                inner.add_message(uuid4(), "user", "x")
            inner.create_user(name="inner")
        tx.create_user(name="Bob")
    assert names(store) == ["Ann", "Bob"]


def test_a_finished_transaction_says_so(store: Any) -> None:
    with store.transaction() as tx:
        with tx.transaction() as inner:
            inner.create_user(name="Ann")
        with pytest.raises(DatabaseError, match="transaction"):
            inner.create_user(name="late")
    with pytest.raises(DatabaseError, match="transaction"):
        tx.create_user(name="late")
    with pytest.raises(DatabaseError, match="transaction"), tx.transaction():
        pass
    assert names(store) == ["Ann"]


def test_a_read_only_transaction_reads(store: Any) -> None:
    store.create_user(name="Ann")
    with store.transaction(read_only=True) as tx:
        assert names(tx) == ["Ann"]


def test_a_read_only_transaction_refuses_to_write(store: Any) -> None:
    with pytest.raises(ReadOnly) as caught, store.transaction(read_only=True) as tx:
        tx.create_user(name="Ann")
    assert caught.value.query == "minipilot.create_user"
    assert names(store) == []
    with store.transaction() as tx:
        tx.create_user(name="Bob")
    store.create_user(name="Cid")
    assert names(store) == ["Bob", "Cid"]


def test_a_read_only_transaction_sees_one_moment(store: Any) -> None:
    with store.transaction(read_only=True, isolation="serializable") as tx:
        assert names(tx) == []
        writer = threading.Thread(target=lambda: store.create_user(name="Ann"))
        writer.start()
        writer.join(10)
        assert not writer.is_alive()
        assert names(tx) == []
    assert names(store) == ["Ann"]


def test_an_isolation_level_can_be_asked_for(store: Any) -> None:
    for isolation in ("read committed", "repeatable read", "serializable"):
        with store.transaction(isolation=isolation) as tx:
            tx.create_user(name=isolation)
            with tx.transaction() as inner:
                inner.create_user(name="inner")
    assert names(store)[::2] == ["read committed", "repeatable read", "serializable"]
    assert names(store)[1::2] == ["inner"] * 3


def test_an_unknown_isolation_level_is_refused(store: Any) -> None:
    for isolation in ("snapshot", "", "serializable; DROP TABLE users"):
        with (
            pytest.raises(ConfigError, match="isolation"),
            store.transaction(isolation=isolation) as tx,
        ):
            tx.create_user(name="Ann")
    assert names(store) == []


def test_a_transaction_belongs_to_no_other_call(store: Any) -> None:
    with pytest.raises(Undo), store.transaction() as tx:
        tx.create_user(name="inside")
        assert names(store) == []
        raise Undo
    assert names(store) == []


def test_a_transaction_has_every_query(store: Any) -> None:
    with store.transaction() as tx:
        for query in store.queries:
            with pytest.raises(TypeError, match=query.name):
                getattr(tx, query.name)(unheard_of=1)
        tx.create_user(name="Ann")
    assert names(store) == ["Ann"]


def test_many_transactions_leave_nothing_open(store: Any) -> None:
    for number in range(40):  # more than any pool holds
        with pytest.raises(Undo), store.transaction() as tx:
            tx.create_user(name=str(number))
            raise Undo
    assert names(store) == []
