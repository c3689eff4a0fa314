"""Whether a store can be worked with: does its database answer, and is its schema in order?"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import RawstoreError
from .target import PostgresTarget, SqliteTarget

if TYPE_CHECKING:
    from .store import Store

# sqlite.org/wal.html, "the WAL-reset bug": rare corruption when two connections checkpoint at once.
_WAL_RESET_FIXED = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Health:
    """`healthy` is the verdict; `problems` say why not; `warnings` do not change it."""

    healthy: bool
    database: str
    server: str | None
    migrations: dict[str, int] = field(default_factory=dict)
    pool: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check(store: Store) -> Health:
    """Ask the database; never raises for what is wrong with it."""
    problems: list[str] = []
    server, migrations = None, {}
    try:
        server = _server(store)
        migrations = _migrations(store, problems)
    except RawstoreError as error:
        problems.append(str(error))
    return Health(
        healthy=not problems,
        database=str(store.target),
        server=server,
        migrations=migrations,
        pool=_pool(store),
        problems=tuple(problems),
        warnings=_warnings(store),
    )


def _server(store: Store) -> str:
    """Engine and version, from a connection that was asked just now."""
    engine = store._engine  # noqa: SLF001 - part of the store
    session = engine.borrow(writes=False)
    try:
        if isinstance(store.target, SqliteTarget):
            session.control(b"SELECT count(*) FROM sqlite_master")
            return f"SQLite {sqlite3.sqlite_version}"
        session.control(b"SELECT 1")
        version: int = session.connection.info.server_version
        return f"PostgreSQL {version // 10000}.{version % 10000}"
    finally:
        engine.give(session)


def _migrations(store: Store, problems: list[str]) -> dict[str, int]:
    if not store.source.migrations(store.target.dialect).is_dir():
        return {}
    counts = {"applied": 0, "pending": 0, "changed": 0, "missing": 0}
    for migration in store.migrations.status():
        counts[migration.state] += 1
        if migration.state in ("changed", "missing"):
            problems.append(
                f"migration {migration.id} is applied, but its file is {migration.state}"
            )
    if counts["pending"]:
        problems.append(
            f"{counts['pending']} migrations are pending: rawstore migrate up {store.name}"
        )
    return counts


def _pool(store: Store) -> dict[str, int]:
    if not isinstance(store.target, PostgresTarget):
        return {}
    stats: dict[str, int] = store._engine.stats()  # type: ignore[attr-defined]  # noqa: SLF001
    return stats


def _warnings(store: Store) -> tuple[str, ...]:
    if isinstance(store.target, SqliteTarget) and sqlite3.sqlite_version_info < _WAL_RESET_FIXED:
        return (
            f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug (rare corruption when two "
            "connections checkpoint at once); 3.51.3 and newer do not",
        )
    return ()
