"""What a trigger's text names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..scan import Dialect, ScanError, scan

_WORD = re.compile(r"\w+")
_QUALIFIED = re.compile(r'(\w+)"?\s*\.\s*"?(\w+)')


def qualified(written: str) -> set[str]:
    """The names in the text that have a schema's before them, in lower case."""
    return {f"{schema}.{name}".lower() for schema, name in _QUALIFIED.findall(written)}


def mentions(written: str, dialect: Dialect, names: Iterable[str]) -> bool:
    """Whether the text has one of the names; yes, where it cannot be read."""
    wanted = {name.lower() for name in names}
    try:
        return any(
            word.lower() in wanted
            for token in scan(written, dialect)
            if token.kind in ("word", "name", "string")
            for word in (token.text.strip('"`[]'), *_WORD.findall(token.text))
        )
    except ScanError:
        return True
