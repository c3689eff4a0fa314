"""Foreign keys of PostgreSQL tables that are imported before those they refer to.

Of tables that refer to each other one comes first. Its keys are looked at when all are in, and
its rows stay beside it till then, so that each still has its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from ..errors import ForeignKeyViolation
from ..tables import Table
from ..tables.model import Reference
from .jsonlines import Place
from .staging import Refusal

_CONSTRAINTS = """
SELECT other.relname::text, conname::text, condeferrable
FROM pg_constraint
INNER JOIN pg_class AS other ON other.oid = confrelid
WHERE contype = 'f' AND conparentid = 0 AND conrelid = %s::regclass
"""
_KEEP = sql.SQL("ALTER TABLE pg_temp.rawstore_import RENAME TO {}")
_LOST = sql.SQL("""
SELECT rawstore_line, rawstore_character
FROM pg_temp.{kept} AS staged
WHERE {given} AND NOT EXISTS (SELECT FROM {other} AS other WHERE {same})
ORDER BY rawstore_line, rawstore_character
LIMIT {limit}
""")


class Circles:
    """What of one import has to wait."""

    def __init__(
        self, connection: psycopg.Connection[Any], schema: str, tables: Sequence[Table]
    ) -> None:
        """`tables` in the order of their import."""
        self._connection = connection
        self._schema = schema
        self._places = {table.name: place for place, table in enumerate(tables)}
        self._altered: list[tuple[sql.Identifier, sql.Identifier]] = []
        self._kept: list[tuple[Table, sql.Identifier]] = []
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def defer(self, table: Table) -> None:
        """Let the table's keys to later ones wait, where the role may; else they fail at once."""
        if not self._forward(table):
            return
        name = sql.Identifier(self._schema, table.name)
        found = self._connection.execute(_CONSTRAINTS, (name.as_string(self._connection),))
        for other, constraint, deferrable in found.fetchall():
            if self._is_later(table, other):
                if not deferrable and not table.extra["owned"]:
                    continue
                key = sql.Identifier(constraint)
                if not deferrable:
                    self._alter(name, key, "ALTER TABLE {} ALTER CONSTRAINT {} DEFERRABLE")
                    self._altered.append((name, key))
                key = sql.Identifier(self._schema, constraint)
                self._connection.execute(sql.SQL("SET CONSTRAINTS {} DEFERRED").format(key))

    def keep(self, table: Table) -> None:
        """Keep the table's rows as they stand beside it, if they have to wait."""
        if self._forward(table):
            kept = sql.Identifier(f"rawstore_kept_{len(self._kept)}")
            self._connection.execute(_KEEP.format(kept))
            self._kept.append((table, kept))

    def settle(self, limit: int) -> dict[str, list[Refusal]]:
        """The rows that refer to none, by table."""
        try:
            with self._connection.transaction():
                self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.errors.ForeignKeyViolation:
            refused = {table.name: self._refused(table, kept, limit) for table, kept in self._kept}
            if not any(refused.values()):
                raise
            return refused
        return {}

    def _refused(self, table: Table, kept: sql.Identifier, limit: int) -> list[Refusal]:
        return [
            Refusal(Place(line, character or None), ForeignKeyViolation(""))
            for reference in self._forward(table)
            for line, character in self._connection.execute(self._lost(reference, kept, limit))
        ]

    def restore(self) -> None:
        """Leave the keys as they were."""
        for name, key in self._altered:
            self._alter(name, key, "ALTER TABLE {} ALTER CONSTRAINT {} NOT DEFERRABLE")

    def _forward(self, table: Table) -> list[Reference]:
        return [each for each in table.references if self._is_later(table, each.table)]

    def _is_later(self, table: Table, other: str) -> bool:
        return self._places[table.name] < self._places.get(other, -1)

    def _alter(self, name: sql.Identifier, key: sql.Identifier, what: str) -> None:
        self._connection.execute(sql.SQL(what).format(name, key))

    def _lost(self, reference: Reference, kept: sql.Identifier, limit: int) -> sql.Composed:
        columns = [sql.Identifier("staged", column) for column in reference.columns]
        others = [sql.Identifier("other", column) for column in reference.to]
        given = [sql.SQL("{} IS NOT NULL").format(column) for column in columns]
        same = [
            sql.SQL("{} = {}").format(column, other)
            for column, other in zip(columns, others, strict=True)
        ]
        return _LOST.format(
            kept=kept,
            given=sql.SQL(" AND ").join(given),
            other=sql.Identifier(self._schema, reference.table),
            same=sql.SQL(" AND ").join(same),
            limit=sql.Literal(limit),
        )
