"""Whether a list's order is total, and whether its length is bounded. Pure.

Both ask which columns determine which rows: a key determines its row, an equality carries from one
source to another, a value that is given determines a column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .algebra import (
    Argument,
    Call,
    Const,
    Expression,
    Query,
    Ref,
    Source,
    Subquery,
    is_recursive,
    walk,
)
from .nulls import Prover, facts


def is_total(query: Query) -> bool:
    """Whether the ORDER BY leaves no two rows in an order of chance."""
    return _determined(query, set(query.order))


def is_bounded(query: Query, *, seen: frozenset[Query] = frozenset()) -> bool:
    """Whether the number of rows is limited by the statement: by LIMIT, by a key, by the caller."""
    if query in seen:
        return False
    seen |= {query}
    if _limited(query) or query.verb == "values":
        return True
    if query.union:
        kept = query.branches[:1] if query.union == "except" else query.branches
        return all(is_bounded(branch, seen=seen) for branch in kept)
    if query.aggregated and not query.group:
        return True
    few = [source for source in query.sources if _few(source, seen)]
    given = _pins(query, listed=True) | {Ref(source, key) for source in few for key in _all(source)}
    known = _closure(query, given)
    return all(source in few or _is_known(source, known) for source in query.sources)


def _few(source: Source, seen: frozenset[Query]) -> bool:
    if source.query is not None:
        return is_bounded(source.query, seen=seen)
    if source.rows is not None:
        return True
    # A list that the caller has passed is as long as the caller has made it.
    return source.function is not None and any(
        isinstance(part, Argument) for part in walk(source.function)
    )


def _limited(query: Query) -> bool:
    return query.limit is not None and Prover().never_null(query.limit, query)


def _determined(query: Query, given: set[Expression]) -> bool:
    """Whether these values tell every row of the query from the others."""
    if isinstance(query.limit, Const) and query.limit.value == "1":
        return True
    if query.union:
        return _union_determined(query, given)
    if query.aggregated and not query.group:
        return True
    known = _closure(query, given | _pins(query))
    for names in (query.group, query.distinct):
        if names and all(value in known or not _reads(value, query) for value in names):
            return True
    return not query.group and all(_is_known(source, known) for source in query.sources)


def _union_determined(query: Query, given: set[Expression]) -> bool:
    """A united query is ordered by its own columns, which its outputs refer to by position."""
    chosen = {n for n, output in enumerate(query.outputs) if output.value in given}
    if query.union != "union all":
        return len(chosen) == len(query.outputs)
    if is_recursive(query):
        return False
    # Of two branches with one key, a row that is in both is taken for the same row.
    return all(_output_determined(branch, chosen) for branch in query.branches)


def _output_determined(query: Query, chosen: Collection[object]) -> bool:
    """Whether the columns at these positions tell every row of a query from the others."""
    return _determined(
        query, {output.value for n, output in enumerate(query.outputs) if n in chosen}
    )


def _closure(query: Query, given: set[Expression]) -> set[Expression]:
    """All that these determine."""
    known = set(given)
    equalities = list(_equalities(query))
    while True:
        before = len(known)
        for left, right in equalities:
            if left in known:
                known.add(right)
        for source in query.sources:
            if _is_known(source, known):
                known.update(Ref(source, key) for key in _all(source))
        if len(known) == before:
            return known


def _equalities(query: Query) -> Iterable[tuple[Ref, Ref]]:
    for condition in query.conditions:
        if pair := _equal_columns(condition):
            yield pair
            yield pair[1], pair[0]
    for condition in query.outer:
        if pair := _equal_columns(condition):
            # A row that is left out has nulls: it is determined, and determines nothing.
            for one, other in (pair, pair[::-1]):
                if other.source.optional:
                    yield one, other


def _equal_columns(condition: Expression) -> tuple[Ref, Ref] | None:
    if isinstance(condition, Call) and condition.name == "=" and len(condition.args) == 2:
        left, right = condition.args
        if isinstance(left, Ref) and isinstance(right, Ref):
            return left, right
    return None


def _pins(query: Query, *, listed: bool = False) -> set[Expression]:
    """The columns that a condition sets to a value; with `listed` also to one of a few."""
    found: set[Expression] = set()
    for condition in query.conditions:
        if isinstance(condition, Call) and len(condition.args) == 2:
            left, right = condition.args
            if condition.name == "=" or (listed and condition.name == "= any"):
                for one, other in ((left, right), (right, left)):
                    if isinstance(one, Ref) and not _reads(other, query):
                        found.add(one)
        elif listed and isinstance(condition, Subquery) and is_bounded(condition.query):
            found |= {value for value in condition.value if isinstance(value, Ref)}
    return found


def _reads(value: Expression, query: Query) -> bool:
    """Whether an expression differs from row to row."""
    return any(
        (isinstance(part, Ref) and part.source in query.sources)
        or (isinstance(part, Subquery) and part.kind == "any")
        for part in walk(value)
    )


def _is_known(source: Source, known: set[Expression]) -> bool:
    """Whether a source's row is determined."""
    given = {ref.key for ref in known if isinstance(ref, Ref) and ref.source is source}
    if source.table is not None:
        proven = {fact.key for fact in facts(source.owner) if isinstance(fact, Ref)}
        values = {str(key) for key in given if key in proven}
        return source.table.is_key((str(key) for key in given), values)
    if source.query is not None:
        return _output_determined(source.query, given)
    if source.rows is not None:
        return len(source.rows) == 1 or len(given) == len(source.columns)
    return source.single or (source.key is not None and source.key in given)


def _all(source: Source) -> Iterable[str | int]:
    if source.table is not None:
        return list(source.table.columns)
    width = len(source.query.outputs) if source.query else len(source.columns)
    return range(width)
