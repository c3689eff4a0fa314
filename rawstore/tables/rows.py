"""Rows of cells as bytes: what binary COPY carries, and what is hashed. Pure."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence

from .cells import Cells

HASH = 16  # bytes of a row's hash
_MODULUS = 1 << 8 * HASH
_length = struct.Struct(">i")
_NULL = _length.pack(-1)


class _Lengths(dict[int, bytes]):
    """The lengths before cells; the usual ones are at hand."""

    def __missing__(self, length: int) -> bytes:
        return _length.pack(length)


_lengths = _Lengths({length: _length.pack(length) for length in range(256)})


def framed(columns: Sequence[Cells], head: bytes = b"") -> list[bytes]:
    """Each row as `head` and, for each column, the cell's length (-1: NULL) and the cell."""
    parts = _parts(columns, head)
    step = 2 * len(columns) + 1
    join = b"".join
    return [join(parts[at : at + step]) for at in range(0, len(parts), step)]


def stream(columns: Sequence[Cells], head: bytes) -> bytes:
    """The framed rows, one behind the other."""
    return b"".join(_parts(columns, head))


def _parts(columns: Sequence[Cells], head: bytes) -> list[bytes]:
    count = len(columns[0]) if columns else 0
    step = 2 * len(columns) + 1
    parts = [head] * (count * step)
    for number, column in enumerate(columns):
        if None in column:
            parts[2 * number + 1 :: step] = [
                _NULL if cell is None else _lengths[len(cell)] for cell in column
            ]
            parts[2 * number + 2 :: step] = [cell or b"" for cell in column]
        else:
            parts[2 * number + 1 :: step] = map(_lengths.__getitem__, map(len, column))  # type: ignore[arg-type]
            parts[2 * number + 2 :: step] = column  # type: ignore[assignment]
    return parts


def unframed(row: bytes, count: int, start: int = 0) -> list[bytes | None]:
    """The cells of a framed row, from the offset `start`."""
    cells: list[bytes | None] = []
    read = _length.unpack_from
    for _ in range(count):
        (length,) = read(row, start)
        start += 4
        if length < 0:
            cells.append(None)
        else:
            end = start + length
            cells.append(row[start:end])
            start = end
    return cells


def split(rows: list[bytes], count: int) -> tuple[list[Cells], list[bytes]]:
    """The first `count` columns of framed rows, and of each row what is behind them."""
    found: list[Cells] = []
    for _ in range(count):
        lengths = [int.from_bytes(row[:4], "big", signed=True) for row in rows]
        sized = list(zip(rows, lengths, strict=True))
        found.append([None if size < 0 else row[4 : 4 + size] for row, size in sized])
        rows = [row[4:] if size < 0 else row[4 + size :] for row, size in sized]
    return found, rows


def row_hashes(rows: Iterable[bytes]) -> list[bytes]:
    """A hash of each framed row."""
    blake2b = hashlib.blake2b
    return [blake2b(row, digest_size=HASH).digest() for row in rows]


class Sum:
    """The hashes of rows added up: in any order they give the same."""

    def __init__(self) -> None:
        self.rows = 0
        self._low = self._high = 0

    def add(self, hashes: Sequence[bytes]) -> None:
        """More rows."""
        numbers = struct.unpack(f"<{2 * len(hashes)}Q", b"".join(hashes))
        self._low += sum(numbers[::2])
        self._high += sum(numbers[1::2])
        self.rows += len(hashes)

    @property
    def hash(self) -> str:
        """The sum as hexadecimal digits."""
        return f"{(self._low + (self._high << 64)) % _MODULUS:0{2 * HASH}x}"
