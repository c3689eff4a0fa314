"""Columns of values as SQLite stores them, to cells and back, many at a time. Pure.

Where all values of a column are what they mostly are, NumPy or one call of the standard library
does them at once; the others are looked at one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..types import Type
from .canonical import check_json_all
from .cells import Cell, Cells, Odd
from .stored_value import INTEGERS, stored_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

Values = Sequence[Any]
# Which value of the column, and why it is not of its type.
Report = Callable[[int, str], object]

_SIZE = {"smallint": 2, "int": 4, "bigint": 8, "float": 8, "bool": 1, "uuid": 16}
_US_TO_2000 = 946_684_800_000_000
_DAYS_TO_2000 = 10957
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
        return stored_cell(declared, _python(value))
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


# -- many values; None where each has to be looked at


def _all(values: Values, kind: type) -> bool:
    return set(map(type, values)) == {kind}


def _sliced(data: bytes, size: int) -> list[bytes]:
    return list(struct.unpack(f"{size}s" * (len(data) // size), data))


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
        packed = struct.pack(f">{len(values)}{INTEGERS[declared.name]}", *values)
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
        check_json_all(values)
    except ValueError:
        return None
    return list(values)


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
