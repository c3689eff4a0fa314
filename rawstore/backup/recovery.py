"""What a recovery has saved and what it has not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .pages import LEAST, MOST

SHOWN = 5  # ranges of lost ids that are told in full


@dataclass(slots=True)
class RecoveredTable:
    """What became of a table's rows.

    `saved` are in the new file. `rejected` broke a constraint, `orphans` refer to a row that is not
    there, `duplicates` have the key of one that was saved. `known_lost` have an entry in an index
    and no row; `lost` are the ranges of row ids, first and last, in which rows may be missing
    (None: without end).
    """

    name: str
    saved: int = 0
    known_lost: int = 0
    rejected: int = 0
    orphans: int = 0
    duplicates: int = 0
    lost: list[tuple[int | None, int | None]] = field(default_factory=list)

    @property
    def ranges(self) -> str:
        """The ranges of lost ids, in words."""
        shown = [_range(*each) for each in self.lost[:SHOWN]]
        more = len(self.lost) - SHOWN
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was recovered, and what was not. `rejected` is the file of rows that do not fit.

    `whole` is False where the notes tell of more: whole tables, or a transaction half done.
    """

    path: Path
    tables: tuple[RecoveredTable, ...]
    rejected: Path | None
    notes: tuple[str, ...]
    whole: bool

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        lost = any(table.lost or table.known_lost for table in self.tables)
        return self.whole and self.rejected is None and not lost


def missing(
    gaps: Iterable[tuple[int, int]], saved: list[int]
) -> Iterator[tuple[int | None, int | None]]:
    """The parts of the gaps in which no row was saved; None where there is no end."""
    for low, high in _joined(gaps):
        if low == LEAST and not saved[:1] < [1]:
            low = 1  # where ids begin, unless one was given that is lower
        inside = saved[bisect_left(saved, low) : bisect_right(saved, high)]
        for before, after in zip([low - 1, *inside], [*inside, high + 1], strict=True):
            if after - before > 1:
                first, last = before + 1, after - 1
                yield None if first == LEAST else first, None if last == MOST else last


def _joined(gaps: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same without overlaps and borders."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(gaps):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _range(first: int | None, last: int | None) -> str:
    if first is None and last is None:
        return "any"
    if first is None or last is None:
        return f"up to {last}" if first is None else f"{first} and above"
    return str(first) if first == last else f"{first} to {last}"
