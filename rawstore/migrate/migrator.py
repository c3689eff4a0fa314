"""The one way in: every run is checked, locked, verified and recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rawstore.migrate import ledger, lint
from rawstore.migrate.failure import translated
from rawstore.migrate.folder import MigrationFile, read_folder
from rawstore.migrate.plan import History, MigrationState, Plan, utc
from rawstore.migrate.postgres import PostgresDatabase
from rawstore.migrate.run import Database, Notify, Run
from rawstore.migrate.sqlite import SqliteDatabase
from rawstore.migrate.stoppable import stoppable
from rawstore.target import PostgresTarget, Target


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of yoyo's log: what was done to a migration, when, by whom and from where."""

    id: str
    operation: str
    at: datetime
    username: str
    hostname: str


class Migrator:
    """The migrations of one folder in one database, with their history in `schema`.

    `schema` matters in PostgreSQL only: yoyo's tables and our checksums live in it, and it comes
    first in the `search_path` of every file. `connection` is for a database in memory: migrations
    run on it, and it stays open.

    Stock `yoyo apply` works on the same folder and the same history, before and after. What it
    applied has no checksum: the next run here adopts it, recording the file as it then is.

    Every method may raise, besides what it says: ConnectionLost, DatabaseBusy, DatabaseCorrupt,
    PermissionDenied, ReadOnly, StorageFull; and MigrationError for whatever else prevents a run.
    No message holds a secret or a row's value.
    """

    def __init__(
        self,
        folder: Path,
        target: Target,
        schema: str,
        *,
        connection: sqlite3.Connection | None = None,
    ) -> None:
        self.folder = folder
        self._target = target
        self._schema = schema
        self._connection = connection

    def up(
        self,
        to: str | None = None,
        *,
        wait: float = 300.0,
        dry_run: bool = False,
        on_progress: Notify | None = None,
    ) -> list[str]:
        """Apply what is pending, up to and with `to` (an id or its beginning); return the ids.

        One transaction a file: steps, log, mark and checksum are there together or not at all, so
        that a run which was killed is mended by running again. Waits up to `wait` seconds for
        another process's run. With nothing pending, it neither locks nor writes.
        """
        return self._run(lambda history: history.up(to), wait, on_progress, dry_run=dry_run)

    def down(
        self,
        count: int = 1,
        *,
        wait: float = 300.0,
        dry_run: bool = False,
        on_progress: Notify | None = None,
    ) -> list[str]:
        """Roll back the newest `count` migrations; return the ids, newest first.

        Refused before anything runs if one of them has no rollback file, or one that only says
        why not. CREATE INDEX CONCURRENTLY needs none: its index is dropped.
        """
        dialect = self._target.dialect
        return self._run(
            lambda history: history.down(count, dialect), wait, on_progress, dry_run=dry_run
        )

    def to(
        self,
        id: str,
        *,
        wait: float = 300.0,
        dry_run: bool = False,
        on_progress: Notify | None = None,
    ) -> list[str]:
        """Move up or down until `id` (or its unique beginning) is the newest applied.

        `0000` or `zero`: nothing applied. Returns the ids run, in order.
        """
        dialect = self._target.dialect
        return self._run(
            lambda history: history.to(id, dialect), wait, on_progress, dry_run=dry_run
        )

    def status(self) -> list[MigrationState]:
        """Return the state of every migration, by id. Creates nothing, locks nothing."""
        return self._history().states()

    def verify(self) -> None:
        """Raise MigrationError if an applied file was edited or is gone, or one is out of order."""
        self._history().verify()

    def history(self) -> list[HistoryEntry]:
        """Return yoyo's log, oldest first. Creates nothing."""
        with translated("cannot read the history"), self._database().connect() as backend:
            return [
                HistoryEntry(i, op, utc(at), user, host)
                for i, op, at, user, host in ledger.log(backend)
            ]

    def check(self) -> list[lint.Finding]:
        """Return what is wrong with the files, without a database."""
        return lint.check(self.folder, read_folder(self.folder), self._target.dialect)

    def _database(self) -> Database:
        if isinstance(self._target, PostgresTarget):
            return PostgresDatabase(self._target, self._schema)
        return SqliteDatabase(self._target, self._connection)

    def _files(self) -> list[MigrationFile]:
        files = read_folder(self.folder)
        lint.refuse(lint.check(self.folder, files, self._target.dialect))
        return files

    def _history(self) -> History:
        files = read_folder(self.folder)
        with translated("cannot read the state"), self._database().connect() as backend:
            return History(files, ledger.applied(backend))

    def _run(
        self,
        choose: Callable[[History], Plan],
        wait: float,
        on_progress: Notify | None,
        *,
        dry_run: bool,
    ) -> list[str]:
        run = Run(
            self._files(),
            self._target.dialect,
            self._database(),
            choose,
            on_progress or _silent,
        )
        with translated(f"cannot migrate {self._target}"):
            plan = run.plan(dry_run=dry_run)
            if plan.is_work and not dry_run:
                with stoppable(), run.database.lock(wait, run.notify) as check_lock:
                    plan = run.work(self.folder, check_lock)
            return plan.ids


def _silent(_: str) -> None:
    """Nobody wants to hear of the progress."""
