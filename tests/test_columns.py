"""Many values checked at once: the same answer as of each value's own check."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from rawstore.columns import check_column
from rawstore.query import Param
from rawstore.types import NAMES, Type
from tests.roundtrip.strategies import TYPES, alike


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


NOON = datetime(2026, 1, 2, 12)
ODD = [
    None,
    True,
    0,
    -1,
    Level.HIGH,
    2**15,
    2**31,
    2**63,
    1.5,
    math.nan,
    math.inf,
    -math.inf,
    "a",
    "a\0",
    "\ud800",
    Colour.RED,
    "x" * 9,
    b"ab",
    bytearray(b"ab"),
    UUID(int=1),
    str(UUID(int=2)),
    NOON,
    NOON.replace(tzinfo=UTC),
    NOON.replace(tzinfo=timezone(timedelta(hours=1))),
    NOON.replace(tzinfo=timezone(timedelta(0), "Z")),
    NOON.replace(tzinfo=ZoneInfo("Asia/Tokyo")),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    date(2026, 1, 2),
    Decimal("1.5"),
    Decimal("NaN"),
    [1.0, 2.0],
    [0.0, 0.0],
    {"a": [1]},
    {1: 2},
    object(),
]
PARAMS = [
    *(Param(name, Type(name), nullable=True) for name in NAMES),
    *(Param(f"required {name}", Type(name), nullable=False) for name in NAMES),
    Param("sized", Type("text", size=3)),
    Param("limit", Type("int"), bound=True),
    Param("vector", Type("vector", size=2)),
    Param("search", Type("vector"), search=True),
    Param("list", Type("float", array=True)),
]


def outcome(check: Callable[[], Sequence[Any]]) -> Any:
    try:
        return list(check())
    except ValueError as error:
        return type(error)


def one_by_one(param: Param, values: Sequence[Any]) -> list[Any]:
    if not param.nullable and any(value is None for value in values):
        raise ValueError
    return [None if value is None else param.check(value) for value in values]


def equals(param: Param, values: Sequence[Any]) -> bool:
    found = outcome(partial(check_column, param, values))
    expected = outcome(partial(one_by_one, param, values))
    return found is expected or alike(found, expected)


@pytest.mark.parametrize("param", PARAMS, ids=str)
def test_odd_values_alone_and_among_others(param: Param) -> None:
    right = [value for value in ODD if outcome(partial(one_by_one, param, [value])) == [value]]
    for value in ODD:
        assert equals(param, [value])
        assert equals(param, [*right[:3], value, *right[-2:]])
    assert equals(param, right)
    assert equals(param, [])


@given(st.sampled_from(PARAMS), st.lists(st.sampled_from(ODD), max_size=4))
def test_odd_values_together(param: Param, values: list[Any]) -> None:
    assert equals(param, values)


@pytest.mark.parametrize("name", [name for name in TYPES if "[" not in name])
@given(data=st.data())
def test_right_values(name: str, data: st.DataObject) -> None:
    cells = TYPES[name].values
    values = data.draw(st.lists(cells | st.none() if data.draw(st.booleans()) else cells))
    assert equals(Param("v", Type(name)), values)


def test_the_ends_of_the_integers() -> None:
    for name, bits in (("smallint", 16), ("int", 32), ("bigint", 64)):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        param = Param("v", Type(name))
        assert check_column(param, [low, 0, high]) == [low, 0, high]
        for wrong in (low - 1, high + 1):
            with pytest.raises(ValueError, match=f"{bits} bits"):
                check_column(param, [0, wrong])
