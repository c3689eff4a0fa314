"""`Store.run`: a transaction function is run again when the database asks for it, only then."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import (
    ConnectionLost,
    DatabaseBusy,
    DatabaseError,
    DeadlockDetected,
    RetryableError,
    SerializationFailure,
    StatementTimeout,
    UniqueViolation,
)

if TYPE_CHECKING:
    from tests.conftest import OpenFolder

RETRYABLE: list[type[RetryableError]] = [SerializationFailure, DeadlockDetected]
OTHER: list[type[Exception]] = [
    UniqueViolation,
    DatabaseBusy,
    StatementTimeout,
    ConnectionLost,
    ValueError,
]


def test_run_gives_the_functions_result_and_commits(store: Any) -> None:
    user = store.run(lambda tx: tx.create_user(name="Ann"))
    assert store.list_users() == [user]


def test_run_undoes_what_a_failing_function_did(store: Any) -> None:
    def fail(tx: Any) -> None:
        tx.create_user(name="Ann")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.run(fail)
    assert store.list_users() == []


@pytest.mark.parametrize("error", RETRYABLE)
def test_run_goes_again_in_a_new_transaction(store: Any, error: type[RetryableError]) -> None:
    transactions: list[Any] = []

    def third_time_lucky(tx: Any) -> int:
        transactions.append(tx)
        tx.create_user(name=str(len(transactions)))
        if len(transactions) < 3:
            raise error("asked to")
        return len(transactions)

    assert store.run(third_time_lucky, retries=5) == 3
    assert len(set(map(id, transactions))) == 3
    assert [user.name for user in store.list_users()] == ["3"]


def failing(calls: list[None], error: type[Exception]) -> Callable[[Any], None]:
    """Return a transaction function that notes its call, writes, and raises."""

    def fail(tx: Any) -> None:
        calls.append(None)
        tx.create_user()
        raise error("asked to")

    return fail


@pytest.mark.parametrize("error", RETRYABLE)
def test_run_gives_up_after_its_retries(store: Any, error: type[RetryableError]) -> None:
    for retries in (0, 1, 3):
        calls: list[None] = []
        with pytest.raises(error):
            store.run(failing(calls, error), retries=retries)
        assert len(calls) == retries + 1
    assert store.list_users() == []


def test_run_does_not_go_again_for_any_other_error(store: Any) -> None:
    for error in OTHER:
        calls: list[None] = []
        with pytest.raises(error):
            store.run(failing(calls, error), retries=5)
        assert len(calls) == 1
    assert store.list_users() == []


def test_run_does_not_go_again_for_a_real_violation(store: Any) -> None:
    calls: list[None] = []

    def clash(tx: Any) -> None:
        calls.append(None)
        tx.create_user(email="ann@example.com")
        tx.create_user(email="ann@example.com")

    with pytest.raises(UniqueViolation):
        store.run(clash)
    assert len(calls) == 1
    assert store.list_users() == []


ON_CALL = """
-- name: add_doctor(id int) :exec
INSERT INTO doctors (id, on_call)
VALUES (:id, 1);

-- name: count_on_call() :scalar bigint
SELECT count(*)
FROM doctors
WHERE on_call = 1;

-- name: go_home(id int) :affected
UPDATE doctors
SET on_call = 0
WHERE id = :id;
"""
DOCTORS = {
    "0001_create_doctors.sql": "CREATE TABLE doctors (id integer PRIMARY KEY, on_call integer);"
}


def test_write_skew_does_not_happen_under_serializable(open_folder: OpenFolder) -> None:
    """Two doctors may go home while another is on call: without serialization both do."""
    hospital: Any = open_folder({"doctors.sql": ON_CALL}, DOCTORS, name="hospital")
    hospital.migrate()
    hospital.add_doctor(1)
    hospital.add_doctor(2)
    first_look, lock, attempts = Barrier(2), Lock(), [0, 0]

    def leave(doctor: int) -> int:
        def work(tx: Any) -> int:
            with lock:
                attempts[doctor - 1] += 1
            on_call: int = tx.count_on_call()
            if attempts[doctor - 1] == 1 and hospital.dialect == "postgres":
                first_look.wait(10)  # both have seen two on call: one of them must fail
            return tx.go_home(doctor) if on_call > 1 else 0

        left: int = hospital.run(work, isolation="serializable")
        return left

    with ThreadPoolExecutor(2) as threads:
        left = list(threads.map(leave, (1, 2)))
    assert sorted(left) == [0, 1]
    assert hospital.count_on_call() == 1
    assert sum(attempts) >= (3 if hospital.dialect == "postgres" else 2)


COUNTER = """
-- name: add_counter(id int) :exec
INSERT INTO counters (id, n)
VALUES (:id, 0);

-- name: read_counter(id int) :scalar int
SELECT n
FROM counters
WHERE id = :id;

-- name: write_counter(id int, n int) :exec
UPDATE counters
SET n = :n
WHERE id = :id;

-- name: bump(id int) :exec
UPDATE counters
SET n = n + 1
WHERE id = :id;
"""
COUNTERS = {
    "0001_create_counters.sql": "CREATE TABLE counters (id integer PRIMARY KEY, n integer);"
}


@pytest.fixture
def counters(open_folder: OpenFolder) -> Any:
    opened: Any = open_folder({"counters.sql": COUNTER}, COUNTERS, name="tally")
    opened.migrate()
    opened.add_counter(1)
    opened.add_counter(2)
    return opened


def test_no_update_is_lost_under_serializable(counters: Any) -> None:
    def increment(tx: Any) -> None:
        tx.write_counter(1, tx.read_counter(1) + 1)

    def work(_: int) -> None:
        for _ in range(10):
            counters.run(increment, isolation="serializable", retries=50)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert counters.read_counter(1) == 40


def test_a_real_deadlock_is_retried(counters: Any) -> None:
    both, tries = Barrier(2), [0, 0]

    def work(first: int) -> None:
        def cross(tx: Any) -> None:
            tries[first - 1] += 1
            tx.bump(first)
            if tries[first - 1] == 1 and counters.dialect == "postgres":
                both.wait(10)  # each holds what the other wants
            tx.bump(3 - first)

        counters.run(cross)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, (1, 2)))
    assert (counters.read_counter(1), counters.read_counter(2)) == (2, 2)
    assert sum(tries) >= (3 if counters.dialect == "postgres" else 2)


def test_a_real_serialization_failure_has_its_class(counters: Any) -> None:
    if counters.dialect == "sqlite":
        pytest.skip("one writer at a time: SQLite has no such failure to show")
    level = "repeatable read"
    with (
        pytest.raises(SerializationFailure) as caught,
        counters.transaction(isolation=level) as tx,
    ):
        n = tx.read_counter(1)
        counters.bump(1)
        tx.write_counter(1, n + 1)
    assert isinstance(caught.value, DatabaseError)
    assert (caught.value.code, caught.value.query) == ("40001", "tally.write_counter")
    assert counters.read_counter(1) == 1
