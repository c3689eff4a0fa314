"""Columns of PostgreSQL's that would change a value rather than refuse it. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from decimal import Decimal

from ..tables.model import Column

Check = Callable[[bytes], str | None]

_SIZED = re.compile(r"(numeric|timestamp|character)\((\d+)(?:,(-?\d+))?\)(?! varying)")
_float4, _float8, _int8 = (struct.Struct(f">{code}") for code in "fdq")


def narrowness(column: Column) -> Check | None:
    """What tells why a cell would not stay as it is; None where the column changes nothing."""
    if column.stored == "real":
        return _real
    found = _SIZED.match(column.stored)
    if found is None or column.type.array:
        return None
    size, scale = int(found[2]), int(found[3] or 0)
    if found[1] == "numeric":
        return lambda cell: _numeric(cell, size, scale)
    if found[1] == "timestamp":
        return lambda cell: _timestamp(cell, size)
    return lambda cell: _character(cell, size)


def _real(cell: bytes) -> str | None:
    (value,) = _float8.unpack(cell)
    try:
        (found,) = _float4.unpack(_float4.pack(value))
    except OverflowError:
        return "a float out of range for real"
    return None if found == value or value != value else "a float of more digits than real keeps"


def _numeric(cell: bytes, precision: int, scale: int) -> str | None:
    number = Decimal(cell.decode())
    if not number.is_finite() or not number:
        return None
    digits = "".join(map(str, number.as_tuple().digits))
    exponent = int(number.as_tuple().exponent) + len(digits) - len(digits.rstrip("0"))
    if exponent < -scale:
        return f"a number of more than {scale} digits after the point"
    if number.adjusted() >= precision - scale:
        return f"a number out of range for numeric({precision},{scale})"
    return None


def _timestamp(cell: bytes, digits: int) -> str | None:
    (microseconds,) = _int8.unpack(cell)
    if abs(microseconds) >= (1 << 63) - 1 or microseconds % 10 ** (6 - digits) == 0:
        return None
    return f"a time of more than {digits} digits after the second"


def _character(cell: bytes, size: int) -> str | None:
    length = len(cell.decode())
    return f"text of {length} characters, which is padded to {size}" if length < size else None
