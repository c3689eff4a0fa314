"""JSON values as the cells of a table's columns: what `jsonvalues` writes, and more. Pure."""

from __future__ import annotations

import math
import re
import struct
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ..jsontext import encode_json
from ..scan import Dialect
from ..tables import Column
from ..tables.cells import packer
from ..types import Type, check_for, integer, text
from .jsondecoder import Exact

Read = Callable[[Any], Any]
ReadCell = Callable[[Any], bytes]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6}0*)?)?([Zz]|[+-]\d\d(:?\d\d)?)", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BYTES = re.compile(r"\\x(?:[\da-fA-F]{2})*", re.ASCII)
_LIMITLESS = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def reader(column: Column, dialect: Dialect) -> ReadCell:
    """A function from a JSON value that is not null to the column's cell (see `tables.cells`).

    It raises ValueError that says what was expected, never the value.
    """
    declared = column.type
    read, pack = _READ[declared.name], packer(declared)
    if declared.array and dialect == "postgres":
        nested = declared.name != "json"  # of which a list is a value
        check = _as_it_is if declared.name in _UNCHECKED else check_for(Type(declared.name))

        def checked(value: Any) -> Any:
            found = check(read(value))
            return found if nested else value  # JSON stands in the list as it is

        return lambda value: encode_json(_each(checked, value, nested=nested)).encode()
    if declared.array:
        return lambda value: pack(_each(read, value))
    if dialect == "postgres" and declared.name in _UNCHECKED:  # SQLite has no NaN
        pack = _UNCHECKED[declared.name]
    return lambda value: pack(read(value))


def _each(read: Read, value: Any, *, nested: bool = False) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {_kind(value)}")
    found = []
    for index, item in enumerate(value):
        try:
            if nested and isinstance(item, list):
                found.append(_each(read, item, nested=True))
            else:
                found.append(None if item is None else read(item))
        except ValueError as error:
            raise ValueError(f"item {index}: {error}") from None
    return found


def _as_it_is(value: Any) -> Any:
    return value


def _read_any(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        if (data := value.get("base64")) is not None:
            return _read_bytes(data)
        if (number := value.get("float")) is not None:
            return _read_float(number)
    if isinstance(value, (bool, list, dict)):
        raise ValueError(f"expected a string or a number, got {_kind(value)}")
    if isinstance(value, float):
        return _read_float(value)
    return integer(value, 64) if isinstance(value, int) else text(value)


def _read_text(value: Any) -> str:
    return _text(value, "text")


def _read_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, got {_kind(value)}")
    return value


def _read_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {_kind(value)}")
    return value


def _read_vector(value: Any) -> Any:
    if not isinstance(value, list) or not {*map(type, value)} <= {int, float, Exact}:
        raise ValueError("expected a list of numbers")
    return value


def _read_float(value: Any) -> float:
    if isinstance(value, str):
        if value not in _LIMITLESS:
            raise ValueError('expected a number, "Infinity", "-Infinity" or "NaN"')
        return _LIMITLESS[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"expected a number, got {_kind(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise ValueError("expected a number within the range of a float")
    return number


def _read_uuid(value: Any) -> UUID:
    try:
        return UUID(_text(value, "a UUID"))
    except ValueError:
        raise ValueError("expected a UUID such as 123e4567-e89b-12d3-a456-426614174000") from None


def _read_moment(value: Any) -> datetime:
    text = _text(value, "a moment")
    if _MOMENT.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            pass
    raise ValueError(
        "expected a moment with its time zone and at most six decimals, "
        "such as 2026-01-31T12:00:00.123456Z"
    )


def _read_date(value: Any) -> date:
    text = _text(value, "a date")
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError("expected a date such as 2026-01-31")


def _read_numeric(value: Any) -> Decimal:
    if isinstance(value, str) and value in _LIMITLESS:
        return Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    text = value.text if isinstance(value, Exact) else _text(value, "a number")
    if not _NUMBER.fullmatch(text):
        raise ValueError("expected a decimal number, as a string or a number")
    return Decimal(text)


def _read_bytes(value: Any) -> bytes:
    text = _text(value, "bytes in base64")
    if _BYTES.fullmatch(text):  # as `rawstore run` writes them
        return bytes.fromhex(text[2:])
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError("expected bytes in base64") from None


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected {what} as a string, got {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    kinds = {str: "a string", bool: "a truth value", list: "a list", dict: "an object"}
    fraction = "a fraction" if isinstance(value, float) else "a number"
    return next((kind for each, kind in kinds.items() if isinstance(value, each)), fraction)


_READ: dict[str, Read] = {
    "any": _read_any,
    "json": _as_it_is,
    "text": _read_text,
    "smallint": _read_int,
    "int": _read_int,
    "bigint": _read_int,
    "bool": _read_bool,
    "vector": _read_vector,
    "float": _read_float,
    "uuid": _read_uuid,
    "timestamptz": _read_moment,
    "date": _read_date,
    "numeric": _read_numeric,
    "bytes": _read_bytes,
}
_UNCHECKED: dict[str, ReadCell] = {
    "float": struct.Struct(">d").pack,
    "numeric": lambda number: f"{number:f}".encode(),
}
