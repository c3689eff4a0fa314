"""The items of a `:batch` call: by position, checked, and told apart where one is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from rawstore.engines.parameters import batch_values
from rawstore.errors import ParameterError
from tests.query_files import query

PUT = query(
    "-- name: put(id int, name text?, data json? = null) :batch\n"
    "INSERT INTO t VALUES (:id, :name, :data);"
)
ONE = query("-- name: put(id uuid) :batch\nINSERT INTO t VALUES (:id);")
LIST = query("-- name: put(tags int[]) :batch\nINSERT INTO t VALUES (:tags);")
TWICE = query(
    "-- name: put(a int, b int) :batch\nINSERT INTO t VALUES (:b, :a, :b);", dialect="sqlite"
)


class Given(NamedTuple):
    id: Any
    name: Any
    data: Any


def outcome(items: Any) -> Any:
    try:
        values = batch_values(PUT, items)
    except ParameterError as error:
        return str(error)
    return list(values), [list(column) for column in values.columns]


IDS = st.integers(-3, 3) | st.sampled_from([2**31, "1", None])
NAMES = st.sampled_from([None, "a", "b", "a\0", 5])
DATA = st.sampled_from([None, 1, [1], {"a": 1}, {1: 2}])
SHAPED = st.tuples(IDS, NAMES, DATA)


@given(st.lists(SHAPED, max_size=4))
def test_every_shape_of_item_says_the_same(items: list[tuple[Any, ...]]) -> None:
    names = ("id", "name", "data")
    expected = outcome([list(item) for item in items])
    assert outcome(items) == expected
    assert outcome(iter(items)) == expected
    assert outcome([Given(*item) for item in items]) == expected
    assert outcome([dict(zip(names, item, strict=True)) for item in items]) == expected
    proxies: list[Mapping[str, Any]] = [
        MappingProxyType(dict(zip(names, item, strict=True))) for item in items
    ]
    assert outcome(proxies) == expected


def test_values_stay_as_they_are_and_are_also_there_as_columns() -> None:
    items = [(1, "a", {"k": [1]}), {"name": None, "id": 2}]
    values = batch_values(PUT, items)
    assert list(values) == [(1, "a", {"k": [1]}), (2, None, None)]
    assert [list(column) for column in values.columns] == [[1, 2], ["a", None], ['{"k":[1]}', None]]


def test_values_are_in_the_order_of_the_placeholders() -> None:
    values = batch_values(TWICE, [{"a": 1, "b": 2}, (3, 4)])
    assert list(values) == [(2, 1, 2), (4, 3, 4)]
    assert [list(column) for column in values.columns] == [[2, 4], [1, 3], [2, 4]]


def test_a_single_parameter_takes_the_value_itself() -> None:
    ids = [UUID(int=1), str(UUID(int=2))]
    assert list(batch_values(ONE, ids)) == [(ids[0],), (ids[1],)]
    assert list(batch_values(ONE, ids).columns[0]) == [UUID(int=1), UUID(int=2)]
    assert list(batch_values(ONE, [(ids[0],), {"id": ids[1]}])) == [(ids[0],), (ids[1],)]
    assert list(batch_values(LIST, [[1, 2], (3,)])) == [([1, 2],), ((3,),)]


def test_nothing_is_fine() -> None:
    assert list(batch_values(PUT, [])) == []
    assert [list(column) for column in batch_values(PUT, iter(())).columns] == [[], [], []]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ((1, "a", 1, 2), "expected 3 values, got 4"),
        ((1,), "expected 3 values, got 1"),
        (1, "expected a dict or a tuple, got int"),
        ({"id": 1}, "parameter 'name' is missing"),
        ({"id": 1, "nmae": 1, "data": 1}, "unknown parameter 'nmae'"),
        ((None, "a", 1), "id: may not be None; declare it int? where it may"),
        ((1, "a\0", 1), "name: expected text without NUL characters"),
        ({"id": 1, "name": 5, "data": 1}, "name: expected a str, got int"),
    ],
)
def test_the_first_wrong_item_is_named(item: Any, said: str) -> None:
    right: list[Any] = [(1, "a", 1), {"id": 2, "name": "b", "data": 2}]
    later = [("x", "a", 1), (1,)]
    for items in ([*right, item, *later], [(1, "a", 1), (2, "b", 2), item, *later]):
        with pytest.raises(ParameterError) as caught:
            batch_values(PUT, items)
        assert str(caught.value) == f"shop.put: parameter 'items[2]': {said}"
        assert caught.value.parameter == "items[2]"
