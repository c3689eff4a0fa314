"""What the building of an index takes, and how far it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ..errors import RawstoreError
from ..progress import Progress, quiet
from ..target import PostgresTarget
from .catalog import Index
from .connection import connected

_MEGABYTE = 1 << 20
_LEAST, _MOST = 256, 2048  # megabytes
_INTERVAL = 0.2  # seconds between two looks
_STATE = """
SELECT phase, coalesce(nullif(tuples_total, 0), nullif(blocks_total, 0)),
    CASE WHEN tuples_total > 0 THEN tuples_done ELSE blocks_done END
FROM pg_catalog.pg_stat_progress_create_index
WHERE pid = %s
"""


def memory(index: Index, rows: int, lists: int | None) -> int:
    """The megabytes of maintenance_work_mem to build it with.

    Without enough of it, pgvector refuses to build an IVFFlat index, whose lists come of a sample
    of 50 vectors each (10 000 at least) compared with every list; an HNSW index that does not fit
    is built many times slower, so it is given as much as it needs, up to two gigabytes.
    """
    vector = 4 * (index.dimension or 0) + 24
    if lists is not None:
        sample = max(50 * lists, 10_000)
        wanted = sample * (vector + 4 * lists + 16) + 4 * lists * (2 * vector + 2 * lists)
        return max(_LEAST, wanted * 5 // 4 // _MEGABYTE)
    links = int(index.options.get("m", 16)) * 40
    return min(max(_LEAST, rows * (vector + links + 100) // _MEGABYTE), _MOST)


@contextmanager
def watched(target: PostgresTarget, pid: int, name: str, on_progress: Progress) -> Iterator[None]:
    """Tell, over a connection of its own, how far the server process is with an index."""
    if on_progress is quiet:
        yield
        return
    done = threading.Event()
    arguments = (target, pid, name, on_progress, done)
    watcher = threading.Thread(target=_watch, args=arguments, name="rawstore-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join(10)


def _watch(
    target: PostgresTarget, pid: int, name: str, on_progress: Progress, done: threading.Event
) -> None:
    try:
        with connected(target) as connection:
            while not done.wait(_INTERVAL):
                row = connection.execute(_STATE, (pid,)).fetchone()
                if row is not None:
                    on_progress(f"{name}: {row[0]}", row[2] or 0, row[1])
    except (RawstoreError, psycopg.Error):
        pass  # no connection to spare: then without a bar
