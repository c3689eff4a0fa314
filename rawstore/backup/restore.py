"""Restoring a backup into an empty place, and making sure that it is all there."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, DatabaseCorrupt, MigrationError, RawstoreError
from ..lent import lent
from ..migrate.folder import read_folder
from ..migrate.postgres import PostgresDatabase
from ..migrate.sqlite import SqliteDatabase
from ..migrate.stoppable import stoppable
from ..progress import Progress, quiet
from ..target import PostgresTarget, SqliteTarget
from . import contents, dump, postgres, programs, sqlite
from .archive import Archive, opened
from .manifest import Applied, Manifest
from .unfinished import unfinished

if TYPE_CHECKING:
    from ..store import Store

SETS_TIMEOUT = 17  # since this version pg_restore sets transaction_timeout, unknown before
LOCK_WAIT = 10.0  # seconds that a migration under way is waited for


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored and verified; with `dry_run`, what would be.

    `pending` are the migrations that the store has and the backup had not; `notes` say what is
    not as it was.
    """

    manifest: Manifest
    pending: tuple[str, ...]
    notes: tuple[str, ...]


def restore(
    store: Store,
    file: str | Path,
    *,
    dry_run: bool = False,
    pg_restore: str | Path | None = None,
    on_progress: Progress = quiet,
) -> Restored:
    """Restore a backup into an empty target, and verify it. See `Store.restore`."""
    path = Path(file)
    with stoppable(), opened(path) as archive:
        manifest = archive.check(on_progress)
        pending = _fits(store, path, manifest)
        target = store.target
        if isinstance(target, PostgresTarget):
            program = None if pg_restore is None else Path(pg_restore)
            run = _Postgres(store, target, archive, manifest, program, on_progress)
            notes = run.restore(dry_run=dry_run)
        else:
            notes = _sqlite(store, target, archive, manifest, on_progress, dry_run=dry_run)
    return Restored(manifest, pending, tuple(notes))


def _fits(store: Store, path: Path, manifest: Manifest) -> tuple[str, ...]:
    """The migrations that are pending after it. Raises ConfigError or MigrationError."""
    if manifest.store != store.name:
        raise ConfigError(f"{path} is a backup of {manifest.store}, not of {store.name}")
    if manifest.dialect != store.dialect:
        raise ConfigError(
            f"{path} is a backup of a {manifest.dialect} database, and {store.target} is none: "
            f"restore it into one, and move that with: rawstore copy"
        )
    folder = store.source.migrations(store.target.dialect)
    if not manifest.migrations and not folder.is_dir():
        return ()
    files = {each.id: each.sha256 for each in read_folder(folder)}
    problems = [problem for each in manifest.migrations if (problem := _problem(each, files))]
    if problems:
        raise MigrationError(
            f"{path} does not fit the migrations here: {'; '.join(problems)}. "
            f"It was made by rawstore {manifest.rawstore}: restore it with the version that fits"
        )
    applied = {each.id for each in manifest.migrations}
    return tuple(sorted(files.keys() - applied))


def _problem(applied: Applied, files: dict[str, str]) -> str | None:
    if applied.id not in files:
        return f"{applied.id} is unknown"
    if applied.sha256 not in (None, files[applied.id]):
        return f"{applied.id} was edited since"
    return None


# -- SQLite


def _sqlite(
    store: Store,
    target: SqliteTarget,
    archive: Archive,
    manifest: Manifest,
    on_progress: Progress,
    *,
    dry_run: bool,
) -> list[str]:
    if target.path is None:
        with lent(store) as session:
            sqlite.refuse_full_memory(session.connection)
            if not dry_run:
                _into_memory(session.connection, archive, manifest, on_progress)
        return []
    if target.read_only:
        raise ConfigError(f"{target.path} is opened read-only (mode=ro): nothing can be restored")
    path = target.path.resolve()
    sqlite.refuse_full(path)
    if not dry_run:
        with _file_lock(target):
            sqlite.refuse_full(path)
            with unfinished(path, 0o666) as run:
                _extract(archive, manifest, run.file, on_progress)
                _verify(run.path, manifest, on_progress)
                sqlite.refuse_full(path)
                run.complete(replace=path.exists())
    return []


def _file_lock(target: SqliteTarget) -> AbstractContextManager[Any]:
    """No migration begins meanwhile, which would make a file of this name."""
    return SqliteDatabase(target, None).lock(LOCK_WAIT, lambda _: None)


def _into_memory(
    connection: sqlite3.Connection, archive: Archive, manifest: Manifest, on_progress: Progress
) -> None:
    """By way of a file: a database in memory is filled by the backup interface alone."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder, unfinished(Path(folder) / "restored") as run:
        _extract(archive, manifest, run.file, on_progress)
        _verify(run.path, manifest, on_progress)
        with sqlite.told("restore"), closing(sqlite.frozen(run.path)) as source:
            sqlite.copy_pages(source, connection, 0.0, on_progress)


def _extract(archive: Archive, manifest: Manifest, file: Any, on_progress: Progress) -> None:
    for portion in archive.payload(manifest, on_progress):
        file.write(portion)
    file.flush()


def _verify(path: Path, manifest: Manifest, on_progress: Progress) -> None:
    with sqlite.told("the restored file"), closing(sqlite.frozen(path)) as connection:
        sqlite.check(connection, "the restored file")
        contents.compare(manifest.tables, contents.sqlite_contents(connection, on_progress))
        _same_history(manifest, contents.sqlite_migrations(connection))


def _same_history(manifest: Manifest, applied: Sequence[Applied]) -> None:
    if tuple(applied) != manifest.migrations:
        raise DatabaseCorrupt("the history of migrations is not what the manifest says")


# -- PostgreSQL


@dataclass(frozen=True, slots=True)
class _Postgres:
    """One restore into a schema."""

    store: Store
    target: PostgresTarget
    archive: Archive
    manifest: Manifest
    program: Path | None
    on_progress: Progress

    def restore(self, *, dry_run: bool) -> list[str]:
        """Restore and verify; notes of what is not as it was."""
        schema = self.store.schema
        with postgres.connected(self.target, schema) as connection:
            program = self._program(connection)
            notes, plain = self._owners(connection)
            self._chosen(connection)
            if dry_run:
                return notes
            # A migration that begins meanwhile would find an empty schema, and fill it.
            lock = PostgresDatabase(self.target, schema).lock(LOCK_WAIT, lambda _: None)
            with lock:
                self._run(connection, program, plain=plain)
                notes += self._verify(connection)
            postgres.analyze(connection, schema, (table.name for table in self.manifest.tables))
        return notes

    def _chosen(self, connection: Any) -> tuple[bool, list[str]]:
        """Whether the schema is there, empty, and the extensions that are."""
        there = postgres.refuse_full(connection, self.store.schema)
        missing = postgres.missing_extensions(connection, self.manifest.extensions)
        names = {each.name for each in self.manifest.extensions} - {e.name for e in missing}
        return there, sorted(names)

    def _program(self, connection: Any) -> programs.Program:
        major = connection.info.server_version // 10000
        dumped = self.manifest.program_major
        if self.manifest.engine_major > major:
            raise ConfigError(
                f"the backup is of {self.manifest.engine}, and the target is PostgreSQL "
                f"{postgres.version(connection)}: restore into one that is no older"
            )
        why = f"no older than the {self.manifest.program} that made the backup"
        program = programs.found("pg_restore", self.program, dumped, max(major, dumped), why)
        if program.major >= SETS_TIMEOUT > major:
            raise ConfigError(
                f"the backup was made by {self.manifest.program}, and {program} does not work with "
                f"PostgreSQL {postgres.version(connection)}: restore into {SETS_TIMEOUT} or newer"
            )
        return program

    def _owners(self, connection: Any) -> tuple[list[str], bool]:
        """What to say of owners and privileges, and whether they are left out."""
        manifest = self.manifest
        lost = postgres.lost_roles(connection, manifest.roles)
        if not lost and postgres.may_give_away(connection, manifest.roles):
            return [], False
        why = f"there is no role {', '.join(lost)}" if lost else "this role may not set them"
        everything = "owners and privileges are not restored"
        return [f"{everything}, for {why}: all belongs to the role that restores"], True

    def _run(self, connection: Any, program: programs.Program, *, plain: bool) -> None:
        there, extensions = self._chosen(connection)
        payload = self.archive.payload(self.manifest)
        listed = dump.contents(program, self.target, payload)
        chosen = dump.without(listed, schema=there, extensions=extensions)
        data = self.archive.payload(self.manifest, self.on_progress)
        dump.restored(program, self.target, connection, self.manifest, data, chosen, plain=plain)

    def _verify(self, connection: Any) -> list[str]:
        schema, manifest = self.store.schema, self.manifest
        try:
            found = contents.postgres_contents(connection, schema, self.on_progress)
            contents.compare(manifest.tables, found)
            _same_history(manifest, contents.postgres_migrations(connection, schema))
        except RawstoreError as error:
            raise type(error)(
                f"restored into the schema {schema}, but not as it was: {error}. "
                "Drop it (rawstore drop) and restore another backup"
            ) from error
        return postgres.warnings(connection, schema)
