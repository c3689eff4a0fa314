"""The pages of an SQLite file, read by its format where SQLite itself gives up.

See sqlite.org/fileformat2.html. Nothing is believed: what does not fit together raises `Broken`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from .wal import committed

MAGIC = b"SQLite format 3\0"
_JOURNAL = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
TABLE_LEAF, TABLE_INTERIOR, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x05, 0x0A, 0x02
LEAST, MOST = -(1 << 63), (1 << 63) - 1  # of rowids
Value = int | float | str | bytes | None
_SIZES = (4096, 1024, 2048, 8192, 16384, 32768, 65536, 512)
_SCANNED = 2000  # pages looked at to guess their size
_LARGEST = 1 << 30  # bytes of a record


class Broken(Exception):
    """What stands here is not what the format wants."""


class Cell(NamedTuple):
    """A cell of a b-tree: of a table `rowid`, of an interior page `child`."""

    rowid: int
    child: int
    values: tuple[Value, ...] | None


class Page(NamedTuple):
    """A b-tree's page: where its header begins, its kind, and where its cells are."""

    number: int
    kind: int
    data: bytes
    cells: tuple[int, ...]
    right: int

    @property
    def is_leaf(self) -> bool:
        """Whether it has no children."""
        return self.kind in (TABLE_LEAF, INDEX_LEAF)


class Pages:
    """A file's pages, with those over them that its write-ahead log has committed."""

    def __init__(self, path: Path) -> None:
        """Opens for reading alone. OSError where that cannot be."""
        self._file: BinaryIO = path.open("rb")
        self._length = path.stat().st_size
        header = self._file.read(100)
        self.has_header = header.startswith(MAGIC) and len(header) == 100
        wal = path.with_name(f"{path.name}-wal")
        log = committed(wal) if wal.exists() else None
        self._over = log.pages if log else {}
        size = _page_size(header) or (log.page_size if log else None) or self._guessed()
        if log and log.page_size != size:
            self._over = {}
        self.size = size
        self.count = max(-(-self._length // size), max(self._over, default=0))
        if self._over and not self.has_header:
            header = self.raw(1)[:100]
            self.has_header = header.startswith(MAGIC)
        self._zeros = False
        self.doubtful: set[tuple[int, int]] = set()
        self.encoding = self._encoding()
        self.usable = size
        if self.has_header and header[20]:  # bytes that each page reserves, if that is true
            self.usable = max((size - header[20], size), key=self._readable)
        journal = path.with_name(f"{path.name}-journal")  # of what SQLite would roll back
        self.journal = journal.exists() and journal.read_bytes().startswith(_JOURNAL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def logged(self) -> int:
        """How many pages the write-ahead log holds."""
        return len(self._over)

    def raw(self, number: int) -> bytes:
        """A page's bytes; `Broken` where it is missing or cut off."""
        if number in self._over:
            return self._over[number]
        if not 1 <= number <= self.count:
            raise Broken
        self._file.seek((number - 1) * self.size)
        data = self._file.read(self.size)
        if len(data) < self.size:
            raise Broken
        return data

    def page(self, number: int) -> Page:
        """A page of a b-tree."""
        return _page(number, self.raw(number), self.usable)

    def cell(self, page: Page, at: int) -> Cell:
        """A cell of a page, with the record's values but for a table's interior page."""
        data, child, rowid = page.data, 0, 0
        if not page.is_leaf:
            child = int.from_bytes(data[at : at + 4], "big")
            at += 4
        if page.kind == TABLE_INTERIOR:
            return Cell(_signed(_varint(data, at)[0]), child, None)
        size, at = _varint(data, at)
        if page.kind == TABLE_LEAF:
            rowid, at = _varint(data, at)
        self._zeros = False
        values = self._values(self._payload(page, at, size))
        if self._zeros:  # lost sectors read so; a blob may be meant so, a text is not
            if any(isinstance(value, str) and "\0" in value for value in values):
                raise Broken
            self.doubtful.add((page.number, at))
        return Cell(_signed(rowid), child, values)

    def free(self) -> tuple[set[int], bool]:
        """The pages that are in no use, and whether these are all of them."""
        found: set[int] = set()
        try:
            header = self.raw(1)
            if not header.startswith(MAGIC):
                return found, False
            trunk, total = struct.unpack_from(">II", header, 32)
            while trunk and trunk not in found:
                found.add(trunk)
                data = self.raw(trunk)
                trunk, count = struct.unpack_from(">II", data, 0)
                if count > self.usable // 4 - 2:
                    raise Broken
                found.update(struct.unpack_from(f">{count}I", data, 8))
        except Broken:
            return found, False
        return found, len(found) == total

    def _payload(self, page: Page, at: int, size: int) -> bytes:
        usable = self.usable
        largest = usable - 35 if page.kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        if size > _LARGEST:
            raise Broken
        local = size
        if size > largest:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (size - least) % (usable - 4)
            local = local if local <= largest else least
        if at + local + 4 * (size > local) > usable:
            raise Broken
        parts = [page.data[at : at + local]]
        if size > local:
            (number,) = struct.unpack_from(">I", page.data, at + local)
            parts += self._overflow(number, size - local)
        record = b"".join(parts)
        if len(record) != size:
            raise Broken
        return record

    def _overflow(self, number: int, left: int) -> Iterator[bytes]:
        seen: set[int] = set()
        while left > 0:
            if number in seen or not number:
                raise Broken
            seen.add(number)
            data = self.raw(number)
            self._zeros = self._zeros or not data.strip(b"\0")
            portion = data[4 : min(self.usable, 4 + left)]
            left -= len(portion)
            yield portion
            number = int.from_bytes(data[:4], "big")
        if number:
            raise Broken

    def _values(self, record: bytes) -> tuple[Value, ...]:
        end, at = _varint(record, 0)
        types = []
        while at < end:
            kind, at = _varint(record, at)
            types.append(kind)
        if at != end:
            raise Broken
        values: list[Value] = []
        for kind in types:
            value, at = _value(kind, record, at, self.encoding)
            values.append(value)
        if at != len(record):
            raise Broken
        return tuple(values)

    def _guessed(self) -> int:
        """The size at which the most of the file looks like pages of b-trees."""
        return max(_SIZES, key=self._likeness)

    def _encoding(self) -> str:
        """That of the file's schema, whatever its header says; UTF-8 if there is none."""
        for number in range(1, min(self.count, _SCANNED) + 1):
            with suppress(Broken):
                data = self.raw(number)
                for encoding in ("utf-8", "utf-16-be", "utf-16-le"):
                    if "CREATE TABLE ".encode(encoding) in data:
                        return encoding
        return "utf-8"

    def _readable(self, usable: int) -> int:
        """How many cells can be read if pages have so many bytes in use."""
        self.usable, found = usable, 0
        for number in range(1, min(self.count, _SCANNED) + 1):
            with suppress(Broken):
                page = self.page(number)
                for at in page.cells:
                    with suppress(Broken):
                        self.cell(page, at)
                        found += 1
        return found

    def _likeness(self, size: int) -> int:
        likely = 0
        for number in range(2, min(self._length // size, _SCANNED) + 1):
            self._file.seek((number - 1) * size)
            try:
                cells = _page(number, self._file.read(size), size).cells
            except (Broken, struct.error):
                continue
            likely += max(cells, default=0) >= size // 2  # cells are laid from the page's end
        return likely * size


def _page(number: int, data: bytes, usable: int) -> Page:
    at = 100 if number == 1 else 0
    kind, _, count, start, _ = struct.unpack_from(">BHHHB", data, at)
    leaf = kind in (TABLE_LEAF, INDEX_LEAF)
    if not leaf and kind not in (TABLE_INTERIOR, INDEX_INTERIOR):
        raise Broken
    first = at + (8 if leaf else 12)
    if first + 2 * count > usable or (count and first + 2 * count > (start or 65536)):
        raise Broken
    cells = struct.unpack_from(f">{count}H", data, first)
    if any(not first + 2 * count <= cell < usable for cell in cells):
        raise Broken
    right = 0 if leaf else int.from_bytes(data[at + 8 : at + 12], "big")
    return Page(number, kind, data, cells, right)


def _page_size(header: bytes) -> int | None:
    if not header.startswith(MAGIC):
        return None
    size = int.from_bytes(header[16:18], "big")
    size = 65536 if size == 1 else size
    return size if size in _SIZES else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(at, at + 8):
        if index >= len(data):
            raise Broken
        byte = data[index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, index + 1
    if at + 8 >= len(data):
        raise Broken
    return value << 8 | data[at + 8], at + 9


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


_WITHOUT_BYTES = {0: None, 8: 0, 9: 1}
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _value(kind: int, record: bytes, at: int, encoding: str) -> tuple[Value, int]:
    """A value of a record and where the next begins."""
    if kind in _WITHOUT_BYTES:
        return _WITHOUT_BYTES[kind], at
    if kind in (10, 11):
        raise Broken
    size = _INTEGERS.get(kind, 8) if kind < 12 else (kind - 12) // 2
    data = record[at : at + size]
    if len(data) < size:
        raise Broken
    if kind < 7:
        return int.from_bytes(data, "big", signed=True), at + size
    if kind == 7:
        return struct.unpack(">d", data)[0], at + size
    if kind % 2 == 0:
        return data, at + size
    try:
        return data.decode(encoding), at + size
    except UnicodeDecodeError:
        raise Broken from None
