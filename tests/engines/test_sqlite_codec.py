"""SQLite's fast ways for values: the same result, or the same error, as the plain ones."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from copy import copy, deepcopy
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

import rawstore
from rawstore.engines.sqlite_codec import encoder, read_uuid, readers
from rawstore.errors import ResultError
from rawstore.jsontext import encode_json, timestamp_text
from rawstore.parse import parse
from rawstore.query import Column, Query, Row
from rawstore.types import Type, vector_wire
from tests.roundtrip.strategies import TYPES, alike
from tests.urls import sqlite_url


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Moment(datetime):
    """A subclass of datetime."""


class Id(UUID):
    """A subclass of UUID."""


EDGES = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        *(sign * 2**bits + more for bits in (15, 31, 63) for sign in (1, -1) for more in (-1, 0)),
        -(2**15) - 1,
        -(2**31) - 1,
        -(2**63) - 1,
        float("nan"),
        float("inf"),
        -0.0,
        1.0,
        "",
        "a\0",
        "é",
        "\ud800",
        "abcd",
        "x" * 5,
        Colour.RED,
        Size.SMALL,
        str(UUID(int=7)),
        Id(int=7),
        b"",
        bytearray(b"a"),
        memoryview(b"a"),
        datetime(2024, 1, 1),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 - the same object
        datetime(2024, 1, 1, tzinfo=timezone(timedelta(0))),
        datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC")),
        Moment(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1).date(),
        [1.0, 2.0],
        [0.0, 0.0],
    ]
)
ANYTHING = st.one_of(EDGES, *(declared.values for declared in TYPES.values()))

STORED: dict[str, Callable[[Any], Any]] = {
    "uuid": str,
    "timestamptz": timestamp_text,
    "date": lambda day: day.isoformat(),
    "numeric": lambda number: f"{number:f}",
    "vector": vector_wire,
}
DECLARED = [
    *(name for name in TYPES if not name.endswith("[]")),
    "smallint",
    "text(4)",
    "vector(2)",
    "text[]",
    "uuid[]",
]


def query(params: str, sql: str) -> Query:
    (found,) = parse(f"-- name: q({params}) :many\n{sql};\n", Path("q.sql"), "sqlite", "shop")
    return found


def plainly(query: Query, value: Any) -> Any:
    """What is bound for a value by its type's check alone."""
    (param,) = query.params
    if value is None and param.nullable:
        return None
    checked = param.check(value)
    if param.type.array:
        return encode_json(checked)
    return STORED.get(param.type.name, lambda same: same)(checked)


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("null", ["", "?"], ids=["", "or null"])
@pytest.mark.parametrize("declared", DECLARED)
@given(data=st.data())
def test_a_value_is_bound_as_its_check_says(declared: str, null: str, data: st.DataObject) -> None:
    made = query(f"v {declared}{null}", "SELECT :v")
    encode = encoder(made.variants[0])
    own = TYPES[declared].values if declared in TYPES else EDGES
    value = data.draw(own | ANYTHING)
    bound = outcome(lambda: encode((value,))[0])
    assert alike(bound, outcome(lambda: plainly(made, value))), f"{value!r} is bound as {bound!r}"


@given(value=st.integers(-3, 3) | EDGES)
def test_a_limit_is_not_negative(value: Any) -> None:
    made = query("v int", "SELECT 1 LIMIT :v")
    encode = encoder(made.variants[0])
    assert outcome(lambda: encode((value,))[0]) == outcome(lambda: plainly(made, value))


def test_values_are_bound_in_the_order_of_the_placeholders() -> None:
    made = query("a int, b text, c uuid?", "SELECT :b, :a, :c, :a")
    (variant,) = made.variants
    given = tuple((1, "x", None)[index] for index in variant.order)
    assert encoder(variant)(given) == ("x", 1, None, 1)


def test_a_wrong_number_of_values_is_refused() -> None:
    encode = encoder(query("a int, b text", "SELECT :a, :b").variants[0])
    for values in [(1,), (1, "x", 2)]:
        with pytest.raises(ValueError, match="values to unpack"):
            encode(values)


# -- UUIDs

HEX = st.text("0123456789abcdefABCDEF", min_size=30, max_size=34)
NEARLY = st.text("0123456789abcdef-{}+_ \tx:urnid\uff11", min_size=28, max_size=40)


@given(value=st.uuids())
def test_a_uuid_that_is_read_is_a_uuid_in_every_way(value: UUID) -> None:
    read = read_uuid(str(value))
    assert type(read) is UUID
    assert read == value
    assert hash(read) == hash(value)
    assert (str(read), repr(read), read.bytes) == (str(value), repr(value), value.bytes)
    assert read.is_safe is value.is_safe
    assert pickle.dumps(read) == pickle.dumps(value)
    assert copy(read) == deepcopy(read) == value
    assert not read < value < read
    with pytest.raises(TypeError, match="immutable"):
        read.int = 1  # type: ignore[misc]


def uuid_or_error(make: Callable[[Any], UUID], text: Any) -> UUID | type[Exception]:
    try:
        return make(text)
    except Exception as error:
        return type(error)


@given(
    text=HEX
    | NEARLY
    | st.uuids().map(lambda value: value.hex)
    | st.uuids().map(lambda value: value.urn)
    | st.uuids().map(lambda value: f"{{{value}}}")
    | st.uuids().map(lambda value: f"+{value.hex[1:]}")
    | st.uuids().map(lambda value: f"0x{value.hex[2:]}")
    | st.sampled_from(["", None, 1, 1.5, b"", b"0" * 32, "0" * 32, "f" * 32, "-" * 32])
)
def test_any_text_reads_as_uuid_reads_it(text: Any) -> None:
    assert uuid_or_error(read_uuid, text) == uuid_or_error(UUID, text)


# -- rows


def test_the_columns_of_a_row_are_read_by_their_types() -> None:
    row = Row(
        "Found",
        (
            Column("id", Type("uuid")),
            Column("name", Type("text"), nullable=True),
            Column("at", Type("timestamptz"), nullable=True),
            Column("share", Type("float")),
            Column("done", Type("bool"), nullable=True),
        ),
    )
    one, many = readers(row)
    stored = [
        (str(UUID(int=5)), None, "2024-01-02T03:04:05.000006Z", 1.5, 1),
        (UUID(int=6).hex, "x", None, 2, None),
    ]
    read = [
        (UUID(int=5), None, datetime(2024, 1, 2, 3, 4, 5, 6, UTC), 1.5, True),
        (UUID(int=6), "x", None, 2.0, None),
    ]
    assert many(stored) == read == [one(values) for values in stored]
    assert type(one(stored[0])) is type(many(stored)[1]) is row.cls
    assert [type(found.share) for found in many(stored)] == [float, float]
    assert many([]) == []


@pytest.mark.parametrize("columns", [1, 2])
def test_a_row_without_conversions(columns: int) -> None:
    row = Row("Plain", tuple(Column(f"c{n}", Type("int")) for n in range(columns)))
    one, many = readers(row)
    values = tuple(range(columns))
    assert one(values) == values
    assert many([values, values]) == [values, values]
    assert type(one(values)) is row.cls


FOREIGN = """
-- row: Found(id uuid)

-- name: find() :one Found
SELECT id FROM found;

-- name: find_all() :many Found
SELECT id FROM found;

-- name: find_id() :scalar uuid
SELECT id FROM found;

-- name: find_each() :stream Found
SELECT id FROM found;
"""


@pytest.mark.parametrize("stored", [5, 1.5, b"0" * 16, "no uuid", None], ids=repr)
def test_a_stored_value_of_another_type_is_a_result_error(tmp_path: Path, stored: object) -> None:
    file = tmp_path / "found.db"
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("CREATE TABLE found (id)")
        connection.execute("INSERT INTO found VALUES (?)", (stored,))
    connection.close()
    (tmp_path / "sql" / "sqlite").mkdir(parents=True)
    (tmp_path / "sql" / "sqlite" / "found.sql").write_text(FOREIGN)
    with rawstore.open(tmp_path, sqlite_url(file)) as store:
        calls = [store.find, store.find_all, lambda: list(store.find_each())]
        if stored is not None:
            calls.append(store.find_id)
        for call in calls:
            for _ in range(2):
                with pytest.raises(ResultError, match="not what row or kind declares") as caught:
                    call()
                assert caught.value.__cause__ is None
