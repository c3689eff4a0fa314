"""Backups at intervals, for as long as the process lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, DatabaseBusy
from .listing import of_store, prune
from .make import FOLDER, Backup, backup
from .unfinished import disk, try_lock

if TYPE_CHECKING:
    from ..store import Store

_LOOK = 30.0  # seconds between looks at the clock, which a suspended machine does not stop
_LONGEST = 3650 * 86400.0  # seconds
_RETRY = 24  # a run that failed is tried again after this part of the interval
_RETRY_LEAST = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the schedule: a backup and what was removed for it, or what went wrong."""

    backup: Backup | None
    removed: tuple[Path, ...]
    error: Exception | None
    next_at: datetime


def schedule(
    store: Store,
    folder: str | Path = FOLDER,
    *,
    every: float,
    keep: int | None = None,
    pg_dump: str | Path | None = None,
    stop: threading.Event,
    on_run: Callable[[Run], None],
) -> Exception | None:
    """Make a backup every so many seconds until `stop` is set; what the last run failed of.

    The first comes at once, or when the newest in the folder is old enough. After one that failed
    the next comes sooner. `keep` is how many of the store's backups stay. Raises DatabaseBusy if
    another process does the same.
    """
    place = Path(folder)
    if not 0 < every <= _LONGEST:
        raise ConfigError(f"backups every {every:g} s: an interval is above 0 and within ten years")
    if place.suffix and not place.is_dir():
        raise ConfigError(f"{place} is a file's name: a schedule needs a folder")
    error = None
    with _alone(place, store.name):
        due = next_run(store, place, every)
        while not _wait(stop, due, every):
            run = _run(store, place, every, keep, pg_dump)
            if stop.is_set() and run.error is not None:
                break  # it was told to end
            error, due = run.error, run.next_at
            on_run(run)
    return error


def next_run(store: Store, folder: Path, every: float) -> datetime:
    """When a backup is due: an interval after the newest that is there, or now."""
    now = datetime.now(UTC)
    found = [each.manifest.made_at for each in of_store(folder, store) if each.manifest]
    return max([now, *(made_at + timedelta(seconds=every) for made_at in found[-1:])])


def _run(
    store: Store, folder: Path, every: float, keep: int | None, pg_dump: str | Path | None
) -> Run:
    began = datetime.now(UTC)
    made, removed = None, []
    try:
        made = backup(store, folder, pg_dump=pg_dump)
        removed = prune(folder, store, keep) if keep else []
    except Exception as error:  # whatever it is, the next run may succeed
        pause = min(every, max(every / _RETRY, _RETRY_LEAST))
        return Run(made, (), error, began + timedelta(seconds=pause))
    return Run(made, tuple(removed), None, began + timedelta(seconds=every))


def _wait(stop: threading.Event, due: datetime, every: float) -> bool:
    """Wait until `due`; whether it is time to end instead.

    What is due in more than an interval was reckoned before the clock was set back.
    """
    while 0 < (left := (due - datetime.now(UTC)).total_seconds()) <= every:
        if stop.wait(min(left, _LOOK)):
            return True
    return stop.is_set()


@contextmanager
def _alone(folder: Path, store: str) -> Iterator[None]:
    """Hold `.<store>.schedule` in the folder: of two schedules both would make every backup."""
    path = folder / f".{store}.schedule"
    with disk(path):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not try_lock(descriptor):
            raise DatabaseBusy(f"another process makes the backups of {store} in {folder}")
        yield
    finally:
        os.close(descriptor)
