"""A connection to PostgreSQL beside the pool, for work that takes its time."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from ..engines.errormap import from_sqlstate
from ..engines.postgres_probe import connect_error
from ..errors import ConfigError, ConnectionLost, DatabaseBusy, DatabaseError
from ..target import PostgresTarget

_HELD = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks
    WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
)
"""
Connection = psycopg.Connection[tuple[Any, ...]]
Statement = sql.SQL | sql.Composed


@contextmanager
def connected(target: PostgresTarget) -> Iterator[Connection]:
    """A connection in autocommit, which finds names only by their schema; no limit ends its work.

    A driver's error in the block leaves it as one of ours.
    """
    try:
        connection = _open(target)
    except psycopg.Error as error:
        raise connect_error(error, target) from error
    try:
        with connection, translated():
            _set_session(connection)
            yield connection
    finally:
        connection.close()


def _open(target: PostgresTarget) -> Connection:
    conninfo: dict[str, Any] = {"connect_timeout": "10", **target.conninfo}
    conninfo["client_encoding"] = "utf8"
    if "," in conninfo.get("host", ""):
        conninfo.setdefault("target_session_attrs", "read-write")
    return psycopg.connect(**conninfo, autocommit=True, prepare_threshold=None)


@contextmanager
def translated() -> Iterator[None]:
    """Raise a driver's error in the block as ours, without the values that a detail quotes."""
    try:
        yield
    except psycopg.Error as error:
        raise _translated(error) from error


def _translated(error: psycopg.Error) -> DatabaseError:
    if error.sqlstate is None:
        return ConnectionLost("the connection to the server was lost: run again")
    return from_sqlstate(error.sqlstate, error.diag.message_primary or "")


def _set_session(connection: Connection) -> None:
    settings = {
        "search_path": "",
        "default_transaction_read_only": "off",
        "timezone": "UTC",
        "lock_timeout": "3s",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "idle_session_timeout": "0",
    }
    if connection.info.server_version >= 170_000:
        settings["transaction_timeout"] = "0"
    configure(connection, settings, locally=False)
    with suppress(psycopg.errors.InvalidParameterValue):  # a server on Windows cannot
        connection.execute("SET client_connection_check_interval = '500ms'")


def configure(connection: Connection, settings: Mapping[str, str], *, locally: bool) -> None:
    """Set them for the session, or to the end of the transaction."""
    connection.execute(
        "SELECT set_config(name, setting, %s)"
        " FROM unnest(%s::text[], %s::text[]) AS settings (name, setting)",
        (locally, list(settings), list(settings.values())),
    )


@contextmanager
def alone(connection: Connection, schema: str, wait: float) -> Iterator[None]:
    """Only one block at a time for a schema, in whichever process. DatabaseBusy after `wait` s.

    Polled: who waits inside the server holds a snapshot, for whose end a concurrent build waits.
    """
    key = _lock_key(schema)
    deadline = time.monotonic() + wait
    while not value(connection, "SELECT pg_try_advisory_lock(%s)", key):
        if time.monotonic() >= deadline:
            raise DatabaseBusy(f"the vector indexes of {schema} are being rebuilt by another run")
        time.sleep(random.uniform(0.05, 0.3))  # noqa: S311
    if not value(connection, _HELD):
        raise ConfigError(
            "a lock was lost: is there a pooler in transaction mode? "
            "Building an index needs a connection to the server itself"
        )
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_advisory_unlock(%s)", (key,))


def _lock_key(schema: str) -> int:
    digest = hashlib.sha256(f"rawstore vectors {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def value(connection: Connection, query: str | Statement, *values: Any) -> Any:
    """The first column of the first row; None where there is no row."""
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None
