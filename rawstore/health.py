"""Whether a store can be worked with: does its database answer, and is its schema in order."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import DatabaseError, RawstoreError
from .target import PostgresTarget, SqliteTarget

if TYPE_CHECKING:
    from .store import Store

DEADLINE = 1.0  # seconds; a check must not hang where the database does

# sqlite.org/wal.html, "the WAL-reset bug": rare corruption when two connections checkpoint at once.
_WAL_RESET_FIXED = (3, 51, 3)

_STATE = b"""
SELECT
    current_setting('server_version'),
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool,
    (
        SELECT string_agg(indexrelid::regclass::text, ', ' ORDER BY indexrelid)
        FROM pg_catalog.pg_index
        INNER JOIN pg_catalog.pg_class ON pg_class.oid = pg_index.indexrelid
        WHERE NOT indisvalid AND relnamespace = to_regnamespace(quote_ident($1))
    )
"""


@dataclass(frozen=True, slots=True)
class Health:
    """`healthy` is the verdict; `problems` say why not; `warnings` do not change it.

    `server` is None where the database did not answer.
    """

    healthy: bool
    database: str
    server: str | None
    migrations: dict[str, int] = field(default_factory=dict)
    pool: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _Findings:
    """What the check has found so far."""

    def __init__(self) -> None:
        self.server: str | None = None
        self.migrations: dict[str, int] = {}
        self.problems: list[str] = []


def check(store: Store) -> Health:
    """Ask the database, within a second; never raises for what is wrong with it.

    The pool's connections are left to those who work: the check has one of its own.
    """
    found = _Findings()
    asking = threading.Thread(target=_ask, args=(store, found), name="rawstore-health", daemon=True)
    asking.start()
    asking.join(DEADLINE)
    problems = list(found.problems)
    if asking.is_alive():
        problems.append(f"no answer within {DEADLINE:g} s")
    return Health(
        healthy=not problems,
        database=str(store.target),
        server=found.server,
        migrations=dict(found.migrations),
        pool=_pool(store),
        problems=tuple(problems),
        warnings=_warnings(store),
    )


def _ask(store: Store, found: _Findings) -> None:
    try:
        if isinstance(store.target, SqliteTarget):
            _ask_sqlite(store, store.target, found)
        else:
            _ask_postgres(store, found)
        _ask_migrations(store, found)
    except RawstoreError as error:
        found.problems.append(str(error))


def _ask_sqlite(store: Store, target: SqliteTarget, found: _Findings) -> None:
    engine: Any = store._engine  # noqa: SLF001 - part of the store
    if target.path is None:
        engine.give(engine.borrow())
    else:
        connection = engine.connect()
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not target.read_only:
                _try_to_write(connection, found)
        except sqlite3.Error as error:
            raise DatabaseError(str(error)) from error
        finally:
            connection.close()
    found.server = f"SQLite {sqlite3.sqlite_version}"


def _try_to_write(connection: sqlite3.Connection, found: _Findings) -> None:
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith("SQLITE_READONLY"):
            found.problems.append("the file is read-only")
        elif not error.sqlite_errorname.startswith("SQLITE_BUSY"):  # somebody writes: that is well
            raise


def _ask_postgres(store: Store, found: _Findings) -> None:
    engine: Any = store._engine  # noqa: SLF001 - part of the store
    session = engine.connect(DEADLINE)
    try:
        send = session.connection.pgconn.send_query_params
        result = session.call(send, _STATE, [store.schema.encode()])
        if not result.ntuples:
            raise session.failed(result, None)
        version, read_only, invalid = (result.get_value(0, column) for column in range(3))
    finally:
        session.connection.close()
    found.server = f"PostgreSQL {version.decode()}"
    if read_only == b"t":
        found.problems.append("the server is read-only")
    if invalid:
        found.problems.append(f"invalid indexes, to be dropped and built anew: {invalid.decode()}")


def _ask_migrations(store: Store, found: _Findings) -> None:
    if not store.source.migrations(store.target.dialect).is_dir():
        return
    counts = {"applied": 0, "pending": 0, "changed": 0, "missing": 0}
    for migration in store.migrations.status():
        counts[migration.state] += 1
        if migration.state in ("changed", "missing"):
            state = f"migration {migration.id} is applied, but its file is {migration.state}"
            found.problems.append(state)
    found.migrations = counts
    if counts["pending"]:
        pending = f"{counts['pending']} migrations are pending: rawstore migrate up {store.name}"
        found.problems.append(pending)


def _pool(store: Store) -> dict[str, int]:
    if not isinstance(store.target, PostgresTarget):
        return {}
    stats: dict[str, int] = store._engine.stats()  # noqa: SLF001
    return stats


def _warnings(store: Store) -> tuple[str, ...]:
    if isinstance(store.target, SqliteTarget) and sqlite3.sqlite_version_info < _WAL_RESET_FIXED:
        return (
            f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug (rare corruption when two "
            "connections checkpoint at once); 3.51.3 and newer do not",
        )
    return ()
