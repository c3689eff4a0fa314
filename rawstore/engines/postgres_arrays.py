"""Columns of checked values as PostgreSQL's binary arrays, packed many values at a time. Pure.

An array is its header and, for each element, its length and its bytes (PostgreSQL source,
array_recv). The elements' bytes are those of `postgres_codec`.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from types import NoneType
from typing import Any
from uuid import UUID

from ..query import Param
from .postgres_codec import VECTOR, Encoder


class _Lengths(dict[int, bytes]):
    """The lengths in front of elements; the usual ones are at hand."""

    def __missing__(self, length: int) -> bytes:
        return _length(length)


_length = struct.Struct(">i").pack
_header = struct.Struct(">iiIii").pack  # dimensions, any null, the element's oid, size, first index
_lengths = _Lengths({length: _length(length) for length in range(256)})
_NULL = _length(-1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()


def array_encoder(param: Param, oid: int) -> Encoder:
    """How checked values of a parameter, None for NULL, are sent as one array.

    `oid` is that of pgvector's type, where it is an array of vectors.
    """
    name = param.type.name
    if name == "numeric":
        return Encoder(_numerics, 0)
    if name == "vector":
        return Encoder(partial(_pack, oid, _vectors), 1)
    return Encoder(partial(_pack, *_ELEMENTS[name]), 1)


def is_element(name: str, oid: int, *, cast: bool) -> bool:
    """Whether an element of a declared type's array is, or `cast` to it becomes, what `oid` takes.

    No other value than the one that is sent alone, that is.
    """
    return oid == _element(name) or (cast and oid in _SAME_WHEN_CAST.get(name, ()))


def _element(name: str) -> int:
    if name in ("numeric", "vector"):
        return 1700 if name == "numeric" else VECTOR
    return _ELEMENTS[name][0]


def _pack(oid: int, elements: Callable[[Sequence[Any]], bytes], values: Sequence[Any]) -> bytes:
    has_null = NoneType in set(map(type, values))
    header = _header(1, has_null, oid, len(values), 1)
    if not has_null:
        return header + elements(values)
    return header + b"".join(_NULL if each is None else elements((each,)) for each in values)


# -- elements of one length


def _numbers(code: str, values: Sequence[Any]) -> bytes:
    packed = struct.pack(f">{len(values)}{code}", *values)
    size = struct.calcsize(f">{code}")
    step = 4 + size
    made = bytearray(step * len(values))
    made[3::step] = bytes((size,)) * len(values)
    for byte in range(size):
        made[4 + byte :: step] = packed[byte::size]
    return bytes(made)


def _uuids(values: Sequence[UUID]) -> bytes:
    return b"".join([b"\0\0\0\x10" + each.int.to_bytes(16, "big") for each in values])


def _timestamps(values: Sequence[datetime]) -> bytes:
    times = [each - _EPOCH for each in values]
    return _numbers(
        "q", [(each.days * 86400 + each.seconds) * 1_000_000 + each.microseconds for each in times]
    )


def _dates(values: Sequence[date]) -> bytes:
    return _numbers("i", [each.toordinal() - _EPOCH_DAY for each in values])


# -- elements of any length


def _cells(cells: Sequence[bytes]) -> bytes:
    parts = [b""] * (2 * len(cells))
    parts[::2] = map(_lengths.__getitem__, map(len, cells))
    parts[1::2] = cells
    return b"".join(parts)


def _texts(values: Sequence[str]) -> bytes:
    return _cells(list(map(str.encode, values)))


def _vectors(values: Sequence[array[float]]) -> bytes:
    return _cells([struct.pack(">HH", len(each), 0) + _big_endian(each) for each in values])


def _big_endian(numbers: array[float]) -> bytes:
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _numerics(values: Sequence[Decimal | None]) -> bytes:
    """As text: digits need no quotes."""
    texts = ("NULL" if each is None else f"{each:f}" for each in values)
    return f"{{{','.join(texts)}}}".encode()


# By declared type: the element's oid, and what packs elements, each behind its length.
_ELEMENTS: dict[str, tuple[int, Callable[[Sequence[Any]], bytes]]] = {
    "text": (25, _texts),
    "smallint": (21, partial(_numbers, "h")),
    "int": (23, partial(_numbers, "i")),
    "bigint": (20, partial(_numbers, "q")),
    "float": (701, partial(_numbers, "d")),
    "bool": (16, partial(_numbers, "B")),
    "uuid": (2950, _uuids),
    "timestamptz": (1184, _timestamps),
    "date": (1082, _dates),
    "bytes": (17, _cells),
    "json": (114, _texts),
}
# By declared type, what its array's element is cast to without a difference. Not here: float to
# numeric, which keeps 15 digits, and whatever depends on the session's time zone.
_SAME_WHEN_CAST = {
    "text": (1043, 1042),
    "smallint": (23, 20, 1700, 701),
    "int": (21, 20, 1700, 701),
    "bigint": (21, 23, 1700),
    "float": (700,),
    "json": (3802, 25),
}
