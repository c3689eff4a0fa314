"""What each query has done: calls, errors, rows and how long they took, recorded as it runs.

A call that went well appends its seconds to a list: that is atomic, and takes no lock. Lists that
are full are folded into a histogram. All that is a twentieth of a read by key on this machine; so
of a query whose calls are that quick only one in sixteen is timed. Every call is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .errors import ConfigError
from .query import Kind, Query, Variant

if TYPE_CHECKING:
    from .figures import Figures, QueryStats
    from .target import Target

Calls = Sequence[tuple[Variant, Sequence[Any]]]
Observer = Callable[[Variant, float, int | None, BaseException | None], None]
"""Is told of each call: its seconds, its rows where they are known, its error where it failed."""
FlightObserver = Callable[[Calls, float], None]
"""Is told of each batch that has been sent, and of its seconds."""

clock = perf_counter

FULL = 512  # seconds in a list before it is folded
QUICK = 25e-6  # the median of a query's seconds below which only some of its calls are timed
ONE_IN_SIXTEEN = 15


class Tally:
    """One query's calls, and what is known of them since the last reading.

    A single call takes a number (`tick`) and is timed if that has no bit of `mask`. What is more
    than one statement's way to the database and back is always timed, and takes none.
    """

    __slots__ = (
        "_figures",
        "_lock",
        "_observers",
        "_read",
        "_ticked",
        "errors",
        "limit",
        "mask",
        "missed",
        "others",
        "retries",
        "seconds",
        "single",
        "sizes",
        "tick",
    )

    def __init__(self, observers: Sequence[Observer], *, single: bool) -> None:
        """A `single` one's answers are one row, or None."""
        self.single = single
        self.tick = count().__next__
        self.mask = 0
        self.seconds: list[float] = []  # of each call with a number that was timed
        self.others: list[float] = []  # of each without
        self.sizes: list[int] = []  # rows, of calls that may have any number of them
        self.missed: list[None] = []  # one for each None where a row was asked for
        self.errors: list[str] = []
        self.retries: list[None] = []
        self.limit = 0 if observers else FULL
        self._read = 0  # numbers taken only to learn how many there were
        self._ticked = 0
        self._observers = observers
        self._figures: Figures | None = None
        self._lock = threading.Lock()

    # -- recording

    def timed(self, variant: Variant, seconds: float, answer: Any) -> None:
        """A call with a number has gone well; its rows are counted apart."""
        self.seconds.append(seconds)
        if len(self.seconds) >= self.limit:
            self._full(variant, seconds, answer)

    def gave(self, answer: Any) -> None:
        """Count the rows of a call that has gone well, which gave this."""
        if not self.single:
            if answer is not None:
                self.sizes.append(answer if isinstance(answer, int) else len(answer))
        elif answer is None:
            self.missed.append(None)

    def done(self, variant: Variant, seconds: float, answer: Any) -> None:
        """A call without a number has gone well, and gave this."""
        self.others.append(seconds)
        self.gave(answer)
        if len(self.others) >= self.limit:
            self._full(variant, seconds, answer)

    def _full(self, variant: Variant, seconds: float, answer: Any) -> None:
        if self._observers:
            self.tell(variant, seconds, self._rows(answer), None)
        self.fold_full()

    def failed(self, variant: Variant, seconds: float | None, error: BaseException) -> None:
        """A call with a number has failed; None where it was not timed."""
        if seconds is not None:
            self.seconds.append(seconds)
        self._note(variant, seconds, error)

    def broken(self, variant: Variant, seconds: float, error: BaseException) -> None:
        """A call without a number has failed."""
        self.others.append(seconds)
        self._note(variant, seconds, error)

    def _note(self, variant: Variant, seconds: float | None, error: BaseException) -> None:
        self.errors.append(type(error).__name__)
        if self._observers:
            self.tell(variant, seconds or 0.0, None, error)
        self.fold_full()

    def ended(self, seconds: float, rows: int, error: BaseException | None) -> None:
        """A stream has ended, or is closed, after so many rows; the observers are told apart."""
        self.others.append(seconds)
        self.sizes.append(rows)
        if error is not None:
            self.errors.append(type(error).__name__)
        self.fold_full()

    def tell(
        self, variant: Variant, seconds: float, rows: int | None, error: BaseException | None
    ) -> None:
        """Tell the observers of a call."""
        for observer in self._observers:
            observer(variant, seconds, rows, error)

    def _rows(self, answer: Any) -> int | None:
        if self.single:
            return int(answer is not None)
        if answer is None or isinstance(answer, int):
            return answer
        return len(answer)

    # -- reading

    def read(self, *, reset: bool) -> Figures:
        """The figures as they are now; with `reset` the next ones begin at zero."""
        with self._lock:
            figures = self._fold()
            self._figures = None if reset else figures.copy()
        return figures

    def fold_full(self) -> None:
        """Fold what is full."""
        full = max(len(self.seconds), len(self.others), len(self.errors)) >= FULL
        if full and self._lock.acquire(blocking=False):  # else somebody is about it
            try:
                self._fold()
            finally:
                self._lock.release()

    def _fold(self) -> Figures:
        from .figures import Figures  # a short run has no need of it

        figures = self._figures = self._figures or Figures()
        # What is noted after a call's seconds is taken before: no error is seen without its call.
        retries, errors, missed = _taken(self.retries), _taken(self.errors), _taken(self.missed)
        sizes, seconds, others = _taken(self.sizes), _taken(self.seconds), _taken(self.others)
        calls = self._calls()
        figures.add(calls, seconds)
        figures.add(len(others), others)
        figures.note(errors, len(retries))
        figures.rows += sum(sizes)
        if self.single:
            figures.rows += calls + len(others) - len(missed) - len(errors)
        if len(seconds) >= FULL:
            quick = not self._observers and seconds[len(seconds) // 2] < QUICK
            self.mask = ONE_IN_SIXTEEN if quick else 0
        return figures

    def _calls(self) -> int:
        """The calls since this was last asked."""
        number = self.tick() - self._read
        self._read += 1
        calls, self._ticked = number - self._ticked, number
        return calls


def _taken(items: list[Any]) -> list[Any]:
    """All of a list; nothing is lost that others append meanwhile."""
    taken = items[:]
    del items[: len(taken)]
    return taken


class Tallies(dict[Variant, Tally]):
    """Tallies by variant; those of one query have the same, whichever thread asks first."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        super().__init__()
        self.by_query: dict[Query, Tally] = {}
        self._observers = observers

    def __missing__(self, variant: Variant) -> Tally:
        query = variant.query
        single = query.kind in (Kind.ONE, Kind.SCALAR)
        made = Tally(self._observers, single=single)
        return self.setdefault(variant, self.by_query.setdefault(query, made))


class Recorder:
    """The tallies of an engine's queries, and who else wants to know of each call."""

    def __init__(self, *, keep: bool) -> None:
        """Without `keep` there are no statistics, and without observers nothing is recorded."""
        self.keep = keep
        self._observers: list[Observer] = []
        self._flights: list[FlightObserver] = []
        self.tallies = Tallies(self._observers)
        self.commits = Tally((), single=False)

    @classmethod
    def of(cls, target: Target) -> Recorder:
        """What a database's URL asks for."""
        recorder = cls(keep=target.stats)
        if target.slow:
            from .slow import SlowLog  # asked for by few

            log = SlowLog(target.slow)
            recorder.observe(log, log.batch)
        if target.echo:
            from .echo import echo

            recorder.observe(echo)
        return recorder

    @property
    def active(self) -> bool:
        """Whether anything is to be recorded."""
        return self.keep or bool(self._observers)

    def observe(self, observer: Observer, flights: FlightObserver | None = None) -> None:
        """Tell `observer` of each call, and `flights` of each batch. To be asked for at first."""
        self._observers.append(observer)
        if flights is not None:
            self._flights.append(flights)

    def refused(self, variant: Variant, error: BaseException) -> None:
        """A call that got no connection."""
        if self.active:
            tally = self.tallies[variant]
            tally.tick()
            tally.failed(variant, None, error)

    def retried(self, error: BaseException) -> None:
        """A transaction is run again because of this error."""
        name = getattr(error, "query", None)
        for query, tally in list(self.tallies.by_query.items()):
            if query.full_name == name:
                tally.retries.append(None)
        if name is None:
            self.commits.retries.append(None)

    def batch(self, calls: Calls, seconds: float, outcomes: Sequence[Any]) -> None:
        """Calls that were sent as one have ended: each has an equal share of the time."""
        share = seconds / len(calls)
        for (variant, _), outcome in zip(calls, outcomes, strict=True):
            tally = self.tallies[variant]
            if isinstance(outcome, BaseException):
                tally.broken(variant, share, outcome)
            else:
                tally.done(variant, share, outcome)
        self.flown(calls, seconds)

    def flown(self, calls: Calls, seconds: float) -> None:
        """A batch has ended, whose calls are recorded already."""
        for observer in self._flights:
            observer(calls, seconds)

    def committed(self, seconds: float, error: BaseException | None) -> None:
        """A COMMIT has ended."""
        self.commits.others.append(seconds)
        if error is not None:
            self.commits.errors.append(type(error).__name__)
        self.commits.fold_full()

    def read(self, *, reset: bool = False) -> list[QueryStats]:
        """The statistics of each query that was called, what took longest first."""
        if not self.keep:
            raise ConfigError("this store keeps no statistics: it was opened with stats=off")
        from .figures import QueryStats

        rows = [
            QueryStats.of(query.full_name, str(query.file), query.line, tally.read(reset=reset))
            for query, tally in list(self.tallies.by_query.items())
        ]
        rows.append(QueryStats.of("COMMIT", None, None, self.commits.read(reset=reset)))
        return sorted((row for row in rows if row.calls), key=lambda row: (-row.seconds, row.query))
