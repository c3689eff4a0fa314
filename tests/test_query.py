"""The values a query file becomes: rows that pickle, lists of rows that are checked, statements."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from rawstore.query import REQUIRED, Param, row_class
from rawstore.types import Type
from tests.query_files import query

TEXT = """
-- row: Item(id uuid, name text, size int?, made timestamptz?, tags text[]?, extra json?)
-- name: add(items Item[], size int? = null, limit int = 5) :many Item
-- Doc.
SELECT * FROM f(:items) WHERE true
    AND size = :size -- if :size
LIMIT :limit;
"""
ID = UUID("12345678-1234-5678-1234-567812345678")


@pytest.fixture
def items() -> Param:
    return query(TEXT).params[0]


def test_a_query_tells_all_about_itself() -> None:
    found = query(TEXT)
    assert found.full_name == "shop.add"
    assert found.signature == ("add(items Item[], size int? = null, limit int = 5) :many Item")
    assert [(param.name, param.required) for param in found.params] == [
        ("items", True),
        ("size", False),
        ("limit", False),
    ]
    assert found.params[0].default is REQUIRED
    assert repr(REQUIRED) == "REQUIRED"


def test_variants_are_made_once() -> None:
    found = query(TEXT)
    assert found.variants is found.variants
    assert [variant.query for variant in found.variants] == [found, found]


# -- rows


def test_a_row_is_a_named_tuple_of_its_columns() -> None:
    row = query(TEXT).row
    assert row is not None
    made = row.cls._make(range(6))  # type: ignore[attr-defined]
    assert repr(made) == "Item(id=0, name=1, size=2, made=3, tags=4, extra=5)"
    assert made == (0, 1, 2, 3, 4, 5)
    assert row.cls is row_class("Item", ("id", "name", "size", "made", "tags", "extra"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_rows_pickle_and_stay_what_they_are(protocol: int) -> None:
    pair: Any = row_class("Pair", ("a", "b"))
    row = pair(1, [2])
    back = pickle.loads(pickle.dumps(row, protocol))  # noqa: S301 - our own
    assert back == row
    assert type(back) is type(row)
    assert copy.copy(row) == row
    assert type(copy.deepcopy(row)) is type(row)


def test_columns_without_a_name_of_pythons_get_a_number() -> None:
    made: Any = row_class("q", ("a", "?column?", "a", "class"))
    assert made._fields == ("a", "_1", "_2", "_3")


def test_equal_rows_are_one_type_whatever_their_line() -> None:
    first = query("-- row: R(a int)\n-- name: q :one R\nSELECT 1").row
    second = query("\n\n-- row: R(a int)\n-- name: q :one R\nSELECT 1").row
    assert first == second
    assert (first and first.line, second and second.line) == (1, 3)


# -- lists of rows


class Given(NamedTuple):
    id: UUID
    name: str


@pytest.mark.parametrize("name", ["x", "", "ünïcode \"quoted\" 'twice' \\ "])
def test_items_become_one_json_array_with_every_column(items: Param, name: str) -> None:
    moment = datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))
    given = [
        {"id": str(ID), "name": name, "made": moment, "extra": {"a": [1, None]}},
        Given(ID, name),
    ]
    plain = {"id": str(ID), "name": name, "size": None, "made": None, "tags": None, "extra": None}
    assert json.loads(items.check(given)) == [
        plain | {"made": "2026-01-31T12:00:00.000000Z", "extra": {"a": [1, None]}},
        plain,
    ]
    assert moment.astimezone(UTC).hour == 12
    assert items.check([]) == items.check(()) == "[]"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ab", "expected a list of dicts, got str"),
        ({"id": ID}, "expected a list of dicts, got dict"),
        (5, "expected a list of dicts, got int"),
        ((item for item in [1]), "expected a list of dicts, got generator"),
        ([5], "item 0: expected a dict, got int"),
        ([(ID, "a")], "item 0: expected a dict, got tuple"),
        ([{"id": ID}], "item 0: 'name' is required"),
        ([{"id": ID, "name": None}], "item 0: 'name' is required"),
        ([{"id": ID, "name": "a", "nmae": 1}], "item 0: unknown key 'nmae'; known are id, name"),
        ([{"id": ID, "name": "a", 5: 1}], "item 0: unknown key '5'"),
        ([{"id": ID, "name": "a"}, {"id": 1, "name": "a"}], "item 1: 'id': expected a UUID"),
        ([{"id": ID, "name": "a\0"}], "item 0: 'name': expected text without NUL"),
        ([{"id": ID, "name": "a", "tags": [1]}], "item 0: 'tags': item 0: expected a str, got int"),
        ([{"id": ID, "name": "a", "extra": {1: 2}}], "item 0: 'extra': expected str keys"),
    ],
)  # fmt: skip
def test_items_that_are_not_rows(items: Param, given: Any, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is looked at
        items.check(given)
    assert said in str(caught.value)


# -- parameters


def test_what_stands_behind_limit_is_not_negative() -> None:
    limit = query(TEXT).params[2]
    assert limit.check(0) == 0
    for wrong, said in ((-1, "expected 0 or more"), (2**31, "32 bits"), ("1", "got str")):
        with pytest.raises(ValueError, match=said):
            limit.check(wrong)


def test_parameters_are_written_as_in_a_header() -> None:
    assert str(Param("a")) == "a"
    assert str(Param("a", Type("int"), nullable=False)) == "a int"
    assert str(Param("a", Type("text", array=True), default=None)) == "a text[]? = null"
