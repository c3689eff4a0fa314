"""A folder of query files as one registry: every query of a store, in one dialect, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from .errors import ConfigError, QueryFileError
from .parse import parse
from .query import Query, Row
from .scan import Dialect


@dataclass(frozen=True)
class Registry:
    """The queries of one store and dialect, in the order of files and of the text.

    Iterating gives each `Query`; `registry[name]` gives one, `name in registry` asks.
    """

    store: str
    dialect: Dialect
    folder: Path
    by_name: dict[str, Query] = field(repr=False)

    def __iter__(self) -> Iterator[Query]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> Query:
        """The query of this name. Raises KeyError that names near ones."""
        try:
            return self.by_name[name]
        except KeyError:
            near = get_close_matches(name, self.by_name)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise KeyError(f"{self.store} has no query {name!r}{hint}") from None

    @cached_property
    def rows(self) -> dict[str, Row]:
        """Every row that a query of the store gives back, by name."""
        return {query.row.name: query.row for query in self if query.row}


def load(folder: Path, dialect: Dialect, store: str) -> Registry:
    """Read every `*.sql` below `folder`.

    Raises ConfigError where the folder is missing or has no file, QueryFileError for the first
    mistake in a file, for a name used twice, and for a row declared differently in two files.
    """
    files = sorted(folder.rglob("*.sql")) if folder.is_dir() else []
    if not files:
        raise ConfigError(f"no query files: {folder} {'is empty' if folder.is_dir() else 'is missing'}")
    by_name: dict[str, Query] = {}
    rows: dict[str, tuple[Row, Query]] = {}
    for file in files:
        for query in parse(_read(file), file, dialect, store):
            if first := by_name.get(query.name):
                where = f"{first.file}:{first.line}"
                raise QueryFileError(file, query.line, f"query {query.name} stands in {where} too; rename one")
            by_name[query.name] = query
            if query.row:
                _check_same_row(rows, query, query.row)
    return Registry(store, dialect, folder, by_name)


def _check_same_row(rows: dict[str, tuple[Row, Query]], query: Query, row: Row) -> None:
    known, first = rows.setdefault(row.name, (row, query))
    if known != row:
        reason = f"row {row.name} differs from the one in {first.file}; rename one"
        raise QueryFileError(query.file, query.line, reason)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise QueryFileError(file, line, "this is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise QueryFileError(file, 1, f"cannot be read: {error.strerror}") from None
