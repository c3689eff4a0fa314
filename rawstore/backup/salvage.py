"""What a damaged file holds, table by table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from ..progress import Progress
from .pages import LEAST, MOST, Pages
from .schema import Table
from .trees import Row, Walk, index_rows, table_rows, unreached

_SAMPLE = 200  # rows by which a tree's table is told


class Object(NamedTuple):
    """An entry of the file's own schema."""

    kind: str
    name: str
    table: str
    root: int


class Salvage:
    """Reads a damaged file. `notes` say what was met on the way."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.notes: list[str] = []
        self._seen: set[int] = set()
        walk = Walk(self._seen)
        self.objects = [found for row in table_rows(pages, 1, walk) if (found := _object(row))]
        self.schema_is_whole = bool(self.objects) and not walk.gaps
        self.gaps: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def root(self, table: str) -> int | None:
        """Where a table begins, as far as the schema tells."""
        found = [o.root for o in self.objects if o.kind == "table" and o.name == table]
        return found[0] if found else None

    def rows(self, table: Table) -> Iterator[Row]:
        """The rows that the table's own tree leads to; what it does not is in `gaps`."""
        root = self.root(table.name)
        if root is None:
            self.gaps[table.name].append((LEAST, MOST))
            return
        walk = Walk(self._seen)
        if table.by_key:
            yield from ((0, values) for values in index_rows(self.pages, root, walk))
        else:
            yield from table_rows(self.pages, root, walk)
        self.gaps[table.name] += walk.gaps

    def indexed(self, table: Table) -> set[int]:
        """The rowids that the table's indexes have, as far as they can be read."""
        found: set[int] = set()
        for each in self.objects:
            if each.kind == "index" and each.table == table.name and not table.by_key:
                for values in index_rows(self.pages, each.root, Walk(self._seen)):
                    if values and isinstance(values[-1], int):
                        found.add(values[-1])
        return found

    def stray(
        self, tables: Mapping[str, Table], on_progress: Progress
    ) -> Iterator[tuple[Table, Row]]:
        """Rows of pages that nothing leads to, where their table misses some of their ids.

        To be asked for last: what the other walks have read is no more looked at.
        """
        free, known = self.pages.free()
        roots = unreached(self.pages, self._seen | free)
        count = unsure = 0
        for done, root in enumerate(roots):
            on_progress("stray pages", done, len(roots))
            owner = self._owner(root, tables)
            if owner is None:
                continue
            for row in table_rows(self.pages, root, Walk(set(self._seen))):
                if owner.fits(row[1]) and self._is_missing(owner, row[0]):
                    count += 1
                    unsure += not known
                    yield owner, row
        if count:
            self.notes.append(f"{count} rows were on pages that nothing led to")
        if unsure:
            self.notes.append(
                "which pages were in use is not known for certain: "
                f"some of {unsure} rows may have been deleted before"
            )

    def _owner(self, root: int, tables: Mapping[str, Table]) -> Table | None:
        """The table to which a tree's rows belong; None where that is not certain."""
        rows = list(islice(table_rows(self.pages, root, Walk(set(self._seen))), _SAMPLE))
        if not rows:
            return None
        found = [
            table
            for table in tables.values()
            if not table.by_key and sum(table.fits(values) for _, values in rows) > len(rows) // 2
        ]
        missing = [t for t in found if t.apart or any(self._is_missing(t, r) for r, _ in rows)]
        width = len(rows[0][1])
        whole = [table for table in missing if len(table.fields) == width] or missing
        same = [table for table in whole if table.root == root]
        best = same or [table for table in whole if not table.apart]
        if len(best) > 1:
            names = ", ".join(sorted(table.name for table in best))
            self.notes.append(f"page {root} has {len(rows)} or more rows, of one of {names}")
        return best[0] if len(best) == 1 and not best[0].apart else None

    def _is_missing(self, table: Table, rowid: int) -> bool:
        return any(low <= rowid <= high for low, high in self.gaps[table.name])


def _object(row: Row) -> Object | None:
    match row[1]:
        case (str(kind), str(name), str(table), int(root), *_) if root > 0:
            return Object(kind, name, table, root)
    return None
