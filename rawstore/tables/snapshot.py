"""A store's rows as they are at one moment, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from ..progress import Progress, quiet
from ..target import SqliteTarget
from .cells import Cells, python_column
from .hashing import comparable, hashes_of_split, in_order
from .model import Column, Digest, Orphan, Table, Tell
from .rows import Sum

if TYPE_CHECKING:
    from ..store import Store


class Reader(Protocol):
    """One dialect's snapshot."""

    tables: tuple[Table, ...]
    apart: tuple[str, ...]

    def close(self) -> None:
        """End it."""

    def count(self, table: Table) -> int:
        """How many rows the table has."""

    def columns(
        self,
        table: Table,
        columns: Sequence[Column],
        report: Tell | None = None,
        *,
        ordered: bool = True,
    ) -> Iterator[list[Cells]]:
        """Portions of these columns' cells, in the order of insertion as far as it is known."""

    def split(
        self, table: Table, columns: Sequence[Column], count: int
    ) -> Iterator[tuple[list[Cells], list[bytes]]]:
        """Portions of the cells of the first `count` columns, and the others framed, row by row."""

    def orphans(self, table: Table) -> Iterator[Orphan]:
        """The rows whose foreign keys point nowhere."""


class Snapshot:
    """One snapshot of all tables of a store, for reading: use it as a context manager.

    It takes no lock that a writer would wait for, and reads on a connection of its own without
    limits of time; a database in memory has one connection, which waits till the block ends.
    `tables` are the store's own, parents before children. Raises the mapped error.
    """

    def __init__(self, store: Store) -> None:
        """Nothing is read before the block begins."""
        self._store = store
        self._reader: Reader | None = None

    def __enter__(self) -> Self:
        target = self._store.target
        if isinstance(target, SqliteTarget):
            from .sqlite_reader import SqliteReader

            self._reader = SqliteReader(self._store, target)
        else:
            from .postgres_reader import PostgresReader

            self._reader = PostgresReader(self._store, target)
        return self

    def __exit__(self, *_: object) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The store's base tables, parents before children."""
        return self._open.tables

    @property
    def apart(self) -> tuple[str, ...]:
        """The virtual tables that a query writes to: what they hold is not read."""
        return self._open.apart

    def count(self, table: Table) -> int:
        """How many rows the table has."""
        return self._open.count(table)

    def rows(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        """Portions of rows as Python values: the portable columns, in the order of insertion.

        A value that is not of its column's type comes as it is stored. JSON's null is None, as NULL
        is. Raises ValueError for a
        time that Python does not know (infinity, or beyond the years 1 to 9999).
        """
        for columns in self.columns(table, table.columns, _passed):
            values = [
                python_column(column.type, cells)
                for column, cells in zip(table.columns, columns, strict=True)
            ]
            yield list(zip(*values, strict=True))

    def columns(
        self,
        table: Table,
        columns: Sequence[Column],
        report: Tell | None = None,
        *,
        ordered: bool = True,
    ) -> Iterator[list[Cells]]:
        """Portions of cells of these columns, read as their types say; see `cells`.

        `report` is told, before the portion, of what is not of its column's type. Where the order
        of rows does not matter, reading them may be faster without.
        """
        return self._open.columns(table, columns, report, ordered=ordered)

    def hashes(self, table: Table, columns: Sequence[Column]) -> Iterator[list[bytes]]:
        """Portions of the rows' hashes, in any order: `hashes` of what `columns` reads."""
        ordered, count = in_order(columns)
        for cells, rest in self._open.split(table, ordered, count):
            yield hashes_of_split(ordered, cells, rest)

    def orphans(self, table: Table) -> Iterator[Orphan]:
        """The rows whose foreign keys point nowhere: their key, the columns, the other table.

        PostgreSQL has none.
        """
        return self._open.orphans(table)

    def digest(self, table: Table, on_progress: Progress = quiet) -> Digest:
        """How many rows there are, and a hash of the portable columns' values.

        The same for equal data in both dialects, whatever the order of rows and of columns.
        """
        columns = comparable(table.columns)
        total = self.count(table)
        found = Sum()
        for portion in self.hashes(table, columns):
            found.add(portion)
            on_progress(table.name, found.rows, total)
        return Digest(found.rows, found.hash)

    @property
    def _open(self) -> Reader:
        if self._reader is None:
            raise RuntimeError("a snapshot is read within its `with` block")
        return self._reader


def _passed(column: Column, index: int, reason: str) -> None:
    """A value that is not of its column's type goes as it is stored."""
