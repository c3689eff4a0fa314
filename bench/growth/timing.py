"""Calls timed side by side: in turns, so that what slows the machine slows all of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

Timed = Callable[[], float]
"""Does something once; how many seconds that took."""

_WARM_UP = 6  # PostgreSQL plans anew for each of the first five
_ROUNDS = 30
_BLOCK = 20  # calls in a turn, at most


def side_by_side(calls: Sequence[Timed], seconds: float) -> list[list[float]]:
    """Each call's times, in seconds, out of about so many seconds for all of them.

    Warm, and as many times as there is time for; of what takes longer than that, the first.
    """
    first = [[call()] for call in calls]
    once = sum(taken for (taken,) in first)
    if once > seconds:
        return first
    for _ in range(min(_WARM_UP, int(seconds / once / 2))):
        for call in calls:
            call()
    end = time.perf_counter() + seconds
    block = min(max(int(seconds / once / _ROUNDS), 1), _BLOCK)
    times: list[list[float]] = [[] for _ in calls]
    turns = list(range(len(calls)))
    for done in range(_ROUNDS):
        if done and time.perf_counter() > end:
            break
        random.shuffle(turns)
        for turn in turns:
            times[turn] += [calls[turn]() for _ in range(block)]
    return times


def quantile(times: Sequence[float], part: float) -> float:
    """The time that this part of the times does not exceed: in microseconds, to a tenth."""
    ordered = sorted(times)
    return round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1_000_000, 1)
