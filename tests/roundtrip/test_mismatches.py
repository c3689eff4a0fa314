"""Whatever is thrown at a parameter, both dialects answer alike: the same value or error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import rawstore
from rawstore.errors import ParameterError
from tests.roundtrip.strategies import DIALECTS, TYPES, alike, echo_queries
from tests.urls import sqlite_url

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters())  # with NUL and lone surrogates
    | st.binary()
    | st.uuids()
    | st.uuids().map(str)
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.datetimes().map(str)
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals()
    | st.fractions()
    | st.complex_numbers()
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.frozensets(st.integers() | st.text(), max_size=2)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture
def both(tmp_path: Path, pg_database: Callable[[str | None], str]) -> Iterator[tuple[Any, Any]]:
    """The echo store on SQLite and on PostgreSQL."""
    for dialect in DIALECTS:
        folder = tmp_path / "echo" / "sql" / dialect
        folder.mkdir(parents=True)
        (folder / "echo.sql").write_text(echo_queries(dialect))
    with (
        rawstore.open(tmp_path / "echo", sqlite_url(tmp_path / "echo.db")) as sqlite,
        rawstore.open(tmp_path / "echo", pg_database(None)) as postgres,
    ):
        yield sqlite, postgres


def outcome(store: Any, query: str, value: Any) -> Any:
    """Return what comes back, or what the refusal says; any other error is the test's."""
    try:
        return getattr(store, query)(value)
    except ParameterError as error:
        return str(error)


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_both_dialects_answer_alike(both: tuple[Any, Any], name: str, data: st.DataObject) -> None:
    value = data.draw(ANYTHING | TYPES[name].values)
    first, second = (outcome(store, f"echo_{TYPES[name].label}", value) for store in both)
    assert alike(first, second), f"{value!r}: {first!r} on SQLite, {second!r} on PostgreSQL"
