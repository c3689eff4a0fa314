"""SQLite's FROM: tables, queries, functions and how they are joined. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .algebra import Call, Expression, Query, Source, conjuncts
from .catalog import Table
from .sqlite_columns import column_of
from .sqlite_functions import TABLES

if TYPE_CHECKING:
    from .sqlite_reader import StatementReader

_AFTER = frozenset(
    """
    NATURAL LEFT RIGHT FULL INNER CROSS JOIN ON USING WHERE GROUP HAVING WINDOW ORDER LIMIT UNION
    INTERSECT EXCEPT INDEXED NOT RETURNING SET OUTER
    """.split()
)


class FromReader:
    """Reads what stands behind FROM into a query."""

    def __init__(self, reader: StatementReader) -> None:
        self._reader = reader

    def read(self, query: Query) -> None:
        """All of it. Raises Unreadable."""
        cursor = self._reader.cursor
        self._item(query)
        while True:
            if cursor.takes(","):
                self._item(query)
                continue
            if cursor.sees("NATURAL"):
                raise cursor.lost()
            kind = cursor.token.text.upper()
            if kind in ("LEFT", "RIGHT", "FULL"):
                cursor.next()
                cursor.takes("OUTER")
            elif not cursor.takes("INNER") and not cursor.takes("CROSS"):
                kind = "INNER"
            if not cursor.takes("JOIN"):
                return
            self._joined(query, kind)

    def _joined(self, query: Query, kind: str) -> None:
        before, held = len(query.sources), len(query.conditions)
        self._item(query)
        if kind in ("LEFT", "FULL"):
            for source in query.sources[before:]:
                source.optional = True
            query.outer += query.conditions[held:]  # of a join in parentheses
            del query.conditions[held:]
        if kind in ("RIGHT", "FULL"):
            for source in query.sources[:before]:
                source.optional = True
            query.outer += query.conditions
            query.conditions = []
        found = self._condition(query, before)
        kept = query.conditions if kind in ("INNER", "CROSS") else query.outer
        kept += found

    def _condition(self, query: Query, before: int) -> list[Expression]:
        reader = self._reader
        if reader.cursor.takes("ON"):
            return conjuncts(reader.expressions.read())
        if not reader.cursor.takes("USING"):
            return []
        found: list[Expression] = []
        for name in reader.names():
            sides = (query.sources[:before], query.sources[before:])
            args = tuple(_first(sources, name) for sources in sides)
            found.append(Call("=", args, args, strict=True))
        return found

    def _item(self, query: Query) -> None:
        reader, cursor = self._reader, self._reader.cursor
        if cursor.takes("("):
            if cursor.starts_query:
                source = Source("", query, query=reader.inner())
                query.sources.append(source)
                cursor.expect(")")
                source.alias = self._alias("")
            else:
                self.read(query)
                cursor.expect(")")
            return
        name = cursor.name().lower()
        if cursor.takes("."):
            name = cursor.name().lower()
        if cursor.sees("("):
            source = self._function(query, name)
        else:
            found = reader.find_table(name)
            if isinstance(found, Table):
                source = Source(name, query, table=found)
            else:
                source = Source(name, query, query=found)
        query.sources.append(source)
        source.alias = self._alias(name)
        if cursor.takes("INDEXED", "BY"):
            cursor.name()
        cursor.takes("NOT", "INDEXED")

    def _function(self, query: Query, name: str) -> Source:
        cursor = self._reader.cursor
        cursor.expect("(")
        args = () if cursor.sees(")") else tuple(self._reader.expressions.list_())
        cursor.expect(")")
        columns, not_null, key = TABLES.get(name, ((), frozenset(), None))
        return Source(
            name,
            query,
            function=Call(name, args),
            columns=columns,
            not_null=not_null,
            key=key,
        )

    def _alias(self, name: str) -> str:
        cursor = self._reader.cursor
        if cursor.takes("AS"):
            return cursor.name().lower()
        token = cursor.token
        if token.kind == "name" or (token.kind == "word" and token.text.upper() not in _AFTER):
            return cursor.name().lower()
        return name


def _first(sources: list[Source], name: str) -> Expression:
    """The column of this name in the first source that has it."""
    columns = (column_of(source, name) for source in sources)
    return next(column for column in columns if column is not None)
