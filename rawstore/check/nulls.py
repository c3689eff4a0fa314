"""Which columns of a result can never be NULL: what is claimed here is proven. Pure.

A column that the tables declare NOT NULL is proven unless an outer join may leave its row out; a
condition that only holds for a value (`x = 1`, `x IS NOT NULL`) proves the column it is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from .algebra import (
    Aggregate,
    Argument,
    Call,
    Choice,
    Const,
    Expression,
    FirstOf,
    Query,
    Ref,
    Source,
    Subquery,
    is_recursive,
)


class Prover:
    """Proofs about one statement."""

    def __init__(self) -> None:
        self._assumed: dict[Query, list[bool]] = {}

    def column(self, query: Query, position: int) -> bool:
        """Whether a column of the result is never NULL."""
        if query in self._assumed:
            return self._assumed[query][position]
        if not query.union:
            return self.never_null(query.outputs[position].value, query)
        if is_recursive(query):
            return self._recursive(query)[position]
        return self._united(query, position)

    def _united(self, query: Query, position: int) -> bool:
        proven = [self.column(branch, position) for branch in query.branches]
        if query.union == "except":
            return proven[0]
        return any(proven) if query.union == "intersect" else all(proven)

    def _recursive(self, query: Query) -> list[bool]:
        """Assume all of the recursion's columns, and give up what does not follow."""
        width = len(query.outputs)
        assumed = [True] * width
        while True:
            self._assumed[query] = assumed
            found = [
                all(self.column(branch, position) for branch in query.branches)
                for position in range(width)
            ]
            if found == assumed:
                del self._assumed[query]
                return found
            assumed = found

    def never_null(self, value: Expression, query: Query) -> bool:
        """Whether an expression of the query's result is never NULL."""
        match value:
            case Const(is_null=null) | Argument(nullable=null):
                return not null
            case Ref():
                return not query.grouping_sets and self._ref(value)
            case FirstOf():
                return any(self.never_null(part, query) for part in value.args)
            case Choice():
                return self._all(value.results, query)
            case Aggregate() if value.filtered or query.grouping_sets or not query.group:
                return False
            case Aggregate() | Call():
                return self._all(value.needs, query)
            case Subquery():
                return self._subquery(value, query)
        return False

    def _all(self, needs: Iterable[Expression] | None, query: Query) -> bool:
        return needs is not None and all(self.never_null(part, query) for part in needs)

    def _subquery(self, value: Subquery, query: Query) -> bool:
        inner = value.query
        if value.kind == "scalar":
            return always_one_row(inner) and self.column(inner, 0)
        if value.kind == "any":
            return self._all(value.value, query) and self.column(inner, 0)
        return True

    def _ref(self, ref: Ref) -> bool:
        source = ref.source
        known = facts(source.owner)
        if ref in known:
            return True
        if source.optional and source not in known:
            return False
        if source.table is not None:
            column = source.table.columns.get(str(ref.key))
            return column is not None and column.not_null
        if not isinstance(ref.key, int):
            return False
        if source.query is not None:
            return self.column(source.query, ref.key)
        if source.rows is not None:
            return all(self.never_null(row[ref.key], source.owner) for row in source.rows)
        return self._function(source, ref.key)

    def _function(self, source: Source, key: int) -> bool:
        if key in source.not_null:
            return True
        function = source.function
        return source.single and function is not None and self.never_null(function, source.owner)


def always_one_row(query: Query) -> bool:
    """Whether a query gives a row whatever the tables hold."""
    if query.verb == "select" and not query.union and not query.having:
        unlimited = query.limit is None
        if query.aggregated and not query.group and not query.grouping_sets:
            return unlimited
        reads = [source for source in query.sources if not source.single]
        rows = all(
            source.query is not None and not source.optional and always_one_row(source.query)
            for source in reads
        )
        return rows and not query.conditions and not query.group and unlimited
    if query.verb == "insert":
        return not query.skips and all(source.rows is not None for source in query.sources)
    if query.union == "union all":  # a recursion's first part is what it starts from
        return any(map(always_one_row, query.branches[: 1 if is_recursive(query) else None]))
    return query.verb == "values"


@cache
def facts(query: Query) -> frozenset[Ref | Source]:
    """The columns that the conditions prove, and the optional sources that must have had a row."""
    refs = {ref for condition in query.conditions for ref in _proven(condition)}
    return frozenset(refs | {ref.source for ref in refs})


def _proven(condition: Expression) -> Iterable[Ref]:
    """The columns that are not null where the condition is true."""
    if isinstance(condition, Subquery) and condition.kind == "any":
        return [ref for value in condition.value for ref in _strict(value)]
    if not isinstance(condition, Call):
        return _strict(condition)
    if condition.name == "or":
        sides = [frozenset(_proven(part)) for part in condition.args]
        return frozenset.intersection(*sides)
    if condition.name == "and":
        return [ref for part in condition.args for ref in _proven(part)]
    if condition.name == "is not null":
        return _strict(condition.args[0])
    return _strict(condition)


def _strict(value: Expression) -> Iterable[Ref]:
    """The columns that are not null where the value is not."""
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, Call) and value.strict:
        return [ref for part in value.args for ref in _strict(part)]
    return ()
