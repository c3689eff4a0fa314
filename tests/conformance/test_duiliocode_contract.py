"""The duiliocode store offers what tests/duiliocode_queries.json lists, no more and no less."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import rawstore
from tests.conformance.contract import declared, listed, refusals


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("duiliocode", migrated_url("duiliocode")) as opened:
        yield opened


def test_queries_and_rows_are_as_listed(store: Any) -> None:
    assert declared(store) == listed("duiliocode")


def test_the_list_names_each_query_once() -> None:
    names = [query["name"] for query in listed("duiliocode")["queries"]]
    assert len(set(names)) == len(names) == 19


def test_every_query_but_a_plain_insert_or_look_up_says_what_it_does(store: Any) -> None:
    plain = ("get_", "save_", "delete_")
    for query in store.queries:
        assert query.doc or query.name.startswith(plain), query.name


def test_only_a_write_is_marked_as_one(store: Any) -> None:
    writing = ("start_", "touch_", "end_", "add_", "record_", "set_", "save_", "delete_")
    for query in store.queries:
        assert query.writes == query.name.startswith(writing), query.name


def test_a_wrong_value_is_a_parameter_error_that_names_query_and_parameter(store: Any) -> None:
    assert list(refusals(store)) == []
