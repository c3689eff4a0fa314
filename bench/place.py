"""The databases that are measured on: the bench's own tables, made, filled and taken away again."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo

import rawstore
from rawstore.engines.postgres_conninfo import session_conninfo
from rawstore.errors import ConfigError
from rawstore.store import Store
from rawstore.target import PostgresTarget, SqliteTarget, parse_url

from .rows import time_text
from .statement import Statement

FOLDER = Path(__file__).parent / "rawstore_bench"
SCHEMA = FOLDER.name
USERS = 10_000
POOL = 16  # connections in a pool, at most

_SCHEMA = "SELECT FROM pg_namespace WHERE nspname = %s"
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A database with the bench's tables, filled; `url` is how the store is opened on it."""

    url: str
    store: Any
    statements: dict[str, Statement]
    users: tuple[UUID, ...]

    @property
    def dialect(self) -> str:
        """One of "postgres" and "sqlite"."""
        return str(self.store.dialect)

    @property
    def path(self) -> str:
        """SQLite's file."""
        return str(self.store.target.path)

    @property
    def keywords(self) -> dict[str, str]:
        """What libpq is told for a connection like the store's own, session settings included."""
        return session_conninfo(self.store.target, SCHEMA)

    @property
    def conninfo(self) -> str:
        """The same in one text."""
        return make_conninfo(**self.keywords)

    def text(self, name: str) -> Statement:
        """A query's statement."""
        return self.statements[name]

    def any_user(self) -> tuple[UUID]:
        """The arguments of a point read: a key that is there."""
        return (self.users[int(random.random() * len(self.users))],)  # noqa: S311

    def readings(self) -> list[tuple[int, str, float]]:
        """A bulk upsert's items, as many as there are users; half of them are new."""
        return [(n, f"sensor {n}", n * 0.5) for n in range(1, len(self.users) + 1)]

    def reset_readings(self) -> None:
        """Back to the rows that were there before a bulk upsert."""
        before = [(n, "before", 0.0) for n in range(1, len(self.users) // 2 + 1)]
        if self.dialect == "sqlite":
            with closing(sqlite3.connect(self.path, isolation_level=None)) as file:
                file.execute("BEGIN")
                file.execute("DELETE FROM readings")
                file.executemany("INSERT INTO readings VALUES (?, ?, ?)", before)
                file.execute("COMMIT")
            return
        with psycopg.connect(self.conninfo) as server, server.cursor() as cursor:
            cursor.execute("TRUNCATE readings")
            with cursor.copy("COPY readings FROM STDIN") as copy:
                for row in before:
                    copy.write_row(row)

    def stored_readings(self) -> tuple[int, float]:
        """How many there are, and the sum of their temperatures."""
        question = "SELECT count(*), sum(celsius) FROM readings"
        if self.dialect == "sqlite":
            with closing(sqlite3.connect(self.path)) as file:
                number, total = file.execute(question).fetchone()
        else:
            with psycopg.connect(self.conninfo) as server:
                number, total = server.execute(question).fetchone() or (0, 0.0)
        return number, total


@contextmanager
def made(url: str, users: int = USERS) -> Iterator[Place]:
    """Make the tables on a database and fill them; drop them when the block ends.

    Raises ConfigError where they, or the SQLite file, are there already: they are not ours.
    """
    _refuse_existing(url)
    store = rawstore.open(FOLDER, with_pool(url))
    try:
        store.migrate()
        keys = _fill(store, users)
        statements = {query.name: Statement.of(query) for query in store.queries}
        yield Place(url, store, statements, keys)
    finally:
        _remove(store)


def _refuse_existing(url: str) -> None:
    target = parse_url(url)
    if isinstance(target, SqliteTarget):
        if target.path is None:
            raise ConfigError("several connections need one database: name a file, not memory")
        if target.path.exists():
            raise ConfigError(f"{target.path} exists; the bench makes its file and removes it")
        return
    refuse_schema(target, SCHEMA)


def with_pool(url: str) -> str:
    """The URL, with the size that every library's pool gets."""
    if url.startswith("sqlite") or "pool_max=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}pool_max={POOL}"


def refuse_schema(target: PostgresTarget, schema: str) -> None:
    """Raise ConfigError where the schema is there, or the server does not let us in."""
    try:
        with psycopg.connect(make_conninfo(**target.conninfo)) as server:
            found = server.execute(_SCHEMA, (schema,)).fetchone()
    except psycopg.OperationalError as error:
        raise ConfigError(f"the database does not answer: {error}") from None
    if found is not None:
        raise ConfigError(
            f"the schema {schema} exists; the bench makes its own and drops it: drop that one, "
            "or name another database"
        )


def _remove(store: Store) -> None:
    if isinstance(store.target, SqliteTarget) and store.target.path is not None:
        store.close()
        remove_file(store.target.path)
        return
    try:
        store.drop()
    finally:
        store.close()


def remove_file(path: Path) -> None:
    """Remove an SQLite file of ours and what lies beside it."""
    for ending in ("", "-wal", "-shm", ".migrate.lock"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _fill(store: Store, users: int) -> tuple[UUID, ...]:
    keys = tuple(UUID(int=(0x018D << 112) | (7 << 76) | (2 << 62) | n) for n in range(users))
    rows = [
        (key, f"user{n}@example.com", f"User Number {n}", _BEGINNING + timedelta(minutes=n))
        for n, key in enumerate(keys)
    ]
    if isinstance(store.target, SqliteTarget):
        with closing(sqlite3.connect(str(store.target.path), isolation_level=None)) as file:
            file.execute("BEGIN")
            file.executemany(
                "INSERT INTO users VALUES (?, ?, ?, ?)",
                [(str(key), email, name, time_text(at)) for key, email, name, at in rows],
            )
            file.execute("INSERT INTO counters SELECT id, 0 FROM users")
            file.execute("COMMIT")
            file.execute("ANALYZE")
        return keys
    with psycopg.connect(make_conninfo(**session_conninfo(store.target, SCHEMA))) as server:
        with server.cursor() as cursor, cursor.copy("COPY users FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        server.execute("INSERT INTO counters SELECT id, 0 FROM users")
        server.commit()
        server.autocommit = True
        server.execute("VACUUM ANALYZE")  # hint bits too: the first reader would set them
    return keys
