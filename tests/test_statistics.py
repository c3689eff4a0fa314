"""What is recorded of calls, and what is read from that: pure."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rawstore.figures import Figures
from rawstore.query import Query
from rawstore.statistics import FULL, ONE_IN_SIXTEEN, Recorder
from tests import query_files

TEXT = """
-- name: get_one(id int) :scalar int
SELECT :id;
"""


@pytest.fixture
def query() -> Query:
    return query_files.query(TEXT)


@given(st.lists(st.floats(min_value=1e-6, max_value=900), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_within_its_precision(seconds: list[float], part: float) -> None:
    figures = Figures()
    figures.add(len(seconds), list(seconds))
    rank = max(0, -int(-part * len(seconds) // 1) - 1)
    exact = sorted(seconds)[rank]
    assert figures.quantile(part) == pytest.approx(exact, rel=0.023)


def test_times_beyond_the_histogram_are_kept() -> None:
    figures = Figures()
    figures.add(3, [1e-9, 1.0, 1e6])
    assert sum(figures.histogram.values()) == 3
    assert figures.longest == 1e6
    assert figures.quantile(1) == pytest.approx(1000, rel=1)


def test_timed_calls_stand_for_those_beside_them() -> None:
    figures = Figures()
    figures.add(16, [0.5])
    assert (figures.calls, figures.timed, figures.seconds) == (16, 1, 8.0)


def test_a_quick_query_is_timed_now_and_then_and_counted_always(query: Query) -> None:
    recorder = Recorder(keep=True)
    (variant,) = query.variants
    tally = recorder.tallies[variant]
    for _ in range(FULL):
        tally.tick()
        tally.timed(variant, 5e-6, 1)
    assert tally.mask == ONE_IN_SIXTEEN
    for _ in range(1600):
        if not tally.tick() & tally.mask:
            tally.timed(variant, 5e-6, 1)
    (row,) = recorder.read()
    assert (row.calls, row.rows, row.timed) == (FULL + 1600, FULL + 1600, FULL + 100)
    assert row.seconds == pytest.approx(5e-6 * row.calls)


def test_a_query_that_becomes_slow_is_timed_always(query: Query) -> None:
    recorder = Recorder(keep=True)
    (variant,) = query.variants
    tally = recorder.tallies[variant]
    tally.mask = ONE_IN_SIXTEEN
    for _ in range(FULL):
        tally.timed(variant, 1e-3, 1)
    assert tally.mask == 0


def test_observers_see_every_call_and_no_values(query: Query) -> None:
    seen: list[tuple[Any, ...]] = []
    recorder = Recorder(keep=False)
    recorder.observe(lambda *call: seen.append(call))
    (variant,) = query.variants
    tally = recorder.tallies[variant]
    error = ValueError()
    for _ in range(FULL):
        tally.timed(variant, 5e-6, 1)
    tally.failed(variant, 0.5, error)
    assert tally.mask == 0
    assert seen[0] == (variant, 5e-6, 1, None)
    assert seen[-1] == (variant, 0.5, None, error)
    assert len(seen) == FULL + 1


def test_all_variants_have_one_tally_whichever_thread_asks_first(query: Query) -> None:
    (variant,) = query.variants
    for _ in range(50):
        recorder = Recorder(keep=True)
        with ThreadPoolExecutor(8) as pool:
            tallies = set(pool.map(lambda _, r=recorder: r.tallies[variant], range(16)))
        assert len(tallies) == 1


def test_retries_count_for_the_query_that_failed(query: Query) -> None:
    from rawstore.errors import SerializationFailure

    recorder = Recorder(keep=True)
    (variant,) = query.variants
    recorder.tallies[variant].done(variant, 0.001, 1)
    recorder.retried(SerializationFailure("", query=query.full_name))
    recorder.committed(0.001, SerializationFailure(""))
    recorder.retried(SerializationFailure(""))
    found = {row.query: row for row in recorder.read()}
    assert found[query.full_name].retries == 1
    assert (found["COMMIT"].retries, found["COMMIT"].errors) == (1, {"SerializationFailure": 1})


def test_readings_do_not_change_afterwards(query: Query) -> None:
    recorder = Recorder(keep=True)
    (variant,) = query.variants
    durations = [random.random() for _ in range(100)]
    for seconds in durations:
        recorder.tallies[variant].done(variant, seconds, 1)
    (before,) = recorder.read()
    recorder.tallies[variant].broken(variant, 1.0, ValueError())
    (after,) = recorder.read()
    assert (before.calls, before.errors) == (100, {})
    assert (after.calls, after.errors) == (101, {"ValueError": 1})
    assert before.seconds == pytest.approx(sum(durations))
