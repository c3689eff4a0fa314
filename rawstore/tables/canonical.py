"""Values by what they mean, for comparing: JSON, numbers and arrays have many texts for one. Pure.

jsonb reorders keys, drops all but the last of a doubled one, and keeps numbers as numeric; so
objects are sorted here and numbers reduced to their digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from ..types import Type

_MOST = 1 << 20  # bytes of texts that are read together
_MARK = "\\udffe"  # between them, escaped: a text that has it is read alone
_BETWEEN = f',"{_MARK}",'
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
    try:
        return _encode(_decode(text.decode())).encode()
    except (ValueError, RecursionError):
        return b"\0" + text


def canonical_all(declared: Type, texts: Iterable[bytes]) -> dict[bytes, bytes]:
    """What `canonical` makes of each text; the type is one that has it."""
    distinct = list(dict.fromkeys(texts))
    reduce = canonical(declared)
    if reduce is json_canonical and (found := _meanings(distinct)):
        return found
    return {text: reduce(text) if reduce else text for text in distinct}


def _meanings(texts: Sequence[bytes]) -> dict[bytes, bytes] | None:
    values = _decode_together(texts)
    if values is None:
        return None
    try:
        together = _encode([each for value in values for each in (value, "\udffe")][:-1])
    except RecursionError:
        return None
    return dict(zip(texts, map(str.encode, together[1:-1].split(_BETWEEN)), strict=True))


def _decode_together(texts: Sequence[bytes]) -> list[Any] | None:
    """The values of JSON texts: one call costs less than many. None where they have to go alone."""
    joined = _BETWEEN.encode().join(texts)
    if len(joined) > _MOST or joined.lower().count(_MARK.encode()) != len(texts) - 1:
        return None
    try:
        found = _decode(f"[{joined.decode()}]")
    except (ValueError, RecursionError):
        return None
    # Marks in all the places between: so each text is one value.
    is_each = found[1::2] == ["\udffe"] * (len(texts) - 1) and len(found) == 2 * len(texts) - 1
    return found[::2] if is_each else None


def check_json_all(texts: Iterable[bytes]) -> None:
    """`check_json` of each text."""
    distinct = list(dict.fromkeys(texts))
    if any(map(_ESCAPED.search, distinct)) or _decode_together(distinct) is None:
        for text in distinct:
            check_json(text.decode())


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
    written = Decimal(text)
    if int(written.as_tuple().exponent) < -16383 or (written and written.adjusted() >= 131072):
        raise ValueError("JSON with a number beyond numeric's range")
    return _NUMBER + number


def _integer(text: str) -> int | str:
    if len(text) < 16:
        return int(text)
    return _number(text)


def _real(text: str) -> int | str:
    if len(text) < 100 and "e" not in text and "E" not in text:
        whole, _, fraction = text.partition(".")
        if fraction := fraction.rstrip("0"):
            sign = "-" if whole[0] == "-" else ""
            return f"{_NUMBER}{sign}{(whole + fraction).lstrip('-0')}E-{len(fraction)}"
        return _integer(whole)
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
