"""How large the tables and indexes of an SQLite database are: asked of `dbstat`, where it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..engines.errormap import from_sqlite
from ..errors import ConnectionLost
from ..tables.quoting import identifier, text
from ..target import SqliteTarget
from .sizes import IndexSize, Sizes, TableSize, largest

if TYPE_CHECKING:
    from ..store import Store

PATIENCE = 2.0  # seconds for counting the rows of all tables, and again for measuring them
_STEPS = 10_000  # of SQLite's machine between two looks at the clock

_TABLES = """
SELECT name, type
FROM pragma_table_list
WHERE schema = 'main' AND name NOT LIKE 'sqlite@_%' ESCAPE '@'
"""
_INDEXES = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"
_BYTES = "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE"

Rows = list[tuple[Any, ...]]


class _File:
    """A connection on which optional work ends in time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._end: float | None = None
        connection.set_progress_handler(self._late, _STEPS)

    def _late(self) -> bool:
        return self._end is not None and monotonic() > self._end

    def until(self, seconds: float | None) -> None:
        """From now, what is `asked` has so many seconds in all; None: as long as it takes."""
        self._end = None if seconds is None else monotonic() + seconds

    def rows(self, statement: str) -> Rows:
        """The rows of a statement. Raises the mapped error."""
        try:
            return self._connection.execute(statement).fetchall()
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
            raise from_sqlite(name, str(error)) from error

    def asked(self, statement: str) -> Rows | None:
        """As `rows`; None where it takes too long, or this SQLite cannot tell."""
        try:
            return self._connection.execute(statement).fetchall()
        except sqlite3.OperationalError:
            return None


def sizes(store: Store, target: SqliteTarget, *, exact: bool) -> Sizes:
    """See `Store.sizes`."""
    if target.path is not None and not target.path.exists():
        remedy = f"create it with: rawstore migrate up {store.name}"
        raise ConnectionLost(f"{target.path} does not exist; {remedy}")
    with _opened(store) as connection:
        return _measured(_File(connection), target.path, exact=exact)


@contextmanager
def _opened(store: Store) -> Iterator[sqlite3.Connection]:
    engine: Any = store._engine  # noqa: SLF001 - part of the store
    if not engine.single:
        connection = engine.connect()
        try:
            yield connection
        finally:
            connection.close()
        return
    session = engine.borrow()  # in memory: everybody's
    try:
        yield session.connection
    finally:
        session.connection.set_progress_handler(None, 0)
        engine.give(session)


def _measured(file: _File, path: Path | None, *, exact: bool) -> Sizes:
    page, pages, free = (
        int(file.rows(f"PRAGMA {name}")[0][0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    kinds: dict[str, str] = dict(file.rows(_TABLES))
    indexes: dict[str, str] = dict(file.rows(_INDEXES))
    estimates = file.asked("SELECT tbl, stat FROM sqlite_stat1") or []
    rows = {table: int(stat.split()[0]) for table, stat in estimates if stat}
    file.until(None if exact else PATIENCE)
    counts = {name: _count(file, name) for name, kind in kinds.items() if kind == "table"}
    file.until(PATIENCE)
    found = file.asked(_BYTES)
    stored: dict[str, int] | None = None if found is None else dict(found)
    tables = [
        _table(name, counts.get(name), rows.get(name), _sizes_of(name, kinds, indexes, stored))
        for name, kind in kinds.items()
        if kind in ("table", "virtual")
    ]
    return Sizes(
        tuple(sorted(tables, key=largest)),
        total_bytes=None if stored is None else sum(stored.values()),
        file_bytes=page * pages,
        wal_bytes=_wal(path),
        free_bytes=page * free,
    )


def _count(file: _File, name: str) -> int | None:
    found = file.asked(text("SELECT count(*) FROM {table}", table=identifier(name)))
    return None if found is None else int(found[0][0])


def _sizes_of(
    table: str,
    kinds: dict[str, str],
    indexes: dict[str, str],
    stored: dict[str, int] | None,
) -> tuple[int | None, list[IndexSize]]:
    """Bytes of the table itself and its indexes; of a virtual table, of those it keeps."""
    own = {table}
    if kinds[table] == "virtual":
        prefix = f"{table}_"
        own |= {
            name for name, kind in kinds.items() if kind == "shadow" and name.startswith(prefix)
        }
    of_own = [name for name, owner in indexes.items() if owner in own]
    if stored is None:
        return None, [IndexSize(name, None) for name in of_own]
    size = sum(stored.get(name, 0) for name in own)
    return size, [IndexSize(name, stored.get(name, 0)) for name in of_own]


def _table(
    name: str,
    count: int | None,
    estimate: int | None,
    measured: tuple[int | None, list[IndexSize]],
) -> TableSize:
    own, indexes = measured
    in_indexes = None if own is None else sum(index.bytes or 0 for index in indexes)
    return TableSize(
        table=name,
        rows=estimate if count is None else count,
        exact=count is not None,
        table_bytes=own,
        index_bytes=in_indexes,
        toast_bytes=None,
        total_bytes=None if own is None or in_indexes is None else own + in_indexes,
        indexes=tuple(indexes),
    )


def _wal(path: Path | None) -> int:
    if path is None:
        return 0
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0
