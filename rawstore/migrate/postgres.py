"""Migrating a PostgreSQL database: its connection and its lock."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg

from rawstore.errors import ConnectionLost, DatabaseBusy, MigrationError
from rawstore.migrate.failure import hidden, reason
from rawstore.migrate.postgres_backend import PostgresBackend, quoted

if TYPE_CHECKING:
    from rawstore.target import PostgresTarget

LOCK_TIMEOUT = "3s"
"""How long a statement may wait for a lock: every reader of the table waits behind it."""
OLDEST_SERVER = 14


class PostgresDatabase:
    """A schema of a PostgreSQL database that is to be migrated."""

    dialect = "postgres"

    def __init__(self, target: PostgresTarget, schema: str) -> None:
        self._target = target
        self._schema = schema

    @contextmanager
    def connect(self, *, write: bool = False) -> Iterator[PostgresBackend]:
        """Open a connection of its own for the block; `write` makes no difference here."""
        connection = self._open()
        try:
            _check_version(connection)
            _set_session(connection, self._schema)
            yield PostgresBackend(connection, self._schema)
        finally:
            connection.close()

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        conninfo = {"connect_timeout": "10", "client_encoding": "utf8", **self._target.conninfo}
        if "," in conninfo.get("host", ""):
            conninfo.setdefault("target_session_attrs", "read-write")
        options: dict[str, Any] = dict(conninfo)
        try:
            return psycopg.connect(**options, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            said = hidden(reason(error), self._target)
            raise ConnectionLost(f"cannot connect to {self._target}: {said}") from error

    @contextmanager
    def lock(self, wait: float, notify: Callable[[str], None]) -> Iterator[Callable[[], None]]:
        """Hold the schema's migration lock for the block; yields a check that it still is held.

        Polled: a session that waits inside the server holds a snapshot, for which a concurrent
        index build in the session that has the lock would wait for ever. DatabaseBusy after
        `wait` seconds.
        """
        key = {"key": lock_key(self._schema)}
        with self.connect() as backend:
            deadline = time.monotonic() + wait
            told = False
            while backend.rows("SELECT pg_try_advisory_lock(:key)", key) != [(True,)]:
                holder = _holder(backend, key)
                if time.monotonic() >= deadline:
                    raise DatabaseBusy(
                        f"schema {self._schema} is being migrated by {holder}; waited {wait:g} s"
                    )
                if not told:
                    notify(f"waiting for {holder}, which is migrating schema {self._schema}")
                told = True
                time.sleep(random.uniform(0.05, 0.3))  # noqa: S311
            try:
                yield lambda: _check_held(backend)
            finally:
                with suppress(psycopg.Error):
                    backend.rows("SELECT pg_advisory_unlock(:key)", key)


def lock_key(schema: str) -> int:
    """Return the advisory lock of a schema's migrations, the same in every version."""
    digest = hashlib.sha256(f"rawstore migrate {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _check_version(connection: psycopg.Connection[Any]) -> None:
    version = connection.info.server_version
    if version < OLDEST_SERVER * 10_000:
        raise MigrationError(
            f"PostgreSQL {version // 10_000} is too old: {OLDEST_SERVER} is the oldest that ends "
            "a statement when its client is gone (client_connection_check_interval)"
        )


def _set_session(connection: psycopg.Connection[Any], schema: str) -> None:
    """No limit but the lock's may end a migration, and a dead client's statement ends with it."""
    settings = {
        "search_path": quoted(schema),
        "timezone": "UTC",
        "lock_timeout": LOCK_TIMEOUT,
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "idle_session_timeout": "0",
    }
    if connection.info.server_version >= 170_000:
        settings["transaction_timeout"] = "0"
    connection.execute(
        "SELECT set_config(s.name, s.setting, false)"
        " FROM unnest(%s::text[], %s::text[]) AS s (name, setting)",
        (list(settings), list(settings.values())),
    )
    with suppress(psycopg.errors.InvalidParameterValue):  # a server on Windows cannot
        connection.execute("SET client_connection_check_interval = '500ms'")


def _holder(backend: PostgresBackend, key: dict[str, int]) -> str:
    found = backend.rows(
        """SELECT a.pid, coalesce(nullif(a.application_name, ''), 'a client'), a.client_addr,
            date_trunc('second', clock_timestamp() - a.backend_start)
        FROM pg_catalog.pg_locks AS l
        JOIN pg_catalog.pg_stat_activity AS a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND (l.classid::bigint << 32 | l.objid::bigint) = :key""",
        key,
    )
    if not found:
        return "another process"
    pid, name, address, since = found[0]
    return f"{name} (server process {pid}{f', from {address}' if address else ''}, for {since})"


def _check_held(backend: PostgresBackend) -> None:
    """Raise ConnectionLost unless this session has the lock: another run may have begun."""
    try:
        held = backend.rows(
            "SELECT 1 FROM pg_catalog.pg_locks"
            " WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
        )
    except psycopg.Error as error:
        raise ConnectionLost(
            "the connection that held the migration lock is gone: run again"
        ) from error
    if not held:
        raise ConnectionLost(
            "the migration lock was lost: is there a pooler in transaction mode? "
            "Migrations need a direct connection"
        )
