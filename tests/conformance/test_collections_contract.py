"""The collections store offers what tests/collections_queries.json lists, no more and no less."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import rawstore
from rawstore.errors import ParameterError
from tests.conformance.contract import declared, listed, refusals


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("collections", migrated_url("collections")) as opened:
        yield opened


def test_queries_and_rows_are_as_listed(store: Any) -> None:
    assert declared(store) == listed("collections")


def test_the_list_names_each_query_once() -> None:
    names = [query["name"] for query in listed("collections")["queries"]]
    assert len(set(names)) == len(names) == 25


def test_every_query_takes_a_tenant() -> None:
    for query in listed("collections")["queries"]:
        names = [param["name"] for param in query["params"]]
        (user_id,) = (param for param in query["params"] if param["name"] == "user_id")
        assert user_id == {"name": "user_id", "type": "text", "nullable": False}, names


def test_no_row_shows_what_only_the_database_needs(store: Any) -> None:
    for query in store.queries:
        for column in query.row.columns if query.row else ():
            hidden = ("search_vector", "seq", "latest_version", "latest_category")
            assert column.name not in hidden


def test_only_a_write_is_marked_as_one(store: Any) -> None:
    writing = ("create_", "update_", "delete_")
    for query in store.queries:
        assert query.writes == query.name.startswith(writing), query.name


def test_a_wrong_value_is_a_parameter_error_that_names_query_and_parameter(store: Any) -> None:
    assert list(refusals(store)) == []


def test_a_zero_vector_is_refused_in_a_search(store: Any) -> None:
    zero = [0.0] * 1024
    with pytest.raises(ParameterError) as caught:
        store.search_similar(zero, "ann")
    assert caught.value.parameter == "embedding"
    with pytest.raises(ParameterError) as caught:
        store.hybrid_search("beach", zero, "ann")
    assert caught.value.parameter == "embedding"
