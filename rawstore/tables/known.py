"""What a store's files know of a column: its type, and whether the other dialect has it too."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from ..query import Query
from ..registry import Registry
from ..scan import Dialect, scan
from ..source import Source
from ..types import Type

_WORD = re.compile(r"\w+")
_WRITES = re.compile(r'\b(?:INTO|UPDATE)\s+(?:"?\w+"?\.)?"?(\w+)', re.IGNORECASE)


class Known:
    """The columns of a store as its query files and the other dialect's migrations tell them."""

    def __init__(self, source: Source, queries: Registry) -> None:
        """Reads the other dialect's migrations; where there are none, it tells nothing."""
        self._own: dict[str, dict[str, Type]] = defaultdict(dict)  # by the file's name
        self._named: dict[str, dict[str, Type]] = defaultdict(dict)  # by any word of a query
        for query in _rows_first(queries):
            words = _words(query)
            for name, declared in _declared(query):
                self._own[query.file.stem.lower()].setdefault(name, declared)
                for word in words:
                    self._named[word].setdefault(name, declared)
        twin: Dialect = "sqlite" if queries.dialect == "postgres" else "postgres"
        self._twin = _identifiers(source, twin)
        self._written = {name.lower() for query in queries for name in _written(query)}

    def type(self, table: str, column: str) -> Type | None:
        """What a query that names the table says the column is."""
        table, column = table.lower(), column.lower()
        own = self._own.get(table, {}).get(column)
        return own or self._named.get(table, {}).get(column)

    def is_queried(self, table: str, column: str) -> bool:
        """Whether a query that names the table gives the column back or takes it."""
        return self.type(table, column) is not None

    def is_written(self, table: str) -> bool:
        """Whether a query puts rows into the table or changes them."""
        return table.lower() in self._written

    def is_portable(self, table: str, column: str) -> bool:
        """Whether a query or the other dialect knows the column: else one dialect has it alone."""
        if not self._twin:
            return True
        return column.lower() in self._twin or self.is_queried(table, column)


def _rows_first(queries: Registry) -> list[Query]:
    """Queries that give rows before others: a row tells more of a column than a parameter."""
    return sorted(queries, key=lambda query: query.row is None)


def _declared(query: Query) -> Iterable[tuple[str, Type]]:
    """What the query says of columns: rows first, then parameters."""
    for row in (query.row, *(param.row for param in query.params)):
        if row is not None:
            for column in row.columns:
                yield column.name.lower(), column.type
    for param in query.params:
        if param.row is None:
            yield param.name.lower(), param.type


def _words(query: Query) -> set[str]:
    return {word.lower() for variant in query.variants for word in _WORD.findall(variant.text)}


def _written(query: Query) -> Iterable[str]:
    return (name for variant in query.variants for name in _WRITES.findall(variant.text))


def _identifiers(source: Source, dialect: Dialect) -> frozenset[str]:
    """Every name in the migrations of a dialect."""
    found: set[str] = set()
    for file in sorted(source.migrations(dialect).glob("*.sql")):
        for token in scan(file.read_text(encoding="utf-8-sig"), dialect):
            if token.kind == "word":
                found.add(token.text.lower())
            elif token.kind == "name":
                found.add(token.text[1:-1].lower())
    return frozenset(found)
