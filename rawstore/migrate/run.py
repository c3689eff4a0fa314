"""One run over a database: checked, locked, verified again, then file by file."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from rawstore.errors import DatabaseBusy, RawstoreError, RetryableError
from rawstore.migrate import ledger
from rawstore.migrate.backend import Backend, load
from rawstore.migrate.failure import error_class, translate
from rawstore.migrate.folder import MigrationFile
from rawstore.migrate.plan import History, Plan
from rawstore.migrate.statements import split
from rawstore.scan import Dialect

RETRIES = 10
"""How often a file is tried again when it did not get a lock (PostgreSQL)."""
RETRIES_ALONE = 3
"""The same for a file without a transaction, whose every try may build an index."""

Notify = Callable[[str], None]


class Database(Protocol):
    """What a dialect gives: connections of one's own, and the lock around a run."""

    def connect(self, *, write: bool = False) -> AbstractContextManager[Backend]:
        """Open a connection for the block."""

    def lock(self, wait: float, notify: Notify) -> AbstractContextManager[Callable[[], None]]:
        """Hold the lock for the block; yields a check that it still is held."""


@dataclass(frozen=True, slots=True)
class Run:
    """One call of `up`, `down` or `to`; `choose` makes its plan of a history."""

    files: list[MigrationFile]
    dialect: Dialect
    database: Database
    choose: Callable[[History], Plan]
    notify: Notify

    def plan(self, *, dry_run: bool) -> Plan:
        """Return what there is to do, having checked that it may be done."""
        with self.database.connect() as backend:
            plan = self._plan(backend)
            if not dry_run:
                (backend.preflight if plan.is_work else backend.inspect)()
            return plan

    def _plan(self, backend: Backend) -> Plan:
        history = History(self.files, ledger.applied(backend))
        history.verify()
        return self.choose(history)

    def work(self, folder: Path, check_lock: Callable[[], None]) -> Plan:
        """Do it, under the lock: what was planned before may have been done by another."""
        with self.database.connect(write=True) as backend:
            backend.prepare()
            plan = self._plan(backend)
            if plan.adopt:
                with backend.transaction():
                    ledger.adopt(backend, plan.adopt)
        migrations = {migration.id: migration for migration in load(folder)}
        for file in plan.files:
            check_lock()
            started = time.monotonic()
            self._persist(migrations[file.id], file, plan.direction)
            done = "applied" if plan.direction == "apply" else "rolled back"
            self.notify(f"{file.id}: {done} in {time.monotonic() - started:.2f} s")
        with self.database.connect() as backend:
            backend.inspect()
        return plan

    def _persist(self, migration: Any, file: MigrationFile, direction: str) -> None:
        """Run a file; if a lock was not free, again, after a pause that lets others pass."""
        retries = RETRIES if file.transactional else RETRIES_ALONE
        for retries_left in reversed(range(retries + 1)):
            with self.database.connect(write=True) as backend:
                try:
                    (backend.apply if direction == "apply" else backend.revert)(migration, file)
                except (psycopg.Error, sqlite3.Error) as error:
                    again = isinstance(error, psycopg.Error) and issubclass(
                        error_class(error), DatabaseBusy | RetryableError
                    )
                    if not again or not retries_left:
                        raise _failed(
                            error, file, direction, self.dialect, backend.statement
                        ) from error
                    self.notify(f"{file.id}: {error_class(error).__name__}, trying again")
                else:
                    return
            time.sleep(random.uniform(0.2, 1.5))  # noqa: S311


def _failed(
    error: Exception, file: MigrationFile, direction: str, dialect: Dialect, number: int
) -> RawstoreError:
    """Return the error for a file's statement; 0: it was the work before or after them."""
    path, text = file.path, file.text
    if direction == "rollback":
        path, text = file.rollback_path, file.rollback or ""
    statements = split(text, dialect)
    if not 0 < number <= len(statements):
        return translate(error, str(path))
    what = f"{path}:{statements[number - 1].line}: statement {number}"
    undone = "; the whole file was rolled back" if file.transactional else ""
    return translate(error, what, undone)
