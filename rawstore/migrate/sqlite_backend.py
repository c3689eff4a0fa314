"""yoyo on SQLite: what is checked and set around a file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from yoyo.backends import SQLiteBackend  # type: ignore[import-untyped]

from rawstore.errors import MigrationError, ReadOnly
from rawstore.migrate.backend import Backend

if TYPE_CHECKING:
    from rawstore.migrate.folder import MigrationFile

APPLICATION_ID = 0x52415753  # "RAWS"; `file` and `PRAGMA application_id` show it
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"


class SqliteBackend(Backend, SQLiteBackend):  # type: ignore[misc]
    """yoyo on one sqlite3 connection, whose transactions are begun and ended by hand."""

    is_read_only = False

    def raw_cursor(self) -> sqlite3.Cursor:
        """Return a cursor that gives tuples, whatever the connection is set to."""
        cursor: sqlite3.Cursor = self.connection.cursor()
        cursor.row_factory = None
        return cursor

    @contextmanager
    def foreign_keys_off(self) -> Iterator[None]:
        """Check foreign keys at the end of each file only, as SQLite's manual has it.

        Enforced, they make the usual way to change a table (create, copy, drop, rename) delete
        every row that refers to it: DROP TABLE is a DELETE, and cascades. Stock yoyo, too,
        leaves them off.
        """
        ((enforced,),) = self.rows("PRAGMA foreign_keys")
        self.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.execute(f"PRAGMA foreign_keys = {enforced}")

    def begin(self) -> None:
        """Begin with the write lock: a later upgrade fails at once where another has written."""
        self.execute("BEGIN IMMEDIATE")
        self._in_transaction = True

    def commit(self) -> None:
        """Commit."""
        self.execute("COMMIT")
        self._in_transaction = False

    def rollback(self) -> None:
        """Roll back, unless SQLite has done so itself (a full disk)."""
        self._in_transaction = False
        if self.connection.in_transaction:
            self.execute("ROLLBACK")

    def tables(self) -> set[str]:
        """Return the names of the file's tables."""
        return {name for (name,) in self.rows(_TABLES)}

    def preflight(self) -> None:
        """Refuse a read-only target and a file that belongs to another application."""
        if self.is_read_only:
            raise ReadOnly("the database is opened read-only (mode=ro): it cannot be migrated")
        if self._application_id() not in (0, APPLICATION_ID):
            raise MigrationError(
                f"the file belongs to another application (application_id "
                f"{self._application_id():#010x}): give another path"
            )

    def make_home(self) -> None:
        """Mark the file as ours."""
        if self._application_id() == 0:
            self.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    def leave_file(self, file: MigrationFile) -> None:
        """Refuse to commit rows whose parents are not there."""
        broken = Counter((row[0], row[2]) for row in self.rows("PRAGMA foreign_key_check"))
        if broken:
            rows = ", ".join(f"{n} of {a} without their {b}" for (a, b), n in broken.items())
            raise MigrationError(
                f"{file.path}: rolled back, because rows break foreign keys: {rows}; "
                "mend them, in this file or before"
            )

    def undo_alone(self, file: MigrationFile) -> None:
        """Refuse: nothing that must run without a transaction in SQLite has an inverse."""
        raise MigrationError(f"{file.path}: there is no way back from this statement")

    def _application_id(self) -> int:
        ((value,),) = self.rows("PRAGMA application_id")
        return int(value)
