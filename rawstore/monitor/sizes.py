"""How large a store's tables and indexes are, and how they are used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..target import PostgresTarget, SqliteTarget

if TYPE_CHECKING:
    from ..store import Store

SMALL = 1 << 20  # bytes of a table that is counted without being asked to
LONG = 3600.0  # seconds for a count that was asked for


class IndexSize(NamedTuple):
    """An index. `scans` is how often it was used since the server's statistics began."""

    name: str
    bytes: int | None
    scans: int | None = None
    unused: bool | None = None
    """Never scanned, nor there to keep a constraint; None where that is not known."""


class TableSize(NamedTuple):
    """A table, in rows and bytes. What a database does not tell is None."""

    table: str
    rows: int | None
    exact: bool  # else `rows` is the planner's estimate
    table_bytes: int | None
    index_bytes: int | None
    toast_bytes: int | None
    total_bytes: int | None
    dead_rows: int | None = None
    seq_scans: int | None = None
    index_scans: int | None = None
    vacuumed: datetime | None = None
    analyzed: datetime | None = None
    indexes: tuple[IndexSize, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The figures by name, those of the indexes too."""
        return {**self._asdict(), "indexes": [index._asdict() for index in self.indexes]}


class Sizes(NamedTuple):
    """The tables of a store, the largest first; of an SQLite file its own sizes in bytes too."""

    tables: tuple[TableSize, ...]
    total_bytes: int | None
    file_bytes: int | None = None
    wal_bytes: int | None = None
    free_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figures by name."""
        return {**self._asdict(), "tables": [table.to_dict() for table in self.tables]}


def sizes(store: Store, *, exact: bool = False) -> Sizes:
    """See `Store.sizes`."""
    if isinstance(store.target, SqliteTarget):
        from .sqlite_sizes import sizes as of_file

        return of_file(store, store.target, exact=exact)
    return _postgres(store.target, store.schema, exact=exact)


# -- PostgreSQL

_TABLES = b"""
SELECT coalesce(jsonb_agg(to_jsonb(found)), '[]')
FROM (
    SELECT
        pg_class.relname AS name,
        CASE WHEN reltuples < 0 THEN n_live_tup ELSE reltuples::bigint END AS estimate,
        pg_relation_size(pg_class.oid) AS heap_bytes,
        pg_table_size(pg_class.oid) - coalesce(pg_total_relation_size(nullif(reltoastrelid, 0)), 0)
            AS table_bytes,
        pg_indexes_size(pg_class.oid) AS index_bytes,
        coalesce(pg_total_relation_size(nullif(reltoastrelid, 0)), 0) AS toast_bytes,
        pg_total_relation_size(pg_class.oid) AS total_bytes,
        n_dead_tup,
        seq_scan,
        tables.idx_scan,
        greatest(last_vacuum, last_autovacuum) AS vacuumed,
        greatest(last_analyze, last_autoanalyze) AS analyzed,
        (
            SELECT coalesce(jsonb_agg(to_jsonb(indexes) ORDER BY indexes.name), '[]')
            FROM (
                SELECT
                    indexes.relname AS name,
                    pg_relation_size(indexes.oid) AS bytes,
                    scanned.idx_scan AS scans,
                    coalesce(scanned.idx_scan, 0) = 0
                    AND NOT indisunique
                    AND NOT indisexclusion AS unused
                FROM pg_catalog.pg_index
                INNER JOIN pg_catalog.pg_class AS indexes ON indexes.oid = indexrelid
                LEFT JOIN pg_catalog.pg_stat_all_indexes AS scanned USING (indexrelid)
                WHERE indrelid = pg_class.oid
            ) AS indexes
        ) AS indexes
    FROM pg_catalog.pg_class
    LEFT JOIN pg_catalog.pg_stat_all_tables AS tables ON relid = pg_class.oid
    WHERE relkind IN ('r', 'p', 'm') AND relnamespace = to_regnamespace(quote_ident($1))
) AS found
"""


def _postgres(target: PostgresTarget, schema: str, *, exact: bool) -> Sizes:
    from ..tables.quoting import identifier, text
    from .inquiry import LIMIT, inquiry

    def counted(name: str) -> int:
        statement = text("SELECT count(*) FROM {table}", table=identifier(schema, name))
        return int(ask(statement.encode()))

    with inquiry(target, schema, LONG if exact else LIMIT) as ask:
        if exact:
            ask(b"SELECT to_jsonb(set_config('statement_timeout', '0', FALSE))")
        found = [_postgres_table(each, counted, exact=exact) for each in ask(_TABLES, schema)]
    found.sort(key=largest)
    return Sizes(tuple(found), sum(table.total_bytes or 0 for table in found))


def _postgres_table(
    found: dict[str, Any], counted: Callable[[str], int], *, exact: bool
) -> TableSize:
    exact = exact or found["heap_bytes"] <= SMALL
    return TableSize(
        table=found["name"],
        rows=counted(found["name"]) if exact else found["estimate"],
        exact=exact,
        table_bytes=found["table_bytes"],
        index_bytes=found["index_bytes"],
        toast_bytes=found["toast_bytes"],
        total_bytes=found["total_bytes"],
        dead_rows=found["n_dead_tup"],
        seq_scans=found["seq_scan"],
        index_scans=found["idx_scan"],
        vacuumed=found["vacuumed"] and datetime.fromisoformat(found["vacuumed"]),
        analyzed=found["analyzed"] and datetime.fromisoformat(found["analyzed"]),
        indexes=tuple(IndexSize(**each) for each in found["indexes"]),
    )


def largest(table: TableSize) -> tuple[int, str]:
    """What to sort tables by: the largest first."""
    return -(table.total_bytes or 0), table.table
