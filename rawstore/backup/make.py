"""Making a backup."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import ConfigError
from ..migrate.stoppable import stoppable
from ..progress import Progress, quiet
from ..target import PostgresTarget
from . import archive, contents, dump, postgres, programs, sqlite
from .manifest import Applied, Manifest
from .unfinished import Unfinished, unfinished

if TYPE_CHECKING:
    from ..store import Store

FOLDER = Path("backups")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup: its file, the size of that in bytes, and what it says of itself."""

    path: Path
    size: int
    manifest: Manifest


def backup(
    store: Store,
    to: str | Path = FOLDER,
    *,
    pg_dump: str | Path | None = None,
    on_progress: Progress = quiet,
) -> Backup:
    """Write the store, as it is at one moment, into one new file. See `Store.backup`."""
    made_at = datetime.now(UTC)
    path = place(store, Path(to), made_at)
    with stoppable(), unfinished(path) as run:
        if isinstance(store.target, PostgresTarget):
            program = None if pg_dump is None else Path(pg_dump)
            manifest = _postgres(store, store.target, run, made_at, program, on_progress)
        else:
            manifest = _sqlite(store, run, made_at, on_progress)
        archive.finish(run.file, manifest, on_progress)
        run.complete()
    return Backup(path, path.stat().st_size, manifest)


def place(store: Store, to: Path, made_at: datetime) -> Path:
    """The file to write: `to`, or a name of its own in that folder. ConfigError if it is there.

    A name without a suffix is a folder's, as is that of a folder which is there.
    """
    if to.is_dir() or not to.suffix:
        name = f"{store.name}-{made_at:%Y%m%dT%H%M%S}.{made_at.microsecond // 1000:03}Z"
        to = to / f"{name}{archive.SUFFIX}"
    if to.exists():
        raise ConfigError(f"{to} exists: a backup never replaces a file")
    return to


def _sqlite(store: Store, run: Unfinished, made_at: datetime, on_progress: Progress) -> Manifest:
    path = getattr(store.target, "path", None)
    what = "the database in memory" if path is None else str(path)
    with sqlite.copied(store, run.beside, run.final, on_progress) as copy:
        sqlite.check(copy, what)
        sqlite.check_full_text(copy, what)
        applied = _checked(store, contents.sqlite_migrations(copy))
        tables = contents.sqlite_contents(copy, on_progress)
    data = sqlite.portions(run.beside)
    return Manifest(
        rawstore=__version__,
        store=store.name,
        dialect="sqlite",
        engine=f"SQLite {sqlite3.sqlite_version}",
        program=None,
        made_at=made_at,
        migrations=applied,
        tables=tables,
        extensions=(),
        roles=(),
        payload=archive.write_payload(run.file, f"{store.name}.db", made_at, data),
    )


def _postgres(
    store: Store,
    target: PostgresTarget,
    run: Unfinished,
    made_at: datetime,
    pg_dump: Path | None,
    on_progress: Progress,
) -> Manifest:
    with postgres.connected(target, store.schema) as connection:
        snapshot = postgres.begin_snapshot(connection)
        schema = postgres.oid(connection, store.schema)
        if schema is None:
            raise _unmigrated(store)
        postgres.refuse_closed(connection, store.schema)
        applied = _checked(store, contents.postgres_migrations(connection, store.schema))
        server = postgres.version(connection)
        major = connection.info.server_version // 10000
        why = f"no older than the server ({server})"
        program = programs.found("pg_dump", pg_dump, major, major, why)
        needed = postgres.extensions(connection, schema)
        data = dump.dumped(program, target, connection, store.schema, snapshot, needed, on_progress)
        payload = archive.write_payload(run.file, f"{store.name}.dump", made_at, data)
        return Manifest(
            rawstore=__version__,
            store=store.name,
            dialect="postgres",
            engine=f"PostgreSQL {server}",
            program=str(program),
            made_at=made_at,
            migrations=applied,
            tables=contents.postgres_contents(connection, store.schema, on_progress),
            extensions=needed,
            roles=postgres.roles(connection, schema),
            payload=payload,
        )


def _checked(store: Store, applied: tuple[Applied, ...]) -> tuple[Applied, ...]:
    """What is applied; a database of which the store knows nothing is a mistake."""
    if not applied and store.source.migrations(store.target.dialect).is_dir():
        raise _unmigrated(store)
    return applied


def _unmigrated(store: Store) -> ConfigError:
    return ConfigError(
        f"there is nothing of {store.name} in {store.target}: no migration was applied there"
    )
