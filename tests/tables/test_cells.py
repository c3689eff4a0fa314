"""Values to cells and back, in both dialects' forms, one by one and many at a time."""

from __future__ import annotations

import json
import math
import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from rawstore.jsontext import timestamp_text
from rawstore.tables.canonical import canonical, check_json
from rawstore.tables.cells import Cell, Odd, packer, python_column, unpacker
from rawstore.tables.rows import Sum, framed, row_hashes, unframed
from rawstore.tables.stored import column_cells
from rawstore.tables.storing import stored_column
from rawstore.types import Type, parse_type

# A list holds many values.
FEW = 12 if settings().max_examples <= 100 else settings().max_examples
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
FLOAT32 = st.floats(allow_nan=False, allow_infinity=False, width=32)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "uuid": st.uuids(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
    "date": st.dates(),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=10),
    "bytes": st.binary(),
    "vector(2)": st.lists(FLOAT32, min_size=2, max_size=2),
    "text[]": st.lists(st.none() | TEXT),
    "uuid[]": st.lists(st.uuids()),
}


def read(stored: Any) -> Any:
    """What SQLite stored, as the reader gives it."""
    if isinstance(stored, str):
        return stored.encode()
    return memoryview(stored) if isinstance(stored, bytes) else stored


@pytest.mark.parametrize("name", VALUES)
def test_there_and_back(name: str) -> None:
    declared = parse_type(name)
    pack = packer(declared)

    @settings(max_examples=FEW)
    @given(st.lists(st.none() | VALUES[name]))
    def check(values: list[Any]) -> None:
        cells: list[Cell] = [None if value is None else pack(value) for value in values]
        assert python_column(declared, cells) == values
        stored = stored_column(declared, cells)
        found = column_cells(declared, list(map(read, stored)), report=_refuse)
        assert found == cells
        one_by_one = [stored_column(declared, [cell, None])[0] for cell in cells]
        assert stored == one_by_one

    check()


def _refuse(index: int, reason: str) -> None:
    pytest.fail(f"{index}: {reason}")


STORED: dict[str, st.SearchStrategy[Any]] = {
    "uuid": st.uuids().map(str) | st.from_regex(r"[0-9a-f-]{36}", fullmatch=True),
    "timestamptz": st.datetimes(timezones=st.just(UTC)).map(timestamp_text)
    | st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.\d{6}Z"),
    "date": st.dates().map(str) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    "smallint": st.integers(-40000, 40000),
    "int": st.integers(-(2**32), 2**32),
    "bool": st.integers(-1, 2),
    "float": st.floats(allow_nan=False) | st.integers(-9, 9),
    "text": TEXT | st.text(st.sampled_from("ab\0")),
    "text(3)": TEXT,
    "vector(2)": st.binary(max_size=12) | st.just(struct.pack("<2f", 1.0, math.nan)),
    "bytes": st.binary() | TEXT,
    "any": st.integers(-9, 9) | st.floats(allow_nan=False) | TEXT | st.binary(),
}


@pytest.mark.parametrize("name", STORED)
def test_many_at_once_are_as_each_alone(name: str) -> None:
    """A column's cells, and what of it is refused, do not depend on the other values."""
    declared = parse_type(name) if name != "any" else Type("any")

    @settings(max_examples=FEW)
    @given(st.lists(st.none() | STORED[name].map(read)))
    def check(values: list[Any]) -> None:
        told: list[int] = []
        together = column_cells(declared, values, lambda index, _: told.append(index))
        alone = [column_cells(declared, [value, None, 0.5])[0] for value in values]
        assert together == alone
        assert told == [index for index, cell in enumerate(together) if isinstance(cell, Odd)]

    check()


def test_what_is_odd_keeps_its_value() -> None:
    cells = column_cells(Type("uuid"), [b"no uuid", 7, None, b"\xff"])
    assert python_column(Type("uuid"), cells) == ["no uuid", 7, None, "\udcff"]
    assert stored_column(Type("uuid"), cells) == ["no uuid", 7, None, "\udcff"]
    assert len({*cells}) == 4


MOMENTS = {
    "2026-02-29T00:00:00.000000Z": None,
    "2024-02-29T23:59:59.999999Z": datetime(2024, 2, 29, 23, 59, 59, 999999, UTC),
    "0000-01-01T00:00:00.000000Z": None,
    "0001-01-01T00:00:00.000000Z": datetime(1, 1, 1, tzinfo=UTC),
    "2026-01-01T25:00:00.000000Z": None,
    "2026-01-01T00:00:60.000000Z": None,
    "2026-01-01T02:00:00+02:00": datetime(2026, 1, 1, tzinfo=UTC),
    "2026-01-01T00:00:00": None,
}


@pytest.mark.parametrize("text", MOMENTS)
def test_moments(text: str) -> None:
    (cell,) = column_cells(Type("timestamptz"), [text.encode()])
    found = None if isinstance(cell, Odd) else unpacker(Type("timestamptz"))(cell or b"")
    assert found == MOMENTS[text]


EQUAL = [
    ("json", "1", "1.0"),
    ("json", "100000000000000000000", "1e20"),
    ("json", "-0.0", "0"),
    ("json", '{"a": 1, "b": [1.50]}', '{ "b":[ 15e-1 ],"a":1 }'),
    ("json", '{"a": 1, "a": 2}', '{"a": 2}'),
    ("json", '"\\u00e9"', '"é"'),
    ("numeric", "1.50", "15E-1"),
    ("numeric", "0.00", "-0"),
    ("numeric", "1000", "1E+3"),
]
UNEQUAL = [
    ("json", "1", "true"),
    ("json", "0", "false"),
    ("json", '"1"', "1"),
    ("json", "0.1", "0.1000000000000000055511151231257827"),
    ("json", "123456789012345678901", "123456789012345678902"),
    ("json", "[]", "{}"),
    ("json", "null", '""'),
    ("numeric", "1.5", "1.50000000000000000000000000000000000000000001"),
]


@pytest.mark.parametrize(("name", "one", "other", "equal"), [
    *((*each, True) for each in EQUAL), *((*each, False) for each in UNEQUAL)
])  # fmt: skip
def test_meaning(name: str, one: str, other: str, equal: bool) -> None:  # noqa: FBT001
    reduce = canonical(Type(name))
    assert reduce is not None
    assert (reduce(one.encode()) == reduce(other.encode())) is equal


@settings(max_examples=FEW)
@given(JSON)
def test_json_means_the_same_however_it_is_written(value: Any) -> None:
    reduce = canonical(Type("json"))
    assert reduce is not None
    compact = json.dumps(value, ensure_ascii=False)
    spread = json.dumps(value, indent=2, sort_keys=True)
    check_json(compact)
    assert reduce(compact.encode()) == reduce(spread.encode())


@settings(max_examples=FEW)
@given(st.lists(st.lists(st.none() | st.binary(max_size=9), min_size=3, max_size=3), min_size=1))
def test_frames(rows: list[list[Cell]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = framed(columns, b"\0\3")
    assert [unframed(row, 3, 2) for row in found] == rows


@settings(max_examples=FEW)
@given(st.lists(st.binary(max_size=3), min_size=2), st.randoms())
def test_a_sum_does_not_depend_on_the_order(rows: list[bytes], random: Any) -> None:
    one, other, fewer = Sum(), Sum(), Sum()
    one.add(row_hashes(rows))
    fewer.add(row_hashes(rows[1:]))
    random.shuffle(rows)
    other.add(row_hashes(rows[:1]))
    other.add(row_hashes(rows[1:]))
    assert one.hash == other.hash != fewer.hash


def test_far_days() -> None:
    """Every day that Python knows, and the first that it does not."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    pack = packer(Type("timestamptz"))
    assert stored_column(Type("timestamptz"), [pack(first), pack(last)]) == [
        timestamp_text(first),
        timestamp_text(last),
    ]
    beyond = struct.pack(">q", struct.unpack(">q", pack(last))[0] + 1)
    with pytest.raises(ValueError, match="after 9999"):
        stored_column(Type("timestamptz"), [beyond])
    pack = packer(Type("date"))
    assert stored_column(Type("date"), [pack(date.min), pack(date.max)]) == [
        "0001-01-01",
        "9999-12-31",
    ]
    assert date.max - date.min == timedelta(days=3652058)
    assert packer(Type("numeric"))(Decimal("1E+3")) == b"1000"
