"""SQL text to tokens: enough of a lexer to tell parameters from everything that looks like one.

Lexical rules follow PostgreSQL (SQL Syntax, Lexical Structure) and SQLite (tokenize.c). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal, NamedTuple

Dialect = Literal["sqlite", "postgres"]
TokenKind = Literal[
    "comment",  # -- to the end of the line
    "block",  # /* ... */
    "string",  # '...', E'...', $tag$...$tag$
    "name",  # "..." and, in SQLite, [...] and `...`
    "param",  # :name
    "foreign",  # $1, ?, @name: another library's placeholder
    "word",  # keyword or identifier
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


# Each match is a run of plain SQL and the mark behind it. What could begin a mark and does not (a
# minus, a cast, the $ in a$b) is part of the run. "open_*" begins something that never ends.
# "Beyond ASCII" as a negation: a set that reaches to \U0010ffff takes 3 ms to compile.
_BEYOND = r"[^\x00-\x7f]"
_IDENTIFIER = rf"(?:[\w$]|{_BEYOND})"
# The quote of E'...', where \' is no end; in `:e'...'` a parameter stands before the quote.
_ESCAPES = rf"(?<=[eE])(?<!(?:[\w$:]|{_BEYOND})[eE])"
_COMMON = r"""
    (?P<comment>--[^\n]*+)
  | (?P<string>'[^']*+(?:''[^']*+)*+')
  | (?P<name>"[^"]*+(?:""[^"]*+)*+")
  | (?P<open_block>/\*)
  | (?P<open_string>')
  | (?P<open_name>["`\[])
  | .?
"""
# `a[i:j]` and `json_object(k:v)`: behind an operand a colon is PostgreSQL's own.
_POSTGRES = rf"""
(?: [^-/'"$:]++ | -(?!-) | /(?!\*) | :: | :(?![^\W\d]) | (?<={_IDENTIFIER})\$ )*+
(?: (?P<param>(?<![\w$)\]'"]|{_BEYOND}):[^\W\d]\w*+)
  | (?P<escapes>{_ESCAPES}'(?:[^'\\]++|\\.|'')*+')
  | (?P<open_escapes>{_ESCAPES}')
  | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*+)?)\$.*?\$(?P=tag)\$)
  | (?P<foreign>\$\d++)
  | (?P<open_dollar>\$(?:[^\W\d]\w*+)?\$)
  | {_COMMON})
"""
_SQLITE = rf"""
(?: [^-/'"$:?@`\[]++ | -(?!-) | /(?!\*) | :: | [:@$](?!\w) | (?<={_IDENTIFIER})\$ )*+
(?: (?P<param>:[^\W\d]\w*+)
  | (?P<foreign>\?\d*+|[:@$]\w++)
  | (?P<bracket>\[[^\]]*+\])
  | (?P<backtick>`[^`]*+(?:``[^`]*+)*+`)
  | {_COMMON})
"""
_MARK = {"postgres": _POSTGRES, "sqlite": _SQLITE}
_KIND: dict[str, TokenKind] = {
    "comment": "comment",
    "string": "string",
    "escapes": "string",
    "dollar": "string",
    "name": "name",
    "bracket": "name",
    "backtick": "name",
    "param": "param",
    "foreign": "foreign",
    "word": "word",
    "semicolon": "semicolon",
    "paren": "paren",
}
_UNCLOSED = {
    "open_string": "string",
    "open_escapes": "string",
    "open_dollar": "dollar-quoted string",
    "open_name": "quoted name",
}
_COMMENT_EDGE = re.compile(r"/\*|\*/")
# A number is matched (and not returned) so that 1e5 holds no word.
_PLAIN = re.compile(r"(?P<word>[^\W\d][\w$]*+)|\d[\w.]*+|(?P<semicolon>;)|(?P<paren>[()])")
_FILLER = {"comment": " ", "block": " ", "string": "'", "name": "'"}


def scan(text: str, dialect: Dialect) -> Iterator[Token]:
    """Every token of `text` in order. Raises `ScanError` where something is never closed.

    Operators, numbers and white space lie between the tokens.
    """
    position = 0
    for mark in marks(text, dialect):
        yield from _plain(text, position, mark.start)
        yield mark
        position = mark.end
    yield from _plain(text, position, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[Token]:
    for match in _PLAIN.finditer(text, start, end):
        if match.lastgroup:
            yield Token(_KIND[match.lastgroup], match.group(), *match.span())


@cache
def _mark(dialect: Dialect) -> re.Pattern[str]:
    """Compiled when it is first needed: most processes meet one dialect."""
    return re.compile(_MARK[dialect], re.VERBOSE | re.DOTALL)


def marks(text: str, dialect: Dialect) -> list[Token]:
    """The tokens other than words, semicolons and parentheses. Raises `ScanError`."""
    match = _mark(dialect).match
    found: list[Token] = []
    position, end = 0, len(text)
    while position < end and (hit := match(text, position)):
        position = hit.end()
        group = hit.lastgroup
        if group is None:
            continue
        start = hit.start(group)
        if kind := _KIND.get(group):
            start -= group == "escapes"  # with its E
            found.append(Token(kind, text[start:position], start, position))
        elif group == "open_block":
            position = _block_end(text, start, nested=dialect == "postgres")
            found.append(Token("block", text[start:position], start, position))
        else:
            raise ScanError(_UNCLOSED[group], start)
    return found


def _block_end(text: str, start: int, *, nested: bool) -> int:
    """The offset after the comment that opens at `start`; PostgreSQL's nest, SQLite's do not."""
    depth, position = 0, start
    while edge := _COMMENT_EDGE.search(text, position):
        position = edge.end()
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0 or (not nested and edge.group() == "*/"):
            return position
    raise ScanError("comment", start)


def blank(text: str, tokens: Iterable[Token]) -> str:
    """`text` as plain SQL, every character in its place.

    Comments become spaces, strings and quoted names become quotes; parameters stay.
    """
    parts: list[str] = []
    position = 0
    for token in tokens:
        if filler := _FILLER.get(token.kind):
            parts += (text[position : token.start], filler * (token.end - token.start))
            position = token.end
    return "".join((*parts, text[position:]))
