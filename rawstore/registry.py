"""A folder of query files as one registry: every query of a store, in one dialect, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from .errors import ConfigError, QueryFileError
from .parse import parse
from .query import Query, Row
from .scan import Dialect


class Registry:
    """The queries of one store and dialect, in the order of files and of the text.

    Iterating gives each `Query`; `registry[name]` gives one, `name in registry` asks.
    """

    def __init__(
        self, store: str, dialect: Dialect, folder: Path, by_name: Mapping[str, Query]
    ) -> None:
        self.store: Final = store
        self.dialect: Final = dialect
        self.folder: Final = folder
        self.by_name: Final = by_name

    def __repr__(self) -> str:
        return f"<Registry {self.store}, {len(self)} queries from {self.folder}>"

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
            from difflib import get_close_matches  # only a mistake needs it

            near = get_close_matches(name, self.by_name)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise KeyError(f"{self.store} has no query {name!r}{hint}") from None

    @cached_property
    def rows(self) -> dict[str, Row]:
        """Every row that a query of the store takes or gives back, by name."""
        return {row.name: row for query in self for row in _rows(query)}


def load(folder: Path, dialect: Dialect, store: str) -> Registry:
    """Read every `*.sql` below `folder`, but not what is hidden.

    Raises ConfigError where the folder is missing or has no file, QueryFileError for the first
    mistake in a file, for a name used twice, and for a row declared differently in two files.
    """
    files = [file for file in sorted(folder.rglob("*.sql")) if not file.name.startswith(".")]
    if not files:
        state = "holds no .sql file" if folder.is_dir() else "is missing"
        raise ConfigError(f"no query files: {folder} {state}")
    by_name: dict[str, Query] = {}
    rows: dict[str, tuple[Row, Path]] = {}
    for file in files:
        for query in parse(_read(file), file, dialect, store):
            _check_rows(rows, query)
            first = by_name.setdefault(query.name, query)
            if first is not query:
                reason = f"query {query.name} stands in {first.file}:{first.line} too; rename one"
                raise QueryFileError(file, query.line, reason)
    return Registry(store, dialect, folder, by_name)


def _check_rows(known: dict[str, tuple[Row, Path]], query: Query) -> None:
    """Refuse a row that another file declares otherwise."""
    for row in _rows(query):
        first, file = known.setdefault(row.name, (row, query.file))
        if first != row:
            reason = f"row {row.name} differs from the one in {file}:{first.line}; rename one"
            raise QueryFileError(query.file, row.line, reason)


def _rows(query: Query) -> Iterator[Row]:
    if query.row:
        yield query.row
    yield from (param.row for param in query.params if param.row)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise QueryFileError(file, line, "this is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise QueryFileError(file, 1, f"cannot be read: {error.strerror}") from None
