"""SQLite's texts as tokens for the reader: words, numbers, operators and all. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal["word", "name", "string", "number", "param", "operator", "end"]

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<blob>[xX]'[^']*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
  | (?P<number>(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
  | (?P<param>\?)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<operator>->>|->|\|\||<<|>>|<=|>=|<>|!=|==|[-+*/%&|~<>=(),.;])
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A token; `text` is a quoted name without its quotes, and a placeholder's number from 0."""

    kind: Kind
    text: str
    start: int


class Unreadable(ValueError):
    """A statement that cannot be followed."""


def tokens(text: str) -> list[Token]:
    """Every token, and one of the kind `end`. Raises Unreadable."""
    found: list[Token] = []
    position, placeholders = 0, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unreadable(f"cannot be followed at {text[position : position + 20]!r}")
        position, kind, value = match.end(), match.lastgroup, match.group()
        if kind == "skip":
            continue
        if kind == "name":
            quote = value[-1]
            value = value[1:-1].replace(quote * 2, quote)
        elif kind == "blob":
            kind = "string"
        elif kind == "param":
            value, placeholders = str(placeholders), placeholders + 1
        found.append(Token(kind, value, match.start()))  # type: ignore[arg-type]
    found.append(Token("end", "", len(text)))
    return found


class Cursor:
    """A place in the tokens, which the reader moves on."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    @property
    def mark(self) -> int:
        """The place, to come back to."""
        return self._at

    def back(self, mark: int) -> None:
        """Go to a place."""
        self._at = mark

    def peek(self, ahead: int = 1) -> Token:
        """A token further on."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def next(self) -> Token:
        """The next token, taken."""
        found = self.token
        self._at += found.kind != "end"
        return found

    def sees(self, *words: str) -> bool:
        """Whether these keywords or operators come next."""
        return all(
            self.peek(n).kind in ("word", "operator") and self.peek(n).text.upper() == word
            for n, word in enumerate(words)
        )

    @property
    def starts_query(self) -> bool:
        """Whether a query comes next."""
        return self.sees("SELECT") or self.sees("WITH") or self.sees("VALUES")

    def takes(self, *words: str) -> bool:
        """Take these keywords or operators if they come next."""
        if not self.sees(*words):
            return False
        self._at += len(words)
        return True

    def expect(self, word: str) -> None:
        """Take a keyword or operator. Raises Unreadable where another thing comes."""
        if not self.takes(word):
            raise self.lost()

    def name(self) -> str:
        """A name, quoted or not. Raises Unreadable."""
        if self.token.kind not in ("word", "name", "string"):
            raise self.lost()
        text = self.next().text
        return text[1:-1] if text.startswith("'") else text

    def lost(self) -> Unreadable:
        """The error for a token that is not understood."""
        return Unreadable(f"cannot be followed at {self.token.text!r}")

    def find(self, *words: str) -> int | None:
        """The place of the next of these keywords that stands in no inner parenthesis."""
        depth, at = 0, self._at
        while self._tokens[at].kind != "end":
            kind, text, _ = self._tokens[at]
            if kind == "operator":
                depth += {"(": 1, ")": -1}.get(text, 0)
                if depth < 0:
                    return None
            elif depth == 0 and kind == "word" and text.upper() in words and not self._is_test(at):
                return at
            at += 1
        return None

    def _is_test(self, at: int) -> bool:
        """Whether a FROM belongs to IS DISTINCT FROM."""
        found = [token.text.upper() for token in self._tokens[at - 1 : at + 1]]
        return found == ["DISTINCT", "FROM"]

    def skip_group(self) -> None:
        """Take everything up to the parenthesis that closes the one that comes next."""
        self.expect("(")
        depth = 1
        while depth:
            if self.token.kind == "end":
                raise self.lost()
            token = self.next()
            if token.kind == "operator":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
