"""Backup and restore of SQLite, by its own backup interface: never by copying a live file."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engines import sqlite_functions
from ..engines.errormap import from_sqlite
from ..errors import ConfigError, DatabaseBusy, DatabaseCorrupt
from ..lent import lent
from ..progress import Progress
from ..tables.quoting import identifier, text
from .archive import PORTION

if TYPE_CHECKING:
    from ..store import Store

_OBJECTS = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY name"
_FULL_TEXT = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%USING%fts5%'"
_CHECK_FULL_TEXT = "INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)"
_MOST_PROBLEMS = 5
BELONGING = ("-wal", "-shm", "-journal")


@contextmanager
def told(what: object) -> Iterator[None]:
    """Raise what SQLite says in the block as an error of ours."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        raise from_sqlite(name, f"{what}: {error}") from error


@contextmanager
def copied(
    store: Store, path: Path, what: object, on_progress: Progress
) -> Iterator[sqlite3.Connection]:
    """A copy of the store's database at `path`, as it is at one moment; for the block.

    Writers go on meanwhile: all pages are copied in one step, in one read transaction.
    """
    with told(what), closing(connect(path)) as copy:
        with _live(store) as live:
            copy_pages(live, copy, store.target.busy_timeout, on_progress)  # type: ignore[union-attr]
        # One file without companions: it becomes WAL again when a store opens it.
        copy.execute("PRAGMA journal_mode = DELETE")
        yield copy


@contextmanager
def _live(store: Store) -> Iterator[sqlite3.Connection]:
    engine: Any = store._engine  # noqa: SLF001 - part of the store
    if engine.single:
        with lent(store) as session:
            yield session.connection
    else:
        with closing(engine.connect()) as connection:
            yield connection


def copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, wait: float, on_progress: Progress
) -> None:
    """Copy a whole database in one step. DatabaseBusy if it is locked for longer than `wait`."""
    end = time.monotonic() + wait

    def step(_: int, remaining: int, total: int) -> None:
        if remaining and time.monotonic() > end:
            raise DatabaseBusy(f"the database was locked for more than {wait:g} s")
        on_progress("copying", total - remaining, total)

    source.backup(target, pages=-1, progress=step, sleep=0.05)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a new file that is ours alone."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = OFF")  # what it writes is read back and synced
    sqlite_functions.register(connection)
    return connection


def frozen(path: Path) -> sqlite3.Connection:
    """A connection to a file that nobody writes, and that leaves nothing beside it."""
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    sqlite_functions.register(connection)
    return connection


def check(connection: sqlite3.Connection, what: str, *, foreign_keys: bool = True) -> None:
    """Raise DatabaseCorrupt unless the file is sound: its pages, and its foreign keys."""
    with told(what):
        found = connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall()
        if found != [("ok",)]:
            raise DatabaseCorrupt(f"{what} is damaged: {_listed(line for (line,) in found)}")
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall() if foreign_keys else []
        broken = Counter((row[0], row[2]) for row in orphans)
        if broken:
            rows = (f"{n} rows of {a} without their row of {b}" for (a, b), n in broken.items())
            raise DatabaseCorrupt(f"{what} breaks foreign keys: {_listed(rows)}")


def check_full_text(connection: sqlite3.Connection, what: str) -> None:
    """Raise DatabaseCorrupt unless every full-text index fits its texts."""
    connection.execute("BEGIN")  # the check is written as an INSERT
    try:
        for (name,) in connection.execute(_FULL_TEXT).fetchall():
            try:
                connection.execute(text(_CHECK_FULL_TEXT, table=identifier(name)))
            except sqlite3.DatabaseError as error:
                if not error.sqlite_errorname.startswith("SQLITE_CORRUPT"):
                    raise
                raise DatabaseCorrupt(
                    f"{what}: the full-text index {name} does not fit its texts: rebuild it "
                    "with its command 'rebuild'"
                ) from error
    finally:
        connection.execute("ROLLBACK")


def _listed(problems: Any) -> str:
    shown = [str(problem).replace("\n", " ") for problem in problems]
    return "; ".join(shown[:_MOST_PROBLEMS])


def portions(path: Path) -> Iterator[bytes]:
    """The bytes of a file that is ours alone."""
    with path.open("rb") as file:
        while portion := file.read(PORTION):
            yield portion


def refuse_full(path: Path) -> None:
    """Raise ConfigError unless there is no file, or an empty one that nobody has open."""
    for suffix in BELONGING:
        if (beside := path.with_name(f"{path.name}{suffix}")).exists():
            raise ConfigError(
                f"{beside} is there: a process has {path} open, or was killed while it had. "
                "Restore to a path where there is nothing"
            )
    if not path.exists():
        return
    if not path.is_file():
        raise ConfigError(f"{path} is no file: nothing is restored into it")
    with told(path), closing(frozen(path)) as connection:
        found = [name for (name,) in connection.execute(_OBJECTS)]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise ConfigError(
            f"{path} is not empty: it has {', '.join(found[:3])}{more}. "
            "Restore to a path where there is nothing"
        )
    if holders := _holders(path):
        raise ConfigError(f"{path} is open in process {', '.join(map(str, holders))}: end it first")


def refuse_full_memory(connection: sqlite3.Connection) -> None:
    """Raise ConfigError unless the database in memory is empty."""
    if found := connection.execute(_OBJECTS).fetchone():
        raise ConfigError(f"the database in memory is not empty: it has {found[0]}")


def _holders(path: Path) -> list[int]:
    """The processes that have a file open, as far as this system tells (Linux)."""
    if sys.platform != "linux":
        return []
    wanted = path.stat()
    found: set[int] = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            held = link.stat()
            if (held.st_dev, held.st_ino) == (wanted.st_dev, wanted.st_ino):
                found.add(int(link.parts[2]))
    return sorted(found)


def sync(path: Path) -> None:
    """Have a file of ours survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
