"""Timing side by side: interleaved rounds in random order, medians, and the spread of their ratio.

Absolute times on a shared machine say little; the ratio of two ways measured in the same run,
round by round, holds.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Call = Callable[[], object]

WARM_UP = 200  # calls of each way before anything counts
CALLS = 200  # calls of each way in a round


@dataclass(frozen=True, slots=True)
class Timing:
    """One way's latencies in microseconds, and its rounds' medians beside the reference's."""

    name: str
    p50: float
    p90: float
    p99: float
    ratio: float
    ratio_low: float
    ratio_high: float


def compare(ways: Mapping[str, Call], *, rounds: int) -> list[Timing]:
    """Time every way against the first, which is the reference; in the order given."""
    for call in ways.values():
        _timed(call, WARM_UP)
    samples: dict[str, list[list[float]]] = {name: [] for name in ways}
    order = list(ways)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            samples[name].append(_timed(ways[name], CALLS))
    reference = [statistics.median(sample) for sample in samples[next(iter(ways))]]
    return [_timing(name, samples[name], reference) for name in ways]


def _timed(call: Call, times: int) -> list[float]:
    taken = []
    clock = time.perf_counter_ns
    for _ in range(times):
        start = clock()
        call()
        taken.append((clock() - start) / 1000)
    return taken


def _timing(name: str, rounds: Sequence[Sequence[float]], reference: Sequence[float]) -> Timing:
    everything = sorted(value for sample in rounds for value in sample)
    ratios = sorted(
        statistics.median(sample) / base for sample, base in zip(rounds, reference, strict=True)
    )
    return Timing(
        name,
        _quantile(everything, 0.5),
        _quantile(everything, 0.9),
        _quantile(everything, 0.99),
        statistics.median(ratios),
        _quantile(ratios, 0.1),
        _quantile(ratios, 0.9),
    )


def _quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
