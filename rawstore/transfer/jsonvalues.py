"""Values of a table's columns as JSON; `jsoncells` reads them back. Pure.

| type                            | JSON                                                      |
|---------------------------------|-----------------------------------------------------------|
| text                            | a string                                                  |
| smallint, int, bigint           | a number                                                  |
| float                           | a number; "Infinity", "-Infinity" and "NaN" as strings    |
| bool                            | true or false                                             |
| uuid, date                      | a string                                                  |
| timestamptz                     | a string, in UTC: "2026-01-31T12:00:00.000000Z"           |
| numeric                         | a string, with every digit                                |
| bytes                           | a string in base64                                        |
| json                            | itself, the names of an object in order                   |
| vector                          | a list of numbers                                         |
| an array                        | a list of the above                                       |
| not known (a column of SQLite)  | a string or a number; {"base64": "…"}, {"float": "…"}     |
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ..jsontext import timestamp_text
from ..tables import Column
from ..tables.cells import Cells
from ..types import Type

Write = Callable[[Any], str]

_quoted = json.JSONEncoder(ensure_ascii=False).encode
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def writer(columns: Sequence[Column], *, strict: bool) -> Callable[[Sequence[Any]], str]:
    """A function from a row's values to one line of JSON, without its end.

    Without `strict`, a value that is not of its column's type, as SQLite may hold it, is written
    as one of a column without a type.
    """
    write = _write if strict else _write_loosely
    parts = [(f"{_quoted(column.name)}:", write(column.type)) for column in columns]

    def line(row: Sequence[Any]) -> str:
        members = [
            name + ("null" if value is None else write(value))
            for (name, write), value in zip(parts, row, strict=True)
        ]
        return f"{{{','.join(members)}}}"

    return line


def _write(declared: Type) -> Write:
    write = _WRITE[declared.name]
    if not declared.array:
        return write
    nested = declared.name != "json"  # of which a list is a value

    def items(values: Any) -> str:
        if nested and isinstance(values, list):
            return f"[{','.join(map(items, values))}]"
        return "null" if values is None else write(values)

    return lambda values: f"[{','.join(map(items, values))}]"


def _write_loosely(declared: Type) -> Write:
    write = _write(declared)
    kind = list if declared.array else _CLASSES.get(declared.name, object)
    return lambda value: write(value) if isinstance(value, kind) else _any(value)


def _float(number: float) -> str:
    if math.isfinite(number):
        return repr(float(number))
    return '"NaN"' if number != number else '"Infinity"' if number > 0 else '"-Infinity"'


def _vector(numbers: Sequence[float]) -> str:
    """Nine digits are what tells one float32 from all others."""
    text = f"[{','.join(['%.9g'] * len(numbers))}]" % tuple(numbers)
    return _NEGATIVE_ZERO.sub("-0.0", text) if "-0," in text or "-0]" in text else text


_NEGATIVE_ZERO = re.compile(r"(?<=[\[,])-0(?=[\],])")


def json_values(cells: Cells) -> list[Any]:
    """What cells of JSON hold; a number that a float cannot hold as text, marked."""
    return [None if cell is None else _decode(cell.decode()) for cell in cells]


def _kept(text: str) -> float | str:
    number = float(text)
    if len(text) < 16 and math.isfinite(number):
        return number
    exact = Decimal(text)
    return number if exact == Decimal(repr(number)) else f"{_MARK}{exact:f}"


_MARK = "\udfff"  # which no text that a database holds has in it
_MARKED = re.compile(f'"{_MARK}(-?[0-9.]+)"')
_decode = json.JSONDecoder(parse_float=_kept).decode


def _json(value: Any) -> str:
    """Names in order and no negative zero: jsonb keeps neither."""
    text = _dump(value)
    if _MARK in text:
        text = _MARKED.sub(r"\1", text)
    return _ZERO.sub(_without_sign, text) if "-0.0" in text else text


_ZERO = re.compile(r'"(?:[^"\\]|\\.)*"|-0\.0(?=[,\]}]|$)')


def _without_sign(match: re.Match[str]) -> str:
    return "0.0" if match.group() == "-0.0" else match.group()


def _any(value: Any) -> str:
    """A value of a column whose type is not known: SQLite's own classes alone."""
    if isinstance(value, bytes):
        return f'{{"base64":"{b64encode(value).decode()}"}}'
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f'{{"float":{_float(value)}}}'
    return _dump(value)


def _text_of(value: Any) -> str:
    return f'"{value}"'


_WRITE: dict[str, Write] = {
    "any": _any,
    "text": _quoted,
    "smallint": str,
    "int": str,
    "bigint": str,
    "float": _float,
    "bool": lambda flag: "true" if flag else "false",
    "uuid": _text_of,
    "timestamptz": lambda moment: f'"{timestamp_text(moment)}"',
    "date": _text_of,
    "numeric": lambda number: f'"{number:f}"',
    "bytes": lambda data: f'"{b64encode(data).decode()}"',
    "json": _json,
    "vector": _vector,
}
_CLASSES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "smallint": int,
    "int": int,
    "bigint": int,
    "float": (float, int),
    "bool": bool,
    "uuid": UUID,
    "timestamptz": datetime,
    "date": date,
    "numeric": Decimal,
    "bytes": bytes,
    "vector": list,
}
