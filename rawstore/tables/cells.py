"""Cells: a value as bytes, the same for both dialects, and what Python makes of it. Pure.

A cell is what PostgreSQL sends and takes in binary COPY, so that most columns pass as they are:
integers, floats, times (microseconds since 2000) and UUIDs as there, text in UTF-8, a vector with
its dimensions before it. Three are text instead: JSON, numeric, and an array (as JSON). A column
whose type is not known holds a letter for what the value is, and the value. NULL is None.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from ..jsontext import encode_json
from ..types import Type, check_for

Cell = bytes | None
Cells = list[Cell]

BEYOND = b"\xff"  # before the bytes of an array that Python cannot read
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(2000, 1, 1).toordinal()
ANY = Type("any")


class Odd(bytes):
    """The cell of a stored value that is not of its column's type: it keeps the value."""

    value: Any

    @classmethod
    def of(cls, value: Any) -> Odd:
        """Its bytes tell it from every other value of the column."""
        made = cls(b"\xff\xff\xff\xff" + pack_any(value))
        made.value = value
        return made


_int2, _int4, _int8 = (struct.Struct(f">{code}") for code in "hiq")
_float8 = struct.Struct(">d")


def _pack_timestamp(value: datetime) -> bytes:
    since = value - EPOCH
    return _int8.pack((since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds)


def _pack_vector(value: array[float]) -> bytes:
    return struct.pack(f">HH{len(value)}f", len(value), 0, *value)


def pack_any(value: Any) -> bytes:
    """A value of SQLite's, whatever its class."""
    if isinstance(value, int):
        return b"i" + value.to_bytes(8, "big", signed=True)
    if isinstance(value, float):
        return b"f" + _float8.pack(value)
    if isinstance(value, str):
        return b"t" + value.encode("utf-8", "surrogatepass")
    return b"b" + bytes(value)


_PACK: dict[str, Callable[[Any], bytes]] = {
    "text": str.encode,
    "smallint": _int2.pack,
    "int": _int4.pack,
    "bigint": _int8.pack,
    "float": _float8.pack,
    "bool": lambda value: b"\1" if value else b"\0",
    "uuid": lambda value: value.bytes,
    "timestamptz": _pack_timestamp,
    "date": lambda value: _int4.pack(value.toordinal() - EPOCH_DAY),
    "numeric": lambda value: f"{value:f}".encode(),
    "bytes": bytes,
    "json": str.encode,
    "vector": _pack_vector,
    "any": pack_any,
}


def packer(declared: Type) -> Callable[[Any], bytes]:
    """From a Python value that is not None to its cell. Raises ValueError for one that is wrong."""
    check = check_for(declared)
    if declared.array:
        return lambda items: encode_json(check(items)).encode()
    pack = _PACK[declared.name]
    return lambda value: pack(check(value))


def _timestamp(cell: bytes) -> datetime:
    (microseconds,) = _int8.unpack(cell)
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise ValueError("a time before the year 1 or after 9999, or infinity") from None


def _date(cell: bytes) -> date:
    (days,) = _int4.unpack(cell)
    try:
        return date.fromordinal(days + EPOCH_DAY)
    except (ValueError, OverflowError):
        raise ValueError("a date before the year 1 or after 9999, or infinity") from None


def _vector(cell: bytes) -> list[float]:
    return list(struct.unpack_from(f">{len(cell) // 4 - 1}f", cell, 4))


def _any(cell: bytes) -> Any:
    kind, rest = cell[:1], cell[1:]
    if kind == b"i":
        return int.from_bytes(rest, "big", signed=True)
    if kind == b"f":
        return _float8.unpack(rest)[0]
    return rest.decode("utf-8", "surrogatepass") if kind == b"t" else rest


_UNPACK: dict[str, Callable[[bytes], Any]] = {
    "text": bytes.decode,
    "smallint": lambda cell: _int2.unpack(cell)[0],
    "int": lambda cell: _int4.unpack(cell)[0],
    "bigint": lambda cell: _int8.unpack(cell)[0],
    "float": lambda cell: _float8.unpack(cell)[0],
    "bool": lambda cell: cell == b"\1",
    "uuid": lambda cell: UUID(bytes=cell),
    "timestamptz": _timestamp,
    "date": _date,
    "numeric": lambda cell: Decimal(cell.decode()),
    "bytes": bytes,
    "json": json.loads,
    "vector": _vector,
    "any": _any,
}
_OF_TEXT: dict[str, Callable[[str], Any]] = {
    "bytes": lambda text: bytes.fromhex(text.removeprefix("\\x")),
    "uuid": UUID,
    "timestamptz": datetime.fromisoformat,
    "date": date.fromisoformat,
    "numeric": Decimal,
}


def unpacker(declared: Type) -> Callable[[bytes], Any]:
    """From a cell to its Python value. Raises ValueError for a time that Python does not know."""
    if declared.array:
        return partial(_items, declared.name)
    return _UNPACK[declared.name]


def _items(name: str, cell: bytes) -> list[Any]:
    if cell.startswith(BEYOND):
        raise ValueError("an array with a time before the year 1 or after 9999, or infinity")
    items = json.loads(cell, parse_float=Decimal if name == "numeric" else None)
    if not isinstance(items, list):
        raise ValueError("JSON that is no list where an array is expected")
    read = _OF_TEXT.get(name)
    if read is None:
        return items
    try:
        return [value if value is None else read(value) for value in items]
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        raise ValueError(f"an array with an item that is no {name}") from None


def python_column(declared: Type, cells: Cells) -> list[Any]:
    """The Python values of a column of cells; of an odd one, what is stored."""
    unpack = unpacker(declared)
    return [
        None if cell is None else cell.value if type(cell) is Odd else unpack(cell)
        for cell in cells
    ]
