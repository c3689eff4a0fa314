"""SQL text to tokens: enough of a lexer to tell parameters from everything that looks like one.

Lexical rules follow PostgreSQL (SQL Syntax, Lexical Structure) and SQLite (tokenize.c). Only what a
query file needs is returned; operators, numbers and white space lie between the tokens. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Dialect = Literal["sqlite", "postgres"]
TokenKind = Literal[
    "comment",  # -- to the end of the line
    "block",  # /* ... */
    "string",  # '...', E'...', $tag$...$tag$
    "name",  # "..." and, in SQLite, [...] and `...`
    "word",  # keyword or identifier
    "param",  # :name
    "foreign",  # $1, ?, @name: another library's placeholder
    "semicolon",
    "paren",  # ( or )
]


class Token(NamedTuple):
    """A piece of the text: `text[start:end]` is `text`."""

    kind: TokenKind
    text: str
    start: int
    end: int


class ScanError(ValueError):
    """A string, name or comment that never ends; `start` is where it begins."""

    def __init__(self, what: str, start: int) -> None:
        super().__init__(f"this {what} is never closed")
        self.start = start


# Longest meaning first. A number is matched (and not returned) so that 1e5 is no word; "open_*" is
# the beginning of something whose end was not found.
_COMMON = r"""
    (?P<comment>--[^\n]*)
  | (?P<open_block>/\*)
  | (?P<string>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*")
  | (?P<number>\d[\w.]*)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<param>(?<![:\w)\]'"]):[^\W\d]\w*)
  | (?P<semicolon>;)
  | (?P<paren>[()])
  | (?P<open_string>')
  | (?P<open_name>")
"""
_POSTGRES = r"""
    (?P<estring>[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
  | (?P<foreign>\$\d+)
  | (?P<open_dollar>\$(?:[^\W\d]\w*)?\$)
"""
_SQLITE = r"""
    (?P<bracket>\[[^\]]*\])
  | (?P<backtick>`(?:[^`]|``)*`)
  | (?P<foreign>\?\d*|@\w+|\$\w+)
"""
_FLAGS = re.VERBOSE | re.DOTALL
_PATTERN = {
    "postgres": re.compile(_POSTGRES + "|" + _COMMON, _FLAGS),
    "sqlite": re.compile(_SQLITE + "|" + _COMMON, _FLAGS),
}
_KIND: dict[str, TokenKind] = {
    "comment": "comment",
    "string": "string",
    "estring": "string",
    "dollar": "string",
    "name": "name",
    "bracket": "name",
    "backtick": "name",
    "word": "word",
    "param": "param",
    "foreign": "foreign",
    "semicolon": "semicolon",
    "paren": "paren",
}
_UNCLOSED = {
    "open_string": "string",
    "open_name": "quoted name",
    "open_dollar": "dollar-quoted string",
}
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def scan(text: str, dialect: Dialect) -> Iterator[Token]:
    """The tokens of `text` in order. Raises `ScanError` where something is never closed."""
    search = _PATTERN[dialect].search
    position = 0
    while match := search(text, position):
        group = match.lastgroup
        assert group is not None  # every alternative is named
        start, position = match.span()
        if group == "tag":  # lastgroup names the last group closed: the tag inside $tag$
            group = "dollar"
        if kind := _KIND.get(group):
            yield Token(kind, match.group(), start, position)
        elif group == "open_block":
            position = _block_end(text, start, nested=dialect == "postgres")
            yield Token("block", text[start:position], start, position)
        elif group in _UNCLOSED:
            raise ScanError(_UNCLOSED[group], start)


def _block_end(text: str, start: int, *, nested: bool) -> int:
    """The offset after the comment that opens at `start`; PostgreSQL's nest, SQLite's do not."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        if edge.group() == "*/":
            depth -= 1
            if depth == 0 or not nested:
                return edge.end()
        else:
            depth += 1
    raise ScanError("comment", start)
