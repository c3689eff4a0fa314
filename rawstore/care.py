"""What a store has beside its queries: the tools that keep it running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from .identity import Identity
from .progress import Progress, quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime, timedelta
    from pathlib import Path
    from threading import Event
    from typing import IO, Literal

    from .backup import Backup, Restored
    from .figures import QueryStats
    from .health import Health, Until
    from .migrate import Migrator
    from .monitor.sizes import Sizes
    from .monitor.top import Top
    from .retention import Erased, Pruned, SubjectExport
    from .store import Store
    from .transfer.export import Exported
    from .transfer.importing import Imported, OnConflict
    from .transfer.outcome import Copied, Verified
    from .vectors import Vectors


class Care(Identity):
    """The tools, each loaded when it is called."""

    _engine: Any

    @property
    def _store(self) -> Store:
        """This, as the tools take it: nothing but a store has them."""
        return cast("Store", self)

    @property
    def migrations(self) -> Migrator:
        """The store's migrations on this database."""
        from .migrate import Migrator  # yoyo is not for every call

        connection = getattr(self._engine, "memory", None)
        folder = self.source.migrations(self.target.dialect)
        return Migrator(folder, self.target, self.schema, connection=connection)

    @property
    def vectors(self) -> Vectors:
        """The store's vector indexes: their status, rebuilding and tuning them."""
        from .vectors import Vectors  # not for every call

        return Vectors(self._store)

    def migrate(self) -> list[str]:
        """Apply what is pending; the ids applied. Safe to call from many processes at once."""
        return self.migrations.up()

    def health(
        self,
        *,
        max_lag: float | None = None,
        integrity: bool = False,
        deadline: float | None = None,
        max_age: float = 0.5,
    ) -> Health:
        """Whether the database answers, what it is, and whether its schema is in order.

        The answer comes within `deadline` seconds: 1, with `integrity` 600. What is wrong with the
        database is in the answer, not raised. It takes no connection of the pool.

        `max_lag` asks for replication too: a standby, or a primary's standbys, may be so many
        seconds behind. `integrity` reads an SQLite file as a whole, and its foreign keys. An answer
        without problems may be `max_age` seconds old; with 0 each call looks anew. Raises
        ConfigError for times that are none.
        """
        from .health import check  # not for every call

        return check(
            self._store, max_lag=max_lag, integrity=integrity, deadline=deadline, max_age=max_age
        )

    def copy(
        self,
        target: Store,
        *,
        replace: bool = False,
        dry_run: bool = False,
        on_progress: Progress = quiet,
    ) -> Copied:
        """Copy every row, as it is at one moment, into another database of this store.

        The target is migrated first; then all rows go in one transaction, and the two are compared
        (`Copied.equal`). A target that is equal already is left as it is; one that holds other rows
        is refused, unless `replace` says to delete them, in the same transaction. `dry_run` writes
        nothing and tells what could not go.

        Raises TargetNotEmpty; UnfitRows, before anything is written, with the rows that the target
        cannot take; MigrationError where the two differ in their migrations; ConfigError for two
        stores; the mapped error.
        """
        from .transfer.copy import copy  # not for every call

        return copy(self._store, target, replace=replace, dry_run=dry_run, on_progress=on_progress)

    def verify(self, other: Store, *, on_progress: Progress = quiet) -> Verified:
        """Compare all rows with another database of this store, by what values mean.

        Each is read in one snapshot; of what differs, the first keys are told. Raises
        MigrationError where the tables differ, ConfigError for two stores, the mapped error.
        """
        from .transfer.verify import verify  # not for every call

        return verify(self._store, other, on_progress=on_progress)

    def stats(self, *, reset: bool = False) -> list[QueryStats]:
        """What each query has done here since the store was opened: what took longest first.

        Calls, errors, rows, seconds and quantiles of this store's own calls; COMMIT has a row too.
        With `reset` the next reading begins at zero; every call is in exactly one. Raises
        ConfigError where the URL says stats=off.
        """
        found: list[QueryStats] = self._engine.recorder.read(reset=reset)
        return found

    def sizes(self, *, exact: bool = False) -> Sizes:
        """How large each table and index is, in rows and bytes, and how it is used.

        Rows of large tables are estimates, and said to be, unless `exact` counts them. Raises the
        mapped error.
        """
        from .monitor.sizes import sizes  # not for every call

        return sizes(self._store, exact=exact)

    def top(self) -> Top:
        """What the PostgreSQL server is doing for this database, and what has cost most there.

        Both with the names and files of queries. On SQLite there is no server: it says so, and is
        empty. Raises the mapped error, ConnectionLost within 5 s where the server is frozen.
        """
        from .monitor.top import top  # not for every call

        return top(self._store)

    def wait(
        self,
        *,
        timeout: float = 60.0,
        interval: float = 0.25,
        until: Until = "reachable",
        on_change: Callable[[str], None] | None = None,
    ) -> Health:
        """Return once the database is "reachable", "migrated" (nothing pending) or "healthy".

        It is asked every `interval` seconds, and `on_change` is told what is waited for whenever
        that changes. A server that starts, refuses, or does not know the user or the database yet
        is waited for; an SQLite file that the migrations will make is reachable. Raises
        ConnectionLost with the last reason after `timeout` seconds, and ConfigError at once for
        what waiting cannot mend.
        """
        from .health import wait  # not for every call

        return wait(
            self._store, timeout=timeout, interval=interval, until=until, on_change=on_change
        )

    def prune(
        self,
        older_than: str | timedelta | None = None,
        *,
        before: str | date | datetime | None = None,
        subject: Any = None,
        batch: int | None = None,
        pause: float | None = None,
        dry_run: bool = False,
        stop: Event | None = None,
        on_progress: Progress = quiet,
    ) -> Pruned:
        """Delete what the store's `-- prune:` queries say is history, from before a moment.

        Older than `"30d"` (also `h`, `w`; a timedelta), or from `before` a date or time. It goes in
        portions of at most `batch` rows and some 30 ms, each committed by itself, with `pause`
        seconds in between (without: as long as the last one took). Once `stop` is set no more
        begins; to go on, run it again. A store of tenants is pruned for one, the `subject`.
        Raises ConfigError, and the mapped error, which leaves the earlier portions done.
        """
        from .retention import prune  # not for every call

        return prune(
            self._store,
            older_than,
            before=before,
            subject=subject,
            batch=batch,
            pause=pause,
            dry_run=dry_run,
            stop=stop,
            on_progress=on_progress,
        )

    def erase(
        self,
        subject: Any,
        *,
        export: Path | None = None,
        batch: int | None = None,
        pause: float | None = None,
        dry_run: bool = False,
        stop: Event | None = None,
        on_progress: Progress = quiet,
    ) -> Erased:
        """Delete all that one person has, by the store's `-- erase:` queries.

        In portions, as `prune`, until a last look finds nothing; with `export` a folder gets it
        first. On SQLite what was deleted is overwritten in the file. Raises ConfigError where the
        store knows no persons, ParameterError, and the mapped error; then run it again.
        """
        from .retention import erase  # not for every call

        return erase(
            self._store,
            subject,
            export=export,
            batch=batch,
            pause=pause,
            dry_run=dry_run,
            stop=stop,
            on_progress=on_progress,
        )

    def export_subject(
        self,
        subject: Any,
        to: Path | IO[str],
        *,
        form: Literal["json", "jsonl"] = "json",
        on_progress: Progress = quiet,
    ) -> SubjectExport:
        """Write all that one person has, by the store's `-- export:` queries, in one snapshot.

        Into a folder, whose files come whole or not at all and are never written over, or to an
        open text file: one JSON document, or JSON lines. Raises as `erase`, and OSError.
        """
        from .retention import export_subject  # not for every call

        return export_subject(self._store, subject, to, form=form, on_progress=on_progress)

    def drop(self) -> None:
        """Drop every table of the store, with its history. There is no way back."""
        from .drop import drop  # not for every call

        drop(self._store)

    def reset(self) -> list[str]:
        """Drop everything and migrate anew; the ids applied."""
        self.drop()
        return self.migrate()

    def backup(
        self,
        to: str | Path = "backups",
        *,
        pg_dump: str | Path | None = None,
        on_progress: Progress = quiet,
    ) -> Backup:
        """Write the store, as it is at one moment, into one new file, and check that.

        `to` is the file, or a folder (made if need be; a name without a suffix is one) in which
        it gets a name of its own. Writers need not stop. On PostgreSQL the schema is dumped by
        pg_dump, which `pg_dump` names if it is not to be looked for. Raises ConfigError,
        StorageFull, DatabaseCorrupt, DatabaseBusy, ConnectionLost; a file that is there is never
        replaced, and one that is not complete never stays.
        """
        from .backup import backup  # not for every call

        return backup(self._store, to, pg_dump=pg_dump, on_progress=on_progress)

    def restore(
        self,
        file: str | Path,
        *,
        dry_run: bool = False,
        pg_restore: str | Path | None = None,
        on_progress: Progress = quiet,
    ) -> Restored:
        """Restore a backup of this store where there is nothing yet, and verify what is there.

        Everything is checked before anything is written: that the file is whole, of this store and
        dialect, its migrations are known here, and the target is empty. It is restored as it was:
        `migrate` applies what is pending since. Raises DatabaseCorrupt, ConfigError,
        MigrationError, StorageFull, ConnectionLost.
        """
        from .backup import restore  # not for every call

        return restore(
            self._store,
            file,
            dry_run=dry_run,
            pg_restore=pg_restore,
            on_progress=on_progress,
        )

    def export(
        self,
        folder: str | Path,
        *,
        tables: Sequence[str] | None = None,
        replace: bool = False,
        on_progress: Progress = quiet,
    ) -> list[Exported]:
        """Write each table's rows as JSON lines to `<folder>/<table>.jsonl`, all of one moment.

        `tables` are all of the store's, unless they are named. A file that is there is only
        overwritten with `replace`; what ends early leaves none. Gives each table's count of rows.
        Raises ConfigError, OSError, ConnectionLost.
        """
        from .transfer.export import export  # not for every call

        return export(self._store, folder, tables=tables, replace=replace, on_progress=on_progress)

    def import_(
        self,
        source: str | Path | BinaryIO,
        *,
        table: str | None = None,
        on_conflict: OnConflict = "refuse",
        dry_run: bool = False,
        on_progress: Progress = quiet,
    ) -> list[Imported]:
        """Insert rows from JSON, all or none: each table's count of rows taken and skipped.

        `source` is a folder of `<table>.jsonl`, one such file, or a stream, for which `table` says
        the table. A file holds JSON lines or one array of objects. Columns with a default may be
        left out. A row whose key is taken is refused, or left out by `on_conflict="skip"`. With
        `dry_run` everything is tried, and undone. Raises RowsRefused, a ParameterError (from
        `rawstore.transfer.problems`) that lists what is wrong by file and line; ConfigError,
        OSError, ConnectionLost.
        """
        from .transfer.importing import import_  # not for every call

        return import_(
            self._store,
            source,
            table=table,
            on_conflict=on_conflict,
            dry_run=dry_run,
            on_progress=on_progress,
        )
