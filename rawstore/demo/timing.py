"""What calls cost, measured from outside: nothing of this is in the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from statistics import median
from time import perf_counter_ns
from typing import Any

from rich import box
from rich.table import Table

COMMIT = "COMMIT"


class Calls:
    """The durations of calls, in nanoseconds, by the query's name."""

    def __init__(self) -> None:
        self._durations: dict[str, list[int]] = {}

    def add(self, name: str, durations: Sequence[int]) -> None:
        """Note what calls of a query took."""
        self._durations.setdefault(name, []).extend(durations)

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, whose calls are noted under this name."""

        def measured(*args: Any, **kwargs: Any) -> Any:
            started = perf_counter_ns()
            try:
                return call(*args, **kwargs)
            finally:
                self.add(name, [perf_counter_ns() - started])

        return measured

    def table(self) -> Table:
        """One line a query, in the order of their first calls."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        table.add_column("query", no_wrap=True)
        for column in ("calls", "median", "p99"):
            table.add_column(column, justify="right", no_wrap=True)
        for name, durations in self._durations.items():
            middle, high = median(durations), percentile(durations, 0.99)
            table.add_row(name, str(len(durations)), duration(middle), duration(high))
        return table


class Timed:
    """A store or transaction whose query calls are noted, and the COMMIT of its transactions."""

    def __init__(self, store: Any, calls: Calls) -> None:
        self._store = store
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._calls.timed(name, getattr(self._store, name))

    @contextmanager
    def transaction(self) -> Iterator[Timed]:
        """As the store's own."""
        left = 0
        with self._store.transaction() as transaction:
            yield Timed(transaction, self._calls)
            left = perf_counter_ns()
        self._calls.add(COMMIT, [perf_counter_ns() - left])


def percentile(durations: Sequence[int], share: float) -> int:
    """The least duration that this share of all does not exceed."""
    return sorted(durations)[ceil(len(durations) * share) - 1]


def duration(nanoseconds: float) -> str:
    """In the unit that suits, with two digits at least."""
    for unit, size in (("s", 1e9), ("ms", 1e6)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.{1 if nanoseconds < 100 * size else 0}f} {unit}"
    return f"{nanoseconds / 1e3:.{1 if nanoseconds < 1e5 else 0}f} µs"
