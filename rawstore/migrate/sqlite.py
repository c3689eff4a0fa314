"""Migrating an SQLite database: its connection and its lock."""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rawstore.errors import DatabaseBusy, MigrationError
from rawstore.migrate.sqlite_backend import SqliteBackend

if TYPE_CHECKING:
    from rawstore.target import SqliteTarget

PROGRESS = 10_000  # SQLite's instructions between two looks for a signal: about a millisecond


class SqliteDatabase:
    """An SQLite file that is to be migrated, or the given connection's database in memory."""

    dialect = "sqlite"

    def __init__(self, target: SqliteTarget, connection: sqlite3.Connection | None) -> None:
        self._target = target
        self._path = target.path.absolute() if target.path else None
        self._given = connection

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[SqliteBackend]:
        """Open a connection for the block. Without `write`, a file that is not there is empty."""
        if self._path is None or self._given is not None:
            backend = SqliteBackend(self._usable())
            with backend.foreign_keys_off():
                yield backend
            return
        with closing(self._open(self._path, write=write)) as connection:
            backend = SqliteBackend(connection)
            backend.is_read_only = self._target.read_only
            with backend.foreign_keys_off():
                yield backend

    def _usable(self) -> sqlite3.Connection:
        if self._given is None:
            raise MigrationError("a database in memory is migrated on the connection it lives in")
        if self._given.in_transaction:
            raise MigrationError("the connection is in a transaction: end it first")
        return self._given

    def _open(self, path: Path, *, write: bool) -> sqlite3.Connection:
        address, mode = ":memory:", "rwc" if write else "rw"
        if write or path.exists():
            mode = "ro" if self._target.read_only else mode
            immutable = "&immutable=1" if self._target.immutable else ""
            address = f"{path.as_uri()}?mode={mode}{immutable}"
        connection = sqlite3.connect(address, uri=True, isolation_level=None)
        try:
            # First of all: every other statement may have to wait.
            connection.execute(f"PRAGMA busy_timeout = {int(self._target.busy_timeout * 1000)}")
            if write:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {self._target.synchronous}")
            else:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        # Python hears of a signal only when SQLite calls it.
        connection.set_progress_handler(lambda: 0, PROGRESS)
        return connection

    @contextmanager
    def lock(self, wait: float, notify: Callable[[str], None]) -> Iterator[Callable[[], None]]:
        """Hold `<file>.migrate.lock` for the block; DatabaseBusy after `wait` seconds.

        The system releases it when the process ends, however it ends. The file stays: deleting
        it would let two processes lock two files of the same name.
        """
        if self._path is None:
            yield _nothing
            return
        path = self._path.resolve()
        path = path.with_name(f"{path.name}.migrate.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _wait_for(descriptor, path, wait, notify)
            try:
                yield _nothing
            finally:
                _unlock(descriptor)
        finally:
            os.close(descriptor)


def _nothing() -> None:
    """A lock file's lock cannot be lost."""


def _wait_for(descriptor: int, path: Path, wait: float, notify: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait
    told = False
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            raise DatabaseBusy(f"another process holds {path}; waited {wait:g} s")
        if not told:
            notify(f"waiting for another process, which holds {path}")
        told = True
        time.sleep(random.uniform(0.02, 0.1))  # noqa: S311


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        """Release it for forked children too, which hold the same lock."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
