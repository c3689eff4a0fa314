"""What has been done: yoyo's mark and log, and beside them the checksum of every applied file.

A checksum counts only while its moment is that of yoyo's mark. So stock yoyo may roll back and
apply again as it likes: what it marked last has no checksum, and is adopted by the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rawstore.migrate.folder import MigrationFile

CREATE = """
    CREATE TABLE IF NOT EXISTS rawstore_migration (
        id text NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamp NOT NULL,
        CONSTRAINT rawstore_migration_pkey PRIMARY KEY (id)
    )
"""
_APPLIED = """
    SELECT migration_id, applied_at_utc, NULL
    FROM _yoyo_migration
    ORDER BY migration_id
"""
_APPLIED_WITH_CHECKSUM = """
    SELECT theirs.migration_id, theirs.applied_at_utc, ours.sha256
    FROM _yoyo_migration AS theirs
    LEFT JOIN rawstore_migration AS ours
        ON ours.id = theirs.migration_id AND ours.applied_at = theirs.applied_at_utc
    ORDER BY theirs.migration_id
"""
_LOG = """
    SELECT migration_id, operation, created_at_utc, username, hostname
    FROM _yoyo_log
    ORDER BY created_at_utc, id
"""
_RECORD = """
    INSERT INTO rawstore_migration (id, sha256, applied_at)
    SELECT migration_id, :sha256, applied_at_utc
    FROM _yoyo_migration
    WHERE migration_id = :id
"""

Row = tuple[Any, ...]


class Reader(Protocol):
    """Where the tables are; parameters are written `:name`."""

    def tables(self) -> set[str]:
        """Return the names of the tables there."""

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        """Return all rows of a query."""


class Home(Reader, Protocol):
    """The same, to be written to."""

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """Execute a statement."""


def applied(home: Reader) -> list[Row]:
    """Return (id, moment, checksum or None) of what is applied, by id. Creates nothing."""
    tables = home.tables()
    if "_yoyo_migration" not in tables:
        return []
    return home.rows(_APPLIED_WITH_CHECKSUM if "rawstore_migration" in tables else _APPLIED)


def log(home: Reader) -> list[Row]:
    """Return (id, operation, moment, user, host), oldest first. Creates nothing."""
    return home.rows(_LOG) if "_yoyo_log" in home.tables() else []


def record(home: Home, file: MigrationFile) -> None:
    """Write the checksum of a file that is marked, in the caller's transaction."""
    forget(home, file)
    home.execute(_RECORD, {"id": file.id, "sha256": file.sha256})


def forget(home: Home, file: MigrationFile) -> None:
    """Delete the checksum of a file."""
    home.execute("DELETE FROM rawstore_migration WHERE id = :id", {"id": file.id})


def adopt(home: Home, files: Sequence[MigrationFile]) -> None:
    """Write the checksums of files that stock yoyo marked, in the caller's transaction."""
    for file in files:
        record(home, file)
