"""A hash of each row, which equal rows have in both dialects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import add
from typing import TypeGuard

from ..types import Type
from .canonical import canonical, canonical_all
from .cells import Cell, Cells, Odd
from .model import Column
from .rows import framed, row_hashes

_ZERO, _MINUS_ZERO = bytes(8), b"\x80" + bytes(7)


def comparable(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns by name, all integers of one width: as two dialects can be compared."""
    wide = {"smallint", "int"}
    return tuple(
        Column(
            column.name,
            Type("bigint")
            if column.type.name in wide and not column.type.array
            else Type(column.type.name, array=column.type.array),
            column.nullable,
            column.stored,
        )
        for column in sorted(columns, key=lambda column: column.name)
    )


def in_order(columns: Sequence[Column]) -> tuple[list[Column], int]:
    """The columns as they are hashed: first those whose equal values may differ in their bytes.

    How many these are, too. What is behind them is hashed as it comes.
    """
    first = [column for column in columns if _has_forms(column.type)]
    return first + [column for column in columns if not _has_forms(column.type)], len(first)


def hashes(columns: Sequence[Column], portion: Sequence[Cells]) -> list[bytes]:
    """A hash of each row of a portion of these columns."""
    by_name = {column.name: cells for column, cells in zip(columns, portion, strict=True)}
    ordered, count = in_order(columns)
    cells = [by_name[column.name] for column in ordered]
    return hashes_of_split(ordered, cells[:count], framed(cells[count:]))


def hashes_of_split(
    ordered: Sequence[Column], cells: Sequence[Cells], rest: Iterable[bytes]
) -> list[bytes]:
    """The same of the first columns' cells, and of all the others framed, row by row."""
    if not cells:
        return row_hashes(rest)
    first = framed([meaning(c.type, p) for c, p in zip(ordered, cells, strict=False)])
    return row_hashes(map(add, first, rest) if len(ordered) > len(cells) else first)


def _has_forms(declared: Type) -> bool:
    return declared.name == "float" or canonical(declared) is not None


def meaning(declared: Type, cells: Cells) -> Cells:
    """The cells in the form in which equal values are equal."""
    if declared.name == "float" and _MINUS_ZERO in cells:  # SQLite stores 0 for it
        return [_ZERO if cell == _MINUS_ZERO else cell for cell in cells]
    if canonical(declared) is None:
        return cells
    found = canonical_all(declared, (cell for cell in cells if _is_text(cell)))
    return [found[cell] if _is_text(cell) else cell for cell in cells]


def _is_text(cell: Cell) -> TypeGuard[bytes]:
    return cell is not None and type(cell) is not Odd
