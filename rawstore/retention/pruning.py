"""Deleting what is history and old enough."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..progress import Progress, quiet
from ..query import Query
from . import duties
from .cutoff import moment
from .portions import Clearing, Pace

if TYPE_CHECKING:
    from ..store import Store


@dataclass(frozen=True, slots=True)
class TablePruned:
    """A table's rows before and after, and how many were deleted from it (or would be).

    `deleted` is None where that is not counted: rows that went with those they refer to, and in a
    dry run those of a query without a twin that counts. `after` is None in a dry run.
    """

    table: str
    before: int
    deleted: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted of a store, or would be. `finished` is False where it was stopped."""

    store: str
    cutoff: datetime
    tables: tuple[TablePruned, ...]
    finished: bool = True

    @property
    def deleted(self) -> int:
        """The rows of all tables."""
        return sum(table.deleted or 0 for table in self.tables)


def prune(
    store: Store,
    older_than: str | timedelta | None = None,
    *,
    before: str | date | datetime | None = None,
    subject: Any = None,
    batch: int | None = None,
    pause: float | None = None,
    dry_run: bool = False,
    stop: threading.Event | None = None,
    on_progress: Progress = quiet,
) -> Pruned:
    """See `Care.prune`."""
    cutoff = moment(older_than, before)
    found = duties.queries(store.queries, "prune")
    values: dict[str, Any] = {duties.CUTOFF: cutoff}
    param = duties.subject(found)
    if param is not None:
        if subject is None:
            raise ConfigError(f"{store.name} is pruned for one {param.name} at a time: say which")
        values |= duties.values(found, subject)
    elif subject is not None:
        raise ConfigError(f"{store.name} is pruned as a whole: no query takes whose rows")
    pace = Pace(batch, pause, stop)
    rows = _count(store, found)
    if dry_run:
        would = _would(store, found, values)
        counted = (TablePruned(name, rows[name], would.get(name), None) for name in rows)
        return Pruned(store.name, cutoff, tuple(counted))
    clearing = Clearing(store, values, pace, on_progress)
    clearing.clear(found)
    deleted: dict[str, int] = {}
    for query in found:
        name = duties.table(query)
        deleted[name] = deleted.get(name, 0) + clearing.deleted.get(query.name, 0)
    after = _count(store, found)
    tables = (TablePruned(name, rows[name], deleted.get(name), after[name]) for name in rows)
    return Pruned(store.name, cutoff, tuple(tables), finished=not pace.stopped())


def _count(store: Store, found: Sequence[Query]) -> dict[str, int]:
    """The rows of the tables that the queries delete from, and of those that refer to them."""
    from ..tables import Snapshot

    with Snapshot(store) as snapshot:
        touched = {duties.table(query) for query in found}
        for table in snapshot.tables:  # parents first, so once is enough
            if touched & {reference.table for reference in table.references}:
                touched.add(table.name)
        return {
            table.name: snapshot.count(table) for table in snapshot.tables if table.name in touched
        }


def _would(store: Store, found: Sequence[Query], values: dict[str, Any]) -> dict[str, int | None]:
    """What would be deleted, by table."""
    would: dict[str, int | None] = {}
    for query in found:
        table, twin = duties.table(query), duties.counting(store.queries, query)
        known = would.get(table, 0)
        if twin is None or known is None:
            would[table] = None
            continue
        wanted = {param.name: values[param.name] for param in twin.params}
        would[table] = known + int(getattr(store, twin.name)(**wanted))
    return would
