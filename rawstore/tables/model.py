"""What a table is, as far as moving its rows goes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple, Protocol, TypeVar

from ..types import Type


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` is what its values mean, `stored` the dialect's own name of its type.

    `default` tells that a row may leave it out: it has a default, an identity, or may be null.
    """

    name: str
    type: Type
    nullable: bool
    stored: str = ""
    default: bool = False
    derived: bool = False  # made from others by the database


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A foreign key: these columns hold the `to` columns of a row of `table`."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of a store. `columns` are the portable ones.

    `others` are those that are left out: one dialect has them for itself, or they are generated.
    `key` tells one row from all others by portable columns; empty, where nothing does. `order` is
    what the order of insertion is told by, if the table does not keep it.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    others: tuple[Column, ...] = ()
    order: tuple[str, ...] = ()
    serial: tuple[str, ...] = ()  # the columns that count by themselves
    strict: bool = True  # whether each value is of its column's stored type
    ordered: bool = True  # whether it keeps the order of insertion
    extra: Mapping[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        """The portable column of this name."""
        return next((column for column in self.columns if column.name == name), None)

    def whole(self) -> Table:
        """This table with all columns that are not derived: for databases of one kind."""
        own = tuple(column for column in self.others if not column.derived)
        derived = tuple(column for column in self.others if column.derived)
        return Table(**{**_fields(self), "columns": self.columns + own, "others": derived})

    def only(self, columns: Sequence[Column]) -> Table:
        """This table with these portable columns."""
        names = {column.name for column in columns}
        key = self.key if names.issuperset(self.key) else ()
        return Table(**{**_fields(self), "columns": tuple(columns), "key": key})


# What is told of a value that is not of its column's type: the column, which of the portion's
# rows, and why.
Tell = Callable[[Column, int, str], None]


class Orphan(NamedTuple):
    """A row whose foreign key points nowhere: its key's values (without a key, its rowid)."""

    key: tuple[Any, ...]
    columns: tuple[str, ...]
    table: str


class Digest(NamedTuple):
    """How many rows a table has, and a hash of them that does not depend on their order."""

    rows: int
    hash: str


class Named(Protocol):
    """A table or a column."""

    @property
    def name(self) -> str:
        """As the database writes it."""


N = TypeVar("N", bound=Named)


def named(name: str, those: Iterable[N]) -> N | None:
    """The one of this name; else, of this name but for upper and lower case."""
    alike = [each for each in those if each.name.lower() == name.lower()]
    return next((each for each in alike if each.name == name), alike[0] if alike else None)


def parents_first(tables: Iterable[Table]) -> tuple[Table, ...]:
    """The tables in an order in which each comes after those it refers to, else by name.

    Where tables refer to each other in a circle, no order does: one of them comes first.
    """
    by_name = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    graph = {name: _parents(table) & by_name.keys() for name, table in by_name.items()}
    while True:
        try:
            order = tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            child, parent = error.args[1][1], error.args[1][0]
            graph[child] = graph[child] - {parent}
        else:
            return tuple(by_name[name] for name in order)


def _parents(table: Table) -> set[str]:
    return {reference.table for reference in table.references} - {table.name}


def _fields(table: Table) -> dict[str, Any]:
    return {name: getattr(table, name) for name in table.__dataclass_fields__}
