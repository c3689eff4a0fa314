"""The pages that a write-ahead log of SQLite has committed, as far as its checksums hold."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

_HEADER, _FRAME = 32, 24
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}  # the byte order of the checksums


class Log(NamedTuple):
    """A log: the size of its pages, and the newest committed form of each."""

    page_size: int
    pages: dict[int, bytes]


def committed(path: Path) -> Log | None:
    """What the log at `path` has; None where it is none. It ends where a checksum is wrong."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
        if len(header) < _HEADER:
            return None
        magic, _, size, _, *salt, first, second = struct.unpack(">8I", header)
        if magic not in _MAGIC:
            return None
        order = _MAGIC[magic]
        sums = _checksum(header[:24], (0, 0), order)
        if sums != (first, second):
            return None
        pages: dict[int, bytes] = {}
        pending: dict[int, bytes] = {}
        while len(frame := file.read(_FRAME + size)) == _FRAME + size:
            number, commit, *rest = struct.unpack_from(">6I", frame)
            sums = _checksum(frame[_FRAME:], _checksum(frame[:8], sums, order), order)
            if rest != [*salt, *sums]:
                break
            pending[number] = frame[_FRAME:]
            if commit:
                pages.update(pending)
                pages = {number: data for number, data in pages.items() if number <= commit}
                pending = {}
        return Log(size, pages)


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
