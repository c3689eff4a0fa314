"""A store's rows as JSON lines, a file for each table, all of one moment."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from ..errors import ConfigError, DataError, UndefinedObject
from ..progress import Progress, quiet
from ..tables import Column, Snapshot, Table
from ..tables.cells import Cells, python_column
from ..types import Type
from .jsonvalues import json_values, writer

if TYPE_CHECKING:
    from ..store import Store

SUFFIX = ".jsonl"
_NO_NAME = re.compile(r'^\.|[%/\\:*?"<>|\x00-\x1f]')


class Exported(NamedTuple):
    """How many rows of a table were written."""

    table: str
    rows: int


def export(
    store: Store,
    folder: str | Path,
    *,
    tables: Sequence[str] | None = None,
    replace: bool = False,
    on_progress: Progress = quiet,
) -> list[Exported]:
    """Write a file for each table; see `Store.export`."""
    folder = Path(folder)
    with Snapshot(store) as snapshot:
        chosen = _chosen(snapshot.tables, tables)
        files = {table.name: folder / file_name(table.name) for table in chosen}
        _check(list(files.values()), replace=replace)
        folder.mkdir(parents=True, exist_ok=True)
        # Beside their places, so that a rename is enough; a kill leaves it, under a hidden name.
        unfinished = Path(tempfile.mkdtemp(prefix=".export-", dir=folder))
        try:
            done = [
                _write(store, snapshot, table, unfinished / files[table.name].name, on_progress)
                for table in chosen
            ]
            _check(list(files.values()), replace=replace)
            for file in files.values():
                (unfinished / file.name).replace(file)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return done


def export_table(
    store: Store, table: str, stream: BinaryIO, *, on_progress: Progress = quiet
) -> Exported:
    """Write the rows of one table to a stream."""
    with Snapshot(store) as snapshot:
        (found,) = _chosen(snapshot.tables, [table])
        return _rows(store, snapshot, found, stream.write, on_progress)


def file_name(table: str) -> str:
    """The file that holds a table's rows: what no file can be called is %-escaped."""
    return _NO_NAME.sub(lambda match: f"%{ord(match.group()):02X}", table) + SUFFIX


def _write(
    store: Store, snapshot: Snapshot, table: Table, file: Path, on_progress: Progress
) -> Exported:
    with file.open("wb") as stream:
        done = _rows(store, snapshot, table, stream.write, on_progress)
        stream.flush()
        os.fsync(stream.fileno())
    return done


def _rows(
    store: Store,
    snapshot: Snapshot,
    table: Table,
    write: Callable[[bytes], object],
    on_progress: Progress,
) -> Exported:
    total = snapshot.count(table)
    ordered = table.only(_ordered(store, table))
    line = writer(ordered.columns, strict=store.target.dialect == "postgres")
    readers = [_values(column.type) for column in ordered.columns]
    rows = 0
    on_progress(table.name, 0, total)
    try:
        for cells in snapshot.columns(ordered, ordered.columns, _told):
            values = [read(found) for read, found in zip(readers, cells, strict=True)]
            portion = [f"{line(row)}\n" for row in zip(*values, strict=True)]
            write("".join(portion).encode())
            rows += len(portion)
            on_progress(table.name, rows, total)
    except (ValueError, RecursionError) as error:
        why = "JSON of too many levels" if isinstance(error, RecursionError) else error
        raise DataError(f"a row of {table.name} cannot be read: {why}") from None
    return Exported(table.name, rows)


def _told(column: Column, _: int, why: str) -> None:
    """Of what is not of its type as SQLite may hold it, JSON alone has no other form."""
    if column.type.name == "json":
        raise ValueError(f"{column.name}: {why}")


def _values(declared: Type) -> Callable[[Cells], list[Any]]:
    if declared.name == "json" and not declared.array:
        return json_values
    return lambda cells: python_column(declared, cells)


def _ordered(store: Store, table: Table) -> list[Column]:
    """The columns as the store's queries list them, so alike in both dialects; then others."""
    for query in store.queries:
        if query.row is not None and query.file.stem == table.name:
            places = {column.name: at for at, column in enumerate(query.row.columns)}
            return sorted(table.columns, key=lambda column: places.get(column.name, len(places)))
    return list(table.columns)


def _chosen(tables: Sequence[Table], names: Sequence[str] | None) -> list[Table]:
    if not tables:
        raise UndefinedObject(
            "the database has none of the store's tables; "
            "are the migrations applied (rawstore migrate up)?"
        )
    if names is None:
        return list(tables)
    known = [table.name for table in tables]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ConfigError(f"no table {name!r}: {hint}")
    return [table for table in tables if table.name in names]


def _check(files: Sequence[Path], *, replace: bool) -> None:
    if not replace and (found := [str(file) for file in files if os.path.lexists(file)]):
        raise ConfigError(f"{', '.join(found)}: there already; --replace (replace=True) overwrites")
    for file in files:
        if file.is_dir() and not file.is_symlink():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
