"""Latency under load: calls come at a fixed rate, whether or not the ones before are answered.

A loop that sends a call when the last one is answered asks less just when the database is slow, and
so never sees the queue that it would have met. Here each call has a moment at which it should
begin; its latency counts from there, however late a worker is free for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from .clients import threads as threads_at_once
from .measure import Args, quantile
from .peers import psycopg, rawstore
from .place import made
from .results import PARTS, OpenLoopResult
from .timer import wake_promptly

RATES = (500.0, 2000.0, 5000.0, 10_000.0)  # calls per second


class Clock(Protocol):
    """Seconds that pass, and waiting for one of them."""

    def now(self) -> float:
        """The time."""

    def wait_until(self, moment: float) -> None:
        """Return once that time has come."""


class MonotonicClock:
    """The machine's own."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.perf_counter()

    def wait_until(self, moment: float) -> None:
        """Sleep until then."""
        while (left := moment - time.perf_counter()) > 0:
            time.sleep(left)


@dataclass
class Arrivals:
    """So many calls: the first should begin at `start`, each one 1 / `rate` s after another."""

    rate: float
    count: int
    start: float
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> tuple[int, float] | None:
        """The next call's number, and when it should begin; None after the last."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        return (number, self.start + number / self.rate) if number < self.count else None


def work(
    arrivals: Arrivals, call: Callable[..., object], arguments: Sequence[Args], clock: Clock
) -> list[float]:
    """Take calls until there are none; each one's seconds from when it should have begun."""
    taken = []
    while (next_call := arrivals.take()) is not None:
        number, moment = next_call
        clock.wait_until(moment)
        call(*arguments[number % len(arguments)])
        taken.append(clock.now() - moment)
    return taken


def served(
    arrivals: Arrivals,
    call: Callable[..., object],
    arguments: Sequence[Args],
    clock: Clock,
    workers: int,
) -> list[float]:
    """The latencies of so many workers, each a thread; ascending. Raises a call's error."""
    taken: list[list[float]] = [[] for _ in range(workers)]
    problems: list[BaseException] = []

    def run(index: int) -> None:
        try:
            taken[index] = work(arrivals, call, arguments, clock)
        except BaseException as error:  # raised where the threads are waited for
            problems.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return sorted(latency for each in taken for latency in each)


def loaded(
    call: Callable[..., object],
    arguments: Sequence[Args],
    *,
    rate: float,
    seconds: float,
    workers: int,
) -> tuple[list[float], float]:
    """Latencies in seconds, ascending, at so many calls per second; and the rate that was held."""
    threads_at_once(call, arguments, workers, 0.05)  # every connection is there
    wake_promptly()
    clock = MonotonicClock()
    arrivals = Arrivals(rate, max(1, round(rate * seconds)), clock.now() + 0.05)
    taken = served(arrivals, call, arguments, clock, workers)
    return taken, arrivals.count / (clock.now() - arrivals.start)


def measured(
    url: str, rates: Sequence[float], seconds: float, workers: int
) -> Iterator[OpenLoopResult]:
    """Point reads at each rate, of each way in turn. Raises ConfigError as `place.made` does."""
    with made(url) as place, ExitStack() as stack:
        applications = {
            peer.name: stack.enter_context(peer.open(place))
            for peer in (rawstore.STORE, psycopg.POOLED)
        }
        arguments = [place.any_user() for _ in range(1000)]
        for rate in rates:
            for name, application in applications.items():
                latencies, held = loaded(
                    application.get_user, arguments, rate=rate, seconds=seconds, workers=workers
                )
                quantiles = [round(quantile(latencies, part) * 1e6, 3) for part in PARTS]
                figures = (rate, round(held, 1), workers, len(latencies), quantiles)
                yield OpenLoopResult(place.dialect, name, *figures)
