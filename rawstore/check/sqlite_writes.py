"""SQLite's INSERT, UPDATE and DELETE. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .algebra import Call, Expression, Query, Ref, Source, conjuncts
from .sqlite_tokens import Unreadable

if TYPE_CHECKING:
    from .sqlite_reader import StatementReader


class WriteReader:
    """Reads a statement that writes, but for its WITH, into a query."""

    def __init__(self, reader: StatementReader) -> None:
        self._reader = reader
        self._cursor = reader.cursor

    def read(self, query: Query, verb: str) -> None:
        """All of it. Raises Unreadable."""
        if verb in ("INSERT", "REPLACE"):
            self._insert(query)
        elif verb == "UPDATE":
            self._update(query)
        elif verb == "DELETE":
            self._delete(query)
        else:
            raise self._cursor.lost()

    def _target(self, query: Query) -> Source:
        name = self._cursor.name().lower()
        if self._cursor.takes("."):
            name = self._cursor.name().lower()
        table = self._reader.tables.get(name)
        if table is None:
            raise Unreadable(f"cannot be followed: {name} is no table")
        alias = self._cursor.name().lower() if self._cursor.takes("AS") else name
        target = Source(alias, query, table=table, is_target=True)
        query.target = target
        return target

    def _insert(self, query: Query) -> None:
        cursor = self._cursor
        query.verb = "insert"
        cursor.next()
        if cursor.takes("OR"):
            query.skips = cursor.next().text.upper() == "IGNORE"
        cursor.expect("INTO")
        target = self._target(query)
        table = target.table
        names = self._reader.names() if cursor.sees("(") else list(table.columns if table else ())
        if cursor.takes("DEFAULT"):
            cursor.expect("VALUES")
        elif cursor.sees("VALUES") and not self._reader.is_compound():
            cursor.next()
            self._insert_rows(query, names)
        else:
            source = Source("", query, query=self._reader.inner())
            query.sources.append(source)
            query.assigned = [(name, Ref(source, n)) for n, name in enumerate(names)]
        while cursor.takes("ON", "CONFLICT"):
            self._on_conflict(query, target)
        self._returning(query, [target])

    def _insert_rows(self, query: Query, names: list[str]) -> None:
        values = Query()
        self._reader.values(values)
        rows = values.sources[0].rows or []
        if len(rows) == 1:
            query.assigned = list(zip(names, rows[0], strict=True))
            return
        source = Source("values", query, rows=rows, columns=values.sources[0].columns)
        query.sources.append(source)
        query.assigned = [(name, Ref(source, n)) for n, name in enumerate(names)]

    def _on_conflict(self, query: Query, target: Source) -> None:
        cursor = self._cursor
        if cursor.sees("("):
            cursor.skip_group()
        excluded = Source("excluded", query, table=target.table)
        hidden, query.sources = query.sources, [target, excluded]
        if cursor.takes("WHERE"):
            query.others.append(self._reader.expressions.read())
        cursor.expect("DO")
        if cursor.takes("NOTHING"):
            query.skips = True
        else:
            cursor.expect("UPDATE")
            query.others += [value for _, value in self._assignments()]
            if cursor.takes("WHERE"):
                query.skips = True
                query.others.append(self._reader.expressions.read())
        query.sources = hidden

    def _assignments(self) -> list[tuple[str, Expression]]:
        self._cursor.expect("SET")
        found: list[tuple[str, Expression]] = []
        while True:
            names = (
                self._reader.names() if self._cursor.sees("(") else [self._cursor.name().lower()]
            )
            self._cursor.expect("=")
            value = self._reader.expressions.read()
            whole = isinstance(value, Call) and value.name == "row"
            parts = value.parts if whole else [value] * len(names)
            found += zip(names, parts, strict=True)
            if not self._cursor.takes(","):
                return found

    def _update(self, query: Query) -> None:
        cursor = self._cursor
        query.verb = "update"
        cursor.next()
        if cursor.takes("OR"):
            cursor.next()
        target = self._target(query)
        query.sources.append(target)
        # FROM first: it says what the columns are.
        begins, start = cursor.find("FROM", "WHERE", "RETURNING"), cursor.mark
        end = None
        if begins is not None:
            cursor.back(begins)
            if cursor.takes("FROM"):
                self._reader.from_.read(query)
            end = cursor.mark
            cursor.back(start)
        query.assigned = self._assignments()
        if end is not None:
            cursor.back(end)
        if cursor.takes("WHERE"):
            query.conditions += conjuncts(self._reader.expressions.read())
        self._returning(query, [target])

    def _delete(self, query: Query) -> None:
        query.verb = "delete"
        self._cursor.next()
        self._cursor.expect("FROM")
        target = self._target(query)
        query.sources.append(target)
        if self._cursor.takes("WHERE"):
            query.conditions += conjuncts(self._reader.expressions.read())
        self._returning(query, [target])

    def _returning(self, query: Query, sources: list[Source]) -> None:
        if not self._cursor.takes("RETURNING"):
            return
        hidden, query.sources = query.sources, sources
        query.outputs = self._reader.outputs(query)
        query.sources = hidden
