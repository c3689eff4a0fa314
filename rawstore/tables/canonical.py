"""Values by what they mean, for comparing: JSON, numbers and arrays have many texts for one. Pure.

jsonb reorders keys, drops all but the last of a doubled one, and keeps numbers as numeric; so
objects are sorted here and numbers reduced to their digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NoReturn

from ..types import Type

_SHORT = 100  # bytes of a text that is likely to come again
_NUMBER = "\udfff"  # before a number's digits: no text that is stored holds it
_ESCAPED = re.compile(rb"\\u(?:0000|d[89a-f])", re.IGNORECASE)


def canonical(declared: Type) -> Callable[[bytes], bytes] | None:
    """What makes a cell of this type comparable; None where it is so already."""
    if declared.array or declared.name == "json":
        return json_canonical
    return numeric_canonical if declared.name == "numeric" else None


def numeric_canonical(text: bytes) -> bytes:
    """A number's digits: 1.50, 1.5 and 15E-1 are one."""
    return _digits(text.decode()).encode()


def json_canonical(text: bytes) -> bytes:
    """JSON's meaning, as text. What is not JSON stays as it is."""
    return _known(text) if len(text) <= _SHORT else _meaning(text)


def _meaning(text: bytes) -> bytes:
    try:
        return _encode(_decode(text.decode())).encode()
    except (ValueError, RecursionError):
        return b"\0" + text


_known = lru_cache(maxsize=10_000)(_meaning)


def check_json(text: str) -> None:
    """Raise ValueError, which says why, for JSON text that jsonb does not take."""
    try:
        value = _decode(text)
    except RecursionError:
        raise ValueError("JSON of too many levels") from None
    except json.JSONDecodeError:
        raise ValueError("not valid JSON") from None
    if _ESCAPED.search(text.encode()):
        _check_texts(value)


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("JSON with a NUL character (\\u0000)")
        if not value.startswith(_NUMBER) and _is_broken(value):
            raise ValueError("JSON with a lone surrogate")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key)
            _check_texts(item)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _digits(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number beyond numeric's range") from None
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return str(number)
    significant = "".join(map(str, digits)).rstrip("0")
    if not significant:
        return "0"
    exponent += len(digits) - len(significant)
    return f"{'-' if sign else ''}{significant.lstrip('0')}E{exponent}"


def _number(text: str) -> str:
    number = _digits(text)
    exponent = int(number.rpartition("E")[2]) if "E" in number else 0
    if not exponent >= -16383 or len(number) + exponent > 131072:
        raise ValueError("JSON with a number beyond numeric's range")
    return _NUMBER + number


def _integer(text: str) -> int | str:
    if len(text) < 16:
        return int(text)
    return _number(text)


def _real(text: str) -> int | str:
    if len(text) < 16 and text.endswith(".0") and "e" not in text and "E" not in text:
        return int(text[:-2])
    number = _number(text)
    digits, _, exponent = number[1:].partition("E")
    power = int(exponent or 0)
    if power >= 0 and len(digits) + power < 16:
        return int(digits) * int(10**power)
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"JSON with {name}, which is no number there")


_decode = json.JSONDecoder(parse_int=_integer, parse_float=_real, parse_constant=_refuse).decode
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
