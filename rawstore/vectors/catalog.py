"""The vector indexes of a PostgreSQL schema, as its catalog has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from .connection import Connection, Statement, value

# pg_index has one key column: neither method takes more. `distance` is the operator that the
# index orders by. A column without a vector index stands in the second query.
_INDEXES = """
SELECT
    pg_index.indexrelid::int8, relation.relname,
    pg_index.indrelid::int8, owner.nspname, heap.relname,
    pg_am.amname,
    pg_catalog.pg_get_indexdef(pg_index.indexrelid, 1, false),
    pg_index.indkey[0] = 0,
    pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
    attribute.atttypmod,
    opclass_schema.nspname,
    pg_opclass.opcname,
    (
        SELECT array[pg_namespace.nspname, pg_operator.oprname]
        FROM pg_catalog.pg_amop
        INNER JOIN pg_catalog.pg_operator ON pg_operator.oid = pg_amop.amopopr
        INNER JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_operator.oprnamespace
        WHERE pg_amop.amopfamily = pg_opclass.opcfamily AND pg_amop.amoppurpose = 'o'
        LIMIT 1
    ),
    pg_catalog.pg_get_expr(pg_index.indpred, pg_index.indrelid),
    coalesce(relation.reloptions, '{}'),
    pg_tablespace.spcname,
    pg_index.indisvalid AND pg_index.indisready,
    heap.relispartition,
    pg_catalog.pg_relation_size(pg_index.indexrelid),
    coalesce(pg_catalog.obj_description(pg_index.indexrelid, 'pg_class'), ''),
    pg_catalog.pg_has_role(heap.relowner, 'USAGE')
        AND pg_catalog.has_schema_privilege(owner.oid, 'CREATE'),
    pg_catalog.pg_get_userbyid(heap.relowner)
FROM pg_catalog.pg_index
INNER JOIN pg_catalog.pg_class AS relation ON relation.oid = pg_index.indexrelid
INNER JOIN pg_catalog.pg_class AS heap ON heap.oid = pg_index.indrelid
INNER JOIN pg_catalog.pg_namespace AS owner ON owner.oid = heap.relnamespace
INNER JOIN pg_catalog.pg_am ON pg_am.oid = relation.relam
INNER JOIN pg_catalog.pg_opclass ON pg_opclass.oid = pg_index.indclass[0]
INNER JOIN pg_catalog.pg_namespace AS opclass_schema
    ON opclass_schema.oid = pg_opclass.opcnamespace
INNER JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = pg_index.indexrelid AND attribute.attnum = 1
LEFT JOIN pg_catalog.pg_tablespace ON pg_tablespace.oid = relation.reltablespace
WHERE pg_am.amname IN ('ivfflat', 'hnsw') AND owner.nspname = %s AND relation.relkind = 'i'
ORDER BY heap.relname, relation.relname COLLATE "C"
"""
_COLUMNS = """
SELECT
    heap.relname,
    pg_catalog.quote_ident(pg_attribute.attname),
    nullif(pg_attribute.atttypmod, -1),
    pg_type.typname,
    type_schema.nspname
FROM pg_catalog.pg_attribute
INNER JOIN pg_catalog.pg_class AS heap ON heap.oid = pg_attribute.attrelid
INNER JOIN pg_catalog.pg_namespace AS owner ON owner.oid = heap.relnamespace
INNER JOIN pg_catalog.pg_type ON pg_type.oid = pg_attribute.atttypid
INNER JOIN pg_catalog.pg_namespace AS type_schema ON type_schema.oid = pg_type.typnamespace
INNER JOIN pg_catalog.pg_depend
    ON pg_depend.objid = pg_type.oid AND pg_depend.classid = 'pg_catalog.pg_type'::regclass
    AND pg_depend.deptype = 'e'
INNER JOIN pg_catalog.pg_extension
    ON pg_extension.oid = pg_depend.refobjid AND pg_extension.extname = 'vector'
WHERE
    owner.nspname = %s AND heap.relkind = 'r' AND NOT pg_attribute.attisdropped
    AND pg_type.typname IN ('vector', 'halfvec', 'sparsevec')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS reference
        INNER JOIN pg_catalog.pg_class AS relation ON relation.oid = reference.objid
        INNER JOIN pg_catalog.pg_am ON pg_am.oid = relation.relam
        WHERE
            reference.classid = 'pg_catalog.pg_class'::regclass
            AND reference.refclassid = 'pg_catalog.pg_class'::regclass
            AND reference.refobjid = heap.oid AND reference.refobjsubid = pg_attribute.attnum
            AND pg_am.amname IN ('ivfflat', 'hnsw')
    )
ORDER BY heap.relname, pg_attribute.attnum
"""
_NOTE = re.compile(
    r"^rawstore: built (?P<at>\S+) on (?P<rows>\d+) rows(?:, \d+ lists)?$", re.MULTILINE
)
# A table too large to count in this time is estimated.
_COUNTING = "5s"


@dataclass(frozen=True, slots=True)
class Searchable:
    """What is searched: a table's rows, an expression over them, an order, perhaps a condition."""

    schema: str
    table: str
    expression: str  # as SQL
    type: str  # of the expression, as SQL
    operator: tuple[str, str]  # schema and name
    condition: str | None  # as SQL
    is_expression: bool  # of which the catalog says no more; else it is a column

    @property
    def relation(self) -> sql.Identifier:
        """The table, as SQL."""
        return sql.Identifier(self.schema, self.table)

    @property
    def covered(self) -> Statement:
        """The condition of a row that is searched, as SQL; of an expression it may be null."""
        conditions = [sql.SQL("({})").format(as_sql(self.condition))] if self.condition else []
        if not self.is_expression:
            conditions.append(sql.SQL("{} IS NOT NULL").format(as_sql(self.expression)))
        return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("TRUE")

    def distance(self, other: Statement) -> Statement:
        """The distance to another vector, as SQL."""
        operator_schema, operator = self.operator
        return sql.SQL("({}) OPERATOR({}.{}) {}").format(
            as_sql(self.expression), sql.Identifier(operator_schema), as_sql(operator), other
        )


@dataclass(frozen=True, slots=True)
class Index(Searchable):
    """A vector index. `note` is its comment; `options` are those of its storage."""

    oid: int
    name: str
    table_oid: int
    method: str
    dimension: int | None
    operator_class: tuple[str, str]
    options: dict[str, str]
    tablespace: str | None
    valid: bool
    is_partition: bool
    bytes: int
    note: str
    allowed: bool
    owner: str

    @property
    def lists(self) -> int | None:
        """The lists of an IVFFlat index."""
        return int(self.options.get("lists", 100)) if self.method == "ivfflat" else None

    @property
    def setting(self) -> str:
        """What its searches are made with."""
        return "ivfflat.probes" if self.method == "ivfflat" else "hnsw.ef_search"

    @property
    def identifier(self) -> sql.Identifier:
        """The index, as SQL."""
        return sql.Identifier(self.schema, self.name)

    @property
    def is_leftover(self) -> bool:
        """Whether a rebuild that was stopped has left it."""
        if re.fullmatch(r"rawstore_(new|old)_\d+", self.name):
            return True
        return not self.valid and re.search(r"_cc(new|old)\d*$", self.name) is not None

    @property
    def built(self) -> tuple[datetime, int] | None:
        """When it was built, and on how many rows, where that was noted."""
        found = _NOTE.search(self.note)
        if found is None:
            return None
        try:
            return datetime.fromisoformat(found["at"]), int(found["rows"])
        except ValueError:
            return None

    def noted(self, at: datetime, rows: int, lists: int | None) -> str:
        """The comment that says so; what else it says stays."""
        line = f"rawstore: built {at:%Y-%m-%dT%H:%M:%SZ} on {rows} rows"
        if lists is not None:
            line += f", {lists} lists"
        others = _NOTE.sub("", self.note).strip()
        return f"{others}\n{line}" if others else line


def as_sql(text: str) -> sql.SQL:
    """What the catalog gives as SQL, in which a percent sign is no placeholder."""
    return sql.SQL(text.replace("%", "%%"))


def indexes(connection: Connection, schema: str) -> list[Index]:
    """The vector indexes of a schema, leftovers too, by table and name."""
    return [_index(row) for row in connection.execute(_INDEXES, (schema,)).fetchall()]


def _index(row: tuple[Any, ...]) -> Index:
    options = dict(option.split("=", 1) for option in row[14])
    return Index(
        oid=row[0],
        name=row[1],
        table_oid=row[2],
        schema=row[3],
        table=row[4],
        method=row[5],
        expression=row[6],
        is_expression=row[7],
        type=row[8],
        dimension=row[9] if row[9] > 0 else None,
        operator_class=(row[10], row[11]),
        operator=tuple(row[12]),
        condition=row[13],
        options=options,
        tablespace=row[15],
        valid=row[16],
        is_partition=row[17],
        bytes=row[18],
        note=row[19],
        allowed=row[20],
        owner=row[21],
    )


def bare_columns(connection: Connection, schema: str) -> list[tuple[Searchable, int | None]]:
    """The columns of vectors that no index covers, with their dimension."""
    return [
        (
            Searchable(
                schema=schema,
                table=table,
                expression=column,
                type=sql.Identifier(type_schema, type_name).as_string(connection),
                operator=(type_schema, "<=>"),
                condition=None,
                is_expression=False,
            ),
            dimension,
        )
        for table, column, dimension, type_name, type_schema in connection.execute(
            _COLUMNS, (schema,)
        ).fetchall()
    ]


def extension(connection: Connection) -> tuple[int, ...] | None:
    """The version of pgvector in this database."""
    found = value(connection, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    return tuple(int(part) for part in re.findall(r"\d+", found)) if found else None


def load(connection: Connection) -> None:
    """Load pgvector into the session: only then are its settings known, and ours to set."""
    name = value(
        connection,
        "SELECT nspname FROM pg_extension"
        " INNER JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'",
    )
    connection.execute(sql.SQL("SELECT '[1]'::{}").format(sql.Identifier(name, "vector")))


def count(connection: Connection, place: Searchable) -> tuple[int, bool]:
    """The rows that are searched, and whether that is an estimate for want of time."""
    import psycopg

    query = sql.SQL("SELECT count({}) FROM {} WHERE {}").format(
        as_sql(place.expression if place.is_expression else "*"), place.relation, place.covered
    )
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('statement_timeout', %s, true)", (_COUNTING,))
            return int(value(connection, query)), False
    except psycopg.errors.QueryCanceled:
        query = sql.SQL("EXPLAIN (FORMAT JSON) SELECT FROM {} WHERE {}").format(
            place.relation, place.covered
        )
        return int(value(connection, query)[0]["Plan"]["Plan Rows"]), True
