"""Rows of a file held against the table they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, BinaryIO, NamedTuple

from ..scan import Dialect
from ..tables import Column, Table
from ..tables.cells import Cell
from .jsoncells import ReadCell, reader
from .jsondecoder import shown
from .jsonlines import Fault, Item, Place, member_place, read
from .problems import Problem


class Row(NamedTuple):
    """A row that fits its table: cells of the columns `given`, which are in the table's order."""

    place: Place
    given: tuple[str, ...]
    cells: list[Cell]


class _Layout(NamedTuple):
    """What holds for all rows with the same names in the same order."""

    given: tuple[str, ...]
    columns: tuple[tuple[Column, ReadCell], ...]  # as `given`
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


class Checker:
    """Reads the rows of one table from one file."""

    def __init__(self, table: Table, dialect: Dialect, file: str) -> None:
        """`file` is what problems are told of."""
        self._table = table
        self._file = file
        self._reads = {column.name: reader(column, dialect) for column in table.columns}
        self._layouts: dict[tuple[str, ...], _Layout] = {}

    def rows(self, stream: BinaryIO, refuse: Callable[[Problem], bool]) -> Iterator[Row]:
        """The rows that fit, while all do; then only problems, until `refuse` has enough."""
        columns = self._table.columns
        exact = any(column.type.name == "numeric" for column in columns)
        good = True
        for item in read(stream, [column.name for column in columns], exact=exact):
            found = self._check(item)
            if isinstance(found, Row):
                if good:
                    yield found
                continue
            good = False
            for problem in found:
                if refuse(problem):
                    return

    def problem(self, place: Place, reason: str, column: str | None = None) -> Problem:
        """What is wrong in this file."""
        return Problem(self._file, place, self._table.name, column, reason)

    def _check(self, item: Item | Fault) -> Row | list[Problem]:
        if isinstance(item, Fault):
            return [self.problem(item.place, item.reason)]
        names = tuple(item.row)
        layout = self._layouts.get(names) or self._layout(names)
        problems = [
            self.problem(member_place(item, name), self._unknown(name), name[:60])
            for name in layout.unknown
        ]
        problems += [
            self.problem(item.place, "expected a value, and there is none", name)
            for name in layout.missing
        ]
        cells = []
        for column, read_value in layout.columns:
            try:
                cells.append(_cell(column, read_value, item.row[column.name]))
            except ValueError as error:
                place = member_place(item, column.name)
                problems.append(self.problem(place, str(error), column.name))
        if not names:
            problems = [self.problem(item.place, "expected at least one column")]
        problems.sort(key=lambda problem: (problem.place.line, problem.place.character or 0))
        return problems or Row(item.place, layout.given, cells)

    def _layout(self, names: Sequence[str]) -> _Layout:
        present = set(names)
        columns = [column for column in self._table.columns if column.name in present]
        layout = _Layout(
            tuple(column.name for column in columns),
            tuple((column, self._reads[column.name]) for column in columns),
            tuple(name for name in names if name not in self._reads),
            tuple(
                column.name
                for column in self._table.columns
                if column.name not in present and not column.default
            ),
        )
        if len(self._layouts) < 1000:
            self._layouts[tuple(names)] = layout
        return layout

    def _unknown(self, name: str) -> str:
        if any(column.name == name for column in self._table.others):
            return "the database fills it by itself; leave it out"
        near = get_close_matches(name, self._reads, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(self._reads)}"
        return f"{shown(self._table.name)} has no such column; {hint}"


def _cell(column: Column, read_value: ReadCell, value: Any) -> Cell:
    if value is not None:
        return read_value(value)
    if not column.nullable:
        raise ValueError("expected a value, got null")
    return None
