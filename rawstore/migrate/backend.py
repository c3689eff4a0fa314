"""yoyo, made safe: a file's steps, its log line, its mark and its checksum in one transaction.

The only module that touches yoyo, which has no types. Stock yoyo runs the steps on a second
connection, commits, and then marks on the first: a process killed in between leaves a database
that no later run gets through. Here a backend works on the one connection it is given.
"""

from __future__ import annotations

import getpass
import glob
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlparse
from yoyo import read_migrations  # type: ignore[import-untyped]
from yoyo.backends.base import DatabaseBackend  # type: ignore[import-untyped]
from yoyo.connections import DatabaseURI  # type: ignore[import-untyped]
from yoyo.migrations import (  # type: ignore[import-untyped]
    default_migration_table,
    parse_metadata_from_sql_comments,
    topological_sort,
)
from yoyo.utils import change_param_style  # type: ignore[import-untyped]

from rawstore.migrate import ledger

if TYPE_CHECKING:
    from rawstore.migrate.folder import MigrationFile

# yoyo keeps every migration it reads in one table for the whole process and finds what a file
# depends on there; another folder read at the same time would answer.
_reading = threading.Lock()


def load(folder: Path) -> list[Any]:
    """Return yoyo's migrations of the folder, loaded, in the order in which yoyo runs them."""
    with _reading:
        migrations = read_migrations(glob.escape(str(folder.resolve())))
        for migration in migrations:
            migration.load()
        return list(topological_sort(migrations))


def split(text: str) -> list[str]:
    """Return the pieces in which yoyo would run this text."""
    pieces: list[str] = sqlparse.split(text)
    if pieces:
        pieces[0] = parse_metadata_from_sql_comments(pieces[0])[2]
    return [piece for piece in pieces if piece.strip()]


class Backend(DatabaseBackend):  # type: ignore[misc]
    """What both dialects share. The history's home is a schema (PostgreSQL) or the file (SQLite).

    `statement` is the number of the file's statement that runs, 0 outside of them.
    """

    def __init__(self, connection: Any) -> None:
        self._given = connection
        self.statement = 0
        # No part of the real address: yoyo pickles this into a cache.
        uri = DatabaseURI(type(self).__name__, None, None, None, None, None, {})
        super().__init__(uri, default_migration_table)

    def connect(self, _: object) -> Any:
        """Hand yoyo the connection."""
        return self._given

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query with `:name` parameters."""
        return [tuple(row) for row in self.execute(sql, params).fetchall()]

    def tables(self) -> set[str]:
        """Return the names of the tables in the history's home."""
        raise NotImplementedError

    def list_tables(self, **_: object) -> list[str]:
        """Return the same for yoyo, whose own look misses tables that the role may not read."""
        return list(self.tables())

    def preflight(self) -> None:
        """Raise ReadOnly, PermissionDenied or MigrationError if a migration could not work."""
        raise NotImplementedError

    def make_home(self) -> None:
        """Create what the history lives in, if it is not there."""
        raise NotImplementedError

    def inspect(self) -> None:
        """Raise MigrationError if something in the database is not as a migration must leave it."""

    def enter_file(self) -> None:
        """Set the session up for the statements of a file."""

    def leave_file(self, file: MigrationFile) -> None:
        """Undo what a file's statements may have set, and check what they did, before the mark."""

    def before_alone(self, file: MigrationFile) -> None:
        """Make way for a file that runs without a transaction."""

    def after_alone(self, file: MigrationFile) -> None:
        """Raise MigrationError if such a file has not really done its work."""

    def undo_alone(self, file: MigrationFile) -> None:
        """Undo such a file."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Create home, yoyo's tables and ours; call it under the lock.

        Whoever put a row into `yoyo_lock` is gone, or is stock yoyo working beside us against
        all advice: the row is deleted.
        """
        self.make_home()
        self.ensure_internal_schema_updated()
        with self.transaction():
            self.execute(ledger.CREATE)
            if self.lock_table in self.tables():
                self.execute(f"DELETE FROM {self.lock_table}")  # noqa: S608

    def apply(self, migration: Any, file: MigrationFile) -> None:
        """Run a file and mark it. Either all of it is done, or nothing is.

        A file without a transaction is one statement; it is marked once that is known to
        have worked.
        """
        if not file.transactional:
            self.before_alone(file)
            self._run(migration, "apply")
            self.after_alone(file)
        with self.transaction():
            if file.transactional:
                self.enter_file()
                self._run(migration, "apply")
            self.leave_file(file)
            self.log_migration(migration, "apply")
            self.mark_one(migration, log=False)
            ledger.record(self, file)

    def revert(self, migration: Any, file: MigrationFile) -> None:
        """Run a file's rollback and delete its mark, under the same promise.

        Where there is no transaction the mark goes first: what is left half undone is then
        pending, and `up` makes it whole.
        """
        with self.transaction():
            if file.transactional:
                self.enter_file()
                self._run(migration, "rollback")
            self.leave_file(file)
            self.log_migration(migration, "rollback")
            self.unmark_one(migration, log=False)
            ledger.forget(self, file)
        if not file.transactional:
            self.undo_alone(file)

    def _run(self, migration: Any, direction: str) -> None:
        migration.process_steps(self, direction)
        self.statement = 0

    # What yoyo calls.

    def __enter__(self) -> Backend:
        """Do nothing: yoyo's own would register adapters with sqlite3, for the whole process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Who gave the connection closes it."""

    @contextmanager
    def transaction(self, **_: bool) -> Iterator[None]:
        """Run the block in a transaction; no savepoint inside one: a file is undone as a whole."""
        if self._in_transaction:
            yield
            return
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise

    @contextmanager
    def disable_transactions(self) -> Iterator[None]:
        """Do nothing: the connection commits by itself outside `transaction`."""
        yield

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        """Do nothing: the lock around the whole run is ours."""
        yield

    def cursor(self) -> _Steps:
        """Return what yoyo's steps execute on."""
        return _Steps(self)

    def raw_cursor(self) -> Any:
        """Return a cursor of the driver."""
        return self.connection.cursor()

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """Execute a statement of the bookkeeping; datetimes pass as text (UTC, no offset)."""
        plain = {
            name: value.isoformat("T", "microseconds") if isinstance(value, datetime) else value
            for name, value in (params or {}).items()
        }
        cursor = self.raw_cursor()
        cursor.execute(*change_param_style(self.driver.paramstyle, sql, plain))
        return cursor

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        """Return yoyo's log line; neither a missing passwd entry nor a slow DNS matters."""
        from uuid import uuid1

        return {
            "id": str(uuid1()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": _user()[:255],
            "hostname": socket.gethostname()[:255],
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


class _Steps:
    """The cursor of a file's statements: counts them, and has no rows for yoyo to print."""

    description = None

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def execute(self, statement: str) -> None:
        self._backend.statement += 1
        self._backend.raw_cursor().execute(statement)

    def close(self) -> None:
        """Nothing to close."""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"
