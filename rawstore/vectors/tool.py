"""A store's vectors: `Store.vectors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..progress import Progress, quiet
from ..target import SqliteTarget
from .facts import Rebuilt, Tuned, VectorIndex
from .rules import RECALL

if TYPE_CHECKING:
    from ..store import Store

SAMPLE, TUNING_SAMPLE = 50, 100
WAIT = 60.0
"""Seconds for which a rebuild waits for another one to end."""


class Vectors:
    """The vector indexes of a store: how they are, building them anew, tuning their searches.

    On SQLite there are none: every search compares every vector. Each method raises ConfigError
    where pgvector is missing and the store needs it, or an index of the name is not there;
    ConnectionLost; and PermissionDenied, with the statements that somebody who may has to run.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def status(
        self, *, sample: int = SAMPLE, recall: bool = True, on_progress: Progress = quiet
    ) -> list[VectorIndex]:
        """What each index is, and how good: recall of the ten nearest, and times, on a sample.

        The sample is of at most so many stored vectors, the same each time. Each is compared with
        all others, for which an index is given 30 seconds: of a large table the sample is smaller.
        Without `recall` nothing is measured. An empty list: the store has no vectors.
        """
        _check_sample(sample)
        if isinstance(self._store.target, SqliteTarget):
            from .scan import status as scan  # only what the dialect needs

            return scan(self._store, sample, recall=recall, on_progress=on_progress)
        from .status import status

        return status(self._store, sample, recall=recall, on_progress=on_progress)

    def rebuild(
        self,
        index: str | None = None,
        *,
        force: bool = False,
        dry_run: bool = False,
        recall: float = RECALL,
        sample: int = SAMPLE,
        wait: float = WAIT,
        on_progress: Progress = quiet,
    ) -> list[Rebuilt]:
        """Build anew each index that has a reason, or the one named, as it is used and written to.

        Reasons: it is invalid; its lists are too few for its rows, or these have doubled since it
        was built; its recall is below `recall`, and it was built on other rows; `force`. One run at
        a time: another waits for `wait` seconds, then raises DatabaseBusy. Whatever stops a run
        leaves an index in place, and what else it leaves the next run drops. With `dry_run` nothing
        is changed. Empty on SQLite.
        """
        _check(recall, sample)
        if isinstance(self._store.target, SqliteTarget):
            return []
        from .rebuild import Wanted, rebuild

        wanted = Wanted(force=force, recall=recall, sample=sample, on_progress=on_progress)
        return rebuild(self._store, index, wanted, dry_run=dry_run, wait=wait)

    def tune(
        self,
        index: str | None = None,
        *,
        recall: float = RECALL,
        sample: int = TUNING_SAMPLE,
        dry_run: bool = False,
        on_progress: Progress = quiet,
    ) -> list[Tuned]:
        """Find the smallest probes or ef_search with which an index has the recall, and keep it.

        Smallest so that, with 95 % confidence in so small a sample, the recall is no lower. It is
        kept where the store's searches find it: in a function of the schema that is called as the
        index and _probes or _ef_search, in functions that set it and search the table, or else
        for the database, or the role in it, from the next connection on. Where the recall is out of
        reach, and with `dry_run`, nothing is changed. Empty on SQLite.
        """
        _check(recall, sample)
        if isinstance(self._store.target, SqliteTarget):
            return []
        from .tune import tune

        return tune(
            self._store,
            index,
            recall=recall,
            sample=sample,
            dry_run=dry_run,
            on_progress=on_progress,
        )


def _check(recall: float, sample: int) -> None:
    if not 0 < recall <= 1:
        raise ConfigError(f"a recall is above 0 and at most 1, not {recall:g}")
    _check_sample(sample)


def _check_sample(sample: int) -> None:
    if not 1 <= sample <= 10_000:
        raise ConfigError(f"a sample is from 1 to 10000 vectors, not {sample}")
