"""The types a query file can declare, and what a Python value must be to pass as one.

Every check is the same for both dialects: a value is refused by both or by neither. A check takes
a value that is not None and returns it in one canonical Python form, or raises `ValueError` whose
message says what was expected, never the value. Pure.
"""

from __future__ import annotations

import json as _json
import math
import operator
import re
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date as _date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

Check = Callable[[Any], Any]

JSON_DEPTH = 500  # SQLite's json_valid() stops at 1000 levels, PostgreSQL's stack a little later


@dataclass(frozen=True, slots=True)
class Type:
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
    """A finite Decimal or int within PostgreSQL's digits (131 072 before the point, 16 383 after)."""
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
    """Anything with the buffer protocol."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, (bytearray, memoryview)):
        raise ValueError(_expected("bytes", value))
    return bytes(value)


def json(value: Any) -> str:
    """A Python value as JSON text that both dialects give back equal."""
    _check_json(value, "", 0)
    return encode_json(value)


def encode_json(value: Any) -> str:
    """JSON text of a checked value; UUIDs, times and Decimals inside become strings."""
    try:
        encoded = _json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_json_text)
    except (ValueError, RecursionError):  # an int of more digits than Python will print
        raise ValueError("expected JSON with numbers of at most 4 300 digits") from None
    # jsonb keeps no exponent: 1e23 would come back as the int 10**23.
    return _EXPONENT.sub(_positional, encoded) if "e+" in encoded else encoded


def _json_text(value: Any) -> str:
    return timestamp_text(value) if isinstance(value, datetime) else str(value)


def timestamp_text(moment: datetime) -> str:
    """A UTC datetime in fixed width, so that text order is time order: SQLite's stored form."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


_EXPONENT = re.compile(r'"(?:[^"\\]|\\.)*"|-?[\d.]+e\+\d+')


def _positional(match: re.Match[str]) -> str:
    found = match.group()
    return found if found[0] == '"' else f"{Decimal(found):f}.0"


def _check_json(value: Any, path: str, depth: int) -> None:
    """Refuse what JSON text would change or a database refuse; say where it is."""
    if value is None or isinstance(value, (bool, int)):
        return
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(f"expected JSON without NUL characters{_at(path)}")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError(f"expected JSON without lone surrogates{_at(path)}") from None
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"expected JSON without NaN or infinity{_at(path)}")
    elif depth >= JSON_DEPTH:
        raise ValueError(f"expected JSON of at most {JSON_DEPTH} levels")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"expected str keys, got {type(key).__name__}{_at(path)}")
            _check_json(key, path, depth)
            _check_json(item, f"{path}.{key}" if key.isidentifier() else f"{path}.?", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_json(item, f"{path}[{index}]", depth + 1)
    else:
        raise ValueError(f"{_expected('a JSON value', value)}{_at(path)}")


def _at(path: str) -> str:
    return f" (at {path.lstrip('.')})" if path else ""


def vector(value: Any, size: int | None = None) -> array[float]:
    """A sequence of finite numbers (or a NumPy array) as float32."""
    if isinstance(value, _NO_LISTS) or not isinstance(value, Iterable):
        raise ValueError(_expected("a sequence of floats", value))
    try:
        numbers = array("f", value)
    except (TypeError, OverflowError):
        raise ValueError("expected a sequence of numbers within float32") from None
    if size is not None and len(numbers) != size:
        raise ValueError(f"expected {size} dimensions, got {len(numbers)}")
    if not 1 <= len(numbers) <= 16000:  # pgvector's limit
        raise ValueError(f"expected 1 to 16000 dimensions, got {len(numbers)}")
    if not all(map(math.isfinite, numbers)):
        raise ValueError("expected finite numbers within float32")
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


# An iterator can be read only once, and a statement that is prepared anew reads its values again.
_NO_LISTS = (str, bytes, bytearray, Mapping, Iterator)


def items(value: Any, check: Check) -> list[Any]:
    """A list whose items all pass `check`; None stands for NULL."""
    if isinstance(value, _NO_LISTS) or not isinstance(value, Iterable):
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
    "json": json,
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
    (dict, json),
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
_SIZED = ("text", "vector")


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
    if size is not None and name not in _SIZED:
        raise ValueError(f"{name} takes no size")
    return Type(name, int(size) if size is not None else None, bool(is_array))


def check_for(declared: Type) -> Check:
    """The check of a declared type (of `Row[]`: see `Row.check_items`)."""
    check = _CHECKS[declared.name]
    if declared.size is not None:
        check = partial(vector if declared.name == "vector" else sized_text, size=declared.size)
    return partial(items, check=check) if declared.array else check


def vector_wire(numbers: array[float]) -> bytes:
    """Little-endian float32, four bytes a dimension: the form SQLite stores."""
    return struct.pack(f"<{len(numbers)}f", *numbers)
