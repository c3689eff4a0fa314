"""A snapshot of an SQLite database: one read transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from psycopg import sql

from ..engines import sqlite_functions
from ..engines.errormap import from_sqlite
from ..errors import ConnectionLost, DatabaseError
from ..target import SqliteTarget
from .cells import Cells
from .known import Known
from .model import Column, Orphan, Table, Tell
from .quoting import identifier, listed, text
from .rows import framed
from .sqlite_catalog import read_tables, virtual_tables
from .stored import column_cells

if TYPE_CHECKING:
    from ..store import Store

PORTION = 500  # rows: what the processor's caches hold
HEAVY = 4 << 20  # bytes after which a portion ends
FETCHED = 50  # rows read at once
MOST = 100_000  # orphans


class SqliteReader:
    """Reads on a connection of its own; of a database in memory, on the one there is."""

    def __init__(self, store: Store, target: SqliteTarget) -> None:
        """Opens the file and takes the snapshot. Raises the mapped error."""
        self._store = store
        self._session: Any = None
        if target.path is None:
            self._session = store._engine.borrow()  # noqa: SLF001 - part of the store
            self._connection: sqlite3.Connection = self._session.connection
        else:
            self._connection = _open(target)
        self._text: type = self._connection.text_factory
        try:
            self._connection.execute("BEGIN")
            known = Known(store.source, store.queries)
            self.tables = read_tables(self._connection, known)
            self.apart = tuple(filter(known.is_written, virtual_tables(self._connection)))
        except sqlite3.Error as error:
            self.close()
            raise mapped(error) from error

    def close(self) -> None:
        """End the transaction."""
        if self._session is not None:
            self._connection.rollback()
            self._store._engine.give(self._session)  # noqa: SLF001
            self._session = None
        else:
            self._connection.close()

    def count(self, table: Table) -> int:
        """How many rows the table has."""
        statement = text("SELECT count(*) FROM {table}", table=identifier(table.name))
        try:
            (found,) = self._connection.execute(statement).fetchone()
        except sqlite3.Error as error:
            raise mapped(error) from error
        return int(found)

    def columns(
        self,
        table: Table,
        columns: Sequence[Column],
        report: Tell | None = None,
        *,
        ordered: bool = True,
    ) -> Iterator[list[Cells]]:
        """Portions of these columns' cells, in the order of insertion.

        A value that is not of its column's type is an `Odd`; `report` is told before the portion.
        """
        stored = {column.name: column.stored.upper() for column in table.columns}
        blobs = [table.strict and stored.get(column.name) == "BLOB" for column in columns]
        for values in self._values(table, columns, ordered=ordered):
            yield [
                column_cells(
                    column.type,
                    _marked(found, blob=blob, strict=table.strict),
                    report and partial(report, column),
                )
                for column, found, blob in zip(columns, values, blobs, strict=True)
            ]

    def split(
        self, table: Table, columns: Sequence[Column], count: int
    ) -> Iterator[tuple[list[Cells], list[bytes]]]:
        """Portions of the cells of the first `count` columns, and the others framed, row by row."""
        for portion in self.columns(table, columns, ordered=False):
            yield portion[:count], framed(portion[count:])

    def orphans(self, table: Table) -> Iterator[Orphan]:
        """The rows whose foreign keys point nowhere."""
        names = table.key or ("rowid",)
        statement = text(
            "SELECT orphan.parent, orphan.fkid, {key} FROM pragma_foreign_key_check(?) AS orphan"
            " LEFT JOIN {table} AS child ON child.rowid = orphan.rowid",
            key=sql.SQL(", ").join(identifier("child", name) for name in names),
            table=identifier(table.name),
        )
        if not table.extra["rowid"]:
            statement = "SELECT parent, fkid FROM pragma_foreign_key_check(?)"
        self._connection.text_factory = _readable
        try:
            found = self._connection.execute(statement, (table.name,)).fetchmany(MOST)
        except sqlite3.Error as error:
            raise mapped(error) from error
        finally:
            self._connection.text_factory = self._text
        for parent, number, *key in found:
            columns = table.references[number].columns
            yield Orphan(tuple(key) or ("?",) * len(names), columns, parent)

    def _values(
        self, table: Table, columns: Sequence[Column], *, ordered: bool
    ) -> Iterator[list[Sequence[Any]]]:
        """Portions of what is stored in these columns: text as bytes (or bytearrays)."""
        statement = text(
            "SELECT {columns} FROM {table} {order}",
            columns=listed(column.name for column in columns),
            table=identifier(table.name),
            order=_order(table) if ordered else sql.SQL(""),
        )
        cursor = self._connection.cursor()
        try:
            cursor.execute(statement)
            while rows := self._fetch(cursor, strict=table.strict):
                yield list(zip(*rows, strict=True))
        except sqlite3.Error as error:
            raise mapped(error) from error
        finally:
            with suppress(sqlite3.ProgrammingError):  # closed already
                cursor.close()

    def _fetch(self, cursor: sqlite3.Cursor, *, strict: bool) -> list[Any]:
        """A portion of rows; the connection's own kind of text is put back after it."""
        connection = self._connection
        connection.text_factory = bytes if strict else bytearray
        rows: list[Any] = []
        size = 0
        try:
            while len(rows) < PORTION and size < HEAVY:
                found = cursor.fetchmany(FETCHED)
                rows += found
                size += _size(found)
                if len(found) < FETCHED:
                    break
        finally:
            connection.text_factory = self._text
        return rows


def _open(target: SqliteTarget) -> sqlite3.Connection:
    """A connection that only reads, and changes nothing of how the file is kept."""
    path = target.path
    if path is None or not path.exists():
        raise ConnectionLost(f"{path} does not exist")
    mode = "ro" if target.read_only else "rw"
    immutable = "&immutable=1" if target.immutable else ""
    address = f"file:{quote(str(path))}?mode={mode}{immutable}"
    try:
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=target.busy_timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA query_only = ON")
            sqlite_functions.register(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise mapped(error) from error
    return connection


def _order(table: Table) -> sql.Composable:
    if table.extra["rowid"]:
        return sql.SQL("ORDER BY rowid")
    return sql.SQL("ORDER BY {}").format(listed(table.key)) if table.key else sql.SQL("")


def _readable(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _marked(values: Sequence[Any], *, blob: bool, strict: bool) -> Sequence[Any]:
    """Text as bytes, blobs as memoryviews."""
    if strict:
        if not blob:
            return values
        return [None if value is None else memoryview(value) for value in values]
    return [
        bytes(value)
        if type(value) is bytearray
        else memoryview(value)
        if type(value) is bytes
        else value
        for value in values
    ]


def _size(rows: Sequence[Sequence[Any]]) -> int:
    """The bytes of texts and blobs, about."""
    size = 0
    for column in zip(*rows, strict=True):
        with suppress(TypeError):  # numbers have no length
            size += sum(map(len, filter(None, column)))
    return size


def mapped(error: sqlite3.Error) -> DatabaseError:
    """SQLite's error as ours."""
    return from_sqlite(getattr(error, "sqlite_errorname", "SQLITE_ERROR"), str(error))
