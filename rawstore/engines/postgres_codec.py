"""Values on PostgreSQL's wire: binary parameters by the type the server names, and its results.

Binary formats are those of the types' recv functions (PostgreSQL source, src/backend/utils/adt);
vectors as in pgvector's vector_recv. Checks come from `types`, so a value that one dialect refuses
the other refuses too. A server type without a packer gets the value's text, which the server
parses. No I/O here.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import DataError
from psycopg.adapt import Buffer, Loader
from psycopg.pq import Format

from ..jsontext import encode_json
from ..query import Param
from ..types import Type, check_for

Pack = Callable[[Any], bytes]
Encode = Callable[[Any], bytes | None]

VECTOR = -1  # stands for pgvector's type, whose oid differs from database to database


class Encoder(NamedTuple):
    """How one parameter is sent: 1 is binary, 0 text."""

    encode: Callable[[Any], bytes | None]
    format: int


_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()

_int2 = struct.Struct(">h").pack
_int4 = struct.Struct(">i").pack
_int8 = struct.Struct(">q").pack
_float4 = struct.Struct(">f").pack
_float8 = struct.Struct(">d").pack
_read_int8 = struct.Struct(">q").unpack


def _timestamp(value: datetime) -> bytes:
    since = value - _EPOCH
    return _int8((since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds)


def _date(value: date) -> bytes:
    return _int4(value.toordinal() - _EPOCH_DAY)


def _uuid(value: UUID) -> bytes:
    return value.bytes


def _bool(value: bool) -> bytes:  # noqa: FBT001 - a value, not a switch
    return b"\1" if value else b"\0"


def _jsonb(value: str) -> bytes:
    return b"\1" + value.encode()


def _vector(value: array[float]) -> bytes:
    return struct.pack(f">HH{len(value)}f", len(value), 0, *value)


# (declared type, oid): how its checked value is packed.
_BINARY: dict[tuple[str, int], Pack] = {
    ("text", 25): str.encode,
    ("text", 1043): str.encode,
    ("text", 1042): str.encode,
    ("smallint", 21): _int2,
    ("smallint", 23): _int4,
    ("smallint", 20): _int8,
    ("int", 21): _int2,
    ("int", 23): _int4,
    ("int", 20): _int8,
    ("bigint", 21): _int2,
    ("bigint", 23): _int4,
    ("bigint", 20): _int8,
    ("int", 701): _float8,
    ("float", 700): _float4,
    ("float", 701): _float8,
    ("bool", 16): _bool,
    ("uuid", 2950): _uuid,
    ("timestamptz", 1184): _timestamp,
    ("timestamptz", 1114): _timestamp,
    ("date", 1082): _date,
    ("bytes", 17): bytes,
    ("json", 3802): _jsonb,
    ("json", 114): str.encode,
    ("json", 25): str.encode,
    ("vector", VECTOR): _vector,
}
_ELEMENT = {
    1000: 16,
    1001: 17,
    1005: 21,
    1007: 23,
    1009: 25,
    1015: 1043,
    1016: 20,
    1021: 700,
    1022: 701,
    1115: 1114,
    1182: 1082,
    1185: 1184,
    1231: 1700,
    199: 114,
    2951: 2950,
    3807: 3802,
}
_NATURAL = {
    16: "bool",
    17: "bytes",
    20: "bigint",
    21: "smallint",
    23: "int",
    25: "text",
    114: "json",
    700: "float",
    701: "float",
    1042: "text",
    1043: "text",
    1082: "date",
    1114: "timestamptz",
    1184: "timestamptz",
    1700: "numeric",
    2950: "uuid",
    3802: "json",
    VECTOR: "vector",
}


def encoder(param: Param, oid: int) -> Encoder:
    """How `param` is sent where the server expects the type `oid`."""
    declared = _natural(oid) if param.type.name == "any" else param.type
    check = check_for(declared) if param.type.name == "any" else param.check
    if declared.array and param.row is None:
        pack, binary = _array_packer(declared.name, oid)
    else:
        name = "json" if param.row else declared.name
        packer = _BINARY.get((name, oid))
        pack, binary = packer or _text_packer(name), packer is not None

    def encode(value: Any) -> bytes | None:
        return pack(check(value))

    def encode_nullable(value: Any) -> bytes | None:
        return None if value is None else pack(check(value))

    slowly = encode_nullable if param.nullable else encode
    quick = None if param.bound or declared.size else _QUICK.get((declared.name, oid))
    return Encoder(quick(slowly) if quick else slowly, int(binary))


# Check and packing in one, for values that are just what they should be; `slowly` does the others.


def _quick_uuid(slowly: Encode) -> Encode:
    def encode(value: Any) -> bytes | None:
        return value.int.to_bytes(16) if type(value) is UUID else slowly(value)

    return encode


def _quick_text(slowly: Encode) -> Encode:
    def encode(value: Any) -> bytes | None:
        # A lone surrogate raises here too: UnicodeEncodeError is a ValueError.
        return value.encode() if type(value) is str and "\0" not in value else slowly(value)

    return encode


def _quick_int(slowly: Encode) -> Encode:
    def encode(value: Any) -> bytes | None:
        return _int4(value) if type(value) is int and -_2_31 <= value < _2_31 else slowly(value)

    return encode


def _quick_timestamp(slowly: Encode) -> Encode:
    def encode(value: Any) -> bytes | None:
        if type(value) is datetime and value.tzinfo is UTC:
            return _timestamp(value)
        return slowly(value)

    return encode


_2_31 = 2**31
_QUICK: dict[tuple[str, int], Callable[[Encode], Encode]] = {
    ("uuid", 2950): _quick_uuid,
    ("text", 25): _quick_text,
    ("text", 1043): _quick_text,
    ("int", 23): _quick_int,
    ("timestamptz", 1184): _quick_timestamp,
}


def _natural(oid: int) -> Type:
    """The type of an undeclared parameter: what the server expects."""
    if oid in _ELEMENT:
        return Type(_NATURAL[_ELEMENT[oid]], array=True)
    return Type(_NATURAL.get(oid, "text"))


@lru_cache
def _text_packer(name: str) -> Pack:
    return lambda value: _as_text(name, value).encode()


def _as_text(name: str, value: Any) -> str:
    """A checked value as the server reads it."""
    if name == "bytes":
        return f"\\x{value.hex()}"
    if name == "numeric":
        return _plain(value)
    if name == "vector":
        return f"[{','.join(map(repr, value))}]"
    return str(value)


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _array_packer(name: str, oid: int) -> tuple[Pack, bool]:
    """A one-dimensional array: binary where the element's type has a packer."""
    element = _ELEMENT.get(oid, 0)
    pack = _BINARY.get((name, element))
    if oid in (114, 3802):  # a declared array where the server takes JSON
        as_json = _BINARY["json", oid]
        return (lambda items: as_json(encode_json(items))), True
    if pack is None:
        return (lambda items: _array_text(name, items).encode()), False

    def pack_array(items: list[Any]) -> bytes:
        if not items:
            return struct.pack(">iii", 0, 0, element)
        has_null = any(item is None for item in items)
        parts = [struct.pack(">iiIii", 1, has_null, element, len(items), 1)]
        for item in items:
            if item is None:
                parts.append(b"\xff\xff\xff\xff")
            else:
                data = pack(item)
                parts += (_int4(len(data)), data)
        return b"".join(parts)

    return pack_array, True


def _array_text(name: str, items: list[Any]) -> str:
    def quoted(item: Any) -> str:
        if item is None:
            return "NULL"
        text = _as_text(name, item).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'

    return f"{{{','.join(map(quoted, items))}}}"


class UtcLoader(Loader):
    """A timestamptz in UTC, for a session whose time zone is not ours to set."""

    format = Format.BINARY

    def load(self, data: Buffer) -> datetime:
        """The moment. Raises psycopg.DataError for what Python cannot hold."""
        (microseconds,) = _read_int8(data)
        try:
            return _EPOCH + timedelta(microseconds=microseconds)
        except OverflowError:
            raise DataError("timestamp too early or too late for Python") from None


class VectorLoader(Loader):
    """pgvector's binary form as a list of floats."""

    format = Format.BINARY

    def load(self, data: Buffer) -> list[float]:
        """The numbers behind the dimension count and the unused field."""
        (count,) = struct.unpack_from(">H", data)
        return list(struct.unpack_from(f">{count}f", data, 4))


class VectorTextLoader(Loader):
    """pgvector's text as a list of floats, for a row that comes as text."""

    def load(self, data: Buffer) -> list[float]:
        """The numbers between the brackets."""
        inside = bytes(data)[1:-1]
        return [float(number) for number in inside.split(b",")] if inside else []


class LabelLoader(Loader):
    """Enums, citext and others whose binary form is their text."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        """The text."""
        return bytes(data).decode()
