"""`store.sizes()`: rows and bytes of tables and indexes."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import rawstore
from rawstore.errors import ConnectionLost
from rawstore.monitor import sizes, sqlite_sizes
from rawstore.monitor.sizes import TableSize
from tests.conftest import Dialect

both_colours = pytest.mark.parametrize("colour", ["sync", "async"], indirect=True)


def table(store: Any, name: str, *, exact: bool = False) -> TableSize:
    found = {each.table: each for each in store.sizes(exact=exact).tables}
    row: TableSize = found[name]
    return row


@both_colours
def test_rows_and_bytes_of_a_table_and_its_indexes(store: Any) -> None:
    for number in range(30):
        store.create_user(email=f"{number}@example.com")
    users = table(store, "users")
    assert (users.rows, users.exact) == (30, True)
    assert users.table_bytes
    assert users.index_bytes == sum(index.bytes or 0 for index in users.indexes) > 0
    parts = (users.table_bytes, users.index_bytes, users.toast_bytes or 0)
    assert users.total_bytes == sum(parts)
    found = store.sizes()
    assert found.total_bytes >= sum(each.total_bytes for each in found.tables)
    assert found.to_dict()["tables"][0]["indexes"][0]["name"]


@both_colours
def test_the_largest_come_first(store: Any) -> None:
    for _ in range(20):
        store.create_user(name="x" * 5000)
    totals = [each.total_bytes for each in store.sizes().tables]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_a_large_table_is_estimated_unless_asked(
    store: Any, url: str, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        store.create_user()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE minipilot.users")
        connection.execute("DELETE FROM minipilot.users")
    monkeypatch.setattr(sizes, "SMALL", -1)
    users = table(store, "users")
    assert (users.rows, users.exact) == (10, False)
    assert users.analyzed is not None
    exact = table(store, "users", exact=True)
    assert (exact.rows, exact.exact) == (0, True)


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_an_index_that_is_used_is_not_called_unused(store: Any, url: str, dialect: Dialect) -> None:
    import psycopg

    # The planner itself looks into the store's own indexes for the ends of their columns.
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE INDEX never_used ON minipilot.users (name text_pattern_ops)")
    unused = {index.name: index.unused for index in table(store, "users").indexes}
    assert unused["never_used"] is True
    assert unused["users_pkey"] is False  # it keeps a constraint


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_counting_and_measuring_a_file_end_in_time(
    store: Any, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.transaction() as tx:
        for _ in range(20):
            tx.create_user()
    with rawstore.open("minipilot", str(store.target)) as other:
        session: Any = other._engine.borrow()
        session.connection.execute("ANALYZE")
        other._engine.give(session)
    monkeypatch.setattr(sqlite_sizes, "PATIENCE", -1.0)
    monkeypatch.setattr(sqlite_sizes, "_STEPS", 1)
    users = table(store, "users")
    assert (users.rows, users.exact) == (20, False)
    assert users.total_bytes is None
    assert store.sizes().file_bytes > 0
    assert table(store, "users", exact=True).exact


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_a_virtual_table_keeps_is_its_own(store: Any, dialect: Dialect) -> None:
    names = [each.table for each in store.sizes().tables]
    assert "knowledge_chunks_search" in names
    assert not any(name.startswith("knowledge_chunks_search_") for name in names)
    assert table(store, "knowledge_chunks_search").table_bytes


def test_a_database_in_memory() -> None:
    with rawstore.open("minipilot", "sqlite://") as store:
        store.migrate()
        store.create_user()
        assert table(store, "users").rows == 1
        assert store.sizes().wal_bytes == 0
        store.create_user()  # the one connection is as it was


def test_a_missing_file_says_how_to_make_it(tmp_path: Any) -> None:
    with (
        rawstore.open("minipilot", f"sqlite:///{tmp_path}/none.db") as store,
        pytest.raises(ConnectionLost, match="rawstore migrate up minipilot"),
    ):
        store.sizes()
    assert not (tmp_path / "none.db").exists()
