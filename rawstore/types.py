"""The types a query file can declare, and what a Python value must be to pass as one.

Every check is the same for both dialects: a value is refused by both or by neither. A check takes
a value that is not None and returns it in one canonical Python form, or raises `ValueError` whose
message says what was expected, never the value. Pure.
"""

from __future__ import annotations

import math
import operator
import re
import struct
from array import array
from collections.abc import Callable, Iterable, Mapping, Sized
from datetime import UTC, date as _date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any, NamedTuple
from uuid import UUID

from .jsontext import json_text

Check = Callable[[Any], Any]

VECTOR_DIMENSIONS = 16000  # pgvector's limit


class Type(NamedTuple):
    """A declared type: `text`, `vector(1024)` (size), `uuid[]` (array); `any` where none is."""

    name: str
    size: int | None = None
    array: bool = False

    def __str__(self) -> str:
        """As it is written in a query file."""
        size = f"({self.size})" if self.size is not None else ""
        return f"{self.name}{size}{'[]' if self.array else ''}"


ANY = Type("any")


def text(value: Any) -> str:
    """A str without NUL and without lone surrogates (PostgreSQL stores neither)."""
    if not isinstance(value, str):
        raise ValueError(_expected("a str", value))
    if "\0" in value:
        raise ValueError("expected text without NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("expected text without lone surrogates") from None
    return value if type(value) is str else str.__str__(value)  # an enum of str: its text


def integer(value: Any, bits: int) -> int:
    """An int, or anything that is one by `operator.index` (NumPy's), within `bits` bits."""
    if isinstance(value, bool):
        raise ValueError("expected an int, got bool")
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(_expected("an int", value)) from None
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise ValueError(f"expected an int of {bits} bits")
    return number


def floating(value: Any) -> float:
    """A float or an int; infinities pass, NaN does not (SQLite would store NULL)."""
    if isinstance(value, (bool, str, bytes, bytearray)):
        raise ValueError(_expected("a float", value))
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(_expected("a float", value)) from None
    if number != number:
        raise ValueError("expected a number, got NaN")
    return number


def boolean(value: Any) -> bool:
    """True or False; no truthiness."""
    if not isinstance(value, bool):
        raise ValueError(_expected("a bool", value))
    return value


def uuid(value: Any) -> UUID:
    """A UUID, or text in one of the forms `uuid.UUID` reads."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        raise ValueError(_expected("a UUID", value)) from None


def timestamptz(value: Any) -> datetime:
    """An aware datetime, in UTC."""
    if not isinstance(value, datetime):
        raise ValueError(_expected("an aware datetime", value))
    if value.utcoffset() is None:
        raise ValueError("expected an aware datetime, got one without a time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a datetime within the years 1 to 9999 in UTC") from None


def date(value: Any) -> _date:
    """A date; a datetime is not one."""
    if isinstance(value, datetime) or not isinstance(value, _date):
        raise ValueError(_expected("a date", value))
    return value


def numeric(value: Any) -> Decimal:
    """A finite Decimal or int of at most 131 072 digits before the point and 16 383 after it."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise ValueError(_expected("a Decimal", value))
    try:
        number = Decimal(value)
    except InvalidOperation:  # an int beyond decimal's own limits
        raise ValueError("expected a Decimal within numeric's range") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("expected a finite Decimal")
    if exponent < -16383 or number.adjusted() >= 131072:
        raise ValueError("expected a Decimal within numeric's range")
    return number


def blob(value: Any) -> bytes:
    """Bytes, a bytearray or a memoryview."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, (bytearray, memoryview)):
        raise ValueError(_expected("bytes", value))
    return bytes(value)


def vector(value: Any, size: int | None = None) -> array[float]:
    """A sequence of finite numbers (or a NumPy array) as float32."""
    if not is_list(value):
        raise ValueError(_expected("a sequence of floats", value))
    try:
        numbers = array("f", value)
    except (TypeError, OverflowError):
        raise ValueError("expected a sequence of numbers within float32") from None
    if size is not None and len(numbers) != size:
        raise ValueError(f"expected {size} dimensions, got {len(numbers)}")
    if not 1 <= len(numbers) <= VECTOR_DIMENSIONS:
        raise ValueError(f"expected 1 to {VECTOR_DIMENSIONS} dimensions, got {len(numbers)}")
    if not all(map(math.isfinite, numbers)):
        raise ValueError("expected finite numbers within float32")
    return numbers


def directed(numbers: array[float]) -> array[float]:
    """A vector to search by: it has a direction, so not zero, nor its square beyond float32."""
    if not 1e-18 < math.hypot(*numbers) < 1e18:
        raise ValueError("expected a vector that is not zero, of a length between 1e-18 and 1e18")
    return numbers


def anything(value: Any) -> Any:
    """A value of an undeclared type: the same checks by what the value is."""
    for kinds, check in _BY_CLASS:
        if isinstance(value, kinds):
            return check(value)
    raise ValueError(_expected("a value a database knows (declare its type)", value))


def sized_text(value: Any, size: int) -> str:
    """Text of at most `size` characters."""
    if len(checked := text(value)) > size:
        raise ValueError(f"expected at most {size} characters, got {len(checked)}")
    return checked


def is_list(value: Any) -> bool:
    """Whether a value holds items: a list, a tuple, a set, a NumPy array.

    An iterator does not: it can be read only once, and a statement prepared anew reads it again.
    """
    if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)):
        return False
    return isinstance(value, Iterable) and isinstance(value, Sized)


def items(value: Any, check: Check) -> list[Any]:
    """A list whose items all pass `check`; None stands for NULL."""
    if not is_list(value):
        raise ValueError(_expected("a list", value))
    checked = []
    for index, item in enumerate(value):
        try:
            checked.append(None if item is None else check(item))
        except ValueError as error:
            raise ValueError(f"item {index}: {error}") from None
    return checked


def nonnegative(value: Any, check: Check) -> int:
    """For LIMIT and OFFSET: SQLite takes -1 for "all", PostgreSQL refuses it."""
    number: int = check(value)
    if number < 0:
        raise ValueError("expected 0 or more")
    return number


def _expected(what: str, value: Any) -> str:
    got = type(value).__name__
    return f"expected {what}" if what.split()[-1] == got else f"expected {what}, got {got}"


_CHECKS: dict[str, Check] = {
    "any": anything,
    "text": text,
    "smallint": partial(integer, bits=16),
    "int": partial(integer, bits=32),
    "bigint": partial(integer, bits=64),
    "float": floating,
    "bool": boolean,
    "uuid": uuid,
    "timestamptz": timestamptz,
    "date": date,
    "numeric": numeric,
    "bytes": blob,
    "json": json_text,
    "vector": vector,
}
_BY_CLASS: tuple[tuple[type | tuple[type, ...], Check], ...] = (
    (bool, boolean),
    (int, partial(integer, bits=64)),
    (float, floating),
    (str, text),
    ((bytes, bytearray, memoryview), blob),
    (UUID, uuid),
    (datetime, timestamptz),
    (_date, date),
    (Decimal, numeric),
    (dict, json_text),
    ((list, tuple), partial(items, check=lambda item: anything(item))),
)
_ALIASES = {
    "integer": "int",
    "int4": "int",
    "int2": "smallint",
    "int8": "bigint",
    "double": "float",
    "float8": "float",
    "boolean": "bool",
    "jsonb": "json",
    "bytea": "bytes",
    "blob": "bytes",
    "varchar": "text",
    "decimal": "numeric",
}
NAMES = tuple(_CHECKS)
_TYPE = re.compile(r"(\w+)\s*(?:\(\s*(\d+)\s*\))?\s*(\[\])?")
_LARGEST = {"text": 10_485_760, "vector": VECTOR_DIMENSIONS}  # the first as varchar's


def is_type(name: str) -> bool:
    """Whether a type has this name."""
    return name in _CHECKS or name in _ALIASES


@lru_cache(maxsize=256)
def parse_type(written: str, rows: frozenset[str] = frozenset()) -> Type:
    """`vector(1024)` or `text[]` as a Type. `rows` are the row names that `Row[]` may use.

    Raises ValueError that lists the known types.
    """
    match = _TYPE.fullmatch(written.strip())
    if not match:
        raise ValueError(f"cannot read the type {written!r}")
    name, size, is_array = match.groups()
    if name in rows:
        if not is_array:
            raise ValueError(f"a parameter takes a list of rows: write {name}[]")
        return Type(name, array=True)
    name = _ALIASES.get(name, name)
    if name not in _CHECKS:
        raise ValueError(f"unknown type {name!r}; known are {', '.join(NAMES)}")
    if size is not None:
        _check_size(name, int(size))
    return Type(name, int(size) if size is not None else None, bool(is_array))


def _check_size(name: str, size: int) -> None:
    if name not in _LARGEST:
        raise ValueError(f"{name} takes no size")
    if not 1 <= size <= _LARGEST[name]:
        raise ValueError(f"the size of {name} is 1 to {_LARGEST[name]}")


def check_for(declared: Type) -> Check:
    """The check of a declared type (of `Row[]`: see `Row.check_items`)."""
    check = _CHECKS[declared.name]
    if declared.size is not None:
        check = partial(vector if declared.name == "vector" else sized_text, size=declared.size)
    return partial(items, check=check) if declared.array else check


def vector_wire(numbers: array[float]) -> bytes:
    """Little-endian float32, four bytes a dimension: the form SQLite stores."""
    return struct.pack(f"<{len(numbers)}f", *numbers)
