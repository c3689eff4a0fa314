"""Values in SQLite: what each declared type is stored as, and how it is read back.

uuid and timestamptz are text of fixed width (so text order is time order), json is text, bool is 0
or 1, numeric is text, vectors are little-endian float32. No adapters or converters are registered
with sqlite3: the declared types convert. No I/O here.

Encoders and readers are written as source, one function for all values of a call and one for all
columns of a row: a value of the class that a type mostly meets costs a test, not a call.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID, SafeUUID

from ..jsontext import encode_json, timestamp_text
from ..query import Column, Param, Row, Variant
from ..types import Type, anything, vector_wire
from .parameters import Items

Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]

_STORED: dict[str, Encode] = {
    "uuid": str,
    "timestamptz": timestamp_text,
    "date": date.isoformat,
    "numeric": lambda number: f"{number:f}",
    "vector": vector_wire,
}
_BY_CLASS: tuple[tuple[type, Encode], ...] = (
    (UUID, str),
    (datetime, timestamp_text),
    (date, date.isoformat),
    (Decimal, lambda number: f"{number:f}"),
    (list, encode_json),
)

# -- to the database

# By type: what holds of most values, and what is then bound. They give what `_encoder` gives.
_SIMPLE: dict[str, tuple[str, str]] = {
    "text": ("type({v}) is str and {v}.isascii() and '\\0' not in {v}", "{v}"),
    "smallint": ("type({v}) is int and -0x8000 <= {v} < 0x8000", "{v}"),
    "int": ("type({v}) is int and -0x80000000 <= {v} < 0x80000000", "{v}"),
    "bigint": (
        "type({v}) is int and -0x8000000000000000 <= {v} < 0x8000000000000000",
        "{v}",
    ),
    "float": ("type({v}) is float and {v} == {v}", "{v}"),
    "bool": ("type({v}) is bool", "{v}"),
    "bytes": ("type({v}) is bytes", "{v}"),
    "date": ("type({v}) is date", "{v}.isoformat()"),
    "uuid": ("type({v}) is UUID", "'-'.join(groups('%032x' % {v}.int))"),  # faster than str
    "timestamptz": (
        "type({v}) is datetime and {v}.tzinfo is UTC",
        "{v}.isoformat('T', 'microseconds')[:26] + 'Z'",
    ),
}
_GROUPS = itemgetter(slice(8), slice(8, 12), slice(12, 16), slice(16, 20), slice(20, 32))
_CLASSES: dict[str, Any] = {
    "UTC": UTC,
    "UUID": UUID,
    "date": date,
    "datetime": datetime,
    "groups": _GROUPS,
}


def encoder(variant: Variant) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """A function from a call's values, in the placeholders' order, to what sqlite3 binds.

    It raises ValueError and the like for what a declared type refuses.
    """
    params = [variant.query.params[index] for index in variant.order]
    if not params:
        return tuple
    scope = dict(_CLASSES)
    parts = []
    for index, param in enumerate(params):
        name = f"v{index}"
        scope[f"e{index}"] = _encoder(param)
        parts.append(_encoded(param, name, f"e{index}({name})"))
    names = "".join(f"v{index}, " for index in range(len(params)))
    source = f"def encode(values):\n    {names}= values\n    return ({', '.join(parts)},)\n"
    exec(source, scope)  # noqa: S102 - made of numbers and the texts above
    return scope["encode"]  # type: ignore[no-any-return]


def _encoded(param: Param, name: str, otherwise: str) -> str:
    """The source of a value's bound form: `otherwise` where it is not a simple one."""
    declared = param.type
    if param.row is not None or declared.array or declared.name not in _SIMPLE:
        return otherwise
    test, bound = (part.format(v=name) for part in _SIMPLE[declared.name])
    if declared.size is not None:
        test += f" and len({name}) <= {declared.size}"
    if param.bound:
        test += f" and {name} >= 0"
    source = f"{bound} if {test} else {otherwise}"
    return f"None if {name} is None else {source}" if param.nullable else source


def bound_items(variant: Variant, items: Items) -> list[tuple[Any, ...]]:
    """Each item of a `:batch` call as sqlite3 binds it; they are checked already."""
    params = [variant.query.params[index] for index in variant.order]
    if not params:
        return [()] * len(items)
    stores = map(_store, params)
    columns = [
        column if store is None else [None if value is None else store(value) for value in column]
        for store, column in zip(stores, items.columns, strict=True)
    ]
    return list(zip(*columns, strict=True))


def _store(param: Param) -> Encode | None:
    """The function of a checked value that is not bound as it is."""
    if param.row is not None:
        return None
    if param.type.array:
        return encode_json
    return _any if param.type.name == "any" else _STORED.get(param.type.name)


@cache
def _encoder(param: Param) -> Encode:
    """The function of one value: as sqlite3 binds it, or ValueError."""
    check, store = param.check, _store(param)
    if store is _any:
        return _any
    if store is None:
        encode = check
    else:
        stored = store

        def encode(value: Any) -> Any:
            return stored(check(value))

    if not param.nullable:
        return encode
    return lambda value: None if value is None else encode(value)


def _any(value: Any) -> Any:
    if value is None:
        return None
    checked = anything(value)
    for kind, store in _BY_CLASS:
        if isinstance(checked, kind):
            return store(checked)
    return checked


# -- from the database

_new_object = object.__new__
_set_number = UUID.__dict__["int"].__set__  # its slots, which UUID itself forbids to set
_set_safety = UUID.__dict__["is_safe"].__set__
_UNKNOWN = SafeUUID.unknown


def read_uuid(text: str) -> UUID:
    """`UUID(text)`, in less than half its time for 32 digits with or without hyphens."""
    try:
        digits = text.replace("-", "")
        if len(digits) != 32:
            return UUID(text)
        number = int(digits, 16)
    except (ValueError, AttributeError, TypeError):
        return UUID(text)  # in braces, or none at all
    made = _new_object(UUID)
    _set_number(made, number)
    _set_safety(made, _UNKNOWN)
    return made


def _vector(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 4}f", data))


_READ: dict[str, Decode] = {
    "bool": bool,
    "uuid": read_uuid,
    "timestamptz": datetime.fromisoformat,
    "date": date.fromisoformat,
    "numeric": Decimal,
    "json": json.loads,
    "float": float,
    "vector": _vector,
}


def decoder(declared: Type) -> Decode | None:
    """What reads a stored value that is not NULL; None where it needs nothing."""
    if declared.array:
        item = _READ.get(declared.name)
        return lambda text: [
            value if value is None or item is None else item(value) for value in json.loads(text)
        ]
    return _READ.get(declared.name)


One = Callable[[Any], Any]
Many = Callable[[Sequence[Any]], list[Any]]


def readers(row: Row) -> tuple[One, Many]:
    """What makes a declared row of sqlite3's tuple, and what does so for a list of them."""
    scope: dict[str, Any] = {"new": tuple.__new__, "cls": row.cls}
    columns = [_column(index, column, scope) for index, column in enumerate(row.columns)]
    names = "".join(f"c{index}, " for index in range(len(columns)))
    made = f"new(cls, ({', '.join(columns)},))"
    return compiled_readers(names, made, scope)


def _column(index: int, column: Column, scope: dict[str, Any]) -> str:
    """The source of a column's value; what it calls goes into `scope`."""
    value = f"c{index}"
    decode = decoder(column.type)
    if decode is None:
        return value
    scope[f"d{index}"] = decode
    read = f"d{index}({value})"
    if decode is float:  # in a column of reals it is one
        read = f"{value} if type({value}) is float else {read}"
    return f"None if {value} is None else {read}" if column.nullable else f"({read})"


def compiled_readers(names: str, made: str, scope: dict[str, Any]) -> tuple[One, Many]:
    """Two functions from the source of `names` that take a tuple apart and of what is `made`."""
    source = (
        f"def one(values):\n    {names} = values\n    return {made}\n"
        f"def many(found):\n    return [{made} for {names} in found]\n"
    )
    exec(source, scope)  # noqa: S102 - made of column numbers
    return scope["one"], scope["many"]
