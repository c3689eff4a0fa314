"""Rows of JSON read as a stream, each with its place: JSON lines, or one array of objects.

The array may stand alone or as the single member of an object (`{"items": […]}`), in one line or
laid out over many. Memory is bounded by the largest row, whatever the layout.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO, NamedTuple

from .jsondecoder import Decoder, is_cut, may_be_cut, not_json, unreadable

MAX_ROW = 1 << 28  # bytes; PostgreSQL takes no larger text or JSON than this
_CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\r\n]*")
_ARRAY = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*(?:\[|\{\s*"(?P<member>[^"\\\x80-\xff]*)"\s*:\s*\[(?=\s*\{))"""
)
_BOM = codecs.BOM_UTF8
_TOO_LARGE = f"expected rows of at most {MAX_ROW >> 20} MiB"
_ENDED = "the file ends within a row"


class Place(NamedTuple):
    """Where in a file, from 1; the character where the line alone does not tell."""

    line: int
    character: int | None = None

    def __str__(self) -> str:
        """As it follows a file's name."""
        return str(self.line) if self.character is None else f"{self.line}:{self.character}"


class Item(NamedTuple):
    """An object, and the text it was read from."""

    place: Place
    text: str
    row: dict[str, Any]


class Fault(NamedTuple):
    """What stands where an object should, and cannot be read as one."""

    place: Place
    reason: str


def read(stream: BinaryIO, columns: Collection[str], *, exact: bool) -> Iterator[Item | Fault]:
    """The objects of a file in UTF-8, and what is wrong with those that are none.

    Behind a fault in JSON lines the next line is read; an array ends where it is not JSON.
    `columns` tells a row from an object that holds the array. With `exact`, numbers that are not
    whole are `Exact`.
    """
    source = _Source(stream)
    decode = Decoder(exact=exact)
    opening = _ARRAY.match(source.head)
    if opening is None:
        return _lines(source, decode)
    member = opening["member"]
    if member is not None and member.decode() in columns:
        return _lines(source, decode)
    behind = len(opening.group().removeprefix(_BOM))
    return _array(_Window(source), decode, behind, wrapped=member is not None)


def member_place(item: Item, name: str) -> Place:
    """Where in the file an object's member stands; the object itself where it has none."""
    line, character = item.place
    if character is None:
        return item.place
    offset = _member_offset(item.text, name)
    before = item.text.count("\n", 0, offset)
    if before:
        return Place(line + before, offset - item.text.rindex("\n", 0, offset))
    return Place(line, character + offset)


def _member_offset(text: str, name: str) -> int:
    scan = json.JSONDecoder().raw_decode
    position = _space(text, 1)
    while text[position] != "}":
        start = position
        key, position = scan(text, start)
        if key == name:
            return start
        position = _space(text, position) + 1  # the colon
        _, position = scan(text, _space(text, position))
        position = _space(text, position)
        if text[position] == ",":
            position = _space(text, position + 1)
    return 0


def _space(text: str, position: int) -> int:
    """The end of the white space that begins at `position`."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


class _Source:
    """A stream whose beginning can be looked at first."""

    def __init__(self, stream: BinaryIO) -> None:
        self.head = stream.read(_CHUNK)
        self._head = io.BytesIO(self.head)
        self._stream = stream

    def readline(self, limit: int) -> bytes:
        line = self._head.readline(limit)
        if line.endswith(b"\n") or len(line) == limit:
            return line
        return line + self._stream.readline(limit - len(line))

    def read(self, size: int) -> bytes:
        return self._head.read(size) or self._stream.read(size)


# -- JSON lines


def _lines(source: _Source, decode: Decoder) -> Iterator[Item | Fault]:
    number = 0
    while line := source.readline(MAX_ROW + 1):
        number += 1
        if len(line) > MAX_ROW:
            yield Fault(Place(number), _TOO_LARGE)
            return
        if number == 1:
            line = line.removeprefix(_BOM)
        if not line.isspace() and line:
            yield _line(line, number, decode)


def _line(line: bytes, number: int, decode: Decoder) -> Item | Fault:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Fault(Place(number, len(line[: error.start].decode()) + 1), "expected UTF-8")
    start = _space(text, 0)
    try:
        value, end, fault = decode(text, start)
    except json.JSONDecodeError as error:
        ended = not text.endswith("\n") and is_cut(error)
        return Fault(Place(number, error.pos + 1), _ENDED if ended else not_json(error))
    except (ValueError, RecursionError) as error:
        return Fault(Place(number), unreadable(error))
    if fault or not isinstance(value, dict):
        return Fault(Place(number), fault or f"expected an object, got {_kind(value)}")
    if (behind := _space(text, end)) != len(text):
        return Fault(Place(number, behind + 1), "expected one object a line")
    return Item(Place(number), text, value)


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


# -- an array


class _Window:
    """The part of a text that is being read, and how far into the file it is."""

    def __init__(self, source: _Source) -> None:
        self.text = ""
        self.position = 0
        self.fault = ""  # why there is no more
        self._source = source
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._counted = 0
        self._line = 1
        self._character = 1

    def skip(self) -> str:
        """Go to the next character that is no white space; "" at the end."""
        while True:
            self.position = _space(self.text, self.position)
            if self.position < len(self.text):
                return self.text[self.position]
            if not self.more():
                return ""

    def more(self) -> bool:
        """Drop what is read and append as much as remains; whether there was any."""
        if self.fault:
            return False
        self.place(self.position)
        self.text = self.text[self.position :]
        self.position = self._counted = 0
        if len(self.text) > MAX_ROW:
            self.fault = _TOO_LARGE
            return False
        data = self._source.read(max(_CHUNK, len(self.text)))  # so a row is tried a few times only
        try:
            self.text += self._decode(data, final=not data)
        except UnicodeDecodeError as error:
            self.text += error.object[: error.start].decode()
            self.fault = "expected UTF-8"
            return True
        return bool(data)

    def place(self, position: int) -> Place:
        """Where in the file this is; not before what was asked for last."""
        if lines := self.text.count("\n", self._counted, position):
            self._line += lines
            self._character = position - self.text.rindex("\n", self._counted, position)
        else:
            self._character += position - self._counted
        self._counted = position
        return Place(self._line, self._character)


def _array(
    window: _Window, decode: Decoder, behind: int, *, wrapped: bool
) -> Iterator[Item | Fault]:
    window.more()
    window.text = window.text.removeprefix("\ufeff")
    window.position = behind
    if window.skip() != "]":
        yield from _items(window, decode)
        if window.skip() != "]":
            return
    window.position += 1
    if wrapped:
        if window.skip() != "}":
            yield _expected(window, "the end of the object: nothing stands beside the array")
            return
        window.position += 1
    if window.skip():
        yield _expected(window, "the end of the file")


def _items(window: _Window, decode: Decoder) -> Iterator[Item | Fault]:
    """The objects up to the bracket that closes the array, or to what cannot be read."""
    while True:
        if window.skip() != "{":
            yield _expected(window, "an object")
            return
        item, goes_on = _item(window, decode)
        yield item
        if not goes_on:
            return
        if (found := window.skip()) != ",":
            if found != "]":
                yield _expected(window, "a comma or the array's end")
            return
        window.position += 1


def _expected(window: _Window, what: str) -> Fault:
    place = window.place(window.position)
    if window.position < len(window.text):
        return Fault(place, f"expected {what}")
    return Fault(place, window.fault or f"expected {what}; the file ends here")


def _item(window: _Window, decode: Decoder) -> tuple[Item | Fault, bool]:
    """The object that begins here, and whether its end was found: reading goes on behind it."""
    while True:
        try:
            value, end, fault = decode(window.text, window.position)
        except json.JSONDecodeError as error:
            inside = error.pos - window.position
            if may_be_cut(error):
                if window.more():
                    continue
                if window.fault:
                    return Fault(window.place(len(window.text)), window.fault), False
            reason = _ENDED if is_cut(error) else not_json(error)
            return Fault(window.place(window.position + inside), reason), False
        except (ValueError, RecursionError) as error:
            return Fault(window.place(window.position), unreadable(error)), False
        place = window.place(window.position)
        text = window.text[window.position : end]
        window.position = end
        return Fault(place, fault) if fault else Item(place, text, value), True
