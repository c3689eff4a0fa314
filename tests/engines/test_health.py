"""`Store.health()`: the right verdict within a second and a half, whatever is the matter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from tests.engines.conftest import (
    backends,
    direct,
    eventually,
    marked,
    on_postgres,
    on_sqlite,
    within,
    write_shop,
)
from tests.urls import sqlite_url

if TYPE_CHECKING:
    from rawstore.health import Health
    from tests.conftest import Dialect
    from tests.engines.conftest import OpenShop
    from tests.postgres import Server


def examine(store: Any) -> Health:
    with within(1.5):
        found: Health = store.health()
    assert found.healthy is (not found.problems)
    return found


def test_a_healthy_store(shop: Any, dialect: Dialect) -> None:
    shop.one()
    found = examine(shop)
    assert found.healthy
    assert found.migrations == {"applied": 1, "pending": 0, "changed": 0, "missing": 0}
    assert found.server is not None
    assert found.server.startswith({"sqlite": "SQLite 3.", "postgres": "PostgreSQL 1"}[dialect])
    assert found.database == str(shop.target)
    assert bool(found.pool) is (dialect == "postgres")


def test_behind_on_migrations(shop: Any, dialect: Dialect) -> None:
    folder = shop.source.migrations(dialect)
    (folder / "0002_add_more.sql").write_text("CREATE TABLE more (id integer PRIMARY KEY);\n")
    found = examine(shop)
    assert found.migrations["pending"] == 1
    assert found.problems == ("1 migrations are pending: rawstore migrate up shop",)
    shop.migrate()
    assert examine(shop).healthy
    (folder / "0002_add_more.sql").write_text("CREATE TABLE more (id bigint PRIMARY KEY);\n")
    assert "changed" in examine(shop).problems[0]
    (folder / "0002_add_more.sql").unlink()
    assert "missing" in examine(shop).problems[0]


def test_a_closed_store(shop: Any) -> None:
    shop.close()
    found = examine(shop)
    assert not found.healthy
    assert found.server is None


def test_a_check_leaves_nothing_open(shop: Any) -> None:
    for _ in range(20):
        assert examine(shop).healthy
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        assert examine(shop).healthy
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors


# -- PostgreSQL


@marked(on_postgres)
def test_a_server_that_is_down(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    store.one()
    pg_server.stop()
    found = examine(store)
    assert not found.healthy
    assert found.server is None
    assert "cannot connect" in found.problems[0]
    pg_server.start()
    assert examine(store).healthy


@marked(on_postgres)
def test_a_server_that_is_frozen(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    store.one()
    pg_server.freeze(pg_server.pid)
    found = examine(store)
    assert found.problems == ("no answer within 1 s",)
    pg_server.restore()
    assert examine(store).healthy


@marked(on_postgres)
def test_an_exhausted_pool_is_no_hindrance(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1, pool_timeout=10)
    with store.transaction() as tx:
        tx.one()
        found = examine(store)
    assert found.healthy
    assert found.pool["pool_available"] == 0


@marked(on_postgres)
def test_a_read_only_server(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    with direct(pg_server, store) as connection:
        connection.execute("ALTER ROLE postgres SET default_transaction_read_only = on")
    try:
        found = examine(store)
        assert found.problems == ("the server is read-only",)
        assert found.server is not None
    finally:
        with direct(pg_server, store) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER ROLE postgres RESET default_transaction_read_only")


@marked(on_postgres)
def test_an_invalid_index(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    store.add(1, "same")
    store.add(2, "same")
    with direct(pg_server, store) as connection, pytest.raises(Exception, match="duplicated"):
        connection.execute("CREATE UNIQUE INDEX CONCURRENTLY items_text_idx ON shop.items (text)")
    found = examine(store)
    assert len(found.problems) == 1
    assert "items_text_idx" in found.problems[0]


@marked(on_postgres)
def test_checks_leave_no_session_on_the_server(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1)
    store.one()
    for _ in range(5):
        examine(store)
    eventually(lambda: len(backends(pg_server, store)) <= 1)


# -- SQLite


@marked(on_sqlite)
def test_a_missing_file(tmp_path: Path) -> None:
    with rawstore.open(write_shop(tmp_path, "sqlite"), sqlite_url(tmp_path / "x.db")) as store:
        found = examine(store)
    assert not found.healthy
    assert "does not exist" in found.problems[0]


@marked(on_sqlite)
def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("hello world\n" * 100)
    with rawstore.open(write_shop(tmp_path, "sqlite"), sqlite_url(tmp_path / "x.db")) as store:
        found = examine(store)
    assert not found.healthy
    assert "not a database" in found.problems[0]


@marked(on_sqlite)
def test_a_busy_file_is_healthy(shop: Any, open_shop: OpenShop) -> None:
    with open_shop().transaction() as tx:
        tx.add(1)
        assert examine(shop).healthy
    with shop.transaction() as tx:
        tx.add(2)
        assert examine(shop).healthy


@marked(on_sqlite)
@pytest.mark.parametrize(
    ("version", "warned"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)]
)
def test_the_wal_reset_bug(
    shop: Any,
    version: tuple[int, int, int],
    warned: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", version)
    found = examine(shop)
    assert found.healthy
    assert any("WAL-reset" in warning for warning in found.warnings) is warned
