"""Rows of cells as COPY's text: for columns of types that have no binary form of ours. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..types import Type
from .cells import Cell, Cells, unpacker
from .model import Column

_DAYS_TO_2000 = 10957
# What means infinity among dates, and among times.
_DAYS, _MICROSECONDS = ((-(1 << bits), (1 << bits) - 1) for bits in (31, 63))
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def text_rows(columns: Sequence[Column], portion: Sequence[Cells]) -> bytes:
    """The rows, each with a line feed behind it."""
    texts = [
        [_text(column.type, cell) for cell in cells]
        for column, cells in zip(columns, portion, strict=True)
    ]
    return "".join("\t".join(row) + "\n" for row in zip(*texts, strict=True)).encode()


def _text(declared: Type, cell: Cell) -> str:
    if cell is None:
        return "\\N"
    return _value(declared, cell).translate(_ESCAPES)


def _value(declared: Type, cell: bytes) -> str:
    if declared.array and declared.name == "json":
        items = json.loads(cell)
        return _array([None if item is None else json.dumps(item) for item in items])
    if declared.array:
        return _array(json.loads(cell, parse_float=str))
    if declared.name in ("text", "json", "numeric"):
        return cell.decode()
    if declared.name == "bytes":
        return f"\\x{cell.hex()}"
    if declared.name == "timestamptz":
        return _timestamp(cell)
    if declared.name == "date":
        return _date(int.from_bytes(cell, "big", signed=True), _DAYS)
    value = unpacker(declared)(cell)
    if declared.name == "vector":
        return f"[{','.join(map(repr, value))}]"
    return str(value)


def _timestamp(cell: bytes) -> str:
    microseconds = int.from_bytes(cell, "big", signed=True)
    days, rest = divmod(microseconds, 86_400_000_000)
    if microseconds in _MICROSECONDS:
        return _date(microseconds, _MICROSECONDS)
    seconds, fraction = divmod(rest, 1_000_000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}+00"
    day, _, era = _date(days, _DAYS).partition(" ")
    return f"{day} {clock} {era}".rstrip()


def _date(days: int, limits: tuple[int, int]) -> str:
    """A day since 2000 as PostgreSQL reads it: of any year; the limits mean infinity."""
    if days in limits:
        return "infinity" if days == limits[1] else "-infinity"
    year, month, day = str(np.datetime64(days + _DAYS_TO_2000, "D")).rsplit("-", 2)
    if int(year) > 0:
        return f"{year}-{month}-{day}"
    return f"{1 - int(year):04}-{month}-{day} BC"


def _array(items: Sequence[Any]) -> str:
    return f"{{{','.join(map(_item, items))}}}"


def _item(item: Any) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return _array(item)
    text = ("true" if item else "false") if isinstance(item, bool) else str(item)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
