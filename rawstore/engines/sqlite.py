"""SQLite: one writer at a time in this process, as many readers as are wanted, WAL beneath.

Connections are lent, not bound to threads: one of a thread that ends would be lost, and a stream
keeps its own while it is read. Writers queue on a lock of this process and then, against other
processes, on SQLite's own with `busy_timeout`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import quote

from ..errors import ConfigError, ConnectionLost, DatabaseBusy, DatabaseError
from ..query import Variant
from ..statistics import Recorder
from ..target import SqliteTarget
from . import sqlite_functions
from .errormap import from_sqlite
from .sqlite_recorded import RecordedSqliteSession
from .sqlite_session import SqliteSession
from .sqlite_statement import Statements

OLDEST = (3, 38, 0)
APPLICATION_ID = 0x52415753  # "RAWS": set by the first migration, refused when another's
STATEMENTS = 512  # prepared statements that sqlite3 keeps for a connection
READERS = 16  # idle connections kept
# SQLite keeps 2 MB of a file's pages; what is larger is copied anew for each statement: a search
# in 20 MB of vectors takes 1.8 times as long, a sum over them ten times. So the connections opened
# first, which are lent first, keep more; all of them might keep gigabytes. (`mmap_size` is as fast,
# but turns an error of the disk into the end of the process.)
LARGE_CACHES = 4
LARGE_CACHE = 65536  # KiB


class SqliteEngine:
    """The connections to one file, or to one database in memory."""

    dialect: Literal["sqlite"] = "sqlite"
    connection_class: type[sqlite3.Connection] = sqlite3.Connection

    def __init__(
        self, target: SqliteTarget, *, create: bool = False, recorder: Recorder | None = None
    ) -> None:
        """Nothing is opened yet. A missing file is made only where `create` says so."""
        if sqlite3.sqlite_version_info < OLDEST:
            raise ConfigError(
                f"SQLite {sqlite3.sqlite_version} is too old; 3.38 or newer is needed"
            )
        self.target = target
        self._create = create
        self.single = target.path is None  # in memory: the one connection is the database
        self.recorder = recorder or Recorder.of(target)
        self._statements = Statements(target.statement_timeout, self.recorder)
        self._sessions: set[SqliteSession] = set()  # all that are open, lent ones too
        self._readers: deque[SqliteSession] = deque()
        self._writer: SqliteSession | None = None
        self._write_lock = threading.Lock()
        self._owner: int | None = None  # the thread that holds the writer
        self._closed = False
        self._forked = False
        _engines.add(self)

    # -- lending

    def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement on a session of its own; what its kind gives back."""
        if variant.query.writes or self.single:
            return self._call_writer(variant, values)
        readers = self._readers
        try:
            session = readers.pop()
        except IndexError:
            session = self._borrow_for(variant)
        try:
            answer = session.run(variant, values)
        except BaseException:
            self.give(session)
            raise
        # As `give`, but for the transaction, which no single read can leave open.
        if session.altered or len(readers) >= READERS:
            self.give(session)
        else:
            readers.append(session)
            if self._closed:  # meanwhile, by another thread
                self._close_readers()
        return answer

    def _call_writer(self, variant: Variant, values: Sequence[Any]) -> Any:
        session = self._borrow_for(variant)
        try:
            return session.run(variant, values)
        finally:
            self.give(session)

    def _borrow_for(self, variant: Variant) -> SqliteSession:
        try:
            return self.borrow(writes=variant.query.writes)
        except BaseException as error:
            self.recorder.refused(variant, error)
            raise

    def borrow(self, *, writes: bool = True, read_only: bool = False) -> SqliteSession:
        """A session that may write, or one that only reads. Raises DatabaseBusy."""
        if self._closed or self._forked:
            raise self._unusable()
        if self.single or (writes and not read_only):
            session = self._borrow_writer()
        else:
            try:
                session = self._readers.pop()
            except IndexError:
                session = self._new_session()
        if read_only:
            session.read_only = True
        return session

    def opens(self, *, writes: bool) -> bool:
        """Whether `borrow` would open a connection."""
        if self._closed or self._forked:
            return False
        return not self._readers if not writes else self._writer is None

    def _new_session(self) -> SqliteSession:
        connection = self.connect()
        if len(self._sessions) < LARGE_CACHES:
            connection.execute(f"PRAGMA cache_size = -{LARGE_CACHE}")
        session = self._entered(connection)
        self._sessions.add(session)
        return session

    def _entered(self, connection: sqlite3.Connection) -> SqliteSession:
        if not self.recorder.active:
            return SqliteSession(connection, self._statements)
        return RecordedSqliteSession(connection, self._statements, self.recorder)

    def _discard(self, session: SqliteSession) -> None:
        self._sessions.discard(session)
        session.discard()

    def _borrow_writer(self) -> SqliteSession:
        me = threading.get_ident()
        if self._owner == me:
            raise DatabaseBusy(
                "this thread has a transaction or stream open, which holds the only writer: "
                "call the query on the transaction (tx.…), not on the store"
            )
        if not self._write_lock.acquire(timeout=self.target.busy_timeout):
            raise DatabaseBusy(f"the write lock was not free within {self.target.busy_timeout:g} s")
        try:
            if self._closed:  # while we waited
                raise self._unusable()
            if self._writer is None:
                self._writer = self._new_session()
        except BaseException:
            self._write_lock.release()
            raise
        self._owner = me
        return self._writer

    def give(self, session: SqliteSession) -> None:
        """Take a session back; an open transaction is rolled back."""
        if self._forked:
            return
        if session.pending or not session.idle:
            session.rollback()
        if session.read_only:
            session.read_only = False
        done = self._closed or (session.altered and not self._cleanse(session))
        if session is self._writer:
            if done:
                self._writer = None
                self._discard(session)
            self._owner = None
            self._write_lock.release()
        elif done or len(self._readers) >= READERS:
            self._discard(session)
        else:
            self._readers.append(session)
            if self._closed:  # meanwhile, by another thread
                self._close_readers()

    def _close_readers(self) -> None:
        with suppress(IndexError):  # others may do so at the same time
            while True:
                self._discard(self._readers.pop())

    def _cleanse(self, session: SqliteSession) -> bool:
        """Undo a caller's PRAGMAs where the connection is the database; else False: close it."""
        if self.target.path is not None:
            return False
        session.connection.execute("PRAGMA query_only = OFF")
        self._configure(session.connection)
        session.altered = False
        return True

    def close(self) -> None:
        """Close every connection that is not lent; a lent one is closed when it comes back."""
        self._closed = True
        _engines.discard(self)
        if self._forked:
            return
        self._close_readers()
        if self._write_lock.acquire(blocking=False):
            writer, self._writer = self._writer, None
            self._write_lock.release()
            if writer is not None:
                self._discard(writer)

    @property
    def memory(self) -> sqlite3.Connection | None:
        """The only connection of a database in memory, for migrations; None for a file."""
        if self.target.path is not None:
            return None
        session = self._borrow_writer()
        self.give(session)
        return session.connection

    # -- opening

    def connect(self) -> sqlite3.Connection:
        """A new connection with our settings. Raises the mapped error."""
        target = self.target
        if self._closed or self._forked:
            raise self._unusable()
        if target.path is not None and not self._create and not target.path.exists():
            remedy = "create it with: rawstore migrate up (or store.migrate())"
            raise ConnectionLost(f"{target.path} does not exist; {remedy}")
        try:
            connection = sqlite3.connect(
                _uri(target, create=self._create),
                uri=True,
                timeout=target.busy_timeout,  # busy_timeout, before anything takes a lock
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS,
                factory=self.connection_class,
            )
        except sqlite3.Error as error:
            raise _open_error(error, target) from error
        try:
            self._configure(connection)
        except sqlite3.Error as error:
            connection.close()
            raise _open_error(error, target) from error
        except ConfigError:
            connection.close()
            raise
        return connection

    def _configure(self, connection: sqlite3.Connection) -> None:
        target = self.target
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        if owner not in (0, APPLICATION_ID):
            raise ConfigError(
                f"{target.path} belongs to another application (application_id {owner:#x})"
            )
        if target.path is not None and not target.read_only and not target.immutable:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {target.synchronous.upper()}")
        sqlite_functions.register(connection)

    def _unusable(self) -> ConfigError:
        if self._forked:
            return ConfigError(
                "this store was opened before the process forked; open it again in the child"
            )
        return ConfigError("this store is closed; open it again")

    def _forget(self) -> None:
        """In a forked child: keep the parent's connections unclosed (closing drops its locks)."""
        self._forked = True
        self._readers = deque()
        _forgotten.append(self._sessions)


def _uri(target: SqliteTarget, *, create: bool) -> str:
    if target.path is None:
        return "file::memory:"
    mode = "ro" if target.read_only or target.immutable else "rwc" if create else "rw"
    immutable = "&immutable=1" if target.immutable else ""
    return f"file:{quote(str(target.path))}?mode={mode}{immutable}"


def _open_error(error: sqlite3.Error, target: SqliteTarget) -> DatabaseError:
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    reason = "it is a folder" if target.path and target.path.is_dir() else error
    return from_sqlite(name, f"{target.path}: {reason}")


_engines: weakref.WeakSet[SqliteEngine] = weakref.WeakSet()
_forgotten: list[Any] = []


def _after_fork() -> None:
    for engine in list(_engines):
        engine._forget()  # noqa: SLF001 - this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
