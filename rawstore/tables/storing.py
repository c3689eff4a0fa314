"""Columns of cells to what SQLite stores, many at a time. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from ..jsontext import timestamp_text
from ..types import Type
from .cells import Cell, Cells, Odd, unpacker
from .stored import Report

_US_TO_2000 = 946_684_800_000_000
_DAYS_TO_2000 = 10957
# The first and the last microsecond, and day, that Python's datetime knows.
_FIRST, _LAST = -63_082_281_600_000_000, 252_455_615_999_999_999
_FIRST_DAY, _LAST_DAY = -730_119, 2_921_939


def stored_column(declared: Type, cells: Cells, report: Report | None = None) -> list[Any]:
    """What sqlite3 binds for a column of cells. What SQLite cannot hold is told to `report`."""
    present = [cell for cell in cells if cell is not None]
    quick = None if declared.array else _QUICK.get(declared.name, _texts)
    made: list[Any] | None = None
    if quick and present and Odd not in set(map(type, present)):
        made = quick(present)
    if made is None:
        return [_one(declared, cell, index, report) for index, cell in enumerate(cells)]
    if len(made) == len(cells):
        return made
    values = iter(made)
    return [None if cell is None else next(values) for cell in cells]


def _one(declared: Type, cell: Cell, index: int, report: Report | None) -> Any:
    if cell is None:
        return None
    if isinstance(cell, Odd):
        return cell.value
    try:
        return _stored(declared, cell)
    except ValueError as error:
        if report is None:
            raise
        report(index, str(error))
        return None


def _stored(declared: Type, cell: bytes) -> Any:
    if declared.array:
        unpacker(declared)(cell)
    if declared.array or declared.name in ("json", "numeric", "text"):
        text = cell.decode()
        if declared.name == "numeric" and text in ("NaN", "Infinity", "-Infinity"):
            raise ValueError("a numeric that is no number (NaN or infinity)")
        return text
    value = unpacker(declared)(cell)
    if declared.name == "float" and value != value:
        raise ValueError("a float that is no number (NaN), which SQLite takes for NULL")
    if isinstance(value, datetime):
        return timestamp_text(value)
    if declared.name == "vector":
        return struct.pack(f"<{len(value)}f", *value)
    return str(value) if declared.name in ("uuid", "date") else value


# -- many values; None where each has to be looked at


def _texts(cells: Sequence[bytes]) -> list[Any] | None:
    return list(map(bytes.decode, cells))


def _integers(code: str) -> Callable[[Sequence[bytes]], list[Any]]:
    return lambda cells: list(struct.unpack(f">{len(cells)}{code}", b"".join(cells)))


def _floats(cells: Sequence[bytes]) -> list[Any] | None:
    found = struct.unpack(f">{len(cells)}d", b"".join(cells))
    total = sum(found)
    return list(found) if total == total else None


def _bools(cells: Sequence[bytes]) -> list[Any]:
    return list(b"".join(cells))


def _uuids(cells: Sequence[bytes]) -> list[Any]:
    digits = b"".join(cells).hex()
    return [
        f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-{digits[at + 12 : at + 16]}"
        f"-{digits[at + 16 : at + 20]}-{digits[at + 20 : at + 32]}"
        for at in range(0, len(digits), 32)
    ]


def _timestamps(cells: Sequence[bytes]) -> list[Any] | None:
    found = np.frombuffer(b"".join(cells), ">i8")
    if (found < _FIRST).any() or (found > _LAST).any():
        return None
    moments = (found.astype(np.int64) + _US_TO_2000).astype("datetime64[us]")
    return [f"{text}Z" for text in np.datetime_as_string(moments, unit="us").tolist()]


def _dates(cells: Sequence[bytes]) -> list[Any] | None:
    found = np.frombuffer(b"".join(cells), ">i4")
    if (found < _FIRST_DAY).any() or (found > _LAST_DAY).any():
        return None
    days = (found.astype(np.int64) + _DAYS_TO_2000).astype("datetime64[D]")
    return list(np.datetime_as_string(days).tolist())


def _vectors(cells: Sequence[bytes]) -> list[Any]:
    return [np.frombuffer(cell, ">f4", offset=4).astype("<f4").tobytes() for cell in cells]


def _blobs(cells: Sequence[bytes]) -> list[Any]:
    return list(cells)


def _no(_: Sequence[bytes]) -> None:
    return None


_QUICK: dict[str, Callable[[Sequence[bytes]], list[Any] | None]] = {
    "smallint": _integers("h"),
    "int": _integers("i"),
    "bigint": _integers("q"),
    "float": _floats,
    "bool": _bools,
    "bytes": _blobs,
    "uuid": _uuids,
    "timestamptz": _timestamps,
    "date": _dates,
    "vector": _vectors,
    "numeric": _no,
    "any": _no,
}
