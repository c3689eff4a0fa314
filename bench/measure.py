"""Timing side by side: interleaved rounds in random order, medians, and the spread of their ratio.

Absolute times on a shared machine say little; the ratio of two ways measured in the same run,
round by round, holds.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Args = tuple[Any, ...]
Sample = Callable[[Sequence[Args]], Sequence[int]]
"""Makes one call for each tuple of arguments, one after another: each call's nanoseconds."""


def timed(call: Callable[..., object], arguments: Sequence[Args]) -> list[int]:
    """Call it with each; how long each call took."""
    taken = []
    clock = time.perf_counter_ns
    for each in arguments:
        start = clock()
        call(*each)
        taken.append(clock() - start)
    return taken


async def timed_async(
    call: Callable[..., Awaitable[object]], arguments: Sequence[Args]
) -> list[int]:
    """Await it with each; how long each call took, from the call to its answer."""
    taken = []
    clock = time.perf_counter_ns
    for each in arguments:
        start = clock()
        await call(*each)
        taken.append(clock() - start)
    return taken


def compare(
    samples: Sequence[Sample], draw: Callable[[], Args], *, calls: int, rounds: int, warm_up: int
) -> list[list[Sequence[int]]]:
    """Measure every way in every round: for each way, its rounds.

    In a round each way gets the same arguments, and the ways come in random order. `warm_up` calls
    of each go before and do not count.
    """
    warm = [draw() for _ in range(warm_up)]
    for sample in samples:
        sample(warm)
    taken: list[list[Sequence[int]]] = [[] for _ in samples]
    order = list(range(len(samples)))
    for _ in range(rounds):
        arguments = [draw() for _ in range(calls)]
        random.shuffle(order)
        for index in order:
            taken[index].append(samples[index](arguments))
    return taken


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which this part of ascending values lies, interpolated between two."""
    place = (len(ordered) - 1) * part
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Of figures taken round by round: the median ratio, and its 10th and 90th percentile."""
    each = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    return statistics.median(each), quantile(each, 0.1), quantile(each, 0.9)
