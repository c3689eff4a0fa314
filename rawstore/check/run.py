"""`rawstore check` as a function: every rule over a store's files and databases."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from ..errors import ConfigError
from ..scan import Dialect
from ..source import Source
from . import sqlite
from .engine import Engine
from .files import Loaded, query_files
from .findings import Finding
from .foreign_keys import without_index
from .rules import check_queries
from .twins import compare

DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgres")


def check(source: Source, dialects: Sequence[Dialect], url: str | None) -> list[Finding]:
    """Everything that is wrong with a store, by file and line.

    `url` is that of the PostgreSQL server for scratch databases. Dialects that the store has no
    query files for are left out. Raises ConfigError, ConnectionLost.
    """
    spoken = [each for each in DIALECTS if query_files(source, each)]
    if not spoken:
        raise ConfigError(
            f"no query files: {source.root} holds none in sql/sqlite/ or sql/postgres/"
        )
    loaded = {dialect: Loaded(source, dialect) for dialect in spoken}
    found = [finding for each in loaded.values() for finding in each.findings]
    if len(spoken) == len(DIALECTS):
        found += compare(loaded["sqlite"], loaded["postgres"])
    for dialect in spoken:
        if dialect in dialects:
            found += _on_engine(source, dialect, loaded[dialect], url)
    return sorted(set(found))


def _on_engine(source: Source, dialect: Dialect, loaded: Loaded, url: str | None) -> list[Finding]:
    with _scratch(source, dialect, url) as engine:
        if isinstance(engine, list):
            return engine
        missing = without_index(engine.catalog, source.migrations(dialect))
        return [*check_queries(loaded, engine), *missing]


def _scratch(
    source: Source, dialect: Dialect, url: str | None
) -> AbstractContextManager[Engine | list[Finding]]:
    if dialect == "sqlite":
        return sqlite.scratch(source)
    from . import postgres  # a driver only when it is used

    if url is None:
        raise ConfigError("name the PostgreSQL server to check on")
    return postgres.scratch(url, source)


def relative(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with their files as one would type them in the working folder."""
    here = Path.cwd()
    return [
        replace(each, file=each.file.relative_to(here)) if each.file.is_relative_to(here) else each
        for each in findings
    ]
