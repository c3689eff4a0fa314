"""Every value of a declared type comes back equal and of the same Python type."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from rawstore.errors import ParameterError
from tests.roundtrip.strategies import TYPES, alike, echo_queries

if TYPE_CHECKING:
    from tests.conftest import Dialect, OpenFolder


@pytest.fixture
def echo(open_folder: OpenFolder, dialect: Dialect) -> Callable[[str, Any], Any]:
    """A function that sends a value as a type and returns what comes back."""
    store: Any = open_folder({"echo.sql": echo_queries(dialect)}, name="echo")

    def send(name: str, value: Any) -> Any:
        return getattr(store, f"echo_{TYPES[name].label}")(value)

    return send


Echo = Callable[[str, Any], Any]


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_a_value_comes_back(echo: Echo, name: str, data: st.DataObject) -> None:
    value = data.draw(TYPES[name].values)
    back = echo(name, value)
    assert alike(back, TYPES[name].back(value)), f"{value!r} came back as {back!r}"


@pytest.mark.parametrize("name", TYPES)
def test_null_comes_back_as_none(echo: Echo, name: str) -> None:
    assert echo(name, None) is None


def test_times_come_back_in_utc(echo: Echo) -> None:
    tokyo = timezone(timedelta(hours=9))
    back = echo("timestamptz", datetime(2024, 1, 1, 3, tzinfo=tokyo))
    assert back == datetime(2023, 12, 31, 18, tzinfo=UTC)
    assert back.utcoffset() == timedelta(0)
    assert back.tzname() == "UTC"


class Colour(StrEnum):
    RED = "red"


class Mixed(str, Enum):  # noqa: UP042  the older way to write a StrEnum
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Text(str):
    """A subclass of str."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("name", "given", "back"),
    [
        ("text", Colour.RED, "red"),
        ("text", Mixed.RED, "red"),
        ("text", Text("x"), "x"),
        ("int", Size.SMALL, 1),
        ("bigint", Size.SMALL, 1),
        ("float", 1, 1.0),
        ("float", 2**53, 2.0**53),
        ("numeric", 1, Decimal(1)),
        ("numeric", 10**50, Decimal(10**50)),
        (
            "uuid",
            "{12345678-1234-5678-1234-567812345678}",
            UUID(int=0x12345678123456781234567812345678),
        ),
        ("uuid", "12345678123456781234567812345678", UUID(int=0x12345678123456781234567812345678)),
        ("bytes", bytearray(b"a\0b"), b"a\0b"),
        ("bytes", memoryview(b"a\0b"), b"a\0b"),
        ("json", Colour.RED, "red"),
        ("json", Mixed.RED, "red"),
        ("json", {"a": (1, (2, ()))}, {"a": [1, [2, []]]}),
        ("json", {Colour.RED: Size.SMALL}, {"red": 1}),
        ("text[]", ("a", None), ["a", None]),
        ("int[]", range(3), [0, 1, 2]),
        (
            "uuid[]",
            ["12345678123456781234567812345678"],
            [UUID(int=0x12345678123456781234567812345678)],
        ),
    ],
)
def test_what_stands_for_a_value_comes_back_as_the_value(
    echo: Echo, name: str, given: object, back: object
) -> None:
    assert alike(echo(name, given), back)


def test_a_list_is_no_iterator(echo: Echo) -> None:
    with pytest.raises(ParameterError, match="expected a list, got generator"):
        echo("text[]", (letter for letter in "abc"))


@pytest.mark.parametrize("levels", [1, 100, 400])
def test_json_nests_deeply(echo: Echo, levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = {"k": [value]} if levels < 200 else [value]
    assert echo("json", value) == value


@pytest.mark.parametrize(
    "text",
    [
        "1e23",
        "1e+23",
        'quoted "1e+23" and \\"',
        "\\",
        '\\"',
        "\\u0000",
        "\u2028\u2029",
        "\x01\x1f\x7f",
        "a" * 100_000,
    ],
)
def test_text_within_json_is_left_alone(echo: Echo, text: str) -> None:
    value = {text: [text, 1e23, {text: text}]}
    assert alike(echo("json", value), value)


NAIVE = datetime(2024, 1, 1)
REFUSED: dict[str, list[Any]] = {
    "text": ["\0", "a\0b", "\ud800", "a\udfffb", b"a", 1, 1.0, True, [], {}, UUID(int=1), NAIVE],
    "int": [2**31, -(2**31) - 1, 10**5000, "1", "", 1.0, 1.5, True, b"1", Decimal(1), math.nan],
    "bigint": [2**63, -(2**63) - 1, 10**5000, "1", 1.0, False, None.__class__, Fraction(1)],
    "float": [math.nan, -math.nan, "1.5", "nan", "inf", "", b"1", True, 10**400, 1j, [1.0], NAIVE],
    "bool": [0, 1, "", "true", "false", "t", 1.0, b"", [], "yes"],
    "uuid": ["", "x", "0" * 31, "0" * 33, "g" * 32, 1, 1.0, b"0" * 16, True, [], "\0" * 32],
    "timestamptz": [
        NAIVE,
        NAIVE.date(),
        time(1, tzinfo=UTC),
        "2024-01-01T00:00:00Z",
        "now",
        "infinity",
        0,
        1.0,
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    ],
    "date": [NAIVE, NAIVE.replace(tzinfo=UTC), "2024-01-01", "today", 0, 1.0, time(1)],
    "json": [
        math.nan,
        [math.inf],
        {"a": {"b": -math.inf}},
        "\0",
        ["a\0"],
        {"\0": 1},
        "\ud800",
        {"\udfff": 1},
        {1: 1},
        {None: 1},
        {True: 1},
        {("a",): 1},
        {1, 2},
        b"{}",
        1j,
        Decimal(1),
        date(2024, 1, 1),
        UUID(int=1),
        object(),
        10**5000,
    ],
    "bytes": ["text", 1, [1, 2], 1.0, True, {}, UUID(int=1)],
    "numeric": [
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("-Infinity"),
        Decimal("1e131072"),
        Decimal("1e-16384"),
        Decimal("1e999999"),
        "1",
        1.5,
        True,
        [],
    ],
    "text[]": ["text", b"a", {"a": 1}, 1, [1], ["a\0"], ["\ud800"], [["a"]], [b"a"]],
    "int[]": ["12", 1, [1.0], ["1"], [2**31], [True], [[1]], {1: 2}],
    "uuid[]": ["x", UUID(int=1), ["x"], [1], [[UUID(int=1)]]],
}


@pytest.mark.parametrize("name", TYPES)
def test_a_value_of_another_type_or_out_of_range_is_refused(echo: Echo, name: str) -> None:
    said = f"echo.echo_{TYPES[name].label}: parameter 'v': "
    for number, value in enumerate(REFUSED[name]):
        with pytest.raises(ParameterError, match=f"^{re.escape(said)}"):
            pytest.fail(f"number {number} came back as {echo(name, value)!r}")


def test_json_nested_beyond_reason_is_refused(echo: Echo) -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ParameterError):
        echo("json", value)
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ParameterError):
        echo("json", circle)


def test_an_array_of_floats_is_no_bytes(echo: Echo) -> None:
    with pytest.raises(ParameterError):
        echo("bytes", array("f", [1.0]))


def test_a_refusal_names_the_place_in_a_list_or_document(echo: Echo) -> None:
    with pytest.raises(ParameterError, match="item 2"):
        echo("text[]", ["a", "b", "\0"])
    with pytest.raises(ParameterError, match=r"a\.b\[1\]"):
        echo("json", {"a": {"b": [1, math.nan]}})
