"""Rows from JSON into a store's tables: all of them or none."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple

from .. import errors as e
from ..progress import Progress, quiet
from ..tables import Table
from ..target import SqliteTarget
from .checking import Checker, Row
from .jsondecoder import shown
from .problems import Problem, RowsRefused
from .staging import Importer, Outcome

if TYPE_CHECKING:
    from ..store import Store

OnConflict = Literal["refuse", "skip"]
SUFFIXES = (".jsonl", ".ndjson", ".json")
_PROBLEMS = 20  # how many are looked for
_TOLD = 1000  # rows between two words of progress
_SAID: tuple[tuple[type[e.DatabaseError], str], ...] = (
    (e.UniqueViolation, "a row with this key is there already, or stands above"),
    (e.ForeignKeyViolation, "refers to a row that is not there"),
    (e.NotNullViolation, "a column that must have a value has none"),
    (e.CheckViolation, "a value that the table does not allow"),
    (e.IntegrityError, "a row that the table does not allow"),
    (e.DatabaseError, "a row that the database does not take"),
)


class Imported(NamedTuple):
    """How many rows a table took, and how many were left out because their keys were taken."""

    table: str
    rows: int
    skipped: int


@dataclass(frozen=True)
class _File:
    """Where rows of a table come from, and what that is called."""

    table: Table
    name: str
    source: Path | BinaryIO


def import_(
    store: Store,
    source: str | Path | BinaryIO,
    *,
    table: str | None = None,
    on_conflict: OnConflict = "refuse",
    dry_run: bool = False,
    on_progress: Progress = quiet,
) -> list[Imported]:
    """Insert rows; see `Store.import_`."""
    if on_conflict not in ("refuse", "skip"):
        raise e.ConfigError(f"unknown on_conflict {on_conflict!r}; known are refuse, skip")
    with closing(_importer(store)) as importer:
        files = _files(importer.tables, source, table)
        done = _Run(importer, skip=on_conflict == "skip", on_progress=on_progress).all(files)
        if not dry_run:
            importer.commit()
    return done


def _importer(store: Store) -> Importer:
    if isinstance(store.target, SqliteTarget):
        from .sqlite_importer import SqliteImporter

        return SqliteImporter(store)
    from .postgres_importer import PostgresImporter

    return PostgresImporter(store, store.target)


class _Run:
    """One import."""

    def __init__(self, importer: Importer, *, skip: bool, on_progress: Progress) -> None:
        self._importer = importer
        self._skip = skip
        self._on_progress = on_progress
        self._problems: list[Problem] = []

    def all(self, files: Sequence[_File]) -> list[Imported]:
        """Load every file; behind the first that is refused they are only read."""
        done = []
        for file in files:
            if isinstance(file.source, Path):
                with file.source.open("rb") as stream:
                    outcome = self._one(file, stream)
            else:
                outcome = self._one(file, file.source)
            done.append(Imported(file.table.name, outcome.rows, outcome.skipped))
            if len(self._problems) >= _PROBLEMS:
                break
        if not self._problems:
            self._settle(files)
        if self._problems:
            problems = self._problems[:_PROBLEMS]
            raise RowsRefused(problems, more=len(problems) == _PROBLEMS)
        return done

    def _one(self, file: _File, stream: BinaryIO) -> Outcome:
        checker = Checker(file.table, self._importer.dialect, file.name)
        rows = self._told(file, stream, checker.rows(stream, self._refuse))
        try:
            if self._problems:
                deque(rows, maxlen=0)
            outcome = self._importer.load(file.table, rows, skip=self._skip, limit=_PROBLEMS)
        except _Spoiled:
            return Outcome()
        self._problems += [
            checker.problem(place, _said(error), column) for place, error, column in outcome.refused
        ]
        return outcome

    def _settle(self, files: Sequence[_File]) -> None:
        """What of a table could only be seen when the others were in."""
        refused = self._importer.settle(limit=_PROBLEMS)
        self._problems += [
            Problem(file.name, place, file.table.name, column, _said(error))
            for file in files
            for place, error, column in refused.get(file.table.name, ())
        ]

    def _refuse(self, problem: Problem) -> bool:
        self._problems.append(problem)
        return len(self._problems) >= _PROBLEMS

    def _told(self, file: _File, stream: BinaryIO, rows: Iterable[Row]) -> Iterator[Row]:
        size = file.source.stat().st_size if isinstance(file.source, Path) else None
        what = f"{file.table.name} (bytes)" if size else f"{file.table.name} (rows)"
        number = 0
        for number, row in enumerate(rows, start=1):
            yield row
            if number % _TOLD == 0:
                self._on_progress(what, stream.tell() if size else number, size)
        self._on_progress(what, size or number, size)
        if self._problems:
            raise _Spoiled  # lest rows be refused that refer to one that was not read


class _Spoiled(Exception):
    """There are problems: what was loaded is of no use."""


def _said(refusal: e.DatabaseError) -> str:
    if isinstance(refusal, e.DataError):
        return str(refusal)
    words = next(words for kind, words in _SAID if isinstance(refusal, kind))
    return f"{words} ({refusal.constraint})" if refusal.constraint else words


# -- which files


def _files(
    tables: Sequence[Table], source: str | Path | BinaryIO, table: str | None
) -> list[_File]:
    """The files in the order of their tables: parents first."""
    by_name = {each.name: each for each in tables}
    if not isinstance(source, (str, Path)):
        if table is None:
            raise e.ConfigError("a stream does not say which table it is for: give table")
        return [_File(_table(by_name, table), "<stdin>", source)]
    path = Path(source)
    if table is not None:
        _table(by_name, table)
    if not path.is_dir():
        path.stat()  # lest a name that is mistyped be taken for a table's
        return [_File(_table(by_name, table or _named(path)), str(path), path)]
    found = _in_folder(path, by_name)
    if table is not None:
        found = {name: file for name, file in found.items() if name == table}
    if not found:
        of = f" of {table}" if table else ""
        raise e.ConfigError(f"{path} holds no rows{of}: expected <table>.jsonl")
    return [
        _File(each, str(found[each.name]), found[each.name])
        for each in tables
        if each.name in found
    ]


def _in_folder(folder: Path, tables: Mapping[str, Table]) -> dict[str, Path]:
    """The file of each table."""
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            name = _table(tables, _named(file)).name
            if name in found:
                raise e.ConfigError(f"{file} and {found[name]} are for one table: remove one")
            found[name] = file
    return found


def _named(file: Path) -> str:
    """The table that a file is named after."""
    return re.sub(r"%([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), file.stem)


def _table(tables: Mapping[str, Table], name: str) -> Table:
    if name in tables:
        return tables[name]
    if not tables:
        raise e.UndefinedObject(
            "the database has none of the store's tables; "
            "are the migrations applied (rawstore migrate up)?"
        )
    near = get_close_matches(name, tables, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(tables)}"
    raise e.ConfigError(f"no table {shown(name)}: {hint}")
