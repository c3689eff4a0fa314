"""Whether a statement stays within one tenant: every table it touches is held to a value. Pure.

A table is held where a condition sets its tenant column to a parameter, or equates it with that of
a source which is held itself; an INSERT, where the column gets such a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .algebra import Argument, Call, Expression, Query, Ref, Source, blocks
from .catalog import Catalog


def unheld(statement: Query, catalog: Catalog, tenant: str) -> list[str]:
    """The tables, by alias, that the statement reads or writes beyond one tenant's rows."""
    inside = blocks(statement)
    held: set[Expression] = set()
    while True:
        before = len(held)
        for block in inside:
            held.update(_held(block, held))
        if len(held) == before:
            break
    own = catalog.own
    return [
        source.alias
        for block in inside
        for source in _tables(block)
        if source.table in own and Ref(source, tenant) not in held
    ]


def _tables(block: Query) -> Iterator[Source]:
    yield from block.sources
    if block.target is not None and block.target not in block.sources:
        yield block.target


def _held(block: Query, held: set[Expression]) -> Iterator[Expression]:
    """What is one tenant's in this block, given what is known to be."""
    yield from _equated(block.conditions, held)
    # The condition of an outer join leaves rows out on one side only.
    for value in _equated(block.outer, held):
        if isinstance(value, Ref) and value.source.optional:
            yield value
    if block.verb == "insert" and block.target is not None:
        given = [name for name, value in block.assigned if _is_held(value, held)]
        yield from (Ref(block.target, name) for name in given)
    for source in block.sources:
        if source.query is not None:
            yield from _outputs(source, source.query, held)
        elif source.rows is not None:
            yield from _rows(source, source.rows)


def _is_held(value: Expression, held: set[Expression]) -> bool:
    return isinstance(value, Argument) or value in held


def _equated(conditions: Iterable[Expression], held: set[Expression]) -> Iterator[Expression]:
    """The columns that a condition equates with a parameter, or with what is held."""
    for condition in conditions:
        if isinstance(condition, Call) and condition.name == "=" and len(condition.args) == 2:
            left, right = condition.args
            for one, other in ((left, right), (right, left)):
                if isinstance(one, Ref) and _is_held(other, held):
                    yield one


def _rows(source: Source, rows: list[list[Expression]]) -> Iterator[Expression]:
    """The columns of VALUES that are parameters in every row."""
    for n in range(len(source.columns)):
        if all(isinstance(row[n], Argument) for row in rows):
            yield Ref(source, n)


def _outputs(source: Source, query: Query, held: set[Expression]) -> Iterator[Expression]:
    """The columns of a derived source that are held inside it, in every branch."""
    branches = query.branches if query.union else [query]
    for n in range(len(query.outputs)):
        if all(_is_held(branch.outputs[n].value, held) for branch in branches):
            yield Ref(source, n)
