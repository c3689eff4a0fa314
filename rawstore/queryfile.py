"""A query file's text in blocks: each header with what stands below it. Pure.

A file is scanned once; what stands in a string or a comment is never mistaken for a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from .errors import QueryFileError
from .header import is_open
from .scan import Dialect, ScanError, Token, blank, marks

_DECLARATION = re.compile(r"--\s*(name|row)\s*:")
_IF = re.compile(r"--\s*if\s+:")
_HEADER_INSIDE = re.compile(r"^[ \t]*--\s*name\s*:", re.MULTILINE)
_ANYTHING = re.compile(r"\S")


class Declaration(NamedTuple):
    """The text behind `-- name:` or `-- row:`, lines that continue it included."""

    text: str
    at: int
    line: int


class Block:
    """A query's header, and the part of the file between it and the next one.

    `ifs` are those of its marks that are `-- if` comments.
    """

    def __init__(self, header: Declaration, start: int, stop: int) -> None:
        self.header = header
        self.start = start
        self.stop = stop
        self.marks: list[Token] = []
        self.ifs: list[Token] = []

    def add(self, token: Token) -> None:
        """Put a mark at the end."""
        self.marks.append(token)
        if token.kind == "comment" and ":" in token.text and _IF.match(token.text):
            self.ifs.append(token)


class QueryFile:
    """The text of a file, its marks, and its plain SQL (see `scan.blank`)."""

    def __init__(self, text: str, path: Path, dialect: Dialect) -> None:
        """Raises QueryFileError where something is never closed."""
        self.text = text
        self.path = path
        self.dialect: Dialect = dialect
        if "\0" in text:
            self.fail(text.index("\0"), "a NUL character, where SQL would end; take it out")
        self.marks = self._marks()
        self.plain = blank(text, self.marks)

    def fail(self, offset: int, reason: str) -> NoReturn:
        """Raise QueryFileError for the line that holds `offset`."""
        line = self.text.count("\n", 0, offset) + 1
        raise QueryFileError(self.path, line, reason) from None

    def alone(self, token: Token) -> bool:
        """Whether nothing but white space precedes the token on its line."""
        return not self.text[self.line_start(token.start) : token.start].strip()

    def line_start(self, offset: int) -> int:
        """Where the line that holds `offset` begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def first(self, start: int, stop: int) -> int | None:
        """Where the plain SQL between two offsets begins; None if there is none."""
        match = _ANYTHING.search(self.plain, start, stop)
        return match.start() if match else None

    def read(self) -> tuple[list[Block], list[Declaration]]:
        """The blocks and the rows declared, both in order."""
        blocks: list[Block] = []
        rows: list[Declaration] = []
        line, counted = 1, 0
        tokens = iter(self.marks)
        for token in tokens:
            colon = token.kind == "comment" and ":" in token.text
            kind = _DECLARATION.match(token.text) if colon else None
            if kind is None or not self.alone(token):
                if blocks:
                    blocks[-1].add(token)
                continue
            line, counted = line + self.text.count("\n", counted, token.start), token.start
            text, comments = self._joined(token, kind.end(), tokens)
            declared = Declaration(text, token.start, line)
            if kind[1] == "name":
                if blocks:
                    blocks[-1].stop = token.start
                blocks.append(Block(declared, comments[-1].end, len(self.text)))
            else:
                rows.append(declared)
                if blocks:
                    blocks[-1].marks += comments
        self._check_beginning(blocks[0].header.at if blocks else len(self.text))
        return blocks, rows

    def _joined(self, first: Token, colon: int, rest: Iterator[Token]) -> tuple[str, list[Token]]:
        """A declaration's text and its comments: more than one while a parenthesis is open."""
        text, comments = first.text[colon:].strip(), [first]
        while is_open(text):
            token = next(rest, None)
            between = token and self.plain[comments[-1].end : token.start].strip()
            if token is None or token.kind != "comment" or between:
                self.fail(first.start, "the parenthesis of this declaration is never closed")
            comments.append(token)
            text += " " + token.text[2:].strip()
        return text, comments

    def _check_beginning(self, header: int) -> None:
        found = self.first(0, header)
        if found is not None:
            self.fail(found, "SQL before the first header; start with -- name: …")

    def _marks(self) -> list[Token]:
        try:
            found = marks(self.text, self.dialect)
        except ScanError as error:
            # Where a quote is missing, the last string is the one that is open, not the wrong one.
            self._check_strings(marks(self.text[: error.start], self.dialect))
            self.fail(error.start, f"{error}; close it")
        self._check_strings(found)
        return found

    def _check_strings(self, found: list[Token]) -> None:
        for token in found:
            if token.kind not in ("string", "name") or "\n" not in token.text:
                continue
            if _HEADER_INSIDE.search(token.text):
                self.fail(token.start, f"this {token.kind} runs over the next header; close it")
