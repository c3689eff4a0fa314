"""A statement of SQLite as `algebra` has it. Pure.

The database itself has taken the statement before: what cannot be read here is refused as not
understood, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .algebra import Call, Const, Expression, Output, Query, Ref, Source, conjuncts, own_outputs
from .catalog import Table
from .sqlite_columns import column_of, every_column
from .sqlite_expressions import Expressions
from .sqlite_from import FromReader
from .sqlite_tokens import Cursor, Unreadable
from .sqlite_writes import WriteReader

_ENDS = (
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
)
_UNIONS = ("UNION", "INTERSECT", "EXCEPT")


@dataclass
class Level:
    """A query block while it is read: `aliases` are its outputs' names once they may be used."""

    query: Query
    with_: dict[str, Query] = field(default_factory=dict)
    aliases: Mapping[str, Expression] = field(default_factory=dict)
    aliases_first: bool = False


class StatementReader:
    """Reads one statement."""

    def __init__(self, text: str, tables: Mapping[str, Table], nullable: Sequence[bool]) -> None:
        self.cursor = Cursor(text)
        self.tables = tables
        self.levels: list[Level] = []
        self.expressions = Expressions(
            self.cursor, nullable, self._column, self.inner, self._on_aggregate
        )
        self.from_ = FromReader(self)
        self._writes = WriteReader(self)

    def statement(self) -> Query:
        """The statement. Raises Unreadable."""
        query = self._statement(Query())
        self.cursor.takes(";")
        if self.cursor.token.kind != "end":
            raise self.cursor.lost()
        return query

    def inner(self) -> Query:
        """A query inside another."""
        return self._statement(Query())

    def _statement(self, query: Query) -> Query:
        level = Level(query)
        self.levels.append(level)
        try:
            if self.cursor.takes("WITH"):
                self._with(level)
            verb = self.cursor.token.text.upper()
            if verb in ("SELECT", "VALUES"):
                self._compound(query)
            else:
                self._writes.read(query, verb)
        finally:
            self.levels.pop()
        return query

    def _with(self, level: Level) -> None:
        self.cursor.takes("RECURSIVE")
        while True:
            inner = Query()
            level.with_[self.cursor.name().lower()] = inner
            level.query.with_.append(inner)
            names = self.names() if self.cursor.sees("(") else []
            self.cursor.expect("AS")
            self.cursor.takes("NOT")
            self.cursor.takes("MATERIALIZED")
            self.cursor.expect("(")
            if names and self.is_compound():
                inner.outputs = own_outputs(inner, names)
            self._statement(inner)
            self.cursor.expect(")")
            if names:
                inner.outputs = [
                    Output(name, output.value)
                    for name, output in zip(names, inner.outputs, strict=True)
                ]
            if not self.cursor.takes(","):
                return

    def names(self) -> list[str]:
        """Names in parentheses."""
        self.cursor.expect("(")
        found = [self.cursor.name().lower()]
        while self.cursor.takes(","):
            found.append(self.cursor.name().lower())
        self.cursor.expect(")")
        return found

    # -- SELECT

    def is_compound(self) -> bool:
        """Whether several SELECTs or VALUES are united."""
        return self.cursor.find(*_UNIONS) is not None

    def _compound(self, query: Query) -> None:
        """One SELECT, or several united; ORDER BY and LIMIT are the whole's."""
        if not self.is_compound():
            self._core(self.levels[-1])
        else:
            self._united(query)
        level = self.levels[-1]
        level.aliases = {output.name.lower(): output.value for output in query.outputs}
        level.aliases_first = True
        if self.cursor.takes("ORDER", "BY"):
            query.order = self._terms()
        if self.cursor.takes("LIMIT"):
            query.limit = self.expressions.read()
            if self.cursor.takes(","):
                query.limit = self.expressions.read()
            elif self.cursor.takes("OFFSET"):
                self.expressions.read()

    def _united(self, query: Query) -> None:
        left = self._branch()
        if not query.outputs:  # a recursion's second part looks here
            query.outputs = own_outputs(query, [output.name for output in left.outputs])
        while (word := self.cursor.token.text.upper()) in _UNIONS:
            self.cursor.next()
            union = word.lower() + (" all" if self.cursor.takes("ALL") else "")
            more = self._branch()
            if query.union and query.union != union:  # they are united from the left
                whole = Query(union=query.union, branches=query.branches)
                whole.outputs = own_outputs(whole, [output.name for output in left.outputs])
                query.branches = [whole]
            elif query.union:
                pass
            else:
                query.branches = [left]
            query.union = union
            query.branches.append(more)

    def _branch(self) -> Query:
        branch = Query()
        self.levels.append(Level(branch))
        try:
            self._core(self.levels[-1])
        finally:
            self.levels.pop()
        return branch

    def _core(self, level: Level) -> None:
        cursor, query = self.cursor, level.query
        if cursor.takes("VALUES"):
            self.values(query)
            return
        cursor.expect("SELECT")
        distinct = cursor.takes("DISTINCT")
        cursor.takes("ALL")
        listed = cursor.mark
        # FROM first: it says what the columns are.
        begins = cursor.find(*_ENDS)
        if begins is not None:
            cursor.back(begins)
            if cursor.takes("FROM"):
                self.from_.read(query)
        rest = cursor.mark
        cursor.back(listed)
        query.outputs = self.outputs(query)
        if begins is None:
            rest = cursor.mark
        cursor.back(rest)
        if distinct:
            query.distinct = [output.value for output in query.outputs]
        level.aliases = {output.name.lower(): output.value for output in query.outputs}
        self._filters(query)

    def values(self, query: Query) -> None:
        """VALUES, from its first parenthesis on."""
        rows: list[list[Expression]] = []
        while True:
            self.cursor.expect("(")
            rows.append(self.expressions.list_())
            self.cursor.expect(")")
            if not self.cursor.takes(","):
                break
        names = tuple(f"column{n + 1}" for n in range(len(rows[0])))
        source = Source("values", query, rows=rows, columns=names)
        query.sources.append(source)
        query.outputs = [Output(name, Ref(source, n)) for n, name in enumerate(names)]

    def _filters(self, query: Query) -> None:
        cursor = self.cursor
        if cursor.takes("WHERE"):
            query.conditions += conjuncts(self.expressions.read())
        if cursor.takes("GROUP", "BY"):
            query.group = self._terms()
        if cursor.takes("HAVING"):
            query.having = [self.expressions.read()]
        if cursor.takes("WINDOW"):
            while True:
                cursor.name()
                cursor.expect("AS")
                cursor.skip_group()
                if not cursor.takes(","):
                    break

    def _terms(self) -> list[Expression]:
        """What ORDER BY and GROUP BY list: a number stands for an output."""
        found = []
        outputs = self.levels[-1].query.outputs
        while True:
            value = self.expressions.read()
            if isinstance(value, Const) and value.value.isdigit():
                value = outputs[int(value.value) - 1].value
            found.append(value)
            if not self.cursor.takes("ASC"):
                self.cursor.takes("DESC")
            if self.cursor.takes("NULLS"):
                self.cursor.next()
            if not self.cursor.takes(","):
                return found

    def outputs(self, query: Query) -> list[Output]:
        """The columns listed, from the sources of the query."""
        found: list[Output] = []
        while True:
            found += self._output(query)
            if not self.cursor.takes(","):
                return found

    def _output(self, query: Query) -> Iterable[Output]:
        cursor = self.cursor
        if cursor.takes("*"):
            return [each for source in query.sources for each in every_column(source)]
        if cursor.peek(1).text == "." and cursor.peek(2).text == "*":
            alias = cursor.name().lower()
            cursor.takes(".", "*")
            return [
                each
                for source in query.sources
                if source.alias == alias
                for each in every_column(source)
            ]
        last = ""
        start = cursor.mark
        value = self.expressions.read()
        if cursor.takes("AS") or (cursor.token.kind in ("word", "name") and not self._ends()):
            return [Output(cursor.name(), value)]
        if isinstance(value, Ref):
            last = cursor.peek(-1).text
        return [Output(last or f"column at {start}", value)]

    def _ends(self) -> bool:
        return self.cursor.token.text.upper() in _ENDS

    # -- names

    def find_table(self, name: str) -> Query | Table:
        """The WITH query or table that a name in FROM means. Raises Unreadable."""
        for level in reversed(self.levels):
            if name in level.with_:
                return level.with_[name]
        if name in self.tables:
            return self.tables[name]
        raise Unreadable(f"cannot be followed: {name} is no table")

    def _column(self, names: list[str]) -> Expression:
        *qualifier, name = (each.lower() for each in names)
        if not qualifier and (level := self.levels[-1]).aliases_first and name in level.aliases:
            return level.aliases[name]
        for level in reversed(self.levels):
            for source in level.query.sources:
                if qualifier and source.alias != qualifier[-1]:
                    continue
                found = column_of(source, name)
                if found is not None:
                    return found
            if not qualifier and name in level.aliases:
                return level.aliases[name]
        if not qualifier:  # SQLite takes a name in double quotes that is none for a text
            return Call("column")
        raise Unreadable(f"cannot be followed: {'.'.join(names)} is no column")

    def _on_aggregate(self) -> None:
        self.levels[-1].query.aggregated = True
