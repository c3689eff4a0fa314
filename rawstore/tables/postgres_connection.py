"""A connection for long work on PostgreSQL: without limits of time."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg

from ..engines.errormap import from_sqlstate
from ..engines.postgres_conninfo import session_conninfo
from ..errors import ConnectionLost, DatabaseError
from ..migrate.failure import hidden, reason
from ..target import PostgresTarget

# Of the transaction alone: behind a pooler the session is not ours. The text of values does not
# depend on the role, and a policy that hides rows is an error.
_SETTINGS = """
SELECT set_config(name, setting, TRUE)
FROM
    unnest(
        ARRAY[
            'search_path', 'timezone', 'statement_timeout', 'lock_timeout',
            'idle_in_transaction_session_timeout', 'extra_float_digits',
            'datestyle', 'intervalstyle', 'bytea_output', 'row_security'
        ],
        ARRAY[%s, 'UTC', '0', %s, '0', '1', 'ISO', 'postgres', 'hex', 'off']
    ) AS settings (name, setting)
"""


def connect(
    target: PostgresTarget, schema: str, begin: LiteralString = "BEGIN"
) -> psycopg.Connection[Any]:
    """A connection in a transaction, in UTC. A lock is still waited for no longer than usual.

    Raises the mapped error.
    """
    options: dict[str, Any] = {**session_conninfo(target, schema)}
    if "," in options.get("host", "") and "READ ONLY" not in begin:
        options.setdefault("target_session_attrs", "read-write")
    try:
        connection = psycopg.connect(**options, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        said = hidden(reason(error), target)
        raise ConnectionLost(f"cannot connect to {target}: {said}") from error
    try:
        path = psycopg.sql.SQL("{}, public").format(psycopg.sql.Identifier(schema))
        wait = f"{target.lock_timeout * 1000:.0f}"
        connection.execute(begin)
        connection.execute(_SETTINGS, (path.as_string(connection), wait))
        if connection.info.server_version >= 170_000:
            connection.execute("SET LOCAL transaction_timeout = 0")
    except psycopg.Error as error:
        connection.close()
        raise mapped(error) from error
    return connection


def mapped(error: psycopg.Error, place: str = "") -> DatabaseError:
    """The server's error as ours, without what quotes values; `place` says where it was."""
    if error.sqlstate is None:
        return ConnectionLost(f"the connection was lost: {reason(error)}")
    primary = error.diag.message_primary or ""
    quotes = error.sqlstate.startswith("22")
    return from_sqlstate(
        error.sqlstate, place if quotes else primary, constraint=error.diag.constraint_name
    )
