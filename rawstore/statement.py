"""The statement of a query: where it ends, what may not stand in it, whether it writes. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from .header import Header
from .query import Kind
from .queryfile import Block, QueryFile

_DDL = frozenset("CREATE ALTER DROP TRUNCATE GRANT REVOKE COMMENT REINDEX".split())
_TRANSACTION = frozenset("BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE PREPARE".split())
_READS = frozenset("SELECT WITH VALUES TABLE EXPLAIN SHOW PRAGMA".split())
_ROWS = (Kind.ONE, Kind.MANY, Kind.SCALAR, Kind.STREAM)

_WORD = re.compile(r"[^\W\d]\w*")
_BEGINNING = re.compile(r"(?:^|;)\s*([^\W\d]\w*)")
_BODY = re.compile(r"\bBEGIN\b", re.IGNORECASE)
_BEHIND_SEMICOLON = re.compile(r"[^\s;]")
_LOCKS = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+UPDATE|UPDATE|KEY\s+SHARE|SHARE)\b")
# Literals first and the look behind later: so the search skips to a first letter.
_CHANGES = re.compile(
    r"INTO(?<![\w.]INTO)\b|DELETE(?<![\w.]DELETE)\s+FROM\b|UPDATE(?<![\w.]UPDATE)\s+[\w']"
)
_RETURNING = re.compile(r"\bRETURNING\b(.*)", re.DOTALL)
_INNER = re.compile(r"\([^()]*\)")


class Statement(NamedTuple):
    """The statement between two offsets of the file.

    `changes` is True where it inserts, updates or deletes, `writes` also where it only locks rows.
    `columns` is what stands behind RETURNING.
    """

    start: int
    end: int
    first: str = ""
    changes: bool = True
    writes: bool = True
    columns: str | None = None

    @property
    def returns_rows(self) -> bool:
        """Whether it gives back rows, as far as its words tell."""
        return self.columns is not None or not self.changes

    @property
    def returns_value(self) -> bool:
        """Whether it returns a single column."""
        if self.columns is None:
            return False
        outer, columns = "", self.columns
        while outer != columns:
            outer, columns = columns, _INNER.sub("", columns)
        return "," not in outer and "*" not in outer


def read_statement(file: QueryFile, block: Block, header: Header) -> Statement:
    """The statement below a header. Raises QueryFileError."""
    start = file.first(block.start, block.stop)
    if start is None or not file.plain[start : block.stop].strip("; \t\n"):
        file.fail(block.header.at, f"query {header.name} is empty; write its SQL below")
    if foreign := next((mark for mark in block.marks if mark.kind == "foreign"), None):
        file.fail(foreign.start, f"placeholder {foreign.text}: write parameters as :name")
    if header.kind is Kind.SCRIPT:
        _check_script(file, block, start)
        return Statement(_with_hint(block, start), block.stop)
    end = file.plain.find(";", start, block.stop)
    if end < 0:
        end = block.stop
    elif second := _BEHIND_SEMICOLON.search(file.plain, end, block.stop):
        remedy = "give it a name of its own, or make the query a :script"
        file.fail(second.start(), f"a second statement in query {header.name}; {remedy}")
    first = _first_word(file, start, end, header)
    end = start + len(file.text[start:end].rstrip())
    found = _classified(file.plain[start:end].upper(), first, _with_hint(block, start), end)
    _check_kind(file, block, header, found)
    return found


def _with_hint(block: Block, start: int) -> int:
    """Where the text begins: a block comment above the SQL may be a hint and stays."""
    return min(start, next((mark.start for mark in block.marks if mark.kind == "block"), start))


def _first_word(file: QueryFile, start: int, end: int, header: Header) -> str:
    match = _WORD.search(file.plain, start, end)
    if match is None:
        return ""
    word = match.group().upper()
    _refuse_transaction(file, match.start(), word)
    if word in _DDL:
        remedy = "put it into a migration, or make the query a :script"
        file.fail(match.start(), f"{word} in query {header.name}: {remedy}")
    return word


def _refuse_transaction(file: QueryFile, offset: int, word: str) -> None:
    if word in _TRANSACTION:
        remedy = "transactions are opened by the caller: with store.transaction()"
        file.fail(offset, f"{word} in a query; {remedy}")


def _check_script(file: QueryFile, block: Block, start: int) -> None:
    if param := next((mark for mark in block.marks if mark.kind == "param"), None):
        file.fail(param.start, f"parameter {param.text} in a :script, which takes none")
    sql = file.plain[start : block.stop]
    for match in _BEGINNING.finditer(sql):
        word = match[1].upper()
        closes_body = word == "END" and _BODY.search(sql, 0, match.start())
        if not closes_body:  # of a trigger or a function
            _refuse_transaction(file, start + match.start(1), word)


def _classified(sql: str, first: str, start: int, end: int) -> Statement:
    locks = "FOR" in sql and _LOCKS.search(sql) is not None
    changes = first not in _READS or bool(_CHANGES.search(_LOCKS.sub("", sql) if locks else sql))
    returning = _RETURNING.search(sql) if "RETURNING" in sql else None
    columns = returning[1] if returning else None
    return Statement(start, end, first, changes, changes or locks, columns)


def _check_kind(file: QueryFile, block: Block, header: Header, found: Statement) -> None:
    """Refuse a kind that this statement cannot serve, whatever the tables are."""
    name, kind, first = header.name, header.kind, found.first
    if kind is Kind.STREAM and found.changes:
        remedy = "a cursor only reads; make it :many, or a :script"
        file.fail(block.header.at, f"query {name} is a :stream that writes; {remedy}")
    wants_rows = kind in _ROWS or header.row is not None
    writes_only = first in ("INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE")
    if wants_rows and writes_only and found.columns is None:
        remedy = "add RETURNING, or make it :affected or :exec"
        file.fail(block.header.at, f"query {name} is :{kind} but {first} gives no rows; {remedy}")
