"""Values come back from an async store as they went in, by every way that rows come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from tests.portal import PortalStore
from tests.roundtrip.test_columns import ROWS, holds, migration, queries

if TYPE_CHECKING:
    from tests.conftest import Dialect, OpenFolder


@pytest.fixture
def things(open_folder: OpenFolder, dialect: Dialect, empty_url: str) -> Iterator[Any]:
    created = {"0001_create_things.sql": migration(dialect)}
    store: Any = open_folder({"things.sql": queries()}, created, name="things")
    store.migrate()
    portal = PortalStore(store.source.root, empty_url)
    yield portal
    portal.end()


@given(values=ROWS)
@settings(max_examples=20)
def test_a_row_comes_back(things: Any, values: dict[str, Any]) -> None:
    things.clear()
    assert holds(things.put(1, **values), values)
    assert things.put_all([{"id": 2, **values}]) == 1
    with things.transaction() as tx:
        assert holds(tx.get(2), values)
    with things.batch() as batch:
        handle = batch.get(1)
    assert holds(handle.result(), values)
    assert [holds(row, values) for row in things.things()] == [True, True]
