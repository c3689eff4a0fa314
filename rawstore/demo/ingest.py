"""The demo's database: whose it is, its schema, and the docstrings in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ..errors import ConfigError, UndefinedObject
from ..store import Store
from ..target import SqliteTarget
from .docstrings import SOURCE, Chunk, read, source_files
from .timing import Timed

if TYPE_CHECKING:
    from rich.console import Console

USER = "rawstore-demo"  # the demo's user is known by this external_id
AT_ONCE = 500


def prepare(store: Store, timed: Timed, console: Console) -> Any:
    """Migrate, unless the store is somebody else's (ConfigError); the demo's user."""
    if isinstance(store.target, SqliteTarget) and store.target.path is None:
        raise ConfigError("a database in memory would be gone after the demo; give it a file")
    if any(migration.state != "pending" for migration in store.migrations.status()):
        _refuse_others(store)
    started = perf_counter()
    ids = store.migrate()
    done = f"{len(ids)} migrations in {perf_counter() - started:.2f} s" if ids else "nothing to do"
    console.print(f"Migrated: {done}.")
    return timed.get_or_create_user_by_external_id(USER, name="Demo", email="demo@example.com")


def _refuse_others(store: Any) -> None:
    """Look at the newest row of each table: where it is the demo's, so are those before it."""
    demo = None
    with suppress(UndefinedObject):  # a run that was stopped while it migrated
        demo = store.get_user_by_external_id(USER)
        newest = [
            *(user.external_id == USER for user in store.list_users(limit=1)),
            *(demo and c.user_id == demo.id for c in store.list_all_conversations(limit=1)),
            *(chunk.source == SOURCE for chunk in store.list_all_knowledge_chunks(limit=1)),
        ]
        if not all(newest):
            raise ConfigError(
                f"the store {store.name} in {store.target} holds rows that are not the demo's; "
                "give the demo a database of its own"
            )


def fill(timed: Timed, console: Console, limit: int | None) -> None:
    """Read the docstrings and store them; those that are there are brought up to date."""
    started = perf_counter()
    files = source_files()
    with _progress(console) as progress:
        task = progress.add_task("Reading the standard library", total=len(files))
        docstrings = list(islice(_docstrings(files, progress, task), limit))
    console.print(f"Read {len(docstrings)} docstrings in {perf_counter() - started:.1f} s.")
    started = perf_counter()
    with _progress(console) as progress:
        task = progress.add_task("Storing them as knowledge", total=len(docstrings))
        for first in range(0, len(docstrings), AT_ONCE):
            chunks = docstrings[first : first + AT_ONCE]
            timed.bulk_upsert_knowledge_chunks(chunks)
            progress.advance(task, len(chunks))
    seconds = perf_counter() - started
    rate = len(docstrings) / seconds
    console.print(f"Stored them in {seconds:.1f} s, {rate:.0f} a second, in calls of {AT_ONCE}.\n")


def _docstrings(files: Any, progress: Progress, task: Any) -> Iterator[Chunk]:
    for path, below in files:
        yield from read(path, below)
        progress.advance(task)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
