"""What each declared type takes, to its edges, and what it says of everything else."""

from __future__ import annotations

import json
import math
import struct
from array import array
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import assume, given, strategies as st

from rawstore.jsontext import JSON_DEPTH, encode_json
from rawstore.types import ANY, Type, check_for, is_type, parse_type, vector_wire

ID = UUID("12345678-1234-5678-1234-567812345678")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


class Mixed(str, Enum):  # noqa: UP042 - what str() makes of it is the point
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Pair(NamedTuple):
    a: int
    b: str


class Index:
    """A number by `__index__` alone, as NumPy's are."""

    def __index__(self) -> int:
        return 7


def check(declared: str, value: Any) -> Any:
    return check_for(parse_type(declared))(value)


@pytest.mark.parametrize(
    ("declared", "value", "accepted"),
    [
        ("text", "", ""),
        ("text", "\U0010ffff\x01\ufeff", "\U0010ffff\x01\ufeff"),
        ("text", Colour.RED, "red"),
        ("text", Mixed.RED, "red"),
        ("text(3)", "äöü", "äöü"),
        ("smallint", -(2**15), -(2**15)),
        ("smallint", 2**15 - 1, 2**15 - 1),
        ("int", -(2**31), -(2**31)),
        ("int", 2**31 - 1, 2**31 - 1),
        ("int", Size.SMALL, 1),
        ("int", Index(), 7),
        ("bigint", -(2**63), -(2**63)),
        ("bigint", 2**63 - 1, 2**63 - 1),
        ("float", 1, 1.0),
        ("float", Decimal("0.1"), 0.1),
        ("float", Fraction(1, 4), 0.25),
        ("float", math.inf, math.inf),
        ("float", 1.7976931348623157e308, 1.7976931348623157e308),
        ("bool", True, True),
        ("bool", False, False),
        ("uuid", ID, ID),
        ("uuid", str(ID), ID),
        ("uuid", ID.hex.upper(), ID),
        ("timestamptz", NOON, NOON),
        ("timestamptz", NOON.astimezone(timezone(timedelta(hours=5, minutes=45))), NOON),
        ("timestamptz", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)),
        ("timestamptz", datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        ("date", date.min, date.min),
        ("numeric", 5, Decimal(5)),
        ("numeric", Decimal("1.10"), Decimal("1.10")),
        ("numeric", Decimal("1e131071"), Decimal("1e131071")),
        ("numeric", Decimal("1e-16383"), Decimal("1e-16383")),
        ("bytes", b"\0\xff", b"\0\xff"),
        ("bytes", bytearray(b"a"), b"a"),
        ("bytes", memoryview(b"abc")[::2], b"ac"),
        ("json", {}, "{}"),
        ("json", "", '""'),
        ("json", OrderedDict(a=(1, Colour.RED)), '{"a":[1,"red"]}'),
        ("json", Pair(1, "x"), '[1,"x"]'),
        ("json", 1e23, "100000000000000000000000.0"),
        ("json", ["1e+23", 1e23, 1e-7], '["1e+23",100000000000000000000000.0,1e-07]'),
        ("json", "é\u2028", '"é\u2028"'),
        ("vector", [1, 2.5], array("f", [1, 2.5])),
        ("vector(2)", (0.0, 1.0), array("f", [0, 1])),
        ("vector", array("d", [0.5]), array("f", [0.5])),
        ("vector", range(16000), array("f", range(16000))),
        ("text[]", [], []),
        ("text[]", ("a", None, ""), ["a", None, ""]),
        ("int[]", range(3), [0, 1, 2]),
        ("uuid[]", [str(ID)], [ID]),
        ("text(1)[]", ["a"], ["a"]),
        ("any", True, True),
        ("any", 2**63 - 1, 2**63 - 1),
        ("any", Mixed.RED, "red"),
        ("any", NOON.astimezone(timezone(timedelta(hours=1))), NOON),
        ("any", date.min, date.min),
        ("any", {"a": 1}, '{"a":1}'),
        ("any", [1, "a", None, [ID]], [1, "a", None, [ID]]),
    ],
)
def test_accepted(declared: str, value: Any, accepted: Any) -> None:
    found = check(declared, value)
    assert found == accepted
    assert type(found) is type(accepted)


@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        ("text", 5, "expected a str, got int"),
        ("text", b"a", "expected a str, got bytes"),
        ("text", "a\0b", "expected text without NUL characters"),
        ("text", "\ud800", "expected text without lone surrogates"),
        ("text(2)", "abc", "expected at most 2 characters, got 3"),
        ("int", True, "expected an int, got bool"),
        ("int", 1.0, "expected an int, got float"),
        ("int", "1", "expected an int, got str"),
        ("smallint", 2**15, "expected an int of 16 bits"),
        ("int", 2**31, "expected an int of 32 bits"),
        ("int", -(2**31) - 1, "expected an int of 32 bits"),
        ("bigint", 2**63, "expected an int of 64 bits"),
        ("float", "1.0", "expected a float, got str"),
        ("float", False, "expected a float, got bool"),
        ("float", math.nan, "expected a number, got NaN"),
        ("float", 10**400, "expected a float, got int"),
        ("float", 1j, "expected a float, got complex"),
        ("bool", 1, "expected a bool, got int"),
        ("uuid", "not one", "expected a UUID, got str"),
        ("uuid", 5, "expected a UUID, got int"),
        ("uuid", b"\0" * 16, "expected a UUID, got bytes"),
        ("timestamptz", "2026-01-31", "expected an aware datetime, got str"),
        ("timestamptz", date.min, "expected an aware datetime, got date"),
        ("timestamptz", datetime(2026, 1, 31), "got one without a time zone"),
        (
            "timestamptz",
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            "within the years 1 to 9999 in UTC",
        ),
        ("date", NOON, "expected a date, got datetime"),
        ("date", "2026-01-31", "expected a date, got str"),
        ("numeric", 1.5, "expected a Decimal, got float"),
        ("numeric", True, "expected a Decimal, got bool"),
        ("numeric", Decimal("NaN"), "expected a finite Decimal"),
        ("numeric", Decimal("-Infinity"), "expected a finite Decimal"),
        ("numeric", Decimal("1e131072"), "expected a Decimal within numeric's range"),
        ("numeric", Decimal("1e-16384"), "expected a Decimal within numeric's range"),
        ("bytes", "a", "expected bytes, got str"),
        ("bytes", [1], "expected bytes, got list"),
        ("json", None, "expected a JSON value, got None"),
        ("json", {1: 2}, "expected str keys, got int"),
        ("json", {"a": [{"b": {1, 2}}]}, "expected a JSON value, got set (at a[0].b)"),
        ("json", [math.inf], "expected JSON without NaN or infinity (at [0])"),
        ("json", math.nan, "expected JSON without NaN or infinity"),
        ("json", {"k": "\0"}, "expected JSON without NUL characters (at k)"),
        ("json", {"a": {"\0": 1}}, "expected JSON without NUL characters (at a)"),
        ("json", ["\udfff"], "expected JSON without lone surrogates (at [0])"),
        ("json", {"a b": ID}, "expected a JSON value, got UUID (at ?)"),
        ("vector", "12", "expected a sequence of floats, got str"),
        ("vector", {1: 2}, "expected a sequence of floats, got dict"),
        ("vector", (n for n in (1, 2)), "expected a sequence of floats, got generator"),
        ("vector", ["a"], "expected a sequence of numbers within float32"),
        ("vector", [], "expected 1 to 16000 dimensions, got 0"),
        ("vector", range(16001), "expected 1 to 16000 dimensions, got 16001"),
        ("vector(3)", [1.0], "expected 3 dimensions, got 1"),
        ("vector", [math.nan], "expected finite numbers within float32"),
        ("vector", [1e39], "expected finite numbers within float32"),
        ("text[]", "ab", "expected a list, got str"),
        ("text[]", {"a": 1}, "expected a list, got dict"),
        ("text[]", 5, "expected a list, got int"),
        ("text[]", iter(["a"]), "expected a list, got list_iterator"),
        ("int[]", [1, "2"], "item 1: expected an int, got str"),
        ("int[]", [[1]], "item 0: expected an int, got list"),
        ("any", object(), "declare its type), got object"),
        ("any", timedelta(1), "declare its type), got timedelta"),
        ("any", 2**63, "expected an int of 64 bits"),
        ("any", [{"a": {1}}], "item 0: expected a JSON value, got set (at a)"),
    ],
)
def test_refused(declared: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is looked at
        check(declared, value)
    assert said in str(caught.value)


def test_json_holds_numbers_that_python_prints() -> None:
    assert check("json", 10**4000) == "1" + "0" * 4000
    with pytest.raises(ValueError, match="numbers of at most 4 300 digits"):
        check("json", 10**5000)


def test_json_may_be_as_deep_as_both_databases_take() -> None:
    value: Any = 1
    for _ in range(JSON_DEPTH):
        value = [value]
    assert check("json", value) == "[" * JSON_DEPTH + "1" + "]" * JSON_DEPTH
    with pytest.raises(ValueError, match=f"at most {JSON_DEPTH} levels"):
        check("json", [value])
    endless: dict[str, Any] = {}
    endless["a"] = [endless, endless]
    with pytest.raises(ValueError, match=f"at most {JSON_DEPTH} levels"):
        check("json", endless)


SECRET = "hunTER2canary"  # noqa: S105 - not one


@pytest.mark.parametrize("declared", ["int", "float", "bool", "uuid", "timestamptz", "date"])
def test_no_message_shows_the_value(declared: str) -> None:
    for wrong in (SECRET, [SECRET], {SECRET: SECRET}):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is looked at
            check(declared, wrong)
        assert SECRET not in str(caught.value)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        check("json", {f"{SECRET} !": {"\0": SECRET}})
    assert SECRET not in str(caught.value)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner
    ),
))  # fmt: skip
def test_json_text_reads_back_equal_and_of_the_same_types(value: Any) -> None:
    assume(value is not None)  # SQL's NULL
    text = check("json", value)
    assert json.loads(text) == value
    assert json.dumps(json.loads(text)) == json.dumps(value)
    assert "e+" not in text.replace('"', "") or "e+" in json.dumps(value, ensure_ascii=False)


def test_times_and_decimals_within_rows_become_text() -> None:
    assert encode_json([ID, NOON, Decimal("1.10"), date.min]) == (
        f'["{ID}","2026-01-31T12:00:00.000000Z","1.10","0001-01-01"]'
    )


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_vector_travels_as_little_endian_float32(numbers: list[float]) -> None:
    wire = vector_wire(check("vector", numbers))
    assert len(wire) == 4 * len(numbers)
    assert list(struct.unpack(f"<{len(numbers)}f", wire)) == numbers


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("text", Type("text")),
        (" vector ( 1024 ) ", Type("vector", 1024)),
        ("text(5)[]", Type("text", 5, array=True)),
        ("integer", Type("int")),
        ("jsonb", Type("json")),
        ("bytea[]", Type("bytes", array=True)),
        ("any", ANY),
    ],
)
def test_types_are_read(written: str, declared: Type) -> None:
    assert parse_type(written) == declared
    assert parse_type(str(declared)) == declared


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("color", "unknown type 'color'; known are any, text, smallint, int"),
        ("Text", "unknown type 'Text'"),
        ("int(4)", "int takes no size"),
        ("vector(0)", "the size of vector is 1 to 16000"),
        ("vector(16001)", "the size of vector is 1 to 16000"),
        ("text[][]", "cannot read the type 'text[][]'"),
        ("double precision", "cannot read the type"),
        ("", "cannot read the type ''"),
    ],
)
def test_types_that_are_none(written: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is looked at
        parse_type(written)
    assert said in str(caught.value)


def test_a_row_is_a_type_only_as_a_list() -> None:
    rows = frozenset({"User"})
    assert parse_type("User[]", rows) == Type("User", array=True)
    with pytest.raises(ValueError, match=r"write User\[\]"):
        parse_type("User", rows)
    assert not is_type("User")
    assert is_type("varchar")
