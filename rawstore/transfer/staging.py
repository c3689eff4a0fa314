"""Rows that fit their table, on the way into it: what both dialects' importers take and give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple, Protocol

from ..errors import DatabaseError
from ..scan import Dialect
from ..tables import Column, Table
from ..tables.cells import Cells
from .checking import Row
from .jsonlines import Place

PORTION = 1000  # rows
HEAVY = 4 << 20  # bytes of a portion, about


class Refusal(NamedTuple):
    """A row that the database did not take, and the column where that is known."""

    place: Place
    error: DatabaseError
    column: str | None = None


@dataclass
class Outcome:
    """How many rows a table took, how many were there already, and which it refused and why."""

    rows: int = 0
    skipped: int = 0
    refused: list[Refusal] = field(default_factory=list)


class Importer(Protocol):
    """One dialect's import: a transaction, undone unless it is committed."""

    dialect: Dialect
    tables: tuple[Table, ...]

    def load(self, table: Table, rows: Iterable[Row], *, skip: bool, limit: int) -> Outcome:
        """Insert rows; with `skip`, those whose keys are taken are left out.

        At most `limit` refused rows are looked for. Raises the mapped error where it is no row's.
        """

    def settle(self, *, limit: int) -> dict[str, list[Refusal]]:
        """When all tables are loaded: rows that still refer to none, by table, `limit` of each.

        Raises ForeignKeyViolation for one whose place is not known.
        """

    def commit(self) -> None:
        """Let the counters of ids go on behind the highest, and commit."""

    def close(self) -> None:
        """End it."""


class Portions:
    """Rows in their order, as columns of cells: a portion at most, all of one layout."""

    def __init__(self, table: Table, rows: Iterable[Row]) -> None:
        self.layouts: list[tuple[Column, ...]] = []  # which columns are given, as they come up
        self._table = table
        self._rows = iter(rows)
        self._numbers: dict[tuple[str, ...], int] = {}

    def __iter__(self) -> Iterator[tuple[int, list[Place], list[Cells]]]:
        """The number of a layout, where its rows stood, and their cells, by column."""
        while portion := self._next():
            for given, run in groupby(portion, key=_given):
                rows = list(run)
                number = self._number(given)
                columns = list(map(list, zip(*(row.cells for row in rows), strict=True)))
                yield number, [row.place for row in rows], columns

    def _next(self) -> list[Row]:
        taken: list[Row] = []
        size = 0
        for row in islice(self._rows, PORTION):
            taken.append(row)
            size += sum(len(cell) for cell in row.cells if cell is not None)
            if size > HEAVY:
                break
        return taken

    def _number(self, given: tuple[str, ...]) -> int:
        if given not in self._numbers:
            self._numbers[given] = len(self.layouts)
            names = set(given)
            self.layouts.append(tuple(c for c in self._table.columns if c.name in names))
        return self._numbers[given]


_given = attrgetter("given")
