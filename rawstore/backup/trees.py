"""The rows of a damaged file's b-trees, and which rowids are missing between them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .pages import (
    INDEX_INTERIOR,
    INDEX_LEAF,
    LEAST,
    MOST,
    TABLE_INTERIOR,
    TABLE_LEAF,
    Broken,
    Cell,
    Page,
    Pages,
    Value,
)

TABLE = (TABLE_LEAF, TABLE_INTERIOR)
INDEX = (INDEX_LEAF, INDEX_INTERIOR)
Row = tuple[int, tuple[Value, ...]]


@dataclass
class Walk:
    """What a walk has come by: the pages it has read, and the gaps between rowids it has found."""

    seen: set[int] = field(default_factory=set)
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def gap(self, low: int, high: int) -> None:
        """Note that rows from `low` to `high`, both included, may be missing."""
        if low <= high:
            self.gaps.append((low, high))


def table_rows(
    pages: Pages, root: int, walk: Walk, low: int = LEAST, high: int = MOST
) -> Iterator[Row]:
    """The rows of a table's b-tree, whose rowids are from `low` to `high`, in their order."""
    try:
        page = _unseen(pages, root, walk, TABLE)
    except Broken:
        walk.gap(low, high)
        return
    cells = _cells(pages, page)
    sound = _ascending([c.rowid if c and low <= c.rowid <= high else None for c in cells])
    hole = False
    for at, cell in enumerate(cells):
        if cell is None or at not in sound:
            hole = True
            continue
        if hole:  # what it held is not known; what comes next may hold a part of these
            walk.gap(low, cell.rowid - page.is_leaf)
        if cell.values is not None:
            yield cell.rowid, cell.values
        else:
            yield from table_rows(pages, cell.child, walk, low, cell.rowid)
        low, hole = cell.rowid + 1, False
    if hole:
        walk.gap(low, high)
    if not page.is_leaf:
        yield from table_rows(pages, page.right, walk, low, high)


def _ascending(rowids: Sequence[int | None]) -> set[int]:
    """The places of a longest run of rowids that ascend: what is out of order is damage."""
    tails: list[int] = []
    places: list[int] = []
    before: dict[int, int | None] = {}
    for place, rowid in enumerate(rowids):
        if rowid is None:
            continue
        at = bisect_left(tails, rowid)
        tails[at:] = [rowid, *tails[at + 1 :]]
        places[at:] = [place, *places[at + 1 :]]
        before[place] = places[at - 1] if at else None
    found: set[int] = set()
    last = places[-1] if places else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found


def index_rows(pages: Pages, root: int, walk: Walk) -> Iterator[tuple[Value, ...]]:
    """The records of an index, or of a table WITHOUT ROWID, as far as they can be read."""
    try:
        page = _unseen(pages, root, walk, INDEX)
    except Broken:
        walk.gap(LEAST, MOST)
        return
    for cell in _cells(pages, page):
        if cell is None:
            walk.gap(LEAST, MOST)
            continue
        if not page.is_leaf:
            yield from index_rows(pages, cell.child, walk)
        if cell.values is not None:
            yield cell.values
    if not page.is_leaf:
        yield from index_rows(pages, page.right, walk)


def unreached(pages: Pages, seen: set[int]) -> list[int]:
    """The roots of the trees of table pages that nothing has led to."""
    found: dict[int, list[int]] = {}
    for number in range(1, pages.count + 1):
        if number in seen:
            continue
        try:
            page = pages.page(number)
        except Broken:
            continue
        if page.kind == TABLE_INTERIOR:
            found[number] = [c.child for c in _cells(pages, page) if c] + [page.right]
        elif page.kind == TABLE_LEAF and page.cells:
            found[number] = []
    children = {child for each in found.values() for child in each}
    return [number for number in found if number not in children]


def _unseen(pages: Pages, number: int, walk: Walk, kinds: tuple[int, int]) -> Page:
    """A page of this kind of tree that was not read before: two pointers to one are damage."""
    if number in walk.seen:
        raise Broken
    page = pages.page(number)
    if page.kind not in kinds:
        raise Broken
    walk.seen.add(number)
    return page


def _cells(pages: Pages, page: Page) -> list[Cell | None]:
    found: list[Cell | None] = []
    for at in page.cells:
        try:
            found.append(pages.cell(page, at))
        except Broken:
            found.append(None)
    return found
