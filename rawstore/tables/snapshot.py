"""A store's rows as they are at one moment, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from ..progress import Progress, quiet
from ..target import SqliteTarget
from ..types import Type
from .canonical import canonical
from .cells import Cell, Cells, Odd, python_column
from .model import Column, Digest, Orphan, Table, Tell
from .rows import Sum, framed, row_hashes

if TYPE_CHECKING:
    from ..store import Store


_ZERO, _MINUS_ZERO = bytes(8), b"\x80" + bytes(7)


class Reader(Protocol):
    """One dialect's snapshot."""

    tables: tuple[Table, ...]

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
        for portion in self.columns(table, columns, ordered=False):
            found.add(hashes(columns, portion))
            on_progress(table.name, found.rows, total)
        return Digest(found.rows, found.hash)

    @property
    def _open(self) -> Reader:
        if self._reader is None:
            raise RuntimeError("a snapshot is read within its `with` block")
        return self._reader


def _passed(column: Column, index: int, reason: str) -> None:
    """A value that is not of its column's type goes as it is stored."""


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


def hashes(columns: Sequence[Column], portion: Sequence[Cells]) -> list[bytes]:
    """A hash of each row of a portion of these columns."""
    return row_hashes(framed([meaning(c.type, p) for c, p in zip(columns, portion, strict=True)]))


def meaning(declared: Type, cells: Cells) -> Cells:
    """The cells in the form in which equal values are equal."""
    if declared.name == "float" and _MINUS_ZERO in cells:  # SQLite stores 0 for it
        return [_ZERO if cell == _MINUS_ZERO else cell for cell in cells]
    reduce = canonical(declared)
    if reduce is None:
        return cells

    def one(cell: Cell) -> Cell:
        return cell if cell is None or type(cell) is Odd else reduce(cell)

    return list(map(one, cells))
