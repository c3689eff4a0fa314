"""`-- if :param` lines: a statement's text in pieces, some of them under a condition. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .header import Header
from .query import Kind, Param, Piece
from .queryfile import Block, QueryFile
from .scan import Token
from .statement import Statement

MAX_CONDITIONS = 6  # 64 statements a query; more is a query that should be two

IF = re.compile(r"--\s*if\s+:(\w+)\s*$")


class _Line(NamedTuple):
    """A line ruled by a condition: its offsets, newline included, and the parameter's index."""

    start: int
    end: int
    param: int


def cut(
    file: QueryFile, block: Block, header: Header, statement: Statement, params: Sequence[Param]
) -> tuple[tuple[int, ...], tuple[Piece, ...]]:
    """The parameters that are conditions, by index, and the statement's pieces.

    `--` comments are left out. Raises QueryFileError for an `-- if` that cannot work.
    """
    index = {param.name: number for number, param in enumerate(params)}
    lines = _lines(file, block, header, statement, params, index)
    if not lines:
        whole = _Line(statement.start, statement.end, -1)
        return (), tuple((-1, part) for part in _parts(file, whole, block.marks, index))
    conditional = tuple(dict.fromkeys(line.param for line in lines))
    _check_number(file, block, len(conditional))
    bit = {param: number for number, param in enumerate(conditional)}
    pieces: list[Piece] = []
    for line in _regions(statement, lines):
        condition = bit.get(line.param, -1)
        pieces += [
            (condition, part) for part in _parts(file, line, block.marks, index) if part != ""
        ]
    if not any(condition < 0 and str(part).strip() for condition, part in pieces):
        file.fail(
            statement.start, "every line stands under a condition: without them nothing is left"
        )
    return conditional, tuple(pieces)


def _check_number(file: QueryFile, block: Block, count: int) -> None:
    if count > MAX_CONDITIONS:
        reason = f"{count} `-- if` parameters make {1 << count} variants"
        remedy = f"at most {MAX_CONDITIONS} may stand in a query: split it"
        file.fail(block.header.at, f"{reason}; {remedy}")


def _parts(
    file: QueryFile, line: _Line, tokens: Sequence[Token], index: Mapping[str, int]
) -> Iterator[str | int]:
    """The text between two offsets: literal text, and parameters by index."""
    kept, position = "", line.start
    for token in tokens:
        if token.start < line.start or token.end > line.end:
            continue
        if token.kind == "param":
            yield kept + file.text[position : token.start]
            yield index[token.text[1:]]
            kept, position = "", token.end
        elif token.kind == "comment":
            kept = (kept + file.text[position : token.start]).rstrip(" \t")
            # A comment alone on its line takes the line with it.
            position = min(token.end + file.alone(token), line.end)
    yield kept + file.text[position : line.end]


def _regions(statement: Statement, lines: Sequence[_Line]) -> Iterator[_Line]:
    """The whole statement: the ruled lines, and what lies between them with the parameter -1."""
    start = statement.start
    for line in lines:
        yield _Line(start, max(start, line.start), -1)
        yield _Line(max(start, line.start), min(line.end, statement.end), line.param)
        start = min(line.end, statement.end)
    yield _Line(start, statement.end, -1)


def _lines(
    file: QueryFile,
    block: Block,
    header: Header,
    statement: Statement,
    params: Sequence[Param],
    index: Mapping[str, int],
) -> list[_Line]:
    lines = []
    for token in block.ifs:
        match = IF.match(token.text)
        if match is None:
            if token.start < statement.start or token.start >= statement.end:
                continue  # prose
            file.fail(token.start, f"{token.text}: write -- if :param and nothing else")
        _check_place(file, token, header, statement)
        param = params[index[match[1]]]
        if not param.nullable:
            remedy = f"declare it {param.name} {param.type}? = null"
            file.fail(token.start, f"-- if :{param.name} can never be false: {remedy}")
        line = _Line(file.line_start(token.start), token.end + 1, index[match[1]])
        _check_line(file, token, line, block.marks)
        lines.append(line)
    _check_parentheses(file, lines, params)
    return lines


def _check_place(file: QueryFile, token: Token, header: Header, statement: Statement) -> None:
    if header.kind in (Kind.SCRIPT, Kind.BATCH):
        file.fail(token.start, f"{token.text} in a :{header.kind}, which has one text for all")
    if file.alone(token):
        file.fail(token.start, f"{token.text} stands alone: put it at the end of a line")
    if token.start >= statement.end:
        file.fail(token.start, f"{token.text} behind the semicolon: put that on the next line")


def _check_line(file: QueryFile, token: Token, line: _Line, tokens: Sequence[Token]) -> None:
    if any(other.start < line.start < other.end for other in tokens):
        reason = "its line begins inside a string or comment"
        file.fail(token.start, f"{token.text}: {reason}; begin it outside")


def _check_parentheses(file: QueryFile, lines: Sequence[_Line], params: Sequence[Param]) -> None:
    """The lines of one condition open and close the same parentheses, or a variant is broken."""
    depth: dict[int, int] = {}
    for line in lines:
        sql = file.plain[line.start : line.end]
        depth[line.param] = depth.get(line.param, 0) + sql.count("(") - sql.count(")")
    for line in lines:
        if depth[line.param]:
            condition = f"-- if :{params[line.param].name}"
            reason = (
                "its lines open and close different parentheses; give each of them the condition"
            )
            file.fail(line.start, f"{condition}: {reason}")
