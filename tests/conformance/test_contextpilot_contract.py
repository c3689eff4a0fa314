"""The contextpilot store offers what tests/contextpilot_queries.json lists, no more and no less."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rawstore
from rawstore.errors import ParameterError
from tests.conformance.contract import declared, listed, refusals


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("contextpilot", migrated_url("contextpilot")) as opened:
        yield opened


def test_queries_and_rows_are_as_listed(store: Any) -> None:
    assert declared(store) == listed("contextpilot")


def test_the_list_names_each_query_once() -> None:
    names = [query["name"] for query in listed("contextpilot")["queries"]]
    assert len(set(names)) == len(names) == 21


def test_only_a_write_is_marked_as_one(store: Any) -> None:
    writing = ("add_", "update_", "supersede_", "delete_", "create_")
    for query in store.queries:
        assert query.writes == query.name.startswith(writing), query.name


def test_a_wrong_value_is_a_parameter_error_that_names_query_and_parameter(store: Any) -> None:
    assert list(refusals(store)) == []
    assert store.count_contexts(include_superseded=True) == 0
    assert store.list_conversations() == []


@pytest.mark.parametrize("zero", [[0.0], [0.0] * 384, [-0.0, 0], np.zeros(7), [1e-40, 0.0], [1e20]])
def test_a_search_needs_a_direction(store: Any, zero: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        store.search_contexts(zero)
    assert caught.value.parameter == "embedding"
    assert store.add_context("file", "a", "A", embedding=zero).id  # to be kept, it needs none


@pytest.mark.parametrize("make", [list, tuple, np.float64, np.float32, array.array])
def test_any_sequence_of_numbers_is_a_vector(store: Any, make: Any) -> None:
    numbers = [0.5, -1, 2.25]
    match make:
        case np.float64 | np.float32:
            given: Any = np.array(numbers, make)
        case array.array:
            given = array.array("d", numbers)
        case _:
            given = make(numbers)
    unit = store.add_context("file", "a", "A", embedding=given)
    assert type(unit.embedding) is list
    assert unit.embedding == store.get_context(unit.id).embedding == [0.5, -1.0, 2.25]
    assert store.search_contexts(given)[0].id == unit.id


def test_a_vector_comes_back_in_float32(store: Any) -> None:
    unit = store.add_context("file", "a", "A", embedding=[0.1, 1e-40, 3e38, -1.5])
    assert unit.embedding == np.array([0.1, 1e-40, 3e38, -1.5], np.float32).tolist()
