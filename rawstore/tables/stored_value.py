"""One value as SQLite stores it, to a cell; or why it is not of its column's type. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from ..types import Type, timestamptz as in_utc
from .canonical import check_json
from .cells import pack_any, packer, unpacker

INTEGERS = {"smallint": "h", "int": "i", "bigint": "q"}
_FINER = re.compile(r"[.,]\d{6}0*[1-9]")


def stored_cell(declared: Type, value: Any) -> bytes:
    """The cell of a stored value; ValueError says what it is instead."""
    if declared.name == "any":
        return pack_any(value)
    if declared.array or declared.name == "json":
        text = _text(value, "JSON")
        check_json(text)
        if declared.array:
            packer(declared)(unpacker(declared)(text.encode()))
        return text.encode()
    read = _READ.get(declared.name)
    parsed = read(value) if read else value
    try:
        return packer(declared)(parsed)
    except ValueError as error:
        raise ValueError(_reason(declared, parsed, str(error))) from None


def _reason(declared: Type, value: Any, found: str) -> str:
    if isinstance(value, str) and "NUL" in found:
        return "text with a NUL character"
    if isinstance(value, str) and "surrogate" in found:
        return "text with a lone surrogate"
    if isinstance(value, int) and declared.name in INTEGERS and "bits" in found:
        return f"an integer out of range for {declared.name}"
    if isinstance(value, str) and declared.size is not None:
        return f"text of {len(value)} characters, where {declared} takes {declared.size}"
    if type(value).__name__ in _KINDS and found.startswith("expected ") and ", got " in found:
        return f"{_KINDS[type(value).__name__]} where {declared} is expected"
    return found.replace("expected", f"no {declared.name}: expected", 1)


_KINDS = {"str": "text", "bytes": "a blob", "int": "an integer", "float": "a float"}


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_KINDS[type(value).__name__]} where {what} is expected")
    if "\0" in value:
        raise ValueError("text with a NUL character")
    return value


def _read_uuid(value: Any) -> UUID:
    text = _text(value, "a UUID")
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("text that is no UUID") from None


def _read_timestamp(value: Any) -> datetime:
    text = _text(value, "a timestamp")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("text that is no timestamp") from None
    if _FINER.search(text):
        raise ValueError("a timestamp finer than a microsecond")
    if moment.utcoffset() is None:
        raise ValueError("a timestamp without a time zone")
    return in_utc(moment)


def _read_date(value: Any) -> date:
    try:
        return date.fromisoformat(_text(value, "a date"))
    except ValueError:
        raise ValueError("text that is no date") from None


def _read_bool(value: Any) -> Any:
    if isinstance(value, int) and value not in (0, 1):
        raise ValueError("an integer other than 0 and 1 where bool is expected")
    return bool(value) if isinstance(value, int) else value


def _read_numeric(value: Any) -> Decimal:
    if isinstance(value, bytes):
        raise ValueError("a blob where numeric is expected")
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise ValueError("text that is no number") from None


def _read_float(value: Any) -> Any:
    if isinstance(value, int) and float(value) != value:
        raise ValueError("an integer that no float is equal to")
    return value


def _read_vector(value: Any) -> Any:
    if not isinstance(value, bytes):
        raise ValueError(f"{_KINDS[type(value).__name__]} where a vector is expected")
    if len(value) % 4:
        raise ValueError("a blob whose length is no multiple of four where a vector is expected")
    return list(struct.unpack(f"<{len(value) // 4}f", value))


_READ: dict[str, Callable[[Any], Any]] = {
    "uuid": _read_uuid,
    "timestamptz": _read_timestamp,
    "date": _read_date,
    "bool": _read_bool,
    "float": _read_float,
    "numeric": _read_numeric,
    "vector": _read_vector,
}
