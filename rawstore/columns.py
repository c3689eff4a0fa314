"""Many values of one parameter, checked at once. Pure.

The answer is that of `Param.check` for each value; it only comes sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from types import NoneType
from typing import Any
from uuid import UUID

from .query import Param

Values = Sequence[Any]

_zone = attrgetter("tzinfo")


def check_column(param: Param, values: Values) -> Values:
    """The values in their canonical form, None for NULL.

    Raises what `param.check` raises, of some value that is wrong; ValueError for a None that may
    not be.
    """
    kinds = set(map(type, values))
    if NoneType in kinds and not param.nullable:
        raise ValueError("may not be None")
    known = _PLAIN.get(param.type.name)
    if known and kinds == {known[0]} and _is_unbound(param) and known[1](values):
        return values
    check = param.check
    return [None if value is None else check(value) for value in values]


def _is_unbound(param: Param) -> bool:
    """Whether nothing but its type says what its values may be."""
    declared = param.type
    return declared.size is None and not (declared.array or param.bound or param.row)


def _is_text(values: Sequence[str]) -> bool:
    try:
        return b"\0" not in "\1".join(values).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False


def _fits(bits: int) -> Callable[[Sequence[int]], bool]:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    return lambda values: low <= min(values) and max(values) <= high


def _holds_no_nan(values: Sequence[float]) -> bool:
    total = sum(values)
    return total == total  # also false for both infinities, which are then looked at one by one


def _is_utc(values: Sequence[datetime]) -> bool:
    return all(zone is UTC for zone in set(map(_zone, values)))


def _always(_: Values) -> bool:
    return True


# By declared type: the class whose values are canonical as they are, and what they have to pass.
_PLAIN: dict[str, tuple[type, Callable[[Any], bool]]] = {
    "text": (str, _is_text),
    "smallint": (int, _fits(16)),
    "int": (int, _fits(32)),
    "bigint": (int, _fits(64)),
    "float": (float, _holds_no_nan),
    "bool": (bool, _always),
    "uuid": (UUID, _always),
    "timestamptz": (datetime, _is_utc),
    "date": (date, _always),
    "bytes": (bytes, _always),
}
