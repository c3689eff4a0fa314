"""A migration file's statements, told apart without yoyo's splitter, to compare the two.

PostgreSQL: the rules of psql (a semicolon outside parentheses and outside BEGIN ATOMIC ends a
statement). SQLite: the library's own `sqlite3_complete`, which knows triggers. Pure.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rawstore.scan import Dialect, Token, scan

COMMENTS = ("comment", "block")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its first line (from 1) and its tokens, comments and semicolon left out."""

    line: int
    tokens: tuple[Token, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Its keywords and plain identifiers, in capitals."""
        return tuple(token.text.upper() for token in self.tokens if token.kind == "word")


@dataclass(frozen=True, slots=True)
class Index:
    """An index that a statement names; `schema` is its table's, None where none is written."""

    schema: str | None
    name: str


def split(text: str, dialect: Dialect) -> list[Statement]:
    """Return the statements of a file; `ScanError` where a string or comment never ends."""
    return [
        Statement(text.count("\n", 0, tokens[0].start) + 1, tuple(tokens))
        for tokens in _groups(text, dialect)
        if tokens
    ]


def _groups(text: str, dialect: Dialect) -> Iterator[list[Token]]:
    tokens: list[Token] = []
    for token in scan(text, dialect):
        if token.kind in COMMENTS:
            continue
        tokens.append(token)
        if token.kind == "semicolon" and _ends(text, tokens, dialect):
            yield tokens[:-1]
            tokens = []
    yield tokens


def _ends(text: str, tokens: Sequence[Token], dialect: Dialect) -> bool:
    """Tell whether the semicolon that comes last ends the statement."""
    if dialect == "sqlite":
        return sqlite3.complete_statement(text[tokens[0].start : tokens[-1].end])
    parens = sum({"(": 1, ")": -1}.get(token.text, 0) for token in tokens)
    return parens <= 0 and not _in_atomic_body(tokens)


def _in_atomic_body(tokens: Sequence[Token]) -> bool:
    words = [token.text.upper() for token in tokens if token.kind == "word"]
    head = [word for word in words[:4] if word not in ("OR", "REPLACE")]
    if head[:1] != ["CREATE"] or head[1:2] not in (["FUNCTION"], ["PROCEDURE"]):
        return False
    depth = 0
    for word in words:
        if word == "BEGIN" or (word == "CASE" and depth):
            depth += 1
        elif word == "END" and depth:
            depth -= 1
    return depth > 0


def built_concurrently(statement: Statement) -> Index | None:
    """Return the index that CREATE INDEX CONCURRENTLY builds; None for anything else."""
    tokens = _after(statement, ("CREATE", "INDEX", "CONCURRENTLY"), optional=("UNIQUE",))
    if tokens[:3] and [t.text.upper() for t in tokens[:3]] == ["IF", "NOT", "EXISTS"]:
        tokens = tokens[3:]
    if len(tokens) < 3 or tokens[1].text.upper() != "ON":
        return None
    table = [t for t in tokens[2:5] if t.text.upper() != "ONLY"]
    qualified = len(table) > 1 and table[1].start == table[0].end + 1 and table[1].kind != "paren"
    return Index(identifier(table[0]) if qualified else None, identifier(tokens[0]))


def may_exist(statement: Statement) -> bool:
    """Tell whether a CREATE INDEX says IF NOT EXISTS."""
    return ("IF", "NOT", "EXISTS") in (statement.words[3:6], statement.words[4:7])


def dropped_concurrently(statement: Statement) -> Index | None:
    """Return the index of DROP INDEX CONCURRENTLY IF EXISTS; None for anything else."""
    tokens = _after(statement, ("DROP", "INDEX", "CONCURRENTLY", "IF", "EXISTS"))
    if len(tokens) not in (1, 2):
        return None
    return Index(identifier(tokens[0]) if len(tokens) == 2 else None, identifier(tokens[-1]))


def identifier(token: Token) -> str:
    """Return the name that an identifier stands for: folded, or without its quotes."""
    if token.kind == "name":
        return token.text[1:-1].replace('""', '"')
    return token.text.lower()


def _after(
    statement: Statement, words: tuple[str, ...], optional: tuple[str, ...] = ()
) -> tuple[Token, ...]:
    """Return the tokens after these leading words; none if the statement starts otherwise."""
    tokens = tuple(t for t in statement.tokens[:2] if t.text.upper() not in optional)
    tokens += statement.tokens[2:]
    start = tuple(token.text.upper() for token in tokens[: len(words)])
    return tokens[len(words) :] if start == words else ()
