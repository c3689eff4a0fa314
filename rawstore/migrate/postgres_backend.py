"""yoyo on PostgreSQL: what is checked and set around a file."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from yoyo.backends import PostgresqlPsycopgBackend  # type: ignore[import-untyped]

from rawstore.errors import MigrationError, PermissionDenied, ReadOnly
from rawstore.migrate.backend import Backend
from rawstore.migrate.statements import Index, built_concurrently

if TYPE_CHECKING:
    from rawstore.migrate.folder import MigrationFile

CONCURRENT_LOCK_TIMEOUT = "5min"
"""The same for CREATE INDEX CONCURRENTLY, which waits for old transactions in nobody's way."""

_INVALID = """
    SELECT c.relname
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND n.nspname = :schema
"""
_NOT_IN_PROGRESS = """
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid
    )
    ORDER BY c.relname
"""


class PostgresBackend(Backend, PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo on one psycopg connection whose search_path is the history's schema."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], schema: str) -> None:
        self._home = schema
        super().__init__(connection)

    def rollback(self) -> None:
        """Roll back; a connection that is gone has done so, and its error is the one to see."""
        with suppress(psycopg.Error):
            super().rollback()

    def tables(self) -> set[str]:
        """Return the names of the schema's tables."""
        found = self.rows(
            """SELECT c.relname
                FROM pg_catalog.pg_class AS c
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = :schema AND c.relkind IN ('r', 'p')""",
            {"schema": self._home},
        )
        return {name for (name,) in found}

    def preflight(self) -> None:
        """Refuse a standby, a read-only session and a role that may not create."""
        ((standby, read_only, exists, allowed, role, database),) = self.rows(
            """SELECT
                pg_is_in_recovery(),
                current_setting('transaction_read_only') = 'on',
                n.oid IS NOT NULL,
                CASE
                    WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
                    ELSE has_schema_privilege(n.oid, 'CREATE')
                END,
                current_user,
                current_database()
            FROM (SELECT 1) AS one
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = :schema""",
            {"schema": self._home},
        )
        if standby:
            raise ReadOnly("the server is a standby: migrate on the primary")
        if read_only:
            raise ReadOnly(f"sessions of role {role} are read-only (default_transaction_read_only)")
        if not allowed:
            where = f"schema {self._home}" if exists else f"database {database}"
            kind = "SCHEMA" if exists else "DATABASE"
            raise PermissionDenied(
                f"role {role} may not create in {where}: GRANT CREATE ON {kind} "
                f"{quoted(self._home if exists else database)} TO {quoted(role)}, "
                "or migrate as its owner",
                code="42501",
            )

    def make_home(self) -> None:
        """Create the schema if it is not there; asking for it needs rights it should not need."""
        found = self.rows(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = :schema", {"schema": self._home}
        )
        if not found:
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(self._home)}")

    def inspect(self) -> None:
        """Raise MigrationError if the schema has an invalid index that nobody is building."""
        found = self.rows(_INVALID + _NOT_IN_PROGRESS, {"schema": self._home})
        if found:
            names = ", ".join(f"{self._home}.{name}" for (name,) in found)
            raise MigrationError(
                f"invalid indexes, left by a build that failed: {names}. The migrations are "
                "applied, but these are not used and enforce nothing: REINDEX INDEX CONCURRENTLY "
                "or drop them"
            )

    def enter_file(self) -> None:
        """Let the file's statements find the schema's objects first, then those in public."""
        path = f"{quoted(self._home)}, public"
        self.execute("SELECT set_config('search_path', :path, false)", {"path": path})

    def leave_file(self, file: MigrationFile) -> None:
        """Find our own tables again, whatever the file has set."""
        self.execute(
            "SELECT set_config('search_path', :path, false), set_config('timezone', 'UTC', false)",
            {"path": quoted(self._home)},
        )

    def before_alone(self, file: MigrationFile) -> None:
        """Drop what a failed build of the same index has left, which IF NOT EXISTS would hide."""
        self.enter_file()
        index = _index(file)
        if index is None:
            return
        self.execute(f"SET lock_timeout = '{CONCURRENT_LOCK_TIMEOUT}'")
        if self._is_invalid(index):
            self.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self._qualified(index)}")

    def after_alone(self, file: MigrationFile) -> None:
        """Refuse to mark a file whose index is not valid."""
        index = _index(file)
        if index and self._is_invalid(index):
            raise MigrationError(
                f"{file.path}: index {index.name} exists but is invalid, and IF NOT EXISTS has "
                "left it as it is; the file is not marked: run again"
            )

    def undo_alone(self, file: MigrationFile) -> None:
        """Drop the index that the file has built."""
        index = _index(file)
        if index is None:
            raise MigrationError(f"{file.path}: there is no way back from this statement")
        self.enter_file()
        self.execute(f"SET lock_timeout = '{CONCURRENT_LOCK_TIMEOUT}'")
        self.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self._qualified(index)}")

    def _is_invalid(self, index: Index) -> bool:
        params = {"schema": index.schema or self._home, "name": index.name}
        return bool(self.rows(_INVALID + "AND c.relname = :name", params))

    def _qualified(self, index: Index) -> str:
        return f"{quoted(index.schema or self._home)}.{quoted(index.name)}"


def quoted(name: str) -> str:
    """Return the name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def _index(file: MigrationFile) -> Index | None:
    statements = file.statements("postgres")
    return built_concurrently(statements[-1]) if statements else None
