"""The tables of a store in a PostgreSQL database."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ..types import Type
from .known import Known
from .model import Column, Reference, Table, parents_first

if TYPE_CHECKING:
    import psycopg

# Partitions come through their root. A domain is what it is based on.
_COLUMNS = """
WITH RECURSIVE base AS (
    SELECT oid, oid AS type, -1 AS modifier
    FROM pg_type
    WHERE typtype <> 'd'
    UNION ALL
    SELECT
        pg_type.oid,
        base.type,
        CASE WHEN base.modifier = -1 THEN pg_type.typtypmod ELSE base.modifier END
    FROM pg_type
    INNER JOIN base ON pg_type.typbasetype = base.oid
    WHERE pg_type.typtype = 'd'
)

SELECT
    pg_class.oid::int8,
    relname::text,
    attname::text,
    coalesce(element.typname, pg_type.typname)::text,
    CASE WHEN atttypmod = -1 THEN base.modifier ELSE atttypmod END,
    element.oid IS NOT NULL,
    coalesce(element.typtype, pg_type.typtype) = 'e',
    format_type(atttypid, atttypmod),
    attnotnull,
    atthasdef OR attidentity <> '' OR NOT attnotnull,
    attgenerated <> '',
    attidentity <> ''
    OR coalesce(pg_get_expr(adbin, adrelid), '') LIKE 'nextval(%%',
    pg_has_role(relowner, 'USAGE'),
    relkind = 'r'
FROM pg_class
INNER JOIN pg_attribute ON attrelid = pg_class.oid
INNER JOIN base ON base.oid = atttypid
INNER JOIN pg_type ON pg_type.oid = base.type
LEFT JOIN pg_type AS element ON element.oid = pg_type.typelem AND pg_type.typcategory = 'A'
LEFT JOIN pg_attrdef ON adrelid = pg_class.oid AND adnum = attnum
WHERE
    relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
    AND relkind IN ('r', 'p')
    AND NOT relispartition
    AND attnum > 0
    AND NOT attisdropped
    AND relname !~ '^(_?yoyo_|rawstore_migration)'
ORDER BY relname, attnum
"""
_KEYS = """
SELECT
    indrelid::int8,
    array_agg(attname::text ORDER BY place)
FROM pg_index
CROSS JOIN unnest(indkey::int2[]) WITH ORDINALITY AS part (number, place)
INNER JOIN pg_attribute ON attrelid = indrelid AND attnum = number
WHERE
    indisunique AND indisvalid AND indpred IS NULL
    AND indexprs IS NULL
    AND place <= indnkeyatts
GROUP BY pg_index.indexrelid, indrelid, indisprimary
ORDER BY NOT indisprimary, pg_index.indexrelid
"""
_REFERENCES = """
SELECT
    conrelid::int8,
    confrelid::regclass::oid::int8,
    other.relname::text,
    (
        SELECT array_agg(attname::text ORDER BY place)
        FROM unnest(conkey) WITH ORDINALITY AS part (number, place)
        INNER JOIN pg_attribute ON attrelid = conrelid AND attnum = number
    ),
    (
        SELECT array_agg(attname::text ORDER BY place)
        FROM unnest(confkey) WITH ORDINALITY AS part (number, place)
        INNER JOIN pg_attribute ON attrelid = confrelid AND attnum = number
    )
FROM pg_constraint
INNER JOIN pg_class AS other ON other.oid = confrelid
WHERE contype = 'f' AND conparentid = 0
ORDER BY pg_constraint.oid
"""
TYPES = {
    "bool": "bool",
    "int2": "smallint",
    "int4": "int",
    "int8": "bigint",
    "float4": "float",
    "float8": "float",
    "text": "text",
    "varchar": "text",
    "bpchar": "text",
    "name": "text",
    "citext": "text",
    "uuid": "uuid",
    "timestamptz": "timestamptz",
    "timestamp": "timestamptz",
    "date": "date",
    "numeric": "numeric",
    "bytea": "bytes",
    "json": "json",
    "jsonb": "json",
    "vector": "vector",
}


def read_tables(
    connection: psycopg.Connection[Any], schema: str, known: Known
) -> tuple[Table, ...]:
    """The base tables, parents before children."""
    rows: dict[int, list[Any]] = defaultdict(list)
    for oid, *row in connection.execute(_COLUMNS, (schema,)):
        rows[oid].append(row)
    keys = defaultdict(list)
    for oid, key in connection.execute(_KEYS):
        keys[oid].append(tuple(key))
    references = defaultdict(list)
    for oid, _, other, columns, to in connection.execute(_REFERENCES):
        references[oid].append(Reference(tuple(columns), other, tuple(to)))
    return parents_first(
        _table(known, found, keys[oid], tuple(references[oid])) for oid, found in rows.items()
    )


def _table(
    known: Known,
    rows: list[Any],
    keys: list[tuple[str, ...]],
    references: tuple[Reference, ...],
) -> Table:
    name = rows[0][0]
    portable: list[Column] = []
    others: list[Column] = []
    kinds: dict[str, str] = {}
    alone = not any(known.is_portable(name, row[1]) for row in rows)  # one dialect has the table
    for _, column, named, modifier, array, enum, written, not_null, default, derived, *_ in rows:
        kind = "text" if enum else named
        made = Column(
            column,
            _type(kind, modifier, array=array),
            nullable=not not_null,
            stored=written,
            default=default,
            derived=derived,
        )
        kinds[column] = f"{kind}[]" if array else kind  # as COPY carries it
        alike = alone or known.is_portable(name, column)
        kept = alike and not derived and kind != "tsvector"
        (portable if kept else others).append(made)
    names = {column.name for column in portable if not column.nullable}
    key = next((key for key in keys if names.issuperset(key)), ())
    return Table(
        name=name,
        columns=tuple(portable),
        key=key,
        references=references,
        others=tuple(others),
        order=_order(portable, key),
        serial=tuple(row[1] for row in rows if row[10] and row[1] in names),
        ordered=False,
        # Tables that inherit from a plain one have their rows for themselves.
        extra={"kinds": kinds, "owned": rows[0][11], "only": rows[0][12]},
    )


def _type(kind: str, modifier: int, *, array: bool) -> Type:
    """What a server's type is called in a query file; a type we do not know is its text."""
    size = None
    if modifier > 0 and not array:
        if kind in ("varchar", "bpchar"):
            size = modifier - 4
        elif kind == "vector":
            size = modifier
    return Type(TYPES.get(kind, "text"), size, array)


def _order(columns: list[Column], key: tuple[str, ...]) -> tuple[str, ...]:
    """When a row was made, and its key for ties: what lists are ordered by."""
    moments = [c.name for c in columns if c.type.name == "timestamptz" and not c.nullable]
    made = [name for name in ("created_at", *moments) if name in moments][:1]
    return (*made, *(name for name in key if name not in made))
