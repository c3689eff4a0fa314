"""What a backup and a restore ask a PostgreSQL server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from ..engines.postgres_probe import connect_error
from ..engines.watchdog import Watch, unwatch, watch
from ..errors import ConfigError, ConnectionLost
from ..migrate.failure import translate
from ..tables.quoting import identifier, text
from ..target import PostgresTarget
from .manifest import Extension

LONGEST = 6 * 3600.0  # seconds of a statement, after which its server is taken for frozen
LOCK_WAIT = 60_000  # milliseconds that pg_dump waits for a table that is being altered
_SETTINGS = {
    "search_path": "",
    "timezone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "statement_timeout": "0",
    "lock_timeout": f"{LOCK_WAIT}ms",
    "idle_in_transaction_session_timeout": "0",
    "row_security": "off",  # a role that may not see every row is told so
}
_EXTENSIONS = """
WITH objects (classid, objid) AS (
    SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relnamespace = %(schema)s
    UNION ALL
    SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = %(schema)s
    UNION ALL
    SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = %(schema)s
    UNION ALL
    SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE connamespace = %(schema)s
    UNION ALL
    SELECT 'pg_attrdef'::regclass, d.oid
    FROM pg_attrdef AS d
    INNER JOIN pg_class AS c ON c.oid = d.adrelid AND c.relnamespace = %(schema)s
)
SELECT DISTINCT e.extname::text, e.extversion, n.nspname::text
FROM objects AS o
INNER JOIN pg_depend AS d ON d.classid = o.classid AND d.objid = o.objid
INNER JOIN pg_depend AS m
    ON m.classid = d.refclassid AND m.objid = d.refobjid
    AND m.deptype = 'e' AND m.refclassid = 'pg_extension'::regclass
INNER JOIN pg_extension AS e ON e.oid = m.refobjid
INNER JOIN pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql'
ORDER BY 1
"""
_ROLES = """
WITH objects (owner, acl) AS (
    SELECT nspowner, nspacl FROM pg_namespace WHERE oid = %(schema)s
    UNION ALL
    SELECT relowner, relacl FROM pg_class WHERE relnamespace = %(schema)s
    UNION ALL
    SELECT proowner, proacl FROM pg_proc WHERE pronamespace = %(schema)s
    UNION ALL
    SELECT typowner, typacl FROM pg_type WHERE typnamespace = %(schema)s
)
SELECT DISTINCT r.rolname::text
FROM objects AS o
LEFT JOIN LATERAL aclexplode(o.acl) AS granted ON true
INNER JOIN pg_roles AS r ON r.oid IN (o.owner, granted.grantor, granted.grantee)
ORDER BY 1
"""
_OBJECTS = """
SELECT relname::text FROM pg_class WHERE relnamespace = %(schema)s
UNION ALL
SELECT proname::text FROM pg_proc WHERE pronamespace = %(schema)s
UNION ALL
SELECT typname::text FROM pg_type WHERE typnamespace = %(schema)s AND typrelid = 0
ORDER BY 1
"""
_INVALID = """
SELECT c.relname::text
FROM pg_index AS i
INNER JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relnamespace = %(schema)s
WHERE NOT i.indisvalid
ORDER BY 1
"""
_COUNTED = """
SELECT t.relname::text, a.attname::text, s.last_value
FROM pg_depend AS d
INNER JOIN pg_class AS q ON q.oid = d.objid AND q.relkind = 'S' AND q.relnamespace = %(schema)s
INNER JOIN pg_class AS t ON t.oid = d.refobjid
INNER JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
INNER JOIN pg_namespace AS n ON n.oid = q.relnamespace
INNER JOIN pg_sequences AS s ON s.schemaname = n.nspname AND s.sequencename = q.relname
WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND s.increment_by > 0
    AND a.atttypid = ANY('{int2,int4,int8}'::regtype[])
"""


class _Watched(psycopg.Connection[Any]):
    """A connection on which a wait ends, whatever has become of the server."""

    def execute(self, *arguments: Any, **options: Any) -> psycopg.Cursor[Any]:
        """As psycopg's, for at most `LONGEST` seconds."""
        patience = Watch(self._shut_down)
        patience.start(LONGEST)
        watch(patience)
        try:
            return super().execute(*arguments, **options)
        finally:
            patience.stop()
            unwatch(patience)

    def _shut_down(self) -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(self.fileno())) as shared:
            shared.shutdown(socket.SHUT_RDWR)


@contextmanager
def connected(target: PostgresTarget, schema: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of our own, on which nothing but the lock's limit ends a statement."""
    options: dict[str, Any] = {"connect_timeout": "10", **target.conninfo}
    try:
        connection = _Watched.connect(**options, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise connect_error(error, target) from error
    try:
        _set(connection, schema)
        yield connection
    except psycopg.Error as error:
        if connection.broken:
            raise ConnectionLost(f"{target}: the connection was lost") from error
        raise translate(error, str(target)) from error
    finally:
        connection.close()


def _set(connection: psycopg.Connection[Any], schema: str) -> None:
    path = identifier(schema).as_string(connection)
    settings = {**_SETTINGS, "search_path": f"{path}, pg_catalog"}
    if connection.info.server_version >= 170_000:
        settings["transaction_timeout"] = "0"
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def begin_snapshot(connection: psycopg.Connection[Any]) -> str:
    """Begin a transaction that sees one moment; the name by which pg_dump sees the same."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    return str(row[0]) if row else ""


def server(connection: psycopg.Connection[Any]) -> Mapping[str, str]:
    """Which of the target's hosts this connection has led to."""
    info = connection.info
    found = {"host": info.host, "hostaddr": info.hostaddr, "port": str(info.port)}
    if found["host"].startswith("/"):
        del found["hostaddr"]
    return {key: value for key, value in found.items() if value}


def version(connection: psycopg.Connection[Any]) -> str:
    """The server's version, as it names itself."""
    return str(connection.info.parameter_status("server_version")).split()[0]


def oid(connection: psycopg.Connection[Any], schema: str) -> int | None:
    """The schema's oid, None where there is no such schema."""
    query = "SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %s"
    row = connection.execute(query, (schema,)).fetchone()
    return row[0] if row else None


def refuse_closed(connection: psycopg.Connection[Any], schema: str) -> None:
    """Raise ConfigError unless the role may look into the schema."""
    query = "SELECT has_schema_privilege(%s, 'USAGE'), current_user"
    row = connection.execute(query, (schema,)).fetchone()
    if row and not row[0]:
        raise ConfigError(
            f"the role {row[1]} may not use the schema {schema}: a backup takes one that may read "
            "all of it"
        )


def extensions(connection: psycopg.Connection[Any], schema: int) -> tuple[Extension, ...]:
    """The extensions that the schema's objects are made with."""
    rows = connection.execute(_EXTENSIONS, {"schema": schema}).fetchall()
    return tuple(Extension(*row) for row in rows)


def roles(connection: psycopg.Connection[Any], schema: int) -> tuple[str, ...]:
    """The roles that own something in the schema, or were granted something."""
    return tuple(name for (name,) in connection.execute(_ROLES, {"schema": schema}).fetchall())


def refuse_full(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether there is a schema, an empty one; ConfigError where it has anything."""
    found = oid(connection, schema)
    if found is None:
        return False
    names = [name for (name,) in connection.execute(_OBJECTS, {"schema": found}).fetchall()]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise ConfigError(
            f"the schema {schema} is not empty: it has {', '.join(names[:3])}{more}. "
            "Restore into a database where it is not, or drop it: rawstore drop"
        )
    return True


def missing_extensions(
    connection: psycopg.Connection[Any], wanted: Iterable[Extension]
) -> list[Extension]:
    """Those that have to be created; ConfigError for one that the server has not got."""
    has = dict(connection.execute("SELECT extname::text, extversion FROM pg_extension").fetchall())
    query = "SELECT name::text FROM pg_available_extensions"
    available = {name for (name,) in connection.execute(query).fetchall()}
    missing = [each for each in wanted if each.name not in has]
    for each in missing:
        if each.name not in available:
            raise ConfigError(
                f"the backup needs the extension {each.name} ({each.version}), which this server "
                "has not got: install it there, then restore again"
            )
    return missing


def lost_roles(connection: psycopg.Connection[Any], wanted: Iterable[str]) -> list[str]:
    """The roles that are missing here."""
    has = {name for (name,) in connection.execute("SELECT rolname::text FROM pg_roles").fetchall()}
    return [name for name in wanted if name not in has]


def may_give_away(connection: psycopg.Connection[Any], owners: Iterable[str]) -> bool:
    """Whether this role can make these roles owners."""
    row = connection.execute(
        "SELECT coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false)"
        " OR NOT EXISTS (SELECT FROM unnest(%s::text[]) AS r (name) WHERE name <> current_user)",
        (list(owners),),
    ).fetchone()
    return bool(row and row[0])


def warnings(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    """Indexes that are invalid, and sequences behind their table's ids: as they were before."""
    params = {"schema": oid(connection, schema)}
    found = [f"the index {name} is invalid" for (name,) in connection.execute(_INVALID, params)]
    for table, column, last in connection.execute(_COUNTED, params).fetchall():
        query = text(
            "SELECT max({column}) FROM {table}",
            column=identifier(column),
            table=identifier(schema, table),
        )
        row = connection.execute(query.encode()).fetchone()
        if row and row[0] is not None and row[0] > (last or 0):
            found.append(f"the sequence of {table}.{column} is behind: {row[0]} is in use")
    return found


def analyze(connection: psycopg.Connection[Any], schema: str, tables: Iterable[str]) -> None:
    """Let the planner know what was restored."""
    for name in tables:
        connection.execute(text("ANALYZE {table}", table=identifier(schema, name)).encode())


def names(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    """The names in the schema, which an error may show."""
    query = "SELECT relname::text FROM pg_class WHERE relnamespace = %s"
    return [name for (name,) in connection.execute(query, (oid(connection, schema),))]
