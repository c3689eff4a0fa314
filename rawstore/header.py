"""The one-line grammars of a query file: `-- name: …` and `-- row: …`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from .query import REQUIRED, Column, Kind, Param, Row
from .types import ANY, NAMES, Type, check_for, parse_type

# Public names of Store, AsyncStore, Transaction, Session and Batch: a query of this name would hide
# one of them. A test holds the list against the classes.
RESERVED = frozenset(
    """
    backup batch check close copy dialect drop erase explain export_subject health history migrate
    migrations name open prune queries queue recover reset restore result run schema session source
    stats target transaction url vectors verify wait
    """.split()
)

_SUFFIXES = {
    "": Kind.MANY,
    "^": Kind.ONE,
    "$": Kind.SCALAR,
    "!": Kind.AFFECTED,
    "*!": Kind.BATCH,
    "#": Kind.SCRIPT,
    "<!": None,  # depends on the statement: see parse
}
_ROW_KINDS = (Kind.ONE, Kind.MANY, Kind.STREAM, Kind.BATCH)
_NAME = re.compile(r"[^\W\d][\w-]*")
_PARAM = re.compile(
    r"(?P<name>\w+)"
    r"(?:\s+(?P<type>[^\W\d]\w*(?:\s*\(\s*\d+\s*\))?\s*(?:\[\s*\])?))?"
    r"\s*(?P<null>\?)?"
    r"\s*(?:=\s*(?P<default>.+))?",
    re.DOTALL,
)
_STRING = re.compile(r"'(?:[^']|'')*'")
_OPEN, _CLOSE = "([{", ")]}"


class HeaderError(ValueError):
    """What is wrong with a header or row, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Header:
    """A parsed header. `kind` is None for aiosql's `<!`, `params` where no list is given."""

    name: str
    kind: Kind | None
    params: tuple[Param, ...] | None
    row: Row | None = None
    type: Type | None = None
    nullable: bool = True


def parse_header(content: str, rows: Mapping[str, Row]) -> Header:
    """The text behind `-- name:`. Raises HeaderError."""
    match = _NAME.match(content)
    if not match:
        raise HeaderError(f"a query needs a name: {content[:40]!r}")
    name = match.group().replace("-", "_")
    _check_name(name)
    rest = content[match.end() :].strip()
    params = None
    if rest.startswith("("):
        end = _closing(rest)
        params = _parse_params(rest[1:end], rows)
        rest = rest[end + 1 :].strip()
    if not rest.startswith(":"):
        if rest not in _SUFFIXES:
            raise HeaderError(f"unexpected {rest!r} after {name}; write a kind such as :one or :many")
        return Header(name, _SUFFIXES[rest], params)
    word, _, result = rest[1:].partition(" ")
    try:
        kind = Kind(word)
    except ValueError:
        known = " ".join(f":{kind}" for kind in Kind)
        raise HeaderError(f"unknown kind :{word}; known are {known}") from None
    return _with_result(Header(name, kind, params), result.strip(), rows)


def parse_row(content: str) -> Row:
    """The text behind `-- row:`. Raises HeaderError."""
    match = re.fullmatch(r"(\w+)\s*\((.*)\)", content.strip(), re.DOTALL)
    if not match:
        raise HeaderError("write -- row: Name(column type, column type?, …)")
    name, inside = match.groups()
    if not name.isidentifier() or iskeyword(name) or name in NAMES:
        raise HeaderError(f"{name!r} cannot name a row; take a class name such as User")
    columns: dict[str, Column] = {}
    for part in _split(inside):
        column = _parse_column(part, name)
        if column.name in columns:
            raise HeaderError(f"row {name} has two columns {column.name}")
        columns[column.name] = column
    if not columns:
        raise HeaderError(f"row {name} has no columns")
    return Row(name, tuple(columns.values()))


def _parse_column(part: str, row: str) -> Column:
    match = _PARAM.fullmatch(part)
    if not match or not match["type"] or match["default"]:
        raise HeaderError(f"row {row}: cannot read {part!r}; write column type or column type?")
    name = match["name"]
    if iskeyword(name) or name.startswith("_") or not name.isidentifier():
        raise HeaderError(f"row {row}: {name!r} cannot be a Python name; alias it in the query")
    return Column(name, _type(match["type"], frozenset()), bool(match["null"]))


def _check_name(name: str) -> None:
    if not name.isidentifier() or iskeyword(name):
        raise HeaderError(f"{name!r} cannot be a Python name; take another")
    if name.startswith("_"):
        raise HeaderError(f"{name!r} is private; a query's name starts with a letter")
    if name in RESERVED:
        raise HeaderError(f"{name!r} is a method of Store; take another name")


def _with_result(header: Header, result: str, rows: Mapping[str, Row]) -> Header:
    name, kind, params = header.name, header.kind, header.params
    if kind is Kind.SCRIPT and params:
        raise HeaderError(f"{name}: a :script takes no parameters")
    if not result:
        return header
    if kind is Kind.SCALAR:
        nullable = result.endswith("?")
        return Header(name, kind, params, None, _type(result.rstrip("?"), frozenset()), nullable)
    if kind not in _ROW_KINDS:
        raise HeaderError(f"{name}: a :{kind} query returns no rows; take {result!r} away")
    if result not in rows:
        known = f"known are {', '.join(rows)}" if rows else "declare it: -- row: Name(column type)"
        raise HeaderError(f"{name}: unknown row {result!r}; {known}")
    return Header(name, kind, params, rows[result])


def _parse_params(inside: str, rows: Mapping[str, Row]) -> tuple[Param, ...]:
    params: dict[str, Param] = {}
    optional = None
    for part in _split(inside):
        param = _parse_param(part, rows)
        if param.name in params:
            raise HeaderError(f"parameter {param.name} is declared twice")
        if not param.required:
            optional = param.name
        elif optional:
            raise HeaderError(
                f"parameter {param.name} has no default but follows {optional}, which has one; "
                "put it before"
            )
        params[param.name] = param
    return tuple(params.values())


def _parse_param(part: str, rows: Mapping[str, Row]) -> Param:
    match = _PARAM.fullmatch(part)
    if not match:
        raise HeaderError(f"cannot read parameter {part!r}; write name type, name type? or … = default")
    name = match["name"]
    if not name.isidentifier() or iskeyword(name) or name.startswith("_") or name == "self":
        raise HeaderError(f"{name!r} cannot be a parameter's name; take another")
    declared = _type(match["type"], frozenset(rows)) if match["type"] else ANY
    nullable = bool(match["null"]) or declared is ANY
    row = rows.get(declared.name)
    default: Any = REQUIRED
    if match["default"]:
        default = _literal(match["default"].strip(), name)
        if default is None and not nullable:
            raise HeaderError(f"parameter {name} has the default null but is not nullable; add ?")
        if default is not None:
            _check_default(name, declared, row, default)
    return Param(name, declared, nullable, default, row=row)


def _check_default(name: str, declared: Type, row: Row | None, default: Any) -> None:
    try:
        (row.check_items if row else check_for(declared))(default)
    except ValueError as error:
        raise HeaderError(f"the default of parameter {name} is not {declared}: {error}") from None


def _type(written: str, rows: frozenset[str]) -> Type:
    try:
        return parse_type(written, rows)
    except ValueError as error:
        raise HeaderError(str(error)) from None


def _literal(written: str, name: str) -> Any:
    """A literal as in SQL or JSON; nothing is evaluated."""
    if _STRING.fullmatch(written):
        return written[1:-1].replace("''", "'")
    try:
        return json.loads(written, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        reason = "a default is null, true, false, a number, 'text' or JSON"
        raise HeaderError(f"the default of parameter {name} is {written!r}; {reason}") from None


def _refuse_constant(word: str) -> None:
    raise ValueError(word)


def _closing(text: str) -> int:
    """The index of the parenthesis that closes the one at 0."""
    for index, depth in _depths(text):
        if depth == 0:
            return index
    raise HeaderError("the parenthesis of the parameter list is never closed")


def _split(text: str) -> list[str]:
    """The parts between commas that stand outside parentheses and quotes."""
    parts, start = [], 0
    for index, depth in _depths(text):
        if depth == 0 and text[index] == ",":
            parts.append(text[start:index])
            start = index + 1
    parts = [part.strip() for part in [*parts, text[start:]]]
    if len(parts) > 1 and not all(parts):
        raise HeaderError("a parameter is missing between two commas")
    return [part for part in parts if part]


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Each character outside quotes, with the depth of parentheses after it."""
    depth, index = 0, 0
    while index < len(text):
        character = text[index]
        if character in "'\"":
            end = text.find(character, index + 1)
            index = len(text) if end < 0 else end + 1
            continue
        depth += (character in _OPEN) - (character in _CLOSE)
        yield index, depth
        index += 1
