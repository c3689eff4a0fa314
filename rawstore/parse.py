"""A query file's text to queries. Pure; bad text is a QueryFileError.

The grammar is in the README, "Query files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from .conditions import IF, cut
from .header import Header, HeaderError, parse_header, parse_row
from .query import Kind, Param, Query, Row
from .queryfile import Block, Declaration, QueryFile
from .scan import Dialect, Token
from .statement import Statement, read_statement
from .types import ANY, Type

_POLICIES = ("timeout", "read")
_REASONS = ("always", "order", "all", "tenant", "plan", "growth", "not null")  # only below a header
_DUTIES = {  # likewise: what a tool runs the query for, and the form that it must have
    "prune": "an :affected query that writes, of cutoff timestamptz, limit int = a number, "
    "and no other required parameter but the one that says whose rows",
    "erase": "an :affected query that writes, of one required parameter that says whose rows, "
    "and no other but limit int = a number",
    "export": "a :one, :many or :stream query that only reads, "
    "of one parameter alone that says whose rows",
}
_POLICY = re.compile(rf"--\s*({'|'.join((*_POLICIES, *_REASONS, *_DUTIES))})\s*:\s*(.*?)\s*$")
_NOT_NULL = re.compile(r"([^\W\d]\w*)\s*:\s*(\S.*)")
_TIMEOUT = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}
_BOUNDS = ("LIMIT", "OFFSET", "FIRST", "NEXT")
_INTEGERS = ("smallint", "int", "bigint")


def parse(text: str, path: Path, dialect: Dialect, store: str) -> list[Query]:
    """The queries of a file's text, in order. Raises QueryFileError."""
    file = QueryFile(text, path, dialect)
    blocks, declared = file.read()
    rows: dict[str, Row] = {}
    for declaration in declared:
        row = _row(file, declaration)
        if row.name in rows:
            file.fail(declaration.at, f"row {row.name} is declared twice in this file; rename one")
        rows[row.name] = row
    return [_query(file, block, rows, store) for block in blocks]


def _row(file: QueryFile, declared: Declaration) -> Row:
    try:
        return parse_row(declared.text, declared.line)
    except HeaderError as error:
        file.fail(declared.at, str(error))


def _query(file: QueryFile, block: Block, rows: Mapping[str, Row], store: str) -> Query:
    try:
        header = parse_header(block.header.text, rows)
    except HeaderError as error:
        file.fail(block.header.at, str(error))
    statement = read_statement(file, block, header)
    params = _params(file, block, header, statement)
    conditional, pieces = cut(file, block, header, statement, params)
    kind = header.kind or _insert_kind(statement, file.dialect)
    if header.kind is None and kind is Kind.SCALAR and statement.columns is None:
        pieces += ((-1, "\nRETURNING rowid"),)
    notes = _notes(file, block, statement)
    for duty in _DUTIES:
        if duty in notes.reasons and not _is_fit(duty, kind, params, statement):
            file.fail(block.header.at, f"-- {duty}: stands with {_DUTIES[duty]}")
    return Query(
        store=store,
        name=header.name,
        kind=kind,
        dialect=file.dialect,
        params=params,
        file=file.path,
        line=block.header.line,
        doc=notes.doc,
        pieces=pieces,
        conditional=conditional,
        row=header.row,
        type=header.type,
        nullable=header.nullable,
        timeout=notes.timeout,
        read=notes.read,
        reasons=notes.reasons,
        writes=statement.writes,
        returns_rows=statement.returns_rows,
    )


def _insert_kind(statement: Statement, dialect: Dialect) -> Kind:
    """For aiosql's `<!`: the value or row returned; without RETURNING the new key, on SQLite."""
    if statement.columns is None:
        return Kind.SCALAR if dialect == "sqlite" else Kind.AFFECTED
    return Kind.SCALAR if statement.returns_value else Kind.ONE


# -- parameters


def _params(
    file: QueryFile, block: Block, header: Header, statement: Statement
) -> tuple[Param, ...]:
    """The declared parameters, held against those used; without a list, those used."""
    used: dict[str, Token] = {}
    bounds = set()
    for name, token in _uses(block):
        used.setdefault(name, token)
        if token.kind == "param" and _is_bound(file, statement, token):
            bounds.add(name)
    if header.params is None:
        params = tuple(Param(name, ANY) for name in used)
    else:
        params = header.params
        declared = {param.name for param in params}
        for name, token in used.items():
            if name not in declared:
                file.fail(token.start, f"parameter :{name} is not declared in the header; add it")
        for param in params:
            if param.name not in used:
                _fail_unused(file, block, param.name)
    searches = header.kind is Kind.MANY and not statement.writes
    return tuple(
        _bounded(file, used[param.name], param) if param.name in bounds else param
        for param in (map(_searched, params) if searches else params)
    )


def _uses(block: Block) -> Iterator[tuple[str, Token]]:
    """The parameters by name: in the SQL, then in conditions."""
    for token in block.marks:
        if token.kind == "param":
            yield token.text[1:], token
    for token in block.ifs:
        if match := IF.match(token.text):
            yield match[1], token


def _fail_unused(file: QueryFile, block: Block, name: str) -> None:
    reason = f"parameter {name} is declared but never used"
    glued = re.search(rf"[^\s:]:{name}\b", file.plain[block.start : block.stop])
    remedy = f"put a space before :{name}" if glued else f"use :{name}, or take it away"
    file.fail(block.header.at, f"{reason}; {remedy}")


def _is_bound(file: QueryFile, statement: Statement, token: Token) -> bool:
    """Whether a parameter stands behind LIMIT or OFFSET."""
    before = file.plain[max(statement.start, token.start - 20) : token.start]
    return before.rstrip("( \t\n").upper().endswith(_BOUNDS)


def _bounded(file: QueryFile, token: Token, param: Param) -> Param:
    declared = Type("bigint") if param.type is ANY else param.type
    if declared.name not in _INTEGERS or declared.array:
        file.fail(token.start, f":{param.name} counts rows: declare it {param.name} int")
    nullable, default = param.nullable, param.default
    return Param(param.name, declared, nullable=nullable, default=default, bound=True)


def _searched(param: Param) -> Param:
    """A vector as one to search by; any other parameter as it is."""
    if param.type.name != "vector" or param.type.array:
        return param
    nullable, default = param.nullable, param.default
    return Param(param.name, param.type, nullable=nullable, default=default, search=True)


def _is_fit(duty: str, kind: Kind, params: tuple[Param, ...], statement: Statement) -> bool:
    """Whether a query has the form of what it is to be run for."""
    required = [param for param in params if param.required]
    optional = [param for param in params if not param.required]
    portioned = [param.name for param in optional] == ["limit"] and optional[0].bound
    portioned = portioned and bool(optional[0].default)
    if duty == "export":
        reads = kind in (Kind.ONE, Kind.MANY, Kind.STREAM) and not statement.writes
        return reads and len(required) == len(params) == 1
    if kind is not Kind.AFFECTED or not statement.writes:
        return False
    if duty == "erase":
        return len(required) == 1 and (portioned or not optional)
    cutoffs = [param for param in required if param.name == "cutoff"]
    dated = bool(cutoffs) and str(cutoffs[0].type) == "timestamptz"
    return dated and portioned and len(required) <= 2


# -- documentation and policies


class _Notes(NamedTuple):
    """What the comment lines say: documentation, time limit in seconds, where it may be read.

    And the reasons given to `rawstore check`: see Query.
    """

    doc: str
    timeout: float | None
    read: Literal["replica"] | None
    reasons: Mapping[str, str]


def _notes(file: QueryFile, block: Block, statement: Statement) -> _Notes:
    doc: list[str] = []
    policies: dict[str, str] = {}
    for token in block.marks:
        if token.kind != "comment":
            continue
        above = token.start < statement.start
        policy = _POLICY.match(token.text) if ":" in token.text else None
        if policy and file.alone(token) and (above or policy[1] in _POLICIES):
            _add_policy(policies, file, token, *policy.groups(), above=above)
        elif above:
            doc.append(token.text.lstrip("-").strip())
    read = policies.pop("read", None)
    if read and statement.writes:
        file.fail(block.header.at, "this query writes, which no replica can; drop -- read:")
    timeout = _seconds(policies.pop("timeout", ""))
    return _Notes("\n".join(doc).strip(), timeout, "replica" if read else None, policies)


def _add_policy(
    policies: dict[str, str],
    file: QueryFile,
    token: Token,
    name: str,
    written: str,
    *,
    above: bool,
) -> None:
    if not above:
        file.fail(token.start, f"-- {name}: stands below the SQL; put it below the header")
    if name == "not null":
        match = _NOT_NULL.fullmatch(written)
        if not match:
            file.fail(token.start, "write -- not null: column: why it never is")
        name, written = f"{name} {match[1]}", match[2]
    if name in policies:
        file.fail(token.start, f"-- {name}: is given twice; keep one")
    if reason := _refusal(name, written):
        file.fail(token.start, f"-- {name}: {reason}")
    policies[name] = written


def _refusal(name: str, written: str) -> str | None:
    """What is wrong with a policy's value."""
    if name == "read" and written != "replica":
        return f"{written}: only replica is known"
    if name == "timeout" and not _seconds(written):
        return f"{written}: write for example 250ms, 2s or 1min"
    return None if written else "gives no reason; say it behind the colon"


def _seconds(written: str) -> float | None:
    match = _TIMEOUT.fullmatch(written)
    return float(match[1]) * _SECONDS[match[2]] if match else None
