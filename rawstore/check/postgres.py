"""Statements before a PostgreSQL server: prepared, described, and read as it understands them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import pq, sql

from ..errors import ConfigError
from ..query import Param, Query, Variant
from ..source import Source
from ..target import PostgresTarget, parse_url
from ..types import Type
from .engine import Description, Refused
from .findings import Finding
from .migrated import migrate
from .postgres_catalog import read_catalog
from .postgres_expressions import Names
from .postgres_tree import TreeReader
from .types import PostgresTypes

_GOOD = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.EMPTY_QUERY)
_BODY = sql.SQL("""
SELECT prosqlbody::text
FROM pg_proc
WHERE proname = 'rawstore_check' AND pronamespace = {}::regnamespace
""")


@contextmanager
def scratch(url: str, source: Source) -> Iterator[PostgresEngine | list[Finding]]:
    """A new database with the store's migrations run, dropped in the end; or why they fail."""
    target = parse_url(url)
    if not isinstance(target, PostgresTarget):
        raise ConfigError("--url names the PostgreSQL server for check; SQLite needs none")
    name = f"rawstore_check_{secrets.token_hex(6)}"
    with _connect(target) as server:
        _create(server, name, target)
        try:
            own = target.database(name)
            problems = migrate(source, own)
            if problems:
                yield problems
                return
            with _connect(own) as connection:
                yield PostgresEngine(connection, source.name)
        finally:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def _connect(target: PostgresTarget) -> psycopg.Connection[Any]:
    from ..engines.postgres_probe import connect_error

    try:
        return psycopg.connect(**dict(target.conninfo), autocommit=True)  # type: ignore[arg-type]
    except psycopg.Error as error:
        failed = connect_error(error, target)
    raise failed


def _create(server: psycopg.Connection[Any], name: str, target: PostgresTarget) -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        server.execute(create.format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        reason = f"check makes a database of its own on {target}, which this role may not"
        raise ConfigError(f"{reason}; grant it CREATEDB, or leave --url out") from None


class PostgresEngine:
    """A connection to the scratch database."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str) -> None:
        self._connection = connection
        self._schema = schema
        path = sql.SQL("SET search_path = {}, public").format(sql.Identifier(schema))
        connection.execute(path)
        self.catalog = read_catalog(connection, schema)
        self._types = PostgresTypes(self.catalog.types)

    def describe(self, variant: Variant) -> Description:
        """Prepare a statement. Raises Refused."""
        pg = self._connection.pgconn
        self._good(pg.prepare(b"", variant.text.encode()), variant)
        described = pg.describe_prepared(b"")
        params = tuple(described.param_type(n) for n in range(described.nparams))
        columns = tuple(
            ((described.fname(n) or b"").decode(), described.ftype(n))
            for n in range(described.nfields)
        )
        try:
            nullable = _nullable(variant)
            names = Names(self.catalog.functions, self.catalog.operators, nullable)
            tree = TreeReader(self.catalog.by_oid, names).statement(self._tree(variant, params))
        except (psycopg.Error, LookupError, ValueError) as error:
            reason = str(error).split("\n", 1)[0]
            return Description(columns, params, None, reason)
        return Description(columns, params, tree)

    def _tree(self, variant: Variant, params: tuple[int, ...]) -> str:
        """The server's parse tree of a statement: it keeps that of a function's body."""
        types = [
            row[0]
            for row in self._connection.execute(
                "SELECT format_type(oid, NULL) FROM unnest(%s::oid[]) WITH ORDINALITY AS t (oid, n)"
                " ORDER BY n",
                (list(params),),
            )
        ]
        name = f'"{self._schema}".rawstore_check'
        create = (
            f"CREATE FUNCTION {name}({', '.join(types)}) RETURNS void LANGUAGE sql\n"
            f"BEGIN ATOMIC {variant.text};\nEND"
        )
        with self._connection.transaction(force_rollback=True):
            self._connection.execute(create.encode())
            found = self._connection.execute(_BODY.format(self._schema)).fetchone()
        return str(found[0]) if found else ""

    def run_script(self, variant: Variant) -> None:
        """Run a :script and take it back. Raises Refused."""
        pg = self._connection.pgconn
        pg.exec_(b"BEGIN")
        try:
            self._good(pg.exec_(variant.text.encode()), variant)
        finally:
            pg.exec_(b"ROLLBACK")

    def _good(self, result: pq.abc.PGresult, variant: Variant) -> None:
        if result.status in _GOOD:
            return
        field = pq.DiagnosticField
        message = (result.error_field(field.MESSAGE_PRIMARY) or b"").decode()
        if hint := result.error_field(field.MESSAGE_HINT):
            message = f"{message} ({hint.decode()})"
        position = result.error_field(field.STATEMENT_POSITION)
        raise Refused(message, int(position) - 1 if position else None)

    def takes(self, param: Param, server: Any) -> bool:
        """Whether a placeholder of this type takes what the parameter is declared as."""
        return self._types.takes(param.type, server, is_row=param.row is not None)

    def gives(self, declared: Type, server: Any) -> bool:
        """Whether a column of this type can be read as it is declared."""
        return self._types.gives(declared, server)

    def type_name(self, server: Any) -> str:
        """A type as a query file would declare it."""
        return self._types.name(server)


def _nullable(variant: Variant) -> list[bool]:
    """Of each placeholder, whether its value may be null: that of a condition given is not."""
    query: Query = variant.query
    params = [query.params[number] for number in variant.order]
    return [param.nullable and param.name not in variant.conditions for param in params]
