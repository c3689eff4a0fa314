"""Whether every row of the source can go into the target: all are looked at before any goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ..progress import Progress
from ..tables.cells import Cells, Odd, python_column
from ..tables.model import Column
from ..tables.snapshot import Snapshot
from ..tables.storing import stored_column
from ..types import Type
from .narrow import narrowness
from .outcome import Unfit, shown_key
from .pairing import Pair, Pairing

SHOWN = 100  # of all that cannot go
_ROWID = Column("rowid", Type("bigint"), nullable=False, stored="INTEGER")


class Fitness:
    """What is found: the first of it, and how much there is."""

    def __init__(self) -> None:
        self.rows: list[Unfit] = []
        self.total = 0

    def tell(self, table: str, key: str, column: str, reason: str) -> None:
        """A row that cannot go."""
        self.total += 1
        if len(self.rows) < SHOWN:
            self.rows.append(Unfit(table, key, column, reason))


def examine(
    snapshot: Snapshot, pairing: Pairing, target_dialect: str, on_progress: Progress
) -> Fitness:
    """Look at every row of the source."""
    found = Fitness()
    for pair in pairing.pairs:
        total = snapshot.count(pair.source)
        done = 0
        for count in _look(snapshot, pair, found, target_dialect):
            done += count
            on_progress(f"checking {pair.source.name}", done, total)
        for values, columns, other in snapshot.orphans(pair.source):
            key = shown_key(pair.source.key or ("rowid",), values)
            names = ", ".join(columns)
            found.tell(
                pair.source.name, key, names, f"refers to a row of {other} that is not there"
            )
    return found


def _look(snapshot: Snapshot, pair: Pair, found: Fitness, target_dialect: str) -> Iterator[int]:
    """Each portion's rows, counted."""
    told: list[tuple[Column, int, str]] = []
    columns = [*pair.reads, *_identifying(pair)]
    read = snapshot.columns(
        pair.source, columns, lambda column, index, reason: told.append((column, index, reason))
    )
    start = 0
    for portion in read:
        _hold(pair, portion, target_dialect, told)
        for column, index, reason in sorted(told, key=lambda each: each[1]):
            key = _key(pair, columns, portion, index, start)
            found.tell(pair.source.name, key, column.name, reason)
        told.clear()
        start += len(portion[0])
        yield len(portion[0])


def _hold(
    pair: Pair,
    portion: Sequence[Cells],
    target_dialect: str,
    told: list[tuple[Column, int, str]],
) -> None:
    """Hold a portion against what the target's columns take."""
    for read, write, cells in zip(pair.reads, pair.writes, portion, strict=False):
        if not write.nullable and None in cells:
            reason = f"NULL, which {write.name} there may not be"
            told += [(read, at, reason) for at, cell in enumerate(cells) if cell is None]
        if target_dialect == "postgres" and read.stored != write.stored:
            told += [(read, *each) for each in _narrowed(write, cells)]
        if target_dialect == "sqlite":
            found: list[tuple[int, str]] = []
            stored_column(read.type, cells, partial(_note, found))
            told += [(read, index, reason) for index, reason in found]


def _narrowed(column: Column, cells: Cells) -> Iterator[tuple[int, str]]:
    """What the column would change."""
    check = narrowness(column)
    if check is None:
        return
    for index, cell in enumerate(cells):
        if cell is not None and type(cell) is not Odd and (reason := check(cell)):
            yield index, reason


def _note(found: list[tuple[int, str]], index: int, reason: str) -> None:
    found.append((index, reason))


def _identifying(pair: Pair) -> list[Column]:
    """The columns that tell which row it is: of a table without a key SQLite's rowid."""
    source = pair.source
    if not source.key:
        return [_ROWID] if source.extra.get("rowid") else []
    names = {column.name for column in pair.reads}
    return [column for column in source.columns if column.name in set(source.key) - names]


def _key(
    pair: Pair, columns: Sequence[Column], portion: Sequence[Cells], index: int, start: int
) -> str:
    names = pair.source.key or tuple(column.name for column in _identifying(pair))
    if not names:
        return f"row {start + index + 1}"
    places = {column.name: place for place, column in enumerate(columns)}
    values = [_value(columns[places[name]], portion[places[name]][index]) for name in names]
    return shown_key(names, values)


def _value(column: Column, cell: Any) -> Any:
    try:
        return python_column(column.type, [cell])[0]
    except ValueError:
        return "?"
