"""From a statement, or a name in it, back to the line of its file. Pure."""

from __future__ import annotations

import re

from ..conditions import IF
from ..query import Query, Row, Variant
from ..queryfile import QueryFile

_PLACEHOLDER = re.compile(r"\$\d+|\?")
_STAR = re.compile(
    r"(?:\b(?:SELECT|DISTINCT|ALL|RETURNING)\s+|,\s*|\.\s*)(\*)(?!\s*\))", re.IGNORECASE
)


class Place:
    """A query's part of its file."""

    def __init__(self, query: Query, text: str) -> None:
        """`text` is the file's, as the query was read from it."""
        self._query = query
        self._text = text
        self._file = QueryFile(text, query.file, query.dialect)
        blocks, _ = self._file.read()
        self._block = next(each for each in blocks if each.header.line == query.line)

    def _line(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + 1

    def of_offset(self, variant: Variant, offset: int) -> int:
        """The line that the character at `offset` of a variant's text came from.

        The two texts are walked side by side: white space counts in neither, comments and the lines
        of a condition that is not given only in the file, and a placeholder stands for a parameter.
        """
        comment = f"/* {self._query.full_name} */ "
        at = len(comment) if variant.text.startswith(comment) else 0
        skipped = self._skipped(variant)
        params = {token.start: token for token in self._block.marks if token.kind == "param"}
        place = self._block.start
        while place < self._block.stop:
            if place in skipped:
                place = skipped[place]
                continue
            if self._text[place].isspace():
                place += 1
                continue
            while at < offset and variant.text[at].isspace():
                at += 1
            width, taken = 1, 1
            if place in params and (found := _PLACEHOLDER.match(variant.text, at)):
                width, taken = len(found.group()), len(params[place].text)
            if at + width > offset:
                break
            at, place = at + width, place + taken
        return self._line(min(place, len(self._text.rstrip())))

    def _skipped(self, variant: Variant) -> dict[int, int]:
        """Where something begins that is not in the variant's text, and where it ends."""
        found: dict[int, int] = {}
        for token in self._block.marks:
            if token.kind == "comment":
                found[token.start] = token.end
                match = IF.match(token.text)
                if match and match[1] not in variant.conditions:
                    found[self._file.line_start(token.start)] = token.end
        return found

    def of_word(self, word: str, nth: int = 0) -> int:
        """The line where a word stands in the SQL, the `nth` time; else that of the header."""
        pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
        found = list(
            re.finditer(pattern, self._file.plain[self._block.start : self._block.stop], re.I)
        )
        if nth >= len(found):
            return self._query.line
        return self._line(self._block.start + found[nth].start())

    @property
    def stars(self) -> list[int]:
        """The lines where the SQL says `SELECT *`, `t.*` or `RETURNING *`."""
        plain = self._file.plain[self._block.start : self._block.stop]
        return [self._line(self._block.start + found.start(1)) for found in _STAR.finditer(plain)]

    def of_parameter(self, name: str) -> int:
        """The line of the header that declares a parameter."""
        return self._declared(self._query.line, name)

    def of_column(self, name: str, row: Row | None = None) -> int:
        """The line of a row's declaration that names a column; the header's without a row."""
        row = row or self._query.row
        return self._declared(row.line, name) if row else self._query.line

    def _declared(self, line: int, name: str) -> int:
        """A declaration goes on over the comment lines below it."""
        lines = self._text.split("\n")
        first = lines[line - 1].partition("(")[2]
        for number, content in enumerate((first, *lines[line:]), line):
            if number > line and not content.lstrip().startswith("--"):
                break
            if re.search(rf"(?<![\w:]){re.escape(name)}\s*(?:\s\w|[,)=?])", content):
                return number
        return line
