"""Metrics of duiliocode: saved, listed, summed up by operation, deleted when they are old."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

import rawstore
from rawstore.errors import CheckViolation

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("duiliocode", migrated_url("duiliocode")) as opened:
        yield opened


def percentile(values: list[float], fraction: float) -> float:
    """The continuous percentile, as SQL's percentile_cont is defined."""
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (place - math.floor(place)) * (high - low)


def test_a_metric_keeps_what_it_was_given(store: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    plain = store.save_metric("llm", 12.5)
    assert plain[:-1] == (1, "llm", 12.5, True, None, None)
    assert before <= plain.created_at <= datetime.now(UTC) + timedelta(milliseconds=2)
    extra = {"model": "m", "tokens": [1, None]}
    rich = store.save_metric("llm", 0, success=False, error="Timed out", extra_data=extra)
    assert rich[1:-1] == ("llm", 0.0, False, "Timed out", extra)
    assert [type(value) for value in rich[1:4]] == [str, float, bool]
    assert store.get_metrics() == [rich, plain]


def test_a_duration_is_finite_and_not_negative(store: Any) -> None:
    for duration in (-0.001, -1e308, float("inf"), float("-inf")):
        with pytest.raises(CheckViolation) as caught:
            store.save_metric("llm", duration)
        assert caught.value.constraint == "system_metrics_duration_ms_check"
    with pytest.raises(CheckViolation) as caught:
        store.save_metric("x" * 1025, 1)
    assert caught.value.constraint == "system_metrics_operation_check"
    assert store.get_metrics() == []
    assert store.save_metric("é" * 512, 1.7e308).duration_ms == 1.7e308


def test_metrics_list_newest_first(store: Any) -> None:
    with store.transaction() as tx:
        made = [tx.save_metric(("llm", "db")[n % 2], n) for n in range(210)]
    assert store.get_metrics() == made[:109:-1]
    assert store.get_metrics(limit=2, offset=208) == made[1::-1]
    assert store.get_metrics("db") == made[:10:-2]
    assert store.get_metrics("db", limit=1, offset=104) == made[1:2]
    assert store.get_metrics("nothing") == store.get_metrics(limit=0) == []


def test_metrics_list_from_since_on(store: Any) -> None:
    first = store.save_metric("llm", 1)
    while (last := store.save_metric("llm", 2)).created_at == first.created_at:
        pass
    assert store.get_metrics(since=last.created_at) == [last]
    assert store.get_metrics("llm", last.created_at) == [last]
    assert store.get_metrics("db", last.created_at) == []
    assert store.get_metrics(since=first.created_at)[-1] == first
    assert store.get_metrics(since=LATER) == []
    assert store.metric_summary(since=last.created_at)[0].calls == 1
    assert store.metric_summary("llm", LATER) == []


def test_a_summary_has_a_row_for_each_operation(store: Any) -> None:
    rng = random.Random(7)
    made: dict[str, list[Any]] = {}
    with store.transaction() as tx:
        for _ in range(400):
            operation = rng.choice(["llm", "db", "Db", "é", "_"])
            one = tx.save_metric(operation, rng.expovariate(0.01), success=rng.random() < 0.7)
            made.setdefault(operation, []).append(one)
    found = store.metric_summary()
    assert [row.operation for row in found] == sorted(made, key=str.encode)
    for row in found:
        durations = [one.duration_ms for one in made[row.operation]]
        errors = sum(not one.success for one in made[row.operation])
        assert row[1:4] == (len(durations), errors, errors / len(durations))
        assert row.avg_duration_ms == pytest.approx(statistics.fmean(durations), rel=1e-12)
        assert row[5:] == (
            percentile(durations, 0.5),
            percentile(durations, 0.95),
            percentile(durations, 0.99),
            max(durations),
        )
        (alone,) = store.metric_summary(row.operation)  # an average depends on the order
        assert alone[:4] + alone[5:] == row[:4] + row[5:]
    assert store.metric_summary("nothing") == []


def test_one_metric_is_its_own_summary(store: Any) -> None:
    store.save_metric("llm", 7, success=False)
    assert store.metric_summary() == [("llm", 1, 1, 1.0, 7.0, 7.0, 7.0, 7.0, 7.0)]
    assert [type(value) for value in store.metric_summary()[0]] == [str, int, int] + [float] * 6


@given(
    durations=st.lists(
        st.floats(0, 1e9, allow_subnormal=False) | st.integers(0, 3).map(float),
        min_size=1,
        max_size=40,
    )
)
def test_percentiles_are_the_continuous_ones(store: Any, durations: list[float]) -> None:
    store.delete_metrics_before(LATER)
    with store.transaction() as tx:
        for duration in durations:
            tx.save_metric("llm", duration)
    (row,) = store.metric_summary()
    assert row[5:8] == tuple(percentile(durations, fraction) for fraction in (0.5, 0.95, 0.99))


def test_the_oldest_metrics_are_deleted_batch_by_batch(store: Any) -> None:
    with store.transaction() as tx:
        made = [tx.save_metric("llm", n) for n in range(25)]
    assert store.delete_metrics_before(made[0].created_at) == 0
    assert store.delete_metrics_before(LATER, 0) == 0
    assert store.delete_metrics_before(LATER, limit=10) == 10
    assert store.get_metrics() == made[:9:-1]
    assert store.delete_metrics_before(cutoff=LATER) == 15
    assert store.delete_metrics_before(LATER) == 0
    assert store.save_metric("llm", 1).id > made[-1].id


def test_the_cutoff_itself_is_kept(store: Any) -> None:
    old = store.save_metric("llm", 1)
    while (cutoff := store.save_metric("llm", 2).created_at) == old.created_at:
        pass
    assert store.delete_metrics_before(cutoff) >= 1
    assert {one.created_at for one in store.get_metrics()} == {cutoff}


def test_eight_cleaners_delete_each_metric_once(store: Any) -> None:
    with store.transaction() as tx:
        for number in range(400):
            tx.save_metric("llm", number)

    def clean(_: int) -> int:
        deleted = 0
        while count := store.delete_metrics_before(LATER, 25):
            deleted += count
        return deleted

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(clean, range(8))) == 400
    assert store.get_metrics() == []
