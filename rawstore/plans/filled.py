"""Databases to take plans from: the one that is named, or throw-away ones that are filled first."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..migrate import Migrator
from ..scan import Dialect
from ..source import Source
from ..target import PostgresTarget, SqliteTarget, parse_url
from . import postgres, sqlite
from .snapshot import Snapshot, snapshot

if TYPE_CHECKING:
    from ..embedded import EmbeddedServer

_SETTINGS = {
    "autovacuum": "off",  # would take the statistics anew in between
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
    "wal_level": "minimal",
}


class Databases:
    """Gives snapshots of stores; what it started for them ends with it. A context manager."""

    def __init__(self, url: str | None, rows: int) -> None:
        """With `url` that database is read as it is; else so many rows are loaded."""
        self._target = parse_url(url) if url else None
        self._rows = rows
        self._stack = ExitStack()
        self._server: EmbeddedServer | None = None

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def dialects(self, spoken: Sequence[Dialect]) -> list[Dialect]:
        """Those of a store's dialects that there is a database for."""
        return [each for each in spoken if not self._target or self._target.dialect == each]

    def snapshot(self, source: Source, dialect: Dialect) -> Snapshot:
        """The plans of a store. Raises ConfigError and what the database says."""
        registry = source.load(dialect)
        if dialect == "sqlite":
            with self._sqlite(source) as file, sqlite.planner(file) as planner:
                return snapshot(registry, planner)
        server = self._postgres(source)
        with postgres.planner(server, source, registry) as connected:
            return snapshot(registry, connected)

    @contextmanager
    def _sqlite(self, source: Source) -> Iterator[SqliteTarget]:
        if isinstance(self._target, SqliteTarget):
            yield self._target
            return
        # Empty: without statistics, plans follow from the schema.
        with tempfile.TemporaryDirectory() as folder:
            target = SqliteTarget(Path(folder) / "plans.db")
            Migrator(source.migrations("sqlite"), target, source.name).up()
            yield target

    def _postgres(self, source: Source) -> PostgresTarget:
        if isinstance(self._target, PostgresTarget):
            return self._target
        load = _loader(source)
        if self._server is None:
            from ..embedded import EmbeddedServer  # only where there is no URL

            self._server = self._stack.enter_context(EmbeddedServer(settings=_SETTINGS))
        load(source.name, self._server.url(), self._rows)
        place = {"host": str(self._server.folder), "port": str(self._server.port)}
        return PostgresTarget({**place, "user": "postgres", "dbname": "postgres"})


def _loader(source: Source) -> Callable[[str, str, int], None]:
    """What fills a store's tables: only a checkout has it, and only for the shipped stores."""
    if not source.shipped or not (source.root / "bench" / "load").is_dir():
        raise ConfigError(f"nothing here fills {source.name}; name a full one with --url")
    from bench.load import load

    return load
