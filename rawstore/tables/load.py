"""Rows into a store's tables, all or none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from ..errors import UndefinedObject
from ..target import SqliteTarget
from .cells import Cell, Cells, packer
from .model import Column, Table, named

if TYPE_CHECKING:
    from ..store import Store

Rows = Iterable[Sequence[Any]]


class Loader(Protocol):
    """One dialect's load."""

    tables: tuple[Table, ...]

    def columns(
        self, table: Table, columns: Sequence[Column], portions: Iterable[Sequence[Cells]]
    ) -> int:
        """Insert portions of these columns' cells; how many rows."""

    def count(self, table: Table) -> int:
        """How many rows the table has."""

    def clear(self, tables: Sequence[Table]) -> None:
        """Delete every row of these tables."""

    def quiet_triggers(self, tables: Sequence[Table], apart: Iterable[str]) -> None:
        """Let no trigger run that only touches what is loaded."""

    def commit(self) -> None:
        """Set the counters of ids, check the foreign keys, commit."""

    def close(self) -> None:
        """End it; what is not committed is undone."""


class Load:
    """One transaction that inserts rows: use it as a context manager.

    It commits when the block ends; an exception that leaves the block undoes everything. Others
    read meanwhile, but do not write. Ids are kept, and the next one of a table that counts them
    is above all of them. Foreign keys are checked at the end, so tables may come in any order.
    Raises the mapped error.
    """

    def __init__(self, store: Store) -> None:
        """Nothing is opened before the block begins."""
        self._store = store
        self._loader: Loader | None = None

    def __enter__(self) -> Self:
        target = self._store.target
        if isinstance(target, SqliteTarget):
            from .sqlite_loader import SqliteLoader

            self._loader = SqliteLoader(self._store)
        else:
            from .postgres_loader import PostgresLoader

            self._loader = PostgresLoader(self._store, target)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        loader, self._loader = self._open, None
        try:
            if kind is None:
                loader.commit()
        finally:
            loader.close()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables to load into, parents before children."""
        return self._open.tables

    def rows(self, table: Table, portions: Iterable[Rows]) -> int:
        """Insert rows of the table's portable columns as Python values; how many.

        Raises ValueError, which names the column, for a value that is not of its type.
        """
        columns = [self._column(table, column) for column in table.columns]
        packers = [(column.name, packer(column.type)) for column in columns]
        cells = (_packed(packers, rows) for rows in portions)
        return self._open.columns(self._table(table), columns, cells)

    def columns(
        self, table: Table, columns: Sequence[Column], portions: Iterable[Sequence[Cells]]
    ) -> int:
        """Insert portions of cells of these columns, which are this database's own; how many."""
        return self._open.columns(self._table(table), columns, portions)

    def count(self, table: Table) -> int:
        """How many rows the table has, as this transaction sees it."""
        return self._open.count(self._table(table))

    def clear(self, tables: Sequence[Table]) -> None:
        """Delete every row of these tables, in this transaction."""
        self._open.clear([self._table(table) for table in tables])

    def quiet_triggers(self, tables: Sequence[Table], apart: Iterable[str] = ()) -> None:
        """Until the block ends, let no trigger run that does nothing but to change loaded tables.

        For loading all tables of a store: what such triggers would do is among the rows. Triggers
        that name what is not loaded (the `others` of these tables, a full-text index, a table of
        another schema, the names `apart`) run. Where the role does not own the tables, all run.
        PostgreSQL's statistics are brought up to date.
        """
        self._open.quiet_triggers(tables, apart)

    def _table(self, table: Table) -> Table:
        """This database's own of the name."""
        if own := named(table.name, self._open.tables):
            return own
        raise UndefinedObject(
            f"there is no table {table.name}; are the migrations applied (rawstore migrate up)?"
        )

    def _column(self, table: Table, column: Column) -> Column:
        own = self._table(table).column(column.name)
        if own is None:
            raise UndefinedObject(f"table {table.name} has no column {column.name}")
        return own

    @property
    def _open(self) -> Loader:
        if self._loader is None:
            raise RuntimeError("rows are loaded within the `with` block")
        return self._loader


def _packed(packers: Sequence[tuple[str, Any]], rows: Rows) -> list[Cells]:
    values = list(zip(*rows, strict=True)) or [()] * len(packers)
    return [_cells(*pack, column) for pack, column in zip(packers, values, strict=True)]


def _cells(name: str, pack: Any, values: Sequence[Any]) -> list[Cell]:
    try:
        return [None if value is None else pack(value) for value in values]
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
