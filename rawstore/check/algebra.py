"""A statement as relations and expressions, whichever dialect it was read from.

PostgreSQL's own parse tree (`postgres_tree`) and SQLite's texts (`sqlite_reader`) become this; the
rules about NULL, order, limits and tenants are written over it once. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .catalog import Table

Key = str | int
"""A column of a source: by name in a table, by position elsewhere."""


class Expression:
    """The root of the expressions."""

    __slots__ = ()

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The expressions directly inside."""
        return ()


@dataclass(frozen=True, slots=True)
class Ref(Expression):
    """A column of a source."""

    source: Source
    key: Key


@dataclass(frozen=True, slots=True)
class Const(Expression):
    """A literal."""

    is_null: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True)
class Argument(Expression):
    """A placeholder, by its number from 0; whether the value may be null in this variant."""

    number: int
    nullable: bool


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function, operator or test.

    It is not null where all of `needs` are not; `needs` is None where nothing is known. `strict`:
    null where any argument is.
    """

    name: str
    args: tuple[Expression, ...] = ()
    needs: tuple[Expression, ...] | None = None
    strict: bool = False

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.args


@dataclass(frozen=True, slots=True)
class FirstOf(Expression):
    """COALESCE and its like: not null where one of them is not."""

    args: tuple[Expression, ...]

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.args


@dataclass(frozen=True, slots=True)
class Choice(Expression):
    """CASE: `results` with that of ELSE, which is a null where there is none."""

    tests: tuple[Expression, ...]
    results: tuple[Expression, ...]

    @property
    def parts(self) -> tuple[Expression, ...]:
        """Tests and results."""
        return self.tests + self.results


@dataclass(frozen=True, slots=True)
class Aggregate(Expression):
    """An aggregate that is null over no rows: not null where every group has rows."""

    args: tuple[Expression, ...]
    needs: tuple[Expression, ...] | None
    filtered: bool = False

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.args


@dataclass(frozen=True, slots=True)
class Subquery(Expression):
    """A query inside an expression; `value` is what IN or ANY compares its rows with."""

    kind: Literal["scalar", "exists", "any", "array"]
    query: Query
    value: tuple[Expression, ...] = ()

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What it is compared with."""
        return self.value


@dataclass(eq=False)
class Source:
    """What a query reads from: a table, a query (a WITH's too), a function, or VALUES.

    `optional`: it stands on the side of an outer join that may have no row. `single`: a function
    that gives one row; `not_null` and `key` tell of a function's columns.
    """

    alias: str
    owner: Query
    table: Table | None = None
    query: Query | None = None
    function: Call | None = None
    rows: list[list[Expression]] | None = None
    columns: tuple[str, ...] = ()
    optional: bool = False
    single: bool = False
    not_null: frozenset[int] = frozenset()
    key: int | None = None
    is_target: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the result."""

    name: str
    value: Expression


@dataclass(eq=False)
class Query:
    """A query block. `conditions` hold for every row; `outer` are the conditions of outer joins."""

    verb: Literal["select", "insert", "update", "delete", "merge", "values"] = "select"
    outputs: list[Output] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    conditions: list[Expression] = field(default_factory=list)
    outer: list[Expression] = field(default_factory=list)
    group: list[Expression] = field(default_factory=list)
    grouping_sets: bool = False
    aggregated: bool = False
    having: list[Expression] = field(default_factory=list)
    distinct: list[Expression] = field(default_factory=list)
    order: list[Expression] = field(default_factory=list)
    limit: Expression | None = None
    union: str = ""  # union all, union, intersect, except
    branches: list[Query] = field(default_factory=list)
    with_: list[Query] = field(default_factory=list)
    target: Source | None = None
    assigned: list[tuple[str, Expression]] = field(default_factory=list)
    others: list[Expression] = field(default_factory=list)  # what ON CONFLICT says
    skips: bool = False  # an INSERT that may write nothing: ON CONFLICT DO NOTHING
    locks: bool = False
    functions: frozenset[str] = frozenset()  # volatile ones of the database's own

    @property
    def expressions(self) -> Iterator[Expression]:
        """Every expression of this block, without those inside."""
        yield from (output.value for output in self.outputs)
        yield from (value for _, value in self.assigned)
        lists = (self.conditions, self.outer, self.group, self.having, self.order, self.others)
        for group in lists:
            yield from group
        if self.limit is not None:
            yield self.limit
        for source in self.sources:
            yield from source.function.args if source.function else ()
            for row in source.rows or ():
                yield from row


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all inside it, but not inside its subqueries."""
    yield expression
    for part in expression.parts:
        yield from walk(part)


def conjuncts(value: Expression) -> list[Expression]:
    """The conditions that all hold where a condition does."""
    if isinstance(value, Call) and value.name == "and":
        return [each for part in value.args for each in conjuncts(part)]
    return [value]


def own_outputs(query: Query, names: list[str]) -> list[Output]:
    """The columns of a united query, as columns of a source that stands for itself."""
    source = Source("", query, query=query)
    return [Output(name, Ref(source, n)) for n, name in enumerate(names)]


def is_recursive(query: Query) -> bool:
    """Whether a united query reads from itself."""
    return bool(query.union) and any(
        source.query is query for block in blocks(query) for source in block.sources
    )


def blocks(query: Query) -> list[Query]:
    """A query and every query inside it, each once."""
    found: dict[Query, None] = {}
    waiting = [query]
    while waiting:
        block = waiting.pop()
        if block in found:
            continue
        found[block] = None
        waiting += block.with_ + block.branches
        waiting += [source.query for source in block.sources if source.query]
        waiting += [
            part.query
            for expression in block.expressions
            for part in walk(expression)
            if isinstance(part, Subquery)
        ]
    return list(found)
