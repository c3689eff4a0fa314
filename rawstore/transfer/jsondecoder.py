"""JSON as RFC 8259 has it, of which Python's own decoder takes more. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

_TOO_DEEP = "expected JSON of fewer levels"
_CUT = re.compile(r"\s*(?:tr?u?|fa?l?s?|nu?l?|-|\\?u?[\da-fA-F]{0,4})")


class Exact(float):
    """A number with a point or an exponent that keeps its digits."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Exact:
        """The number of this text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class Decoder:
    """JSON as RFC 8259 has it: no NaN, and no name twice in an object."""

    def __init__(self, *, exact: bool) -> None:
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_float=Exact if exact else None,
        )
        self._faults: list[str] = []

    def __call__(self, text: str, start: int) -> tuple[Any, int, str | None]:
        """The value that begins at `start`, its end, and what it should not hold.

        Raises json.JSONDecodeError; ValueError and RecursionError for what Python cannot hold.
        """
        self._faults.clear()
        value, end = self._decoder.raw_decode(text, start)
        return value, end, self._faults[0] if self._faults else None

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            twice = next(name for name, count in Counter(n for n, _ in pairs).items() if count > 1)
            self._faults.append(f"{shown(twice)} stands twice in one object")
        return made

    def _constant(self, name: str) -> None:
        self._faults.append(f'expected JSON, which has no {name}; write "{name}" in quotes')


def shown(name: str) -> str:
    """A name that the file made up, as a message may hold it."""
    return repr(name if len(name) <= 60 else f"{name[:60]}…")


def not_json(error: json.JSONDecodeError) -> str:
    """What is wrong with a text."""
    return f"not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' at')}"


def unreadable(error: Exception) -> str:
    """What is wrong with a text that is JSON, but more than Python holds."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    return "expected numbers of at most 4 300 digits"


def is_cut(error: json.JSONDecodeError) -> bool:
    """Whether the text is good as far as it goes: it ends in a string, a literal, an escape."""
    unterminated = error.msg.startswith("Unterminated string")
    return unterminated or _CUT.fullmatch(error.doc, error.pos) is not None


def may_be_cut(error: json.JSONDecodeError) -> bool:
    """Whether more text could help: a literal or an escape that is cut is found at its start."""
    return error.msg.startswith("Unterminated string") or error.pos >= len(error.doc) - 12
