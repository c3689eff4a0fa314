"""What an async store has beside its queries: the tools of `Care`, run in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from ..caller import Caller
from ..engines.completion import completed
from ..identity import Identity
from ..progress import Progress, quiet
from ..store import Store, store_class

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta
    from pathlib import Path
    from typing import IO, Literal

    from ..backup import Backup, Restored
    from ..figures import QueryStats
    from ..health import Health, Until
    from ..migrate import Migrator
    from ..monitor.sizes import Sizes
    from ..monitor.top import Top
    from ..retention import Erased, Pruned, SubjectExport
    from ..transfer.export import Exported
    from ..transfer.importing import Imported, OnConflict
    from ..transfer.outcome import Copied, Verified
    from ..vectors.aio import AsyncVectors

Answer = TypeVar("Answer")


class AsyncCare(Identity):
    """The tools. One that is cancelled is done to its end first."""

    _engine: Any

    @property
    def migrations(self) -> Migrator:
        """The store's migrations on this database; its methods block."""
        return self._blocking().migrations

    @property
    def vectors(self) -> AsyncVectors:
        """The store's vector indexes: their status, rebuilding and tuning them."""
        from ..vectors.aio import AsyncVectors  # not for every call

        return AsyncVectors(self._in_thread)

    async def migrate(self) -> list[str]:
        """Apply what is pending; the ids applied. Safe to call from many processes at once."""
        return await self._in_thread(Store.migrate)

    async def health(
        self,
        *,
        max_lag: float | None = None,
        integrity: bool = False,
        deadline: float | None = None,
        max_age: float = 0.5,
    ) -> Health:
        """As `Store.health`; tasks that ask at the same time share one look."""
        from ..health.awaiting import check  # not for every call

        return await check(
            self,
            self._engine,
            max_lag=max_lag,
            integrity=integrity,
            deadline=deadline,
            max_age=max_age,
        )

    async def copy(
        self,
        target: AsyncCare | Store,
        *,
        replace: bool = False,
        dry_run: bool = False,
        on_progress: Progress = quiet,
    ) -> Copied:
        """Copy every row into another database of this store; see `Store.copy`."""
        return await self._with(
            target,
            lambda store, other: store.copy(
                other, replace=replace, dry_run=dry_run, on_progress=on_progress
            ),
        )

    async def verify(self, other: AsyncCare | Store, *, on_progress: Progress = quiet) -> Verified:
        """Compare all rows with another database of this store; see `Store.verify`."""
        return await self._with(
            other, lambda store, there: store.verify(there, on_progress=on_progress)
        )

    def stats(self, *, reset: bool = False) -> list[QueryStats]:
        """As `Store.stats`; it asks no database, and is not awaited."""
        found: list[QueryStats] = self._engine.recorder.read(reset=reset)
        return found

    async def sizes(self, *, exact: bool = False) -> Sizes:
        """As `Store.sizes`."""
        return await self._in_thread(lambda store: store.sizes(exact=exact))

    async def top(self) -> Top:
        """As `Store.top`."""
        return await self._in_thread(Store.top)

    async def wait(
        self,
        *,
        timeout: float = 60.0,  # noqa: ASYNC109 - as the other colour has it
        interval: float = 0.25,
        until: Until = "reachable",
        on_change: Callable[[str], None] | None = None,
    ) -> Health:
        """As `Store.wait`."""
        from ..health.awaiting import wait  # not for every call

        return await wait(
            self,
            self._engine,
            timeout=timeout,
            interval=interval,
            until=until,
            on_change=on_change,
        )

    async def prune(
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
        """As `Store.prune`; a cancellation sets `stop`, and is raised after the portion."""
        stop = stop or Event()
        return await self._in_thread(
            lambda store: store.prune(
                older_than,
                before=before,
                subject=subject,
                batch=batch,
                pause=pause,
                dry_run=dry_run,
                stop=stop,
                on_progress=on_progress,
            ),
            stop,
        )

    async def erase(
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
        """As `Store.erase`; a cancellation sets `stop`, and is raised after the portion."""
        stop = stop or Event()
        return await self._in_thread(
            lambda store: store.erase(
                subject,
                export=export,
                batch=batch,
                pause=pause,
                dry_run=dry_run,
                stop=stop,
                on_progress=on_progress,
            ),
            stop,
        )

    async def export_subject(
        self,
        subject: Any,
        to: Path | IO[str],
        *,
        form: Literal["json", "jsonl"] = "json",
        on_progress: Progress = quiet,
    ) -> SubjectExport:
        """As `Store.export_subject`."""
        return await self._in_thread(
            lambda store: store.export_subject(subject, to, form=form, on_progress=on_progress)
        )

    async def drop(self) -> None:
        """Drop every table of the store, with its history. There is no way back."""
        await self._in_thread(Store.drop)

    async def reset(self) -> list[str]:
        """Drop everything and migrate anew; the ids applied."""
        return await self._in_thread(Store.reset)

    async def backup(
        self,
        to: str | Path = "backups",
        *,
        pg_dump: str | Path | None = None,
        on_progress: Progress = quiet,
    ) -> Backup:
        """Write the store, as it is at one moment, into one new file; see `Store.backup`."""
        return await self._in_thread(
            lambda store: store.backup(to, pg_dump=pg_dump, on_progress=on_progress)
        )

    async def restore(
        self,
        file: str | Path,
        *,
        dry_run: bool = False,
        pg_restore: str | Path | None = None,
        on_progress: Progress = quiet,
    ) -> Restored:
        """Restore a backup where there is nothing yet, and verify it; see `Store.restore`."""
        return await self._in_thread(
            lambda store: store.restore(
                file, dry_run=dry_run, pg_restore=pg_restore, on_progress=on_progress
            )
        )

    async def export(
        self,
        folder: str | Path,
        *,
        tables: Sequence[str] | None = None,
        replace: bool = False,
        on_progress: Progress = quiet,
    ) -> list[Exported]:
        """Write each table's rows as JSON lines; see `Store.export`."""
        return await self._in_thread(
            lambda store: store.export(
                folder, tables=tables, replace=replace, on_progress=on_progress
            )
        )

    async def import_(
        self,
        source: str | Path | BinaryIO,
        *,
        table: str | None = None,
        on_conflict: OnConflict = "refuse",
        dry_run: bool = False,
        on_progress: Progress = quiet,
    ) -> list[Imported]:
        """Insert rows from JSON, all or none; see `Store.import_`."""
        return await self._in_thread(
            lambda store: store.import_(
                source,
                table=table,
                on_conflict=on_conflict,
                dry_run=dry_run,
                on_progress=on_progress,
            )
        )

    async def _with(
        self, other: AsyncCare | Store, work: Callable[[Store, Store], Answer]
    ) -> Answer:
        """Run what takes two stores."""
        if other is self:  # for the work to refuse
            return await self._in_thread(lambda store: work(store, store))
        if isinstance(other, Store):
            return await self._in_thread(lambda store: work(store, other))
        there, engine = other._blocking(), other._engine  # noqa: SLF001 - one of this class
        if not engine.single:
            with there:
                return await self._in_thread(lambda store: work(store, there))
        async with engine.alone():
            return await self._in_thread(lambda store: work(store, there))

    async def _in_thread(
        self, work: Callable[[Store], Answer], stop: Event | None = None
    ) -> Answer:
        """Do all of the work, which a cancellation ends early only by setting `stop`."""
        on_cancel = None if stop is None else stop.set
        blocking = self._blocking()
        if not self._engine.single:
            with blocking:
                return await completed(asyncio.to_thread(work, blocking), on_cancel)
        engine: Any = self._engine  # AsyncSqliteEngine
        async with engine.alone():
            return await completed(asyncio.to_thread(work, blocking), on_cancel)

    def _blocking(self) -> Store:
        """This store for threads: with connections of its own, but for a database in memory."""
        store = store_class(self.queries)(self.source, self.target, self.queries)
        engine: Any = self._engine
        if engine.single:
            Caller.__init__(store, engine.blocking, engine.blocking)
        return store
