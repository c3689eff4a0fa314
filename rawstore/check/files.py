"""A store's query files, as many of their queries as can be loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import QueryFileError
from ..parse import parse
from ..query import Query, Row
from ..scan import Dialect
from ..source import Source
from .findings import Finding
from .place import Place

_HEADER = re.compile(r"[ \t]*--\s*name\s*:\s*([\w-]*)")
_ROW = re.compile(r"[ \t]*--\s*row\s*:")


def query_files(source: Source, dialect: Dialect) -> list[Path]:
    """The query files of one dialect, as the registry finds them."""
    folder = source.sql(dialect)
    return [file for file in sorted(folder.rglob("*.sql")) if not file.name.startswith(".")]


class Loaded:
    """Every query of a dialect that can be loaded, and what is wrong with the others.

    A query that cannot be read does not hide those around it.
    """

    def __init__(self, source: Source, dialect: Dialect) -> None:
        self.folder = source.sql(dialect)
        self.files = query_files(source, dialect)
        self.by_name: dict[str, Query] = {}
        self.findings: list[Finding] = []
        self.unread: set[str] = set()  # the names of those that cannot be loaded
        self._texts: dict[Path, str] = {}
        rows: dict[str, tuple[Row, Path]] = {}
        for file in self.files:
            for query in self._parsed(file, dialect, source.name):
                self.findings += _row_differs(rows, query)
                self._add(query)

    def place(self, query: Query) -> Place:
        """Where a query stands."""
        return Place(query, self._texts[query.file])

    def _add(self, query: Query) -> None:
        first = self.by_name.setdefault(query.name, query)
        if first is not query:
            where = f"{first.file}:{first.line}"
            message = f"query {query.name} stands in {where} too; rename one"
            self.findings.append(Finding(query.file, query.line, "query-file", message))

    def _parsed(self, file: Path, dialect: Dialect, store: str) -> list[Query]:
        """A file's queries; one that cannot be read is taken out, and the rest read again."""
        try:
            text: str | None = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            message = "this is not UTF-8; save the file as UTF-8"
            self.findings.append(Finding(file, line, "query-file", message))
            return []
        while text is not None:
            try:
                found = parse(text, file, dialect, store)
            except QueryFileError as error:
                self.findings.append(Finding(file, error.line, _rule(error), error.reason))
                text = self._without(text, error.line)
            else:
                self._texts[file] = text
                return found
        return []

    def _without(self, text: str, line: int) -> str | None:
        """The text with the declaration or query that holds a line blank; None if there is none."""
        lines = text.split("\n")
        begins = max((n for n in range(line) if _is_declaration(lines[n])), default=None)
        if begins is None:
            return None
        if named := _HEADER.match(lines[begins]):
            self.unread.add(named[1].replace("-", "_"))
        below = range(begins + 1, len(lines))
        ends = next((n for n in below if _is_declaration(lines[n])), len(lines))
        return "\n".join([*lines[:begins], *[""] * (ends - begins), *lines[ends:]])


def _row_differs(known: dict[str, tuple[Row, Path]], query: Query) -> Iterator[Finding]:
    for row in (query.row, *(param.row for param in query.params)):
        if row is None:
            continue
        first, file = known.setdefault(row.name, (row, query.file))
        if first != row:
            message = f"row {row.name} differs from the one in {file}:{first.line}; rename one"
            yield Finding(query.file, row.line, "query-file", message)


def _rule(error: QueryFileError) -> str:
    return "writes-in-read" if "this query writes" in error.reason else "query-file"


def _is_declaration(line: str) -> bool:
    return bool(_HEADER.match(line) or _ROW.match(line))
