"""The statistics of a query, as they are read: counts, and what its histogram tells."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

# Sixteen buckets to a doubling, from 0.1 µs to 1000 s: what is read from them is within 2.2 %.
_STEPS = 16
_LEAST = 1e-7
_BOUNDS = [_LEAST * 2 ** (step / _STEPS) for step in range(math.ceil(math.log2(1e10)) * _STEPS)]


class Figures:
    """What has been counted of one query."""

    __slots__ = (
        *("calls", "errors", "histogram", "longest", "retries", "rows", "seconds", "timed"),
        "untimed",
    )

    def __init__(self) -> None:
        self.calls = 0
        self.timed = 0
        self.untimed = 0  # calls for which no timed one stands yet
        self.rows = 0
        self.retries = 0
        self.errors: dict[str, int] = {}
        self.seconds = 0.0
        self.longest = 0.0
        self.histogram: dict[int, float] = {}  # calls by bucket

    def copy(self) -> Figures:
        """Another with the same figures."""
        made = Figures()
        for name in self.__slots__:
            value = getattr(self, name)
            setattr(made, name, dict(value) if isinstance(value, dict) else value)
        return made

    def note(self, errors: Sequence[str], retries: int) -> None:
        """Add the classes of errors, and how many transactions were run again."""
        self.retries += retries
        for error in errors:
            self.errors[error] = self.errors.get(error, 0) + 1

    def add(self, calls: int, seconds: list[float]) -> None:
        """Add so many calls, of which these were timed; sorts `seconds`."""
        self.calls += calls
        if not seconds:
            self.untimed += calls
            return
        seconds.sort()
        # What was timed stands for the calls beside it that were not.
        weight = max(1.0, (calls + self.untimed) / len(seconds))
        self.untimed = 0
        self.timed += len(seconds)
        self.seconds += sum(seconds) * weight
        self.longest = max(self.longest, seconds[-1])
        position = 0
        while position < len(seconds):
            bucket = bisect_right(_BOUNDS, seconds[position])
            end = len(seconds)
            if bucket < len(_BOUNDS):
                end = bisect_left(seconds, _BOUNDS[bucket], position)
            self.histogram[bucket] = self.histogram.get(bucket, 0) + (end - position) * weight
            position = end

    def quantile(self, part: float) -> float | None:
        """The seconds within which this part of the calls ended, within 2.2 %."""
        wanted = part * sum(self.histogram.values())
        passed = 0.0
        for bucket in sorted(self.histogram):
            passed += self.histogram[bucket]
            if passed >= wanted:
                middle = _LEAST * 2 ** ((bucket - 0.5) / _STEPS)
                return min(middle, self.longest)
        return None


class QueryStats(NamedTuple):
    """What a query has done in this process, since the store was opened or the last reset.

    Times are seconds, and of a call what its caller waited for once it had a connection. `calls`
    and `seconds` are of all calls, of which `timed` were timed. `errors` counts failed ones by the
    error's class, `retries` the transactions that ran again because of one. The quantiles are
    within 2.2 %. The COMMITs of transactions have a row of their own, without file and line.
    """

    query: str
    file: str | None
    line: int | None
    calls: int
    errors: dict[str, int]
    retries: int
    rows: int
    seconds: float
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    longest: float | None
    timed: int

    def to_dict(self) -> dict[str, Any]:
        """The figures by name."""
        return self._asdict()

    @classmethod
    def of(cls, query: str, file: str | None, line: int | None, figures: Figures) -> Self:
        """The row of a query."""
        timed = figures.timed
        return cls(
            query=query,
            file=file,
            line=line,
            calls=figures.calls,
            errors=figures.errors,
            retries=figures.retries,
            rows=max(0, figures.rows),  # one that is running has no rows yet
            seconds=figures.seconds,
            mean=figures.seconds / figures.calls if timed and figures.calls else None,
            p50=figures.quantile(0.5),
            p95=figures.quantile(0.95),
            p99=figures.quantile(0.99),
            longest=figures.longest if timed else None,
            timed=timed,
        )
