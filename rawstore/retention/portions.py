"""Deleting much in portions, each a short transaction of its own, with pauses in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..progress import Progress
from ..query import Query
from . import duties

if TYPE_CHECKING:
    from ..store import Store

SECONDS = 0.03  # that a portion should take: so long may a writer wait
FIRST = 200  # rows of the first portion; the next ones follow from the time that it took
LEAST = 50
REST = 0.01  # seconds at least between two portions: SQLite's waiting writers look again and again


class Pace:
    """How much at once, how long between, and until when.

    `batch`: rows of a portion at most; without, what each query says. `pause`: seconds between
    two portions; without, as long as the last one took. Once `stop` is set no more portion begins.
    """

    def __init__(
        self, batch: int | None, pause: float | None, stop: threading.Event | None
    ) -> None:
        """Raises ConfigError."""
        if batch is not None and batch < 1:
            raise ConfigError("a portion has at least one row")
        if pause is not None and pause < 0:
            raise ConfigError("a pause cannot be negative")
        self.batch = batch
        self._pause = pause
        self._stop = stop or threading.Event()

    def stopped(self) -> bool:
        """Whether no more portion may begin."""
        return self._stop.is_set()

    def rest(self, took: float) -> None:
        """Pause, unless it is to end."""
        self._stop.wait(max(took, REST) if self._pause is None else self._pause)


def next_size(size: int, count: int, took: float) -> int:
    """How many rows the next portion may have, after `count` of `size` took so many seconds.

    A portion that is not full says how long a full one might take, at most: there is a fixed cost.
    """
    if not count:
        return size
    fitting = int(size * min(2.0, max(0.5, SECONDS * count / size / max(took, 1e-6))))
    return max(LEAST, fitting) if count >= size else max(size, fitting)


class Clearing:
    """Runs queries until nothing is left for them; counts what each deleted."""

    def __init__(
        self, store: Store, values: Mapping[str, Any], pace: Pace, on_progress: Progress
    ) -> None:
        self._store = store
        self._values = values
        self._pace = pace
        self._tell = on_progress
        self._sizes: dict[str, int] = {}
        self.deleted: dict[str, int] = {}

    def clear(self, queries: Sequence[Query], stock: int | None = None) -> None:
        """A portion of each in turn, until a round deletes nothing, or it is to stop.

        In turn, not one after the other: what is emptied by one is taken away by the next, and
        need not be passed over again and again. Once `stock` rows are deleted, what is left has
        come meanwhile: a round in which no portion is full is then the last.
        """
        gone, found = 0, True
        while found and not self._pace.stopped():
            found = full = False
            for query in queries:
                if self._pace.stopped():
                    break
                size = self._size(query)
                count = self._portion(query, size)
                gone += count
                found, full = found or count > 0, full or count >= size
            if stock is not None and gone >= stock and not full:
                return

    def once(self, query: Query) -> int:
        """All that the query deletes, in one transaction; how many rows that were."""
        return self._run(query, {})

    def _size(self, query: Query) -> int:
        """Rows of its next portion at most."""
        return self._sizes.setdefault(query.name, min(FIRST, self._most(query)))

    def _most(self, query: Query) -> int:
        return self._pace.batch or duties.most(query) or FIRST

    def _portion(self, query: Query, size: int) -> int:
        began = time.perf_counter()
        count = self._run(query, {duties.LIMIT: size})
        took = time.perf_counter() - began
        self._sizes[query.name] = min(self._most(query), next_size(size, count, took))
        self._pace.rest(took)
        return count

    def _run(self, query: Query, more: Mapping[str, Any]) -> int:
        """Repeatable read: on PostgreSQL a row that came after the snapshot is then never deleted.

        Not with its parent either: the cascade of a foreign key fails instead, and is tried again.
        """
        names = {param.name for param in query.params}
        values = {**{name: each for name, each in self._values.items() if name in names}, **more}

        def work(tx: Any) -> int:
            affected: int = getattr(tx, query.name)(**values)
            return affected

        count = self._store.run(work, isolation="repeatable read")
        self.deleted[query.name] = self.deleted.get(query.name, 0) + count
        self._tell(duties.table(query) or query.name, self.deleted[query.name], None)
        return count
