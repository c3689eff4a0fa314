"""A query file's text to queries: headers, rows, `-- if` lines. Pure; bad text is a QueryFileError.

The grammar is in the README, "Query files". A file is scanned once; what stands in a string or a
comment is never mistaken for a header or a parameter.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from .errors import QueryFileError
from .header import Header, HeaderError, parse_header, parse_row
from .query import Kind, Param, Piece, Query, Row
from .scan import Dialect, ScanError, Token, scan
from .types import ANY

MAX_CONDITIONS = 6  # 64 statements a query; more is a query that should be two

_NAME = re.compile(r"--\s*name\s*:")
_ROW = re.compile(r"--\s*row\s*:")
_POLICY = re.compile(r"--\s*(timeout|read)\s*:\s*(.*)")
_IF = re.compile(r"--\s*if\s+:(\w+)\s*$")
_IF_LIKE = re.compile(r"--\s*if\s+:")
_TIMEOUT = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}

_DDL = frozenset("CREATE ALTER DROP TRUNCATE GRANT REVOKE COMMENT REINDEX".split())
_TRANSACTION = frozenset(
    "BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE PREPARE".split()
)
_WRITES = frozenset("INSERT UPDATE DELETE MERGE REPLACE".split())
_BOUNDS = frozenset("LIMIT OFFSET FIRST NEXT".split())


@dataclass(slots=True)
class _Block:
    """A query's header comment, the comments below it, and the tokens of its body."""

    header: Token
    start: int  # where the text below the header and its comments begins
    stop: int  # where the next header begins
    comments: list[Token] = field(default_factory=list)
    body: list[Token] = field(default_factory=list)


def parse(text: str, file: Path, dialect: Dialect, store: str) -> list[Query]:
    """The queries of a file's text, in order. Raises QueryFileError."""
    return _Parser(text, file, dialect, store).queries()


class _Parser:
    def __init__(self, text: str, file: Path, dialect: Dialect, store: str) -> None:
        self.text = text
        self.file = file
        self.dialect = dialect
        self.store = store
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.rows: dict[str, Row] = {}

    def fail(self, offset: int, reason: str) -> NoReturn:
        raise QueryFileError(self.file, self.line(offset), reason) from None

    def line(self, offset: int) -> int:
        return bisect_right(self.newlines, offset - 1) + 1

    def queries(self) -> list[Query]:
        try:
            tokens = list(scan(self.text, self.dialect))
        except ScanError as error:
            self.fail(error.start, f"{error}; close it")
        return [self.query(block) for block in self.blocks(tokens)]

    # -- the file: rows and blocks

    def blocks(self, tokens: Sequence[Token]) -> list[_Block]:
        blocks: list[_Block] = []
        declared = -1  # the last token of the header or row just read
        for index, token in enumerate(tokens):
            current = blocks[-1] if blocks else None
            if index <= declared:
                continue
            alone = token.kind == "comment" and self.alone(token)
            if alone and _NAME.match(token.text):
                if current:
                    current.stop = token.start
                header, declared = self.joined(tokens, index)
                blocks.append(_Block(header, tokens[declared].end, len(self.text)))
            elif alone and _ROW.match(token.text):
                row, declared = self.joined(tokens, index)
                self.add_row(row)
                if current:
                    current.body += tokens[index : declared + 1]
            elif current is None:
                if token.kind not in ("comment", "block"):
                    self.fail(token.start, "SQL before the first header; start with -- name: …")
            elif alone and all(t.kind == "comment" for t in current.body):
                current.comments.append(token)
                current.start = token.end
            else:
                current.body.append(token)
        return blocks

    def alone(self, token: Token) -> bool:
        """Whether nothing but white space precedes the comment on its line."""
        start = self.text.rfind("\n", 0, token.start) + 1
        return not self.text[start : token.start].strip()

    def joined(self, tokens: Sequence[Token], index: int) -> tuple[Token, int]:
        """A comment, with the lines that continue it while its parenthesis is open; the last's index."""
        first = tokens[index]
        content = first.text.split(":", 1)[1]
        while _open(content):
            index += 1
            if index == len(tokens) or tokens[index].kind != "comment":
                self.fail(first.start, "the parenthesis of this header is never closed")
            content += " " + tokens[index].text.lstrip("-")
        return first._replace(text=content.strip()), index

    def add_row(self, declared: Token) -> None:
        try:
            row = parse_row(declared.text)
        except HeaderError as error:
            self.fail(declared.start, str(error))
        if row.name in self.rows:
            self.fail(declared.start, f"row {row.name} is declared twice in this file")
        self.rows[row.name] = row

    # -- one query

    def query(self, block: _Block) -> Query:
        start = block.header.start
        try:
            header = parse_header(block.header.text, self.rows)
        except HeaderError as error:
            self.fail(start, str(error))
        body, end = self.body(block, header)
        params, conditional, pieces = self.compile(block.start, end, header, body, start)
        words = {token.text.upper() for token in body if token.kind == "word"}
        doc, timeout, read = self.comments(block.comments)
        writes = self.writes(body)
        kind = header.kind or self.insert_kind(words)
        if header.kind is None and kind is Kind.SCALAR:
            pieces.append((-1, " RETURNING rowid"))
        return Query(
            store=self.store,
            name=header.name,
            kind=kind,
            dialect=self.dialect,
            params=params,
            file=self.file,
            line=self.line(start),
            doc=doc,
            pieces=tuple(pieces),
            conditional=conditional,
            row=header.row,
            type=header.type,
            nullable=header.nullable,
            timeout=timeout,
            read="replica" if read else None,
            writes=kind is Kind.SCRIPT or writes,
            returns_rows="RETURNING" in words or not writes,
        )

    def body(self, block: _Block, header: Header) -> tuple[list[Token], int]:
        """The tokens of the one statement and where it ends; no DDL, no second statement."""
        tokens = block.body
        kept = [token for token in tokens if token.kind not in ("comment", "block")]
        if not any(token.kind != "semicolon" for token in kept):
            self.fail(block.header.start, f"query {header.name} is empty; write its SQL below")
        if foreign := next((token for token in kept if token.kind == "foreign"), None):
            self.fail(foreign.start, f"placeholder {foreign.text}: write parameters as :name")
        if header.kind is Kind.SCRIPT:
            self.check_script(kept)
            return tokens, block.stop
        first = next((token for token in kept if token.kind == "word"), kept[0])
        self.refuse_transaction_control(first)
        if first.text.upper() in _DDL:
            remedy = "put it into a migration, or make the query a :script"
            self.fail(first.start, f"{first.text.upper()} in query {header.name}: {remedy}")
        end = next((i for i, token in enumerate(tokens) if token.kind == "semicolon"), None)
        if end is None:
            return tokens, block.stop
        self.refuse_second_statement(tokens[end:], block, header)
        return tokens[:end], tokens[end].start

    def refuse_second_statement(
        self, rest: Sequence[Token], block: _Block, header: Header
    ) -> None:
        """`rest` starts with the semicolon; only comments may follow it."""
        position = rest[0].end
        for token in rest[1:]:
            if token.kind in ("comment", "block", "semicolon"):
                if self.text[position : token.start].strip():
                    break
                position = token.end
            else:
                break
        following = self.text[position : block.stop]
        if following.strip():
            at = position + len(following) - len(following.lstrip())
            reason = f"a second statement in query {header.name}; give it a name of its own"
            self.fail(at, f"{reason}, or make the query a :script")

    def check_script(self, kept: Sequence[Token]) -> None:
        at_start = True
        for token in kept:
            if token.kind == "param":
                self.fail(token.start, f"parameter {token.text} in a :script, which takes none")
            if at_start and token.text.upper() != "END":  # END closes a trigger's body
                self.refuse_transaction_control(token)
            at_start = token.kind == "semicolon"

    def refuse_transaction_control(self, token: Token) -> None:
        if token.text.upper() in _TRANSACTION:
            remedy = "transactions are opened by the caller: with store.transaction()"
            self.fail(token.start, f"{token.text.upper()} in a query; {remedy}")

    def writes(self, body: Sequence[Token]) -> bool:
        """Whether a word of the statement can make it write; a function replace(…) cannot."""
        return any(
            token.kind == "word"
            and token.text.upper() in _WRITES
            and not self.text[token.end :].lstrip().startswith("(")
            for token in body
        )

    def insert_kind(self, words: Set[str]) -> Kind:
        """aiosql's `<!`: the returned row; where nothing is returned, SQLite's new key."""
        if "RETURNING" in words:
            return Kind.ONE
        return Kind.SCALAR if self.dialect == "sqlite" else Kind.AFFECTED

    def comments(self, comments: Sequence[Token]) -> tuple[str, float | None, bool]:
        """Documentation, timeout in seconds, and whether a replica may answer."""
        doc: list[str] = []
        timeout, read = None, False
        for token in comments:
            policy = _POLICY.match(token.text)
            if policy is None:
                doc.append(token.text.lstrip("-").strip())
            elif policy[1] == "timeout":
                timeout = self.timeout(token, policy[2].strip())
            elif policy[2].strip() == "replica":
                read = True
            else:
                self.fail(token.start, f"-- read: {policy[2].strip()}: only replica is known")
        return "\n".join(doc).strip(), timeout, read

    def timeout(self, token: Token, written: str) -> float:
        match = _TIMEOUT.fullmatch(written)
        if not match or not float(match[1]):
            self.fail(token.start, f"-- timeout: {written}: write for example 250ms, 2s or 1min")
        return float(match[1]) * _SECONDS[match[2]]

    # -- parameters and conditions

    def compile(
        self, start: int, end: int, header: Header, body: Sequence[Token], header_at: int
    ) -> tuple[tuple[Param, ...], tuple[int, ...], list[Piece]]:
        """Parameters, which of them are conditions, and the text between `start` and `end` in pieces."""
        params = self.params(header_at, header, body)
        index = {param.name: n for n, param in enumerate(params)}
        conditions = self.conditions(body, params, index)
        conditional = tuple(dict.fromkeys(conditions.values()))
        if len(conditional) > MAX_CONDITIONS:
            reason = f"{len(conditional)} `-- if` parameters make {1 << len(conditional)} variants"
            self.fail(header_at, f"{reason}; at most {MAX_CONDITIONS} may stand in a query: split it")
        bit = {param: n for n, param in enumerate(conditional)}
        cuts = [token for token in body if token.kind in ("param", "comment")]
        pieces: list[Piece] = []
        for begin, stop, condition in _regions(start, end, self.spans(conditions)):
            inside = [token for token in cuts if begin <= token.start < stop]
            for value in self.cut(begin, stop, inside, index):
                pieces.append((bit.get(condition, -1), value))
        return params, conditional, _tidy(pieces)

    def cut(
        self, position: int, stop: int, tokens: Sequence[Token], index: dict[str, int]
    ) -> Iterator[str | int]:
        """The text in pieces: literal text and parameters by index; comments are left out."""
        for token in tokens:
            before = self.text[position : token.start]
            position = token.end
            if token.kind == "param":
                yield before
                yield index[token.text[1:]]
            else:
                yield before.rstrip(" \t")
                if self.alone(token):  # its line goes with it
                    position = min(token.end + 1, stop)
        yield self.text[position:stop]

    def params(self, start: int, header: Header, body: Sequence[Token]) -> tuple[Param, ...]:
        used = dict.fromkeys(token.text[1:] for token in body if token.kind == "param")
        comments = (token.text for token in body if token.kind == "comment")
        used |= dict.fromkeys(match[1] for text in comments if (match := _IF.match(text)))
        bounds = set()
        for before, token in zip(body, body[1:], strict=False):
            if token.kind == "param" and before.text.upper() in _BOUNDS:
                bounds.add(token.text[1:])
        if header.params is None:
            params = tuple(Param(name, ANY) for name in used)
        else:
            params = header.params
            declared = {param.name for param in params}
            if unknown := [f":{name}" for name in used if name not in declared]:
                tokens = (token for token in body if token.kind in ("param", "comment"))
                where = next(token for token in tokens if unknown[0] in token.text)
                self.fail(where.start, f"parameter {unknown[0]} is not declared in the header")
            if unused := [name for name in declared if name not in used]:
                self.fail(start, f"parameter {sorted(unused)[0]} is declared but never used")
        return tuple(replace(p, bound=True) if p.name in bounds else p for p in params)

    def conditions(
        self,
        body: Sequence[Token],
        params: tuple[Param, ...],
        index: dict[str, int],
    ) -> dict[Token, int]:
        """The `-- if :param` comments, each with the index of its parameter."""
        found = {}
        for token in body:
            if token.kind != "comment" or not _IF_LIKE.match(token.text):
                continue
            match = _IF.match(token.text)
            if match is None:
                self.fail(token.start, f"{token.text}: write -- if :param and nothing else")
            if self.alone(token):
                self.fail(token.start, f"{token.text} stands alone: put it at the end of a line")
            param = params[index[match[1]]]
            if not param.nullable:
                remedy = f"declare it {param.name} {param.type}? = null"
                self.fail(token.start, f"-- if :{param.name} can never be false: {remedy}")
            found[token] = index[match[1]]
        starts = {self.text.rfind("\n", 0, token.start) + 1: token for token in found}
        for token in body:
            for begin, comment in starts.items():
                if token.start < begin < token.end:
                    reason = "its line begins inside a string or comment"
                    self.fail(comment.start, f"{comment.text}: {reason}")
        return found

    def spans(self, conditions: dict[Token, int]) -> list[tuple[int, int, int]]:
        """The lines that the conditions rule: (start, end with the newline, parameter)."""
        return [
            (self.text.rfind("\n", 0, token.start) + 1, min(token.end + 1, len(self.text)), param)
            for token, param in conditions.items()
        ]


def _open(content: str) -> bool:
    """Whether a parenthesis outside quotes is still open."""
    bare = re.sub(r"'(?:[^']|'')*'", "", content)
    return bare.count("(") > bare.count(")")


def _regions(
    start: int, end: int, spans: Sequence[tuple[int, int, int]]
) -> list[tuple[int, int, int]]:
    """Cut [start, end) at the spans: (begin, end, parameter, or -1 between them)."""
    regions = []
    for begin, stop, param in spans:
        regions += [(start, begin, -1), (max(begin, start), min(stop, end), param)]
        start = max(start, stop)
    return [*regions, (start, end, -1)]


def _tidy(pieces: Sequence[Piece]) -> list[Piece]:
    """Drop empty pieces, join neighbours, and take white space off the end."""
    tidy: list[Piece] = []
    for condition, value in pieces:
        if value == "":
            continue
        if tidy and isinstance(value, str) and tidy[-1][0] == condition:
            last = tidy[-1][1]
            if isinstance(last, str):
                tidy[-1] = (condition, last + value)
                continue
        tidy.append((condition, value))
    while tidy and isinstance(last := tidy[-1][1], str):
        if stripped := last.rstrip():
            tidy[-1] = (tidy[-1][0], stripped)
            break
        tidy.pop()
    return tidy
