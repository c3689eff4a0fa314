"""Values in SQLite: what each declared type is stored as, and how it is read back.

uuid and timestamptz are text of fixed width (so text order is time order), json is text, bool is 0
or 1, numeric is text, vectors are little-endian float32. No adapters or converters are registered
with sqlite3: the declared types convert. No I/O here.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from ..jsontext import encode_json, timestamp_text
from ..query import Param, Row, Variant
from ..types import Type, anything, vector_wire

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


def _vector(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 4}f", data))


_READ: dict[str, Decode] = {
    "bool": bool,
    "uuid": UUID,
    "timestamptz": datetime.fromisoformat,
    "date": date.fromisoformat,
    "numeric": Decimal,
    "json": json.loads,
    "float": float,
    "vector": _vector,
}


def encoders(variant: Variant) -> tuple[Encode, ...]:
    """One function a placeholder: the value as sqlite3 binds it, or ValueError."""
    return tuple(_encoder(variant.query.params[index]) for index in variant.order)


@cache
def _encoder(param: Param) -> Encode:
    check = param.check
    store: Encode | None = _STORED.get(param.type.name)
    if param.row is not None:
        store = None
    elif param.type.array:
        store = encode_json
    elif param.type.name == "any":
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


def decoder(declared: Type) -> Decode | None:
    """What reads a stored value that is not NULL; None where it needs nothing."""
    if declared.array:
        item = _READ.get(declared.name)
        return lambda text: [
            value if value is None or item is None else item(value) for value in json.loads(text)
        ]
    return _READ.get(declared.name)


def row_decoder(row: Row) -> Callable[[Sequence[Any]], Any]:
    """A function from sqlite3's tuple to the row.

    It is written as source, so that only the columns that need a conversion pay for one.
    """
    scope: dict[str, Any] = {"make": row.cls._make}  # type: ignore[attr-defined]
    parts = []
    for index, column in enumerate(row.columns):
        decode = decoder(column.type)
        value = f"r[{index}]"
        if decode is not None:
            scope[f"d{index}"] = decode
            value = f"d{index}({value})"
            if column.nullable:
                value = f"None if r[{index}] is None else {value}"
        parts.append(f"({value})")
    if len(scope) == 1:
        return scope["make"]  # type: ignore[no-any-return]
    source = f"lambda r: make(({', '.join(parts)},))"
    return eval(source, scope)  # type: ignore[no-any-return]  # noqa: S307 - column numbers only
