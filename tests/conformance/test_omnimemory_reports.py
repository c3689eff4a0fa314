"""What omnimemory tells of its operations: breakdown and savings; and how old ones are deleted."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

import rawstore

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("omnimemory", migrated_url("omnimemory")) as opened:
        yield opened


@pytest.fixture
def session_id(store: Any) -> UUID:
    made: UUID = store.start_session("claude").session_id
    return made


def record(
    store: Any,
    session_id: UUID,
    saved: int = 1,
    took: float = 1.0,
    *,
    tool: str = "claude",
    name: str = "read",
    mode: str = "full",
) -> Any:
    return store.record_operation(session_id, name, mode, saved + 7, 7, saved, took, tool)


def percentile(values: list[float], fraction: float) -> float:
    """The continuous percentile, as SQL's percentile_cont is defined."""
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (place - math.floor(place)) * (high - low)


def test_three_operations_are_worth_their_tokens(store: Any, session_id: UUID) -> None:
    for saved in (30_000, 15_000, 4_500):
        record(store, session_id, saved)
    assert store.savings() == (3, 49_500, 0.7425)
    assert store.savings(usd_per_million_tokens=3) == (3, 49_500, 0.1485)
    assert store.savings(usd_per_million_tokens=0.0).usd_saved == 0
    assert type(store.savings().usd_saved) is float


def test_nothing_saved_is_zero(store: Any) -> None:
    assert store.savings() == (0, 0, 0.0)
    assert [type(value) for value in store.savings()] == [int, int, float]
    assert store.operation_breakdown() == []


@given(saved=st.integers(0, 2**31 - 8), price=st.floats(0, 1e6, allow_subnormal=False))
def test_a_price_is_exact_to_the_last_bit(store: Any, saved: int, price: float) -> None:
    store.delete_operations_before(LATER)
    found = store.list_sessions(limit=1) or [store.start_session("claude")]
    record(store, found[0].session_id, saved)
    assert store.savings(usd_per_million_tokens=price) == (1, saved, saved * price / 1_000_000)


def test_sums_larger_than_an_int_hold(store: Any, session_id: UUID) -> None:
    with store.transaction() as tx:
        for _ in range(3):
            record(tx, session_id, 2**31 - 8)
    (found,) = store.operation_breakdown()
    assert found.tokens_original == 3 * (2**31 - 1)
    assert found.tokens_prevented == store.savings().tokens_prevented == 3 * (2**31 - 8)


def test_a_breakdown_has_a_row_for_each_tool_and_mode(store: Any, session_id: UUID) -> None:
    rng = random.Random(7)
    made: dict[tuple[str, str], list[Any]] = {}
    with store.transaction() as tx:
        for _ in range(300):
            name, mode = rng.choice(["read", "search"]), rng.choice(["full", "symbol", "tri_index"])
            saved, took = rng.randrange(9000), rng.expovariate(0.01)
            one = record(tx, session_id, saved, took, name=name, mode=mode)
            made.setdefault((name, mode), []).append(one)
    found = store.operation_breakdown()
    assert [row[:2] for row in found] == sorted(made)
    for row in found:
        rows = made[row[:2]]
        times = [one.response_time_ms for one in rows]
        assert row[2:6] == (
            len(rows),
            sum(one.tokens_original for one in rows),
            7 * len(rows),
            sum(one.tokens_prevented for one in rows),
        )
        assert row.avg_response_time_ms == pytest.approx(statistics.fmean(times), rel=1e-12)
        assert row.p95_response_time_ms == percentile(times, 0.95)


@pytest.mark.parametrize("count", [1, 2, 3, 20, 21, 22, 41])
def test_the_percentile_is_the_continuous_one(store: Any, session_id: UUID, count: int) -> None:
    times = [float(n * n) for n in range(count)]
    with store.transaction() as tx:
        for took in random.Random(count).sample(times, count):
            record(tx, session_id, took=took)
    assert store.operation_breakdown()[0].p95_response_time_ms == percentile(times, 0.95)


def test_equal_times_are_their_own_percentile(store: Any, session_id: UUID) -> None:
    with store.transaction() as tx:
        for took in [5.0] * 30 + [0.1] * 10:
            record(tx, session_id, took=took)
    assert store.operation_breakdown()[0].p95_response_time_ms == 5.0


def test_reports_keep_to_a_tool_and_a_span(store: Any, session_id: UUID) -> None:
    first = record(store, session_id, 1, tool="claude")
    middle = record(store, session_id, 10, tool="cursor")
    while (last := record(store, session_id, 100, tool="claude")).created_at == middle.created_at:
        pass
    newest = [one for one in store.list_operations() if one.created_at >= last.created_at]
    assert store.savings("cursor").tokens_prevented == 10
    assert store.savings(since=last.created_at).operations == len(newest)
    assert store.savings(until=first.created_at) == (0, 0, 0.0)
    assert store.savings("nobody") == (0, 0, 0.0)
    assert store.savings("cursor", since=first.created_at, until=LATER).operations == 1
    assert [row.operations for row in store.operation_breakdown("cursor")] == [1]
    (row,) = store.operation_breakdown(since=last.created_at, until=LATER)
    assert row.tokens_prevented == 100 * len(newest)
    assert store.operation_breakdown("claude", until=first.created_at) == []


def test_the_oldest_operations_are_deleted_batch_by_batch(store: Any, session_id: UUID) -> None:
    with store.transaction() as tx:
        made = [record(tx, session_id) for _ in range(25)]
    saved = store.get_session(session_id)
    assert store.delete_operations_before(made[0].created_at) == 0
    assert store.delete_operations_before(LATER, 0) == 0
    assert store.delete_operations_before(LATER, limit=10) == 10
    assert store.list_session_operations(session_id) == made[10:]
    assert store.delete_operations_before(cutoff=LATER, limit=10) == 10
    assert store.delete_operations_before(LATER) == 5
    assert store.delete_operations_before(LATER) == 0
    assert store.list_operations() == []
    assert store.get_session(session_id) == saved


def test_the_cutoff_itself_is_kept(store: Any, session_id: UUID) -> None:
    old = record(store, session_id)
    while (cutoff := record(store, session_id).created_at) == old.created_at:
        pass
    assert store.delete_operations_before(cutoff) >= 1
    assert {one.created_at for one in store.list_operations()} == {cutoff}


def test_eight_cleaners_delete_each_operation_once(store: Any, session_id: UUID) -> None:
    with store.transaction() as tx:
        for _ in range(400):
            record(tx, session_id)

    def clean(_: int) -> int:
        deleted = 0
        while count := store.delete_operations_before(LATER, 25):
            deleted += count
        return deleted

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(clean, range(8))) == 400
    assert store.list_operations() == []
