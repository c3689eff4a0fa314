"""The grammars of a query file's declarations: `-- name: …` and `-- row: …`. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from keyword import iskeyword
from typing import Any, NamedTuple, NoReturn

from .query import REQUIRED, Column, Kind, Param, Row
from .types import ANY, Type, check_for, is_type, parse_type

# Public names of Store, Transaction, Batch and what they hand out, and names kept for what they
# will get: a query of this name would hide one. A test holds the list against the classes.
RESERVED = frozenset(
    """
    backup batch batch_class check close copy dialect drop erase exception explain export
    export_subject health history import_ migrate migrations name open prune queries queue recover
    reset restore result run schema session session_class sizes source stats target top transaction
    transaction_class url vectors verify wait
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
_KIND = re.compile(r":(\w+)\s*(.*)", re.DOTALL)
_ROW = re.compile(r"(\w+)\s*(\(.*)", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w-]*")
_PARAM = re.compile(
    r"(?P<name>\w+)"
    r"(?:\s+(?P<type>[^\W\d]\w*(?:\s*\(\s*\d+\s*\))?\s*(?:\[\s*\])?))?"
    r"\s*(?P<null>\?)?"
    r"\s*(?:=\s*(?P<default>.+))?",
    re.DOTALL,
)
_STRING = re.compile(r"'(?:[^']|'')*'")
_NESTING = re.compile(r"""[^'"(\[{)\]},]*+('[^']*'|"(?:[^"\\]|\\.)*"|[(\[{)\]},])""")
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class HeaderError(ValueError):
    """What is wrong with a header or row, and how to mend it."""


class Header(NamedTuple):
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
        parts, end = _split(rest)
        params = _parse_params(parts, rows)
        rest = rest[end:].strip()
    if not rest.startswith(":"):
        if rest not in _SUFFIXES:
            remedy = "write a kind such as :one or :many"
            raise HeaderError(f"unexpected {rest!r} after {name}; {remedy}")
        return _with_result(Header(name, _SUFFIXES[rest], params), "", rows)
    match = _KIND.fullmatch(rest)
    word, result = (match[1], match[2]) if match else (rest[1:], "")
    try:
        kind = Kind(word)
    except ValueError:
        known = " ".join(f":{kind}" for kind in Kind)
        raise HeaderError(f"unknown kind :{word}; known are {known}") from None
    return _with_result(Header(name, kind, params), result, rows)


def parse_row(content: str, line: int = 0) -> Row:
    """The text behind `-- row:`, which stands on this line. Raises HeaderError."""
    match = _ROW.fullmatch(content)
    if not match:
        raise HeaderError("write -- row: Name(column type, column type?, …)")
    name, inside = match.groups()
    parts, end = _split(inside)
    if inside[end:].strip():
        raise HeaderError(f"unexpected {inside[end:].strip()!r} behind row {name}; take it away")
    if not _is_python_name(name) or is_type(name):
        raise HeaderError(f"{name!r} cannot name a row; take a class name such as User")
    columns: dict[str, Column] = {}
    for part in parts:
        column = _parse_column(part, name)
        if column.name in columns:
            raise HeaderError(f"row {name} has two columns {column.name}")
        columns[column.name] = column
    if not columns:
        raise HeaderError(f"row {name} has no columns")
    return Row(name, tuple(columns.values()), line)


def _parse_column(part: str, row: str) -> Column:
    match = _PARAM.fullmatch(part)
    if not match or not match["type"] or match["default"]:
        raise HeaderError(f"row {row}: cannot read {part!r}; write column type or column type?")
    name = match["name"]
    if not _is_python_name(name):
        raise HeaderError(f"row {row}: {name!r} cannot be a field's name; alias it in the query")
    return Column(name, _type(match["type"]), bool(match["null"]))


def _is_python_name(name: str) -> bool:
    """Whether Python takes it as a public name, and as it is written: it folds `ﬁ` to `fi`."""
    if name.startswith("_") or iskeyword(name) or not name.isidentifier():
        return False
    return name.isascii() or unicodedata.normalize("NFKC", name) == name


def _check_name(name: str) -> None:
    if name.startswith("_"):
        raise HeaderError(f"{name!r} is private; a query's name starts with a letter")
    if not _is_python_name(name):
        raise HeaderError(f"{name!r} cannot be a Python name; take another")
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
        return Header(name, kind, params, None, _type(result.removesuffix("?")), nullable)
    if kind not in _ROW_KINDS:
        raise HeaderError(f"{name}: a :{kind} query returns no rows; take {result!r} away")
    if result not in rows:
        known = f"known are {', '.join(rows)}" if rows else "declare it: -- row: Name(column type)"
        raise HeaderError(f"{name}: unknown row {result!r}; {known}")
    return Header(name, kind, params, rows[result])


def _parse_params(parts: Sequence[str], rows: Mapping[str, Row]) -> tuple[Param, ...]:
    params: dict[str, Param] = {}
    optional = None
    for part in parts:
        param = _parse_param(part, rows)
        if param.name in params:
            raise HeaderError(f"parameter {param.name} is declared twice")
        if not param.required:
            optional = param.name
        elif optional:
            reason = f"parameter {param.name} has no default but follows {optional}, which has one"
            raise HeaderError(f"{reason}; put it before")
        params[param.name] = param
    return tuple(params.values())


def _parse_param(part: str, rows: Mapping[str, Row]) -> Param:
    match = _PARAM.fullmatch(part)
    if not match:
        remedy = "write name type, name type? or name type = default"
        raise HeaderError(f"cannot read parameter {part!r}; {remedy}")
    name = match["name"]
    if not _is_python_name(name) or name == "self":
        raise HeaderError(f"{name!r} cannot be a parameter's name; take another")
    declared = _type(match["type"], rows) if match["type"] else ANY
    nullable = bool(match["null"]) or declared is ANY
    row = rows.get(declared.name)
    default: Any = REQUIRED
    if match["default"]:
        default = _literal(match["default"].strip(), name, declared)
        if default is not None:
            _check_default(name, declared, row, default)
        elif not nullable:
            raise HeaderError(f"parameter {name} has the default null but no ?; add it")
    return Param(name, declared, nullable=nullable, default=default, row=row)


def _check_default(name: str, declared: Type, row: Row | None, default: Any) -> None:
    try:
        (row.check_items if row else check_for(declared))(default)
    except ValueError as error:
        raise HeaderError(f"the default of parameter {name} is not {declared}: {error}") from None


def _type(written: str, rows: Iterable[str] = ()) -> Type:
    try:
        return parse_type(written, frozenset(rows))
    except ValueError as error:
        raise HeaderError(str(error)) from None


def _literal(written: str, name: str, declared: Type) -> Any:
    """A literal as in SQL or JSON; nothing is evaluated."""
    if _STRING.fullmatch(written):
        return written[1:-1].replace("''", "'")
    try:
        return (_EXACT if declared.name == "numeric" else _JSON).decode(written)
    except (ValueError, RecursionError):
        reason = "a default is null, true, false, a number, 'text' or JSON"
        raise HeaderError(f"the default of parameter {name} is {written!r}; {reason}") from None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
_EXACT = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=Decimal)


def is_open(text: str) -> bool:
    """Whether a parenthesis outside quotes is never closed."""
    if text.count("(") == text.count(")") and "'" not in text and '"' not in text:
        return False
    return sum(_DEPTH.get(match[1], 0) for match in _NESTING.finditer(text)) > 0


def _split(text: str) -> tuple[list[str], int]:
    """What stands in the parentheses that open at 0, cut at its commas; where they end.

    Commas and parentheses in quotes and inner brackets do not count.
    """
    parts, start, depth = [], 1, 0
    for match in _NESTING.finditer(text):
        found = match[1]
        depth += _DEPTH.get(found, 0)
        if depth == 0 or (depth == 1 and found == ","):
            parts.append(text[start : match.end() - 1].strip())
            start = match.end()
            if depth == 0:
                break
    if depth or text[start - 1] != ")":
        raise HeaderError("the parenthesis of this list is never closed")
    if len(parts) > 1 and not all(parts):
        raise HeaderError("nothing stands between two commas; take one away")
    return (parts if parts != [""] else []), start
