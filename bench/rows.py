"""The rows as somebody would declare them by hand, and answers made comparable."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID


class User(NamedTuple):
    """A row of `users`."""

    id: UUID
    email: str
    name: str
    created_at: datetime


class Note(NamedTuple):
    """A row of `notes`."""

    id: int
    user_id: UUID
    body: str
    created_at: datetime


def time_text(moment: datetime) -> str:
    """A time as it is stored in SQLite."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain(answer: Any) -> Any:
    """An answer as lists of plain values, whatever rows a library gives: for comparing.

    Keys and times become text, as SQLite stores them, so that a bare row equals a typed one; floats
    become reals, which are sent as text with fewer digits than a float has.
    """
    if isinstance(answer, UUID):
        return str(answer)
    if isinstance(answer, datetime):
        return time_text(answer)
    if isinstance(answer, float):
        return struct.unpack("f", struct.pack("f", answer))[0]
    if answer is None or isinstance(answer, (str, bytes, int)):
        return answer
    if isinstance(answer, Mapping):
        return [plain(value) for value in answer.values()]
    if hasattr(answer, "tolist"):  # NumPy's
        return answer.tolist()
    if isinstance(answer, (Sequence, Iterable)):
        return [plain(value) for value in answer]
    raise TypeError(f"a {type(answer).__name__} cannot be compared")
