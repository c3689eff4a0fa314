"""A latency counts from when a call should have begun, however late it did."""

from __future__ import annotations

import time

import pytest

from bench.open_loop import Arrivals, MonotonicClock, loaded, served, work


class FakeClock:
    """Time passes only where somebody waits, or works."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def wait_until(self, moment: float) -> None:
        self.time = max(self.time, moment)


def latencies(*services: float, rate: float = 1.0) -> list[float]:
    clock = FakeClock()
    left = iter(services)

    def call() -> None:
        clock.time += next(left)

    return work(Arrivals(rate, len(services), clock.now()), call, [()], clock)


def test_calls_that_are_quick_take_their_own_time() -> None:
    assert latencies(0.25, 0.5, 0.25) == [0.25, 0.5, 0.25]


def test_calls_behind_a_slow_one_have_waited() -> None:
    assert latencies(3.0, 0.5, 0.5, 0.5, 0.5) == [3.0, 2.5, 2.0, 1.5, 1.0]


def test_more_than_can_be_served_waits_ever_longer() -> None:
    assert latencies(1.0, 1.0, 1.0, 1.0, rate=2.0) == [1.0, 1.5, 2.0, 2.5]


def test_workers_share_the_calls() -> None:
    arrivals = Arrivals(2.0, 3, 10.0)
    assert [arrivals.take() for _ in range(5)] == [(0, 10.0), (1, 10.5), (2, 11.0), None, None]


def test_every_call_is_made_once() -> None:
    made: list[int] = []
    arguments = [(number,) for number in range(1000)]
    clock = MonotonicClock()
    taken = served(Arrivals(1e6, 1000, clock.now()), made.append, arguments, clock, 4)
    assert len(taken) == 1000
    assert taken == sorted(taken)
    assert sorted(made) == list(range(1000))


def test_a_failed_call_is_not_lost() -> None:
    clock = MonotonicClock()
    with pytest.raises(ZeroDivisionError):
        served(Arrivals(1e6, 2, clock.now()), lambda n: 1 / n, [(1,), (0,)], clock, 2)


def test_a_rate_that_is_too_much_is_not_held() -> None:
    taken, held = loaded(lambda: time.sleep(0.002), [()], rate=1e6, seconds=2e-5, workers=1)
    assert len(taken) == 20
    assert held < 500
