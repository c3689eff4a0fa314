"""Columns of values as SQLite stores them, to cells and back, many at a time. Pure.

Where all values of a column are what they mostly are, NumPy or one call of the standard library
does them at once; the others are looked at one by one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from ..types import Type
from .canonical import check_json
from .cells import Cell, Cells, Odd, pack_any, packer, unpacker

if TYPE_CHECKING:
    from numpy.typing import NDArray

Values = Sequence[Any]
# Which value of the column, and why it is not of its type.
Report = Callable[[int, str], object]

_SHORT = 100  # bytes of JSON that is likely to come again
_SIZE = {"smallint": 2, "int": 4, "bigint": 8, "float": 8, "bool": 1, "uuid": 16}
_CODE = {"smallint": "h", "int": "i", "bigint": "q"}
_US_TO_2000 = 946_684_800_000_000
_DAYS_TO_2000 = 10957
_FINER = re.compile(r"\.\d{6}0*[1-9]")
_DASHES = np.array([8, 13, 18, 23])


def column_cells(declared: Type, values: Values, report: Report | None = None) -> Cells:
    """The cells of what SQLite stores: text as bytes in UTF-8 (or str), blobs as memoryviews.

    What is not of the type is told to `report`, and becomes an `Odd`.
    """
    present = [value for value in values if value is not None]
    quick = None if declared.array else _QUICK.get(declared.name)
    if declared.name == "json" and report is None:
        quick = _quick_text  # that it is JSON does not matter then
    made = quick(declared, present) if quick and present else None
    if made is None:
        return [_one(declared, value, index, report) for index, value in enumerate(values)]
    if len(made) == len(values):
        return made  # type: ignore[return-value]
    cells = iter(made)
    return [None if value is None else next(cells) for value in values]


def _one(declared: Type, value: Any, index: int, report: Report | None) -> Cell:
    if value is None:
        return None
    try:
        return _cell(declared, _python(value))
    except ValueError as error:
        if report is not None:
            report(index, str(error))
        return Odd.of(_python(value, broken="surrogateescape"))


def _python(value: Any, broken: str = "strict") -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8", broken)
    except UnicodeDecodeError:
        raise ValueError("text with bytes that are no UTF-8") from None


# -- one value


def _cell(declared: Type, value: Any) -> bytes:
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
    if isinstance(value, int) and declared.name in _CODE and "bits" in found:
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
    return moment.astimezone(UTC)


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
    "numeric": _read_numeric,
    "vector": _read_vector,
}


# -- many values; None where each has to be looked at


def _all(values: Values, kind: type) -> bool:
    return set(map(type, values)) == {kind}


def _sliced(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _quick_text(declared: Type, values: Values) -> list[bytes] | None:
    if not _all(values, bytes):
        return None
    if declared.size is not None and max(map(len, values)) > declared.size:
        return None
    joined = b"\1".join(values)
    return list(values) if b"\0" not in joined and _is_utf8(joined) else None


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quick_integer(declared: Type, values: Values) -> list[bytes] | None:
    if not _all(values, int):
        return None
    try:
        packed = struct.pack(f">{len(values)}{_CODE[declared.name]}", *values)
    except struct.error:
        return None
    return _sliced(packed, _SIZE[declared.name])


def _quick_float(_: Type, values: Values) -> list[bytes] | None:
    if not _all(values, float):
        return None
    return _sliced(struct.pack(f">{len(values)}d", *values), 8)


def _quick_bool(_: Type, values: Values) -> list[bytes] | None:
    if not _all(values, int) or not set(values) <= {0, 1}:
        return None
    return [b"\1" if value else b"\0" for value in values]


def _quick_bytes(_: Type, values: Values) -> list[bytes] | None:
    return list(map(bytes, values)) if _all(values, memoryview) else None


def _matrix(values: Values, width: int) -> NDArray[np.uint8] | None:
    """Texts of one width as rows of bytes."""
    if not _all(values, bytes) or set(map(len, values)) != {width}:
        return None
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, width)


def _quick_uuid(_: Type, values: Values) -> list[bytes] | None:
    found = _matrix(values, 36)
    if found is None or (found[:, _DASHES] != 0x2D).any():
        return None
    try:
        raw = bytes.fromhex(found.tobytes().replace(b"-", b"").decode("ascii"))
    except ValueError:
        return None
    return _sliced(raw, 16) if len(raw) == 16 * len(values) else None


_MARKS = {10: "    -  -  ", 27: "    -  -  T  :  :  .      Z"}


def _calendar(values: Values, width: int) -> NDArray[np.datetime64] | None:
    """Dates or times of fixed width, if NumPy can read all of them."""
    found = _matrix(values, width)
    if found is None:
        return None
    marks = np.frombuffer(_MARKS[width].encode(), np.uint8)
    is_digit = marks == 0x20
    digits = found[:, is_digit]
    if (found[:, ~is_digit] != marks[~is_digit]).any() or ((digits < 48) | (digits > 57)).any():
        return None
    texts = np.frombuffer(found.tobytes(), f"S{width}")
    if width == 27:
        texts = texts.astype("S26")  # without the Z, which NumPy warns of
    if (digits[:, :4] == 48).all(axis=1).any():
        return None  # the year 0
    try:
        return texts.astype("datetime64[us]" if width == 27 else "datetime64[D]")
    except ValueError:
        return None


def _quick_timestamp(_: Type, values: Values) -> list[bytes] | None:
    found = _calendar(values, 27)
    if found is None:
        return None
    return _sliced((found.astype(np.int64) - _US_TO_2000).astype(">i8").tobytes(), 8)


def _quick_date(_: Type, values: Values) -> list[bytes] | None:
    found = _calendar(values, 10)
    if found is None:
        return None
    return _sliced((found.astype(np.int64) - _DAYS_TO_2000).astype(">i4").tobytes(), 4)


def _quick_vector(declared: Type, values: Values) -> list[bytes] | None:
    if not _all(values, memoryview):
        return None
    lengths = set(map(len, values))
    (length,) = lengths if len(lengths) == 1 else (0,)
    if not 4 <= length <= 64000 or length % 4 or declared.size not in (None, length // 4):
        return None
    numbers = np.frombuffer(b"".join(values), "<f4")
    if not np.isfinite(numbers).all():
        return None
    head = struct.pack(">HH", length // 4, 0)
    return [head + cell for cell in _sliced(numbers.astype(">f4").tobytes(), length)]


def _quick_json(_: Type, values: Values) -> list[bytes] | None:
    if _quick_text(Type("json"), values) is None:
        return None
    try:
        for value in values:
            _check_short(value) if len(value) <= _SHORT else check_json(value.decode())
    except ValueError:
        return None
    return list(values)


@lru_cache(maxsize=10_000)
def _check_short(text: bytes) -> None:
    check_json(text.decode())


def _quick_any(_: Type, values: Values) -> list[bytes] | None:
    if not _all(values, bytes) or not _is_utf8(b"\1".join(values)):
        return None
    return [b"t" + value for value in values]


_QUICK: dict[str, Callable[[Type, Values], list[bytes] | None]] = {
    "any": _quick_any,
    "text": _quick_text,
    "json": _quick_json,
    "smallint": _quick_integer,
    "int": _quick_integer,
    "bigint": _quick_integer,
    "float": _quick_float,
    "bool": _quick_bool,
    "bytes": _quick_bytes,
    "uuid": _quick_uuid,
    "timestamptz": _quick_timestamp,
    "date": _quick_date,
    "vector": _quick_vector,
}
