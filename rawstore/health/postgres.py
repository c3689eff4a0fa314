"""How a PostgreSQL server is, asked over a connection beside the pool.

Each look connects anew: that shows what a connection that is open already cannot, and none is held
between looks, least of all the last that the server has.

A full disk is found by a temporary file of the server, which lies where the tables do: a sort of
few kilobytes with little memory. It leaves no row and no WAL, and is allowed on a standby too.
"""

from __future__ import annotations

import json
from typing import Any

import psycopg

from ..engines.postgres_conninfo import session_conninfo
from ..engines.postgres_probe import check_version, connect_error
from ..errors import DatabaseError, PermissionDenied, StorageFull, UndefinedObject
from ..migrate.failure import hidden
from ..target import PostgresTarget
from .migrations import Migrations
from .postgres_connection import LIMIT, Connection, History, Row
from .replication import look as look_at_replication
from .verdict import Asked, Code, Findings

SPARE = 3  # connections; a server with fewer to spare is worth a warning
CONNECT = "2"  # seconds after which an attempt to connect gives up by itself
OLDEST_VECTOR, SOUND_VECTOR = (0, 8), (0, 8, 4)

_ENTRY = b"""/* rawstore health */
SELECT
    current_setting('server_version'),
    (SELECT json_object_agg(extname, extversion ORDER BY extname) FROM pg_catalog.pg_extension),
    (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database),
    current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0),
    (
        SELECT checksum_failures
        FROM pg_catalog.pg_stat_database
        WHERE datname = current_database()
    )
"""
_DISK = b"""/* rawstore health */ SET LOCAL work_mem = '64kB'; SET LOCAL temp_tablespaces = '';
SELECT count(*) FROM generate_series(1, 4096) AS numbers (n)
"""
_STATE = b"""/* rawstore health */
SELECT
    current_setting('transaction_read_only'),
    pg_is_in_recovery(),
    (
        SELECT string_agg(i.indexrelid::regclass::text, ', ' ORDER BY c.relname)
        FROM pg_catalog.pg_index AS i
        INNER JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
        WHERE
            NOT i.indisvalid
            AND c.relnamespace = to_regnamespace(quote_ident($1))
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
                WHERE p.index_relid = c.oid
            )
    ),
    (
        SELECT string_agg(t.relname, ' ')
        FROM pg_catalog.pg_class AS t
        WHERE
            t.relnamespace = to_regnamespace(quote_ident($1))
            AND t.relname IN ('_yoyo_migration', 'rawstore_migration')
    )
"""
_USES_VECTORS = b"""/* rawstore health */
SELECT count(*)
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE
    c.relnamespace = to_regnamespace(quote_ident($1))
    AND t.typname IN ('vector', 'halfvec', 'sparsevec')
"""
# What the server says before anything else has no SQLSTATE in libpq. Where it speaks another
# language, the verdict is "down", with its text.
_REFUSALS: tuple[tuple[str, Code], ...] = (
    ("too many clients already", "exhausted"),
    ("remaining connection slots are reserved", "exhausted"),
    ("too many connections for", "exhausted"),
    ("No space left on device", "full"),
    ("Disk quota exceeded", "full"),
)


class PostgresProbe:
    """Examines one database."""

    def __init__(self, target: PostgresTarget, schema: str, migrations: Migrations) -> None:
        options = {**vars(target), "statement_timeout": LIMIT, "lock_timeout": LIMIT / 2}
        options["conninfo"] = {**target.conninfo, "connect_timeout": CONNECT}
        self._conninfo: dict[str, Any] = dict(session_conninfo(PostgresTarget(**options), schema))
        self._target = target
        self._schema = schema
        self._migrations = migrations

    def examine(self, asked: Asked, found: Findings) -> None:
        """Add to `found`. Raises DatabaseError, ConfigError, MigrationError."""
        connection = self._enter(found)
        if connection is None:
            return
        try:
            self._look(connection, asked, found)
        except TimeoutError:
            found.problem("frozen", f"no answer within {LIMIT:g} s")
        finally:
            connection.close()

    def _enter(self, found: Findings) -> Connection | None:
        """A new connection; None, with the problem in `found`, where there is none to be had."""
        try:
            connection = psycopg.connect(**self._conninfo, autocommit=True, prepare_threshold=None)
        except psycopg.errors.ConnectionTimeout:
            found.problem("frozen", f"no answer from {self._target}")
            return None
        except psycopg.Error as error:
            text = hidden(str(connect_error(error, self._target)), self._target)
            said = str(error)
            code: Code = next((code for words, code in _REFUSALS if words in said), "down")
            if code == "exhausted":
                text = f"the server has no connection free: {text}"
            found.problem(code, text)
            return None
        return Connection(connection)

    # -- what is looked at

    def _look(self, connection: Connection, asked: Asked, found: Findings) -> None:
        check_version(connection.version)
        self._look_around(connection, found)
        self._look_at_vectors(connection, found)
        self._try_the_disk(connection, found)
        state = connection.row(_STATE, self._schema)
        self._look_at_state(state, found)
        self._look_closely(connection, state, asked, found)

    def _look_around(self, connection: Connection, found: Findings) -> None:
        version, extensions, used, limit, failures = connection.row(_ENTRY)
        found.server = f"PostgreSQL {version}"
        found.extensions = json.loads(extensions or "{}")
        found.connections = {"used": int(used or 0), "limit": int(limit or 0)}
        if found.connections["limit"] - found.connections["used"] < SPARE:
            found.warnings.append(f"{used} of the server's {limit} connections are in use")
        if int(failures or 0):
            found.warnings.append(f"{failures} pages of this database failed their checksums")

    def _look_at_vectors(self, connection: Connection, found: Findings) -> None:
        name = found.extensions.get("vector")
        if name is None:
            return
        version = tuple(int(part) for part in name.split(".") if part.isdecimal())
        if version >= SOUND_VECTOR or connection.row(_USES_VECTORS, self._schema) == ("0",):
            return
        remedy = "install a newer one, then ALTER EXTENSION vector UPDATE"
        if version < OLDEST_VECTOR:
            text = f"the extension vector is {name}, but 0.8 or newer is needed: {remedy}"
            found.problem("outdated", text)
        else:
            text = f"the extension vector {name} can damage HNSW indexes in VACUUM; 0.8.4 does not"
            found.warnings.append(f"{text}: {remedy}")

    def _try_the_disk(self, connection: Connection, found: Findings) -> None:
        try:
            connection.rows(_DISK)
        except StorageFull as error:
            found.problem("full", f"the server's disk is full: {error}")
        except DatabaseError as error:
            if error.code != "53400":  # temp_file_limit, which says nothing of the disk
                raise

    def _look_at_state(self, state: Row, found: Findings) -> None:
        read_only, standby, invalid = state[:3]
        wanted = self._target.conninfo.get("target_session_attrs", "any")
        if read_only == "on" and wanted not in ("read-only", "standby", "prefer-standby"):
            why = "it is a standby" if standby == "t" else "default_transaction_read_only is on"
            found.problem("read-only", f"the server is read-only: {why}")
        if invalid:
            text = f"to be built anew (REINDEX INDEX CONCURRENTLY) or dropped: {invalid}"
            found.problem("invalid-index", f"invalid indexes, {text}")

    def _look_closely(
        self, connection: Connection, state: Row, asked: Asked, found: Findings
    ) -> None:
        if asked.integrity:
            found.warnings.append(
                "integrity is not checked on PostgreSQL: pg_amcheck does it on the server"
            )
        if self._migrations.exist:
            tables = set((state[3] or "").split())
            self._look_at_migrations(connection, tables, found)
        if asked.max_lag is not None:
            look_at_replication(connection.row, connection.rows, asked.max_lag, found)

    def _look_at_migrations(
        self, connection: Connection, tables: set[str], found: Findings
    ) -> None:
        try:
            self._migrations.judge(History(connection, self._schema, tables), found)
        except (PermissionDenied, UndefinedObject):  # of the tables, or of their schema
            remedy = f"GRANT USAGE ON SCHEMA {self._schema}, and SELECT on its tables"
            found.warnings.append(f"this role may not read the migrations' history: {remedy}")
