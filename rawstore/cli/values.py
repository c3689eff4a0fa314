"""`name=value` arguments become the values that a query's parameters declare."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..query import Column, Kind, Param, Query, Row
from ..types import ANY, Type
from ..url import parse_flag
from .errors import Mistake

HELP = """\b
Values follow the parameter's type:
  name=John              text, as it stands
  limit=10 active=true   numbers; true or false
  since=2026-01-31T12:00:00Z   timestamptz; a date is 2026-01-31
  metadata='{"a": 1}'    json; arrays, vectors and Row[] are JSON lists
  data=\\x00ff            bytes, in hexadecimal
  items=@items.json      for a :batch query, a JSON list of objects
  content=@notes.txt     from a file (bytes: as they are)
  content=-              from standard input
  title:=null            := takes JSON: null, or "@text", or "-"
"""

_ARGUMENT = re.compile(r"(?P<name>\w+)(?P<sign>:?=)(?P<value>.*)", re.DOTALL)


def parse(query: Query, arguments: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a call.

    Raises Mistake for a name that is unknown, missing or given twice, ParameterError for
    a value that is not of its type.
    """
    params = {param.name: param for param in _params(query)}
    values: dict[str, Any] = {}
    for argument in arguments:
        match = _ARGUMENT.fullmatch(argument)
        if not match:
            raise Mistake(f"write a value as name=value; {query.signature}")
        name = match["name"]
        if name not in params:
            raise Mistake(f"{query.name} has no parameter {name!r}{_near(name, params)}")
        if name in values:
            raise Mistake(f"parameter {name!r} is given twice")
        convert = _json if match["sign"] == ":=" else _convert
        try:
            values[name] = convert(params[name], match["value"])
        except ValueError as error:
            raise ParameterError(query.full_name, name, str(error)) from None
    missing = [name for name, param in params.items() if param.required and name not in values]
    if missing:
        raise Mistake(f"{query.name} needs {', '.join(missing)}: {query.signature}")
    return values


def _params(query: Query) -> Sequence[Param]:
    """Return what a call takes; a batch takes a list of objects, whose keys are the parameters."""
    if query.kind is not Kind.BATCH:
        return query.params
    item = Row("item", tuple(Column(param.name, param.type) for param in query.params))
    return [Param("items", Type("item", array=True), nullable=False, row=item)]


def _near(name: str, params: Mapping[str, Param]) -> str:
    near = get_close_matches(name, params, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; it takes {', '.join(params)}" if params else "; it takes none"


def _json(param: Param, text: str) -> Any:
    value = _load_json(text)
    return _objects(param.row, value) if param.row else _from_json(param.type, value)


def _convert(param: Param, text: str) -> Any:
    name = param.type.name
    if name == "bytes" and not param.type.array and text.startswith(("@", "-")):
        return _read_bytes(text)
    text = _read_text(text)
    if param.type.array or name in ("json", "vector"):
        return _json(param, text)
    return _FROM_TEXT.get(name, str)(text)


def _objects(row: Row, value: Any) -> Any:
    """Return a list of objects with each value as the row's column declares it."""
    if not isinstance(value, list):
        raise ValueError("expected a JSON list")
    types = {column.name: column.type for column in row.columns}
    return [
        {key: _from_json(types.get(key, ANY), each) for key, each in item.items()}
        if isinstance(item, dict)
        else item
        for item in value
    ]


def _from_json(declared: Type, value: Any) -> Any:
    """Return the value; what JSON has no form for (moments, bytes, Decimals) is text there."""
    convert = _FROM_TEXT[declared.name] if declared.name in _NOT_IN_JSON else None
    if convert and isinstance(value, str):
        return convert(value)
    if convert and isinstance(value, list):
        return [_from_json(declared, item) for item in value]
    return value


def _read_text(text: str) -> str:
    if text != "-" and not text.startswith("@"):
        return text
    try:
        return _read_bytes(text).decode()
    except UnicodeDecodeError:
        reason = "expected UTF-8 text in the file"
    raise ValueError(reason)


def _read_bytes(text: str) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read()
    if not text.startswith("@"):
        raise ValueError(r"expected bytes as \x00ff, @file or -")
    try:
        return Path(text[1:]).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file's name"
    raise ValueError(f"cannot read the file: {reason}")


def _load_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""
    raise ValueError(f"expected JSON{where}")


def _int(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?\d{1,4000}\s*", text, re.ASCII):
        raise ValueError("expected a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("expected a number") from None


def _bool(text: str) -> bool:
    flag = parse_flag(text)
    if flag is None:
        raise ValueError("expected true or false")
    return flag


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("expected a decimal number") from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a moment such as 2026-01-31T12:00:00Z") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a date such as 2026-01-31") from None


def _bytes(text: str) -> bytes:
    if not re.fullmatch(r"\\x(?:[\da-fA-F]{2})*", text, re.ASCII):
        raise ValueError(r"expected bytes as \x00ff, @file or -")
    return bytes.fromhex(text[2:])


def _guess(text: str) -> Any:
    """Return a number where the text is one: a parameter without a type says no more."""
    if re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text, re.ASCII) else text


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "any": _guess,
    "smallint": _int,
    "int": _int,
    "bigint": _int,
    "float": _number,
    "bool": _bool,
    "numeric": _decimal,
    "timestamptz": _moment,
    "date": _date,
    "bytes": _bytes,
}
_NOT_IN_JSON = ("numeric", "timestamptz", "date", "bytes")
