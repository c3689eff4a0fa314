"""JSON values as the text that both dialects store and give back equal. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

JSON_DEPTH = 500  # SQLite's json_valid() stops at 1000 levels, PostgreSQL's stack a little later


def json_text(value: Any) -> str:
    """A Python value as JSON text that both dialects give back equal; None would be SQL's NULL."""
    if value is None:
        raise ValueError("expected a JSON value, got None")
    _check_json(value, "", 0)
    return encode_json(value)


def encode_json(value: Any) -> str:
    """JSON text of a checked value; UUIDs, times and Decimals inside become strings."""
    try:
        encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_as_text)
    except (ValueError, RecursionError):  # an int of more digits than Python will print
        raise ValueError("expected JSON with numbers of at most 4 300 digits") from None
    # jsonb keeps no exponent: 1e23 would come back as the int 10**23.
    return _EXPONENT.sub(_positional, encoded) if "e+" in encoded else encoded


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"  # as PostgreSQL writes them
    return timestamp_text(value) if isinstance(value, datetime) else str(value)


def timestamp_text(moment: datetime) -> str:
    """A UTC datetime in fixed width, so that text order is time order: SQLite's stored form."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


_EXPONENT = re.compile(r'"(?:[^"\\]|\\.)*"|-?[\d.]+e\+\d+')


def _positional(match: re.Match[str]) -> str:
    found = match.group()
    return found if found[0] == '"' else f"{Decimal(found):f}.0"


def _check_json(value: Any, path: str, depth: int) -> None:
    """Refuse what JSON text would change or a database refuse; say where it is."""
    if isinstance(value, str):
        _check_json_text(value, path)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"expected JSON without NaN or infinity{_at(path)}")
    elif isinstance(value, (dict, list, tuple)):
        if depth >= JSON_DEPTH:
            raise ValueError(f"expected JSON of at most {JSON_DEPTH} levels")
        for step, item in _json_items(value, path):
            _check_json(item, path + step, depth + 1)
    elif value is not None and not isinstance(value, (bool, int)):
        raise ValueError(f"expected a JSON value, got {type(value).__name__}{_at(path)}")


def _json_items(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The items of a container, each with its step in the path."""
    if not isinstance(value, dict):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
        return
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError(f"expected str keys, got {type(key).__name__}{_at(path)}")
        _check_json_text(key, path)
        yield f".{key}" if key.isidentifier() else ".?", item


def _check_json_text(value: str, path: str) -> None:
    if "\0" in value:
        raise ValueError(f"expected JSON without NUL characters{_at(path)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"expected JSON without lone surrogates{_at(path)}") from None


def _at(path: str) -> str:
    return f" (at {path.lstrip('.')})" if path else ""
