"""A place to migrate: a folder of throwaway migrations and an empty database of each dialect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rawstore.migrate import Migrator
from rawstore.scan import Dialect
from rawstore.target import parse_url

SCHEMA = "shop"
ID = {"sqlite": "integer", "postgres": "bigint"}


@dataclass
class Place:
    """A folder, the URL of an empty database, and a look into both."""

    dialect: Dialect
    folder: Path
    url: str

    @property
    def migrator(self) -> Migrator:
        return Migrator(self.folder, parse_url(self.url), SCHEMA)

    @property
    def file(self) -> Path:
        """The database file (SQLite)."""
        return Path(self.url.removeprefix("sqlite:///"))

    def write(self, name: str, text: str, rollback: str | None = None) -> Path:
        """Write a migration, with `{id}` as the type of a key."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{name}.sql"
        path.write_text(text.replace("{id}", ID[self.dialect]), encoding="utf-8")
        if rollback is not None:
            path.with_name(f"{name}.rollback.sql").write_text(rollback, encoding="utf-8")
        return path

    def write_shop(self, number: int = 1, pause: str = "") -> list[str]:
        """Write three plain migrations, numbered from here; return their ids."""
        users, orders, email = (
            f"{number:04}_create_users",
            f"{number + 1:04}_create_orders",
            f"{number + 2:04}_add_email",
        )
        self.write(
            users, f"CREATE TABLE users (id {{id}} PRIMARY KEY);\n{pause}", "DROP TABLE users;\n"
        )
        self.write(
            orders,
            f"-- Orders.\n-- depends: {users}\n"
            "CREATE TABLE orders (\n    id {id} PRIMARY KEY,\n"
            "    user_id {id} NOT NULL REFERENCES users (id)\n);\n"
            f"CREATE INDEX orders_user_id_idx ON orders (user_id);\n{pause}",
            "DROP INDEX orders_user_id_idx;\nDROP TABLE orders;\n",
        )
        self.write(
            email,
            f"ALTER TABLE users ADD COLUMN email text;\n{pause}",
            "ALTER TABLE users DROP COLUMN email;\n",
        )
        return [users, orders, email]

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A plain connection in autocommit mode; PostgreSQL's looks into the schema first."""
        if self.dialect == "sqlite":
            connection = sqlite3.connect(self.file, isolation_level=None, timeout=10)
            try:
                yield connection
            finally:
                connection.close()
            return
        with psycopg.connect(
            self.url, autocommit=True, options=f"-c search_path={SCHEMA},public"
        ) as pg:
            yield pg

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    def execute(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def tables(self) -> set[str]:
        """Names of the tables, without those of the history."""
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        if self.dialect == "postgres":
            sql = (
                f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{SCHEMA}'"
            )
        ours = {"_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock", "rawstore_migration"}
        return {name for (name,) in self.rows(sql)} - ours

    def marked(self) -> list[str]:
        """Ids in yoyo's table."""
        return [i for (i,) in self.rows("SELECT migration_id FROM _yoyo_migration ORDER BY 1")]

    def schema(self) -> list[tuple[Any, ...]]:
        """All that migrations have made, to compare."""
        if self.dialect == "sqlite":
            return self.rows("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
        return self.rows(
            f"""SELECT 'column', table_name, column_name, data_type, is_nullable
                FROM information_schema.columns WHERE table_schema = '{SCHEMA}'
                UNION ALL
                SELECT 'index', c.relname, pg_get_indexdef(c.oid), i.indisvalid::text, ''
                FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                WHERE c.relnamespace = '{SCHEMA}'::regnamespace
                UNION ALL
                SELECT 'constraint', conname, pg_get_constraintdef(oid), '', ''
                FROM pg_constraint WHERE connamespace = '{SCHEMA}'::regnamespace
                ORDER BY 1, 2, 3"""
        )


@pytest.fixture
def place(dialect: Dialect, tmp_path: Path, empty_url: str) -> Place:
    """Once for each dialect."""
    return Place(dialect, tmp_path / "migrations", empty_url)


@pytest.fixture
def pg_place(tmp_path: Path, pg_database: Callable[[str | None], str]) -> Place:
    """PostgreSQL only."""
    return Place("postgres", tmp_path / "migrations", pg_database(None))


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    """SQLite only."""
    return Place("sqlite", tmp_path / "migrations", f"sqlite:///{tmp_path / 'shop.db'}")
