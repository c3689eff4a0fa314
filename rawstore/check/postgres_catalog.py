"""The catalog of a PostgreSQL database: its tables, its functions, its types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .catalog import Catalog, ForeignKey, Index, Table, TableColumn
from .postgres_functions import Function

if TYPE_CHECKING:
    import psycopg

_COLUMNS = """
SELECT
    pg_class.oid::int8,
    nspname || '.' || relname,
    relkind IN ('r', 'p'),
    attnum,
    attname,
    format_type(atttypid, NULL),
    attnotnull,
    nspname = %s
FROM pg_class
INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
INNER JOIN pg_attribute ON attrelid = pg_class.oid
WHERE
    relkind IN ('r', 'p', 'v', 'm', 'f')
    AND attnum > 0
    AND NOT attisdropped
    AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY pg_class.oid, attnum
"""
_INDEXES = """
SELECT
    indrelid::int8,
    indkey::int2[],
    indnkeyatts,
    indisunique AND indisvalid,
    indisprimary,
    coalesce(pg_get_expr(indpred, indrelid), '')
FROM pg_index
INNER JOIN pg_class ON pg_class.oid = indexrelid
INNER JOIN pg_am ON pg_am.oid = relam
WHERE amname IN ('btree', 'hash')
ORDER BY indexrelid
"""
_FOREIGN_KEYS = """
SELECT conrelid::int8, conkey, conname, confrelid::regclass::text
FROM pg_constraint
WHERE contype = 'f' AND conparentid = 0
ORDER BY oid
"""
_FUNCTIONS = """
SELECT
    pg_proc.oid::int8,
    proname,
    pronamespace = 'pg_catalog'::regnamespace OR pg_depend.objid IS NOT NULL,
    proisstrict,
    provolatile = 'v',
    coalesce(proargtypes[0] IN ('json'::regtype, 'jsonb'::regtype), FALSE),
    prorettype = 'text'::regtype
FROM pg_proc
LEFT JOIN pg_depend
    ON
        classid = 'pg_proc'::regclass AND objid = pg_proc.oid
        AND refclassid = 'pg_extension'::regclass
"""
_OPERATORS = "SELECT oid::int8, oprname FROM pg_operator"
_TYPES = """
SELECT oid::int8, typname, typtype, typcategory, typbasetype::int8, typelem::int8
FROM pg_type
"""


@dataclass(frozen=True, slots=True)
class ServerType:
    """A type: `category` is PostgreSQL's own letter, `of` a domain's base or an array's element."""

    name: str
    kind: str
    category: str
    of: int


@dataclass(frozen=True)
class PostgresCatalog(Catalog):
    """The tables, also by oid, with the server's functions, operators and types by oid."""

    by_oid: Mapping[int, Table]
    functions: Mapping[int, Function]
    operators: Mapping[int, str]
    types: Mapping[int, ServerType]


def read_catalog(connection: psycopg.Connection[Any], schema: str) -> PostgresCatalog:
    """Read everything at once; `schema`'s tables are the store's own."""
    columns: dict[int, list[Any]] = defaultdict(list)
    for oid, *rest in connection.execute(_COLUMNS, (schema,)):
        columns[oid].append(rest)
    numbers = {oid: {row[2]: row[3] for row in rows} for oid, rows in columns.items()}
    primary, indexes = _indexes(connection, numbers)
    foreign_keys: dict[int, list[ForeignKey]] = defaultdict(list)
    for oid, keys, name, references in connection.execute(_FOREIGN_KEYS):
        names = numbers.get(oid, {})
        foreign_keys[oid].append(ForeignKey(tuple(names[n] for n in keys), references, name))
    by_oid = {
        oid: Table(
            name=rows[0][0],
            columns={row[3]: TableColumn(row[3], row[4], row[5]) for row in rows},
            primary_key=primary.get(oid, ()),
            indexes=tuple(indexes[oid]),
            foreign_keys=tuple(foreign_keys[oid]),
            is_base=rows[0][1] and rows[0][6],
            numbers=numbers[oid],
        )
        for oid, rows in columns.items()
    }
    return PostgresCatalog(
        tables={table.name: table for table in by_oid.values()},
        by_oid=by_oid,
        functions={
            oid: Function(*rest) for oid, *rest in connection.execute(_FUNCTIONS).fetchall()
        },
        operators=dict(connection.execute(_OPERATORS).fetchall()),
        types={
            oid: ServerType(name, kind, category, base or element)
            for oid, name, kind, category, base, element in connection.execute(_TYPES)
        },
    )


def _indexes(
    connection: psycopg.Connection[Any], numbers: Mapping[int, Mapping[int, str]]
) -> tuple[dict[int, tuple[str, ...]], dict[int, list[Index]]]:
    """The primary keys, and every index over plain columns (an expression ends its columns)."""
    primary: dict[int, tuple[str, ...]] = {}
    indexes: dict[int, list[Index]] = defaultdict(list)
    for oid, keys, count, unique, is_primary, where in connection.execute(_INDEXES):
        names = numbers.get(oid, {})
        plain: list[str] = []
        for key in keys[:count]:
            if key not in names:
                break
            plain.append(names[key])
        whole = len(plain) == count
        if plain:
            indexes[oid].append(Index(tuple(plain), unique and whole, where))
        if is_primary:
            primary[oid] = tuple(plain)
    return primary, indexes
