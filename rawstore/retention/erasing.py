"""Deleting what one person has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..progress import Progress, quiet
from ..query import Query
from ..target import SqliteTarget
from . import duties
from .exporting import counted, export_subject
from .portions import Clearing, Pace

if TYPE_CHECKING:
    from ..store import Store

_PASSES = 5  # over all queries: the last one finds nothing, unless somebody goes on writing


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows each query deleted, or in a dry run each `-- export:` query gives.

    `finished` is False where it was stopped, or where more kept coming: run it again. `untouched`
    are the tables that none of the queries deletes from. `notes` say what may be left in files.
    """

    store: str
    rows: Mapping[str, int]
    untouched: tuple[str, ...]
    finished: bool = True
    notes: tuple[str, ...] = ()


def erase(
    store: Store,
    subject: Any,
    *,
    export: Path | None = None,
    batch: int | None = None,
    pause: float | None = None,
    dry_run: bool = False,
    stop: threading.Event | None = None,
    on_progress: Progress = quiet,
) -> Erased:
    """See `Care.erase`."""
    found = duties.queries(store.queries, "erase")
    whose = duties.values(found, subject)
    pace = Pace(batch, pause, stop)
    untouched = _untouched(store)
    if dry_run:
        return Erased(store.name, counted(store, subject), untouched)
    if export is not None:
        export_subject(store, subject, export, on_progress=on_progress)
    clearing = Clearing(store, whose, pace, on_progress)
    with _without_traces(store) as traces:
        finished = _passes(clearing, pace, found, lambda: _stock(store, subject))
    return Erased(
        store.name,
        {query.name: clearing.deleted.get(query.name, 0) for query in found},
        untouched,
        finished,
        tuple(traces or ()),
    )


def _stock(store: Store, subject: Any) -> int | None:
    """How many rows the subject has by now; None where no query gives them."""
    if not any("export" in query.reasons for query in store.queries):
        return None
    return sum(counted(store, subject).values())


def _passes(
    clearing: Clearing, pace: Pace, found: list[Query], stock: Callable[[], int | None]
) -> bool:
    """Whether, in the end, a pass over all queries found nothing more.

    A pass is over when what there was at its beginning is gone: somebody may go on writing.
    """
    portioned = [query for query in found if duties.most(query) is not None]
    whole = [query for query in found if query not in portioned]
    for _ in range(_PASSES):
        before = sum(clearing.deleted.values())
        clearing.clear(portioned, stock())
        for query in whole:  # after: one may take with it what the others leave
            if not pace.stopped():
                clearing.once(query)
        if pace.stopped():
            return False
        if sum(clearing.deleted.values()) == before:
            return True
    return False


def _untouched(store: Store) -> tuple[str, ...]:
    from ..tables import Snapshot

    touched = {duties.table(query) for query in duties.queries(store.queries, "erase")}
    with Snapshot(store) as snapshot:
        return tuple(sorted({table.name for table in snapshot.tables} - touched))


def _without_traces(store: Store) -> Any:
    if not isinstance(store.target, SqliteTarget):
        return nullcontext()
    from .traces import without_traces  # SQLite alone

    return without_traces(store)
