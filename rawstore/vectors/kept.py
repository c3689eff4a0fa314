"""Where the setting of an index's searches is kept, so that they use it.

It is the first that there is of

1. a function of the store's schema that gives the number, which its searches ask: it is called as
   the index, with _probes or _ef_search behind it, and takes no arguments;
2. the functions of the schema that are defined with the setting, and search the index's table;
3. the database, for all who connect to it, where the role owns it; else the role, in this database.

The first two count at once and are part of a dump. The third counts in connections opened from then
on, and pg_dump knows of it only with --create, or not at all if it is the role's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql

from ..errors import PermissionDenied
from .catalog import Index
from .connection import Connection, Statement, value

_NUMBER = """
SELECT
    pg_catalog.pg_has_role(proowner, 'USAGE')
    AND pg_catalog.has_schema_privilege(pronamespace, 'CREATE')
FROM pg_catalog.pg_proc
INNER JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
WHERE nspname = %s AND proname = %s AND pronargs = 0 AND prorettype = 'integer'::regtype
"""
# One that sets it in its body, too, would take no notice.
_DEFINED = """
SELECT
    pg_proc.oid::regprocedure::text,
    split_part(setting, '=', 2)::integer,
    pg_catalog.pg_has_role(proowner, 'USAGE')
FROM pg_catalog.pg_proc
INNER JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
CROSS JOIN unnest(proconfig) AS setting
WHERE
    nspname = %s
    AND split_part(setting, '=', 1) = %s
    AND strpos(coalesce(prosrc, ''), %s) > 0
    AND strpos(coalesce(prosrc, ''), %s) = 0
ORDER BY pg_proc.oid
"""
_SOURCE = "SELECT setting::integer, source FROM pg_catalog.pg_settings WHERE name = %s"
_PLACES = {
    "database": "the database",
    "user": "the role",
    "database user": "the role in this database",
    "default": "pgvector's default",
}
_SHARED = """
SELECT count(*) > 1
FROM pg_catalog.pg_class
INNER JOIN pg_catalog.pg_am ON pg_am.oid = relam
WHERE relkind = 'i' AND amname = %s
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """The number in force and, in words, what sets it; where another is kept, how, and who may."""

    number: int
    place: str
    home: str
    statements: Callable[[int], list[Statement]]
    allowed: bool
    least: int = 1  # with less, other searches that use it would suffer

    def keep(self, connection: Connection, number: int) -> None:
        """Set the number from now on. Raises PermissionDenied with what a DBA runs."""
        if not self.allowed:
            raise PermissionDenied(
                f"role {connection.info.user} may not change {self.home}; its owner runs: "
                f"{self.text(connection, number)}",
                code="42501",
            )
        with connection.transaction():
            for statement in self.statements(max(number, self.least)):
                connection.execute(statement)

    def text(self, connection: Connection, number: int) -> str:
        """The statements that set a number."""
        made = self.statements(max(number, self.least))
        return "; ".join(statement.as_string(connection) for statement in made)


def kept(connection: Connection, index: Index) -> Kept:
    """Where the setting of an index is kept. pgvector must be loaded into the session."""
    return (
        _by_function(connection, index)
        or _by_definition(connection, index)
        or _by_database(connection, index)
    )


def _by_function(connection: Connection, index: Index) -> Kept | None:
    name = f"{index.name}_{index.setting.partition('.')[2]}"
    found = connection.execute(_NUMBER, (index.schema, name)).fetchone()
    if found is None:
        return None
    function = sql.Identifier(index.schema, name)
    number = value(connection, sql.SQL("SELECT {}()").format(function))

    def statements(number: int) -> list[Statement]:
        # Not IMMUTABLE: plans that are kept would keep the number.
        text = "CREATE OR REPLACE FUNCTION {}() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE"
        body = sql.Literal(f" SELECT {number} ")
        return [sql.SQL(f"{text} AS {{}}").format(function, body)]

    place = f"function {index.schema}.{name}"
    return Kept(number, place, place, statements, allowed=found[0])


def _by_definition(connection: Connection, index: Index) -> Kept | None:
    wanted = (index.schema, index.setting, index.table, index.setting)
    found = connection.execute(_DEFINED, wanted).fetchall()
    if not found:
        return None

    def statements(number: int) -> list[Statement]:
        return [
            sql.SQL("ALTER FUNCTION {} SET {} = {}").format(
                sql.SQL(function), sql.SQL(index.setting), sql.Literal(number)
            )
            for function, _, _ in found
        ]

    place = f"function {', '.join(function for function, _, _ in found)}"
    number = min(number for _, number, _ in found)
    allowed = all(allowed for _, _, allowed in found)
    return Kept(number, place, place, statements, allowed, _least(index))


def _by_database(connection: Connection, index: Index) -> Kept:
    number, source = connection.execute(_SOURCE, (index.setting,)).fetchone() or (0, "")
    owns = value(
        connection,
        "SELECT pg_catalog.pg_has_role(datdba, 'USAGE')"
        " FROM pg_catalog.pg_database WHERE datname = current_database()",
    )
    whole = owns and source not in ("user", "database user")  # which would go first
    database = sql.Identifier(connection.info.dbname)

    def statements(number: int) -> list[Statement]:
        where = sql.SQL("DATABASE {}" if whole else "ROLE CURRENT_USER IN DATABASE {}")
        made = sql.SQL("ALTER {} SET {} = {}").format(
            where.format(database), sql.SQL(index.setting), sql.Literal(number)
        )
        return [made]

    target = "database" if whole else "database user"
    shared = source == target and value(connection, _SHARED, index.method)
    least = max(_least(index), number if shared else 0)
    place = _PLACES.get(source, str(source))
    return Kept(number, place, _PLACES[target], statements, allowed=True, least=least)


def _least(index: Index) -> int:
    """The least for searches of which nothing is known: HNSW finds no more rows than ef_search."""
    return 40 if index.method == "hnsw" else 1
