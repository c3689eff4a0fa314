"""How an SQLite file is, asked over a connection of the check's own.

Whether it can grow is not asked of SQLite, whose ROLLBACK never reaches the disk, but of the file
system: a nameless file beside it takes some kilobytes and is gone.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from errno import EDQUOT, EFBIG, EIO, ENOSPC
from pathlib import Path
from typing import Any

from ..engines.errormap import sqlite_class
from ..engines.sqlite import APPLICATION_ID
from ..errors import DatabaseBusy, DatabaseCorrupt, ReadOnly, StorageFull
from ..migrate.ledger import Row
from ..target import SqliteTarget
from .migrations import Migrations
from .verdict import Asked, Code, Findings

PATIENCE = 0.5  # seconds to wait for a lock that keeps even readers out
QUICK_LOOK = 0.1  # seconds
QUICK_LOOK_EVERY = 60.0
STEPS = 2000  # SQLite's instructions between two looks at the clock
ROOM = 65536  # bytes that must be to be had
LITTLE_ROOM = 100 * 2**20
LARGE_WAL = 128 * 2**20
SHOWN = 10  # of the faults that a check of integrity finds
# sqlite.org/wal.html, "the WAL-reset bug": rare corruption when two connections checkpoint at once.
WAL_RESET_FIXED = (3, 51, 3)

_CODES: tuple[tuple[type[Exception], Code], ...] = (
    (DatabaseCorrupt, "damaged"),
    (DatabaseBusy, "frozen"),
    (ReadOnly, "read-only"),
    (StorageFull, "full"),
)


class _History:
    """The history's tables, as the ledger reads them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tables(self) -> set[str]:
        rows = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in rows}

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        return self._connection.execute(sql).fetchall()


class SqliteProbe:
    """Examines one file."""

    def __init__(self, target: SqliteTarget, migrations: Migrations) -> None:
        self._target = target
        self._migrations = migrations
        self._looked = -QUICK_LOOK_EVERY
        self._integrity = "ok"

    def examine(self, asked: Asked, found: Findings) -> None:
        """Add to `found`. Raises MigrationError."""
        path = self._target.path
        if path is None or not self._exists(path, found):
            return
        end = time.monotonic() + 0.9 * asked.deadline  # to tell of it in time
        try:
            with closing(self._connect(path)) as connection:
                connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
                self._look(connection, path, asked, found)
        except sqlite3.Error as error:
            self._failed(error, path, found)

    def look_at_memory(self, connection: sqlite3.Connection, found: Findings) -> None:
        """Add what there is to say of a database in memory."""
        self.note_version(found)
        if self._migrations.exist:
            self._migrations.judge(_History(connection), found)

    def note_version(self, found: Findings) -> None:
        """Add which SQLite it is, and what is wrong with that."""
        found.server = f"SQLite {sqlite3.sqlite_version}"
        if sqlite3.sqlite_version_info < WAL_RESET_FIXED:
            found.warnings.append(
                f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug (rare corruption when two "
                "connections checkpoint at once); 3.51.3 and newer do not"
            )

    # -- reaching it

    def _exists(self, path: Path, found: Findings) -> bool:
        try:
            path.stat()
        except FileNotFoundError:
            self._missing(path, found)
        except OSError as error:
            found.problem("down", f"{path}: {error.strerror}")
        else:
            return True
        return False

    def _missing(self, path: Path, found: Findings) -> None:
        if self._migrations.exist:
            remedy = "create it with: rawstore migrate up (or store.migrate())"
            found.problem("down", f"{path} does not exist; {remedy}")
        elif path.parent.is_dir():
            self.note_version(found)
            found.warnings.append(f"{path} does not exist: the first call creates it")
        else:
            found.problem("down", f"{path}: its folder does not exist")

    def _connect(self, path: Path) -> sqlite3.Connection:
        target = self._target
        mode = "ro" if target.read_only else "rw"
        immutable = "&immutable=1" if target.immutable else ""
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}{immutable}",
            uri=True,
            timeout=PATIENCE,
            isolation_level=None,
        )

    def _failed(self, error: sqlite3.Error, path: Path, found: Findings) -> None:
        name = getattr(error, "sqlite_errorname", "")
        kind = sqlite_class(name)
        code: Code = next((code for known, code in _CODES if issubclass(kind, known)), "down")
        text = f"{path}: {error}"
        if path.is_dir():
            text = f"{path}: it is a folder"
        elif code == "frozen":
            text = f"{path}: another process holds its lock and keeps even readers out"
        elif name == "SQLITE_INTERRUPT":
            code, text = "frozen", f"{path}: the file could not be read in time"
        elif name.startswith("SQLITE_CANTOPEN") or code == "read-only":
            code, text = self._cannot_open(path)
        found.problem(code, text)

    def _cannot_open(self, path: Path) -> tuple[Code, str]:
        if not _may(path, os.R_OK):
            return "down", f"{path}: no permission to read it"
        if not self._target.read_only and not _may(path.resolve().parent, os.W_OK):
            return "read-only", f"{path}: its folder is read-only, and WAL needs two files there"
        return "down", f"{path}: it cannot be opened"

    # -- what is looked at

    def _look(
        self, connection: sqlite3.Connection, path: Path, asked: Asked, found: Findings
    ) -> None:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        if owner not in (0, APPLICATION_ID):
            text = f"{path} belongs to another application (application_id {owner:#x})"
            found.problem("misconfigured", text)
            return
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self.note_version(found)
        self._look_at_storage(connection, path, found)
        if not self._target.read_only:
            _try_to_write(connection, path, found)
            _try_the_disk(path.resolve().parent, found)
        if self._migrations.exist:
            self._migrations.judge(_History(connection), found)
        if asked.integrity:
            _check_integrity(connection, asked.deadline, found)
        else:
            self._look_quickly(connection, found)

    def _look_at_storage(self, connection: sqlite3.Connection, path: Path, found: Findings) -> None:
        real = path.resolve()
        wal = _size(real.with_name(f"{real.name}-wal"))
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        disk = os.statvfs(real.parent)
        free = disk.f_frsize * (disk.f_bavail if os.geteuid() else disk.f_bfree)
        size = _size(real)
        found.storage = {"journal": journal, "file": size, "wal": wal, "free": free}
        if wal > LARGE_WAL:
            text = f"the WAL has grown to {wal // 2**20} MB: is there a reader that never ends?"
            found.warnings.append(text)
        if self._target.read_only:
            return
        if free < LITTLE_ROOM:
            found.warnings.append(f"{free // 2**20} MB are free on the disk")
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY and max(size, wal) + ROOM > limit:
            text = f"{path}: this process may not write files of more than {limit} bytes"
            found.problem("full", f"{text} (ulimit -f)")

    def _look_quickly(self, connection: sqlite3.Connection, found: Findings) -> None:
        if time.monotonic() - self._looked >= QUICK_LOOK_EVERY:
            self._integrity = _quick_check(connection)
            # Damage is looked for again at once, so that its mending is seen.
            sound = self._integrity in ("ok", "unknown")
            self._looked = time.monotonic() if sound else -QUICK_LOOK_EVERY
            if not sound:
                found.problem("damaged", f"quick_check: {self._integrity}")
        found.storage["integrity"] = self._integrity


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _try_to_write(connection: sqlite3.Connection, path: Path, found: Findings) -> None:
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")  # where the file is read-only this is a mere BEGIN
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version}")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith("SQLITE_READONLY"):
            found.problem("read-only", f"{path}: the file is read-only")
        elif not error.sqlite_errorname.startswith("SQLITE_BUSY"):  # somebody writes: that is well
            raise
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")


def _try_the_disk(folder: Path, found: Findings) -> None:
    try:
        descriptor = _nameless(folder)
        try:
            os.write(descriptor, b"\0" * ROOM)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT, EFBIG, EIO):
            found.problem("full", f"{folder}: {error.strerror}")
        else:
            found.problem("read-only", f"{folder}: {error.strerror}")


def _nameless(folder: Path) -> int:
    with suppress(AttributeError, OSError):  # Linux, and most of its file systems
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    descriptor, name = tempfile.mkstemp(".tmp", ".rawstore-health-", folder)
    Path(name).unlink()
    return descriptor


def _quick_check(connection: sqlite3.Connection) -> str:
    end = time.monotonic() + QUICK_LOOK
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
        return "unknown"
    return str(said)


def _check_integrity(connection: sqlite3.Connection, deadline: float, found: Findings) -> None:
    try:
        said = [text for (text,) in connection.execute(f"PRAGMA integrity_check({SHOWN})")]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(SHOWN)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
        found.storage["integrity"] = "unknown"
        found.problem("unchecked", f"integrity: not finished within {deadline:g} s")
        return
    found.storage["integrity"] = "ok" if said == ["ok"] else said
    if said != ["ok"]:
        found.problem("damaged", "integrity_check: " + "; ".join(said))
    if orphans:
        found.problem("inconsistent", f"rows without their parents: {_counted(orphans)}")


def _counted(orphans: list[Any]) -> str:
    pairs = sorted({(child, parent) for child, _, parent, _ in orphans})
    count = f"{len(orphans)} or more" if len(orphans) == SHOWN else str(len(orphans))
    return ", ".join((count, *(f"{child} without {parent}" for child, parent in pairs)))
