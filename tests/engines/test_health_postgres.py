"""`Store.health()` and `wait()` on PostgreSQL: each fault is a real one, and has its verdict."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import rawstore
from rawstore.errors import ConnectionLost
from rawstore.health import postgres as postgres_health, postgres_connection
from tests.engines.conftest import backends, direct, eventually, in_threads, on_postgres, write_shop
from tests.engines.test_health import examine
from tests.mounts import small_disk
from tests.postgres import Server
from tests.urls import database_name, with_options

if TYPE_CHECKING:
    from rawstore.health import Health
    from tests.engines.conftest import OpenShop

pytestmark = on_postgres

CANARY = "hunTER2canary"
SHORT = 0.1  # seconds; a deadline that a frozen server overruns


def examiners() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "rawstore-health"]


# -- down


def test_a_server_that_is_down(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    assert examine(store).healthy
    pg_server.stop()
    found = examine(store)
    assert (found.status, found.server) == ("down", None)
    assert "cannot connect" in found.problems[0].text
    with pytest.raises(ConnectionLost, match="shop is not reachable after 0 s: down: cannot"):
        store.wait(timeout=0)
    store.wait(interval=0.01, on_change=lambda _: pg_server.start())
    assert examine(store).healthy


def test_a_server_that_was_restarted(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    assert examine(store).healthy
    pg_server.restart()
    assert examine(store).healthy


@pytest.mark.parametrize("wrong", ["user", "database"])
def test_what_the_server_does_not_know(pg_server: Server, open_shop: OpenShop, wrong: str) -> None:
    store = open_shop()
    options = {"user": {"user": "nosuch"}, "database": {"dbname": "nosuch"}}[wrong]
    with rawstore.open(store.source.root, with_options(str(store.target), **options)) as other:
        found = examine(other)
    assert found.status == "down"
    assert '"nosuch" does not exist' in found.problems[0].text


# -- frozen


def test_a_server_that_is_frozen(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    pg_server.freeze(pg_server.pid)
    for _ in range(20):
        found = examine(store, deadline=SHORT / 5)
        assert found.status == "frozen"
        assert len(examiners()) == 1
    in_threads(20, lambda _: examine(store, deadline=SHORT))
    assert len(examiners()) == 1
    pg_server.restore()
    assert store.wait(until="healthy").healthy
    eventually(lambda: not examiners())


def test_only_the_stores_own_backends_are_frozen(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    store.one()
    for pid in backends(pg_server, store):
        pg_server.freeze(pid)
    assert examine(store).healthy  # the server is: the pool gets over it by its own deadlines
    pg_server.restore()


def test_a_backend_that_freezes_while_it_is_asked(
    pg_server: Server, open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_shop()
    met = threading.Event()
    frozen = threading.Event()

    class Stopping(postgres_connection.Connection):
        def row(self, text: bytes, *values: str) -> postgres_connection.Row:
            met.set()
            frozen.wait()
            return super().row(text, *values)

    monkeypatch.setattr(postgres_health, "Connection", Stopping)
    monkeypatch.setattr(postgres_connection, "LIMIT", SHORT)
    asking = threading.Thread(target=lambda: found.append(examine(store)))
    found: list[Health] = []
    asking.start()
    met.wait()
    for pid in backends(pg_server, store):
        pg_server.freeze(pid)
    frozen.set()
    asking.join()
    assert found[0].status == "frozen"
    eventually(lambda: not examiners())
    pg_server.restore()


@contextmanager
def silence() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("sslmode", ["disable", "require"])
def test_a_network_that_is_silent(tmp_path: Path, sslmode: str) -> None:
    folder = write_shop(tmp_path, "postgres")
    with silence() as port:
        url = f"postgresql://u:{CANARY}@127.0.0.1:{port}/db?sslmode={sslmode}"
        with rawstore.open(folder, url) as store:
            found = examine(store, deadline=SHORT)
    assert found.status == "frozen"
    assert CANARY not in str(found)
    eventually(lambda: not examiners())


def test_tasks_are_not_held_up_by_a_frozen_server(pg_server: Server, open_shop: OpenShop) -> None:
    shop = open_shop()
    pg_server.freeze(pg_server.pid)

    async def ask() -> set[str]:
        async with rawstore.open_async(shop.source.root, str(shop.target)) as store:
            asked = [store.health(deadline=SHORT) for _ in range(50)]
            found = await asyncio.gather(*asked)
            assert len(examiners()) == 1
            assert await asyncio.to_thread(lambda: "free") == "free"  # the loop's own threads are
            pg_server.restore()
            await store.wait(until="healthy")
        return {each.status for each in found}

    assert asyncio.run(ask()) == {"frozen"}


# -- full


def test_an_exhausted_pool_is_no_hindrance(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1, pool_timeout=10)
    with store.transaction() as tx:
        tx.one()
        found = examine(store)
        assert found.healthy
        assert found.pool["pool_available"] == 0
        waiting = threading.Thread(target=store.one)
        waiting.start()
        eventually(lambda: examine(store).pool["requests_waiting"] == 1)
        found = examine(store)
        assert found.healthy
        assert found.warnings == (
            "all 1 connections of the pool are in use, and 1 callers wait for one",
        )
    waiting.join()


@pytest.fixture
def guest(pg_server: Server, open_shop: OpenShop) -> Iterator[tuple[psycopg.Connection, Any]]:
    """A connection of the administrator's, and the shop of a role without rights."""
    store = open_shop()
    with direct(pg_server, store) as connection:
        connection.execute(f"CREATE ROLE guest LOGIN PASSWORD '{CANARY}'")
        try:
            url = with_options(str(store.target), user="guest", password=CANARY)
            with rawstore.open(store.source.root, url) as shop:
                yield connection, shop
        finally:
            connection.execute("DROP ROLE guest")


def test_a_role_without_a_free_connection(guest: tuple[psycopg.Connection, Any]) -> None:
    connection, shop = guest
    connection.execute("ALTER ROLE guest CONNECTION LIMIT 0")
    found = examine(shop)
    assert (found.status, found.server) == ("exhausted", None)
    assert found.problems[0].text.startswith("the server has no connection free: ")
    assert CANARY not in str(found)


@pytest.mark.slow
def test_a_server_without_a_free_connection(tmp_path: Path) -> None:
    settings = {"max_connections": "8", "superuser_reserved_connections": "1"}
    folder = write_shop(tmp_path, "postgres")
    with ExitStack() as stack:
        server = stack.enter_context(Server(settings=settings))
        with server.connect() as connection:
            connection.execute("CREATE ROLE guest LOGIN")
        url = with_options(server.url(), user="guest")
        store = stack.enter_context(rawstore.open(folder, url))
        assert examine(store).warnings == ()
        others: list[psycopg.Connection] = []

        def crowd(count: int) -> bool:
            with suppress(psycopg.OperationalError):  # whoever leaves takes a moment
                others.append(stack.enter_context(psycopg.connect(url)))
            return len(others) == count

        eventually(lambda: crowd(5))
        assert " of the server's 7 connections are in use" in examine(store).warnings[0]
        eventually(lambda: crowd(7))  # so the check's did not stay
        assert examine(store).status == "exhausted"
        for other in others:
            other.close()
        assert store.wait().reachable


def test_a_full_disk(pg_server: Server, tmp_path: Path) -> None:
    folder = write_shop(tmp_path, "postgres")
    with small_disk(pg_server.folder / "disk", 16 * 2**20) as disk:
        (disk / "tables").mkdir()
        shutil.chown(disk / "tables", pg_server.data.stat().st_uid)
        with pg_server.connect() as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}/tables'")
            connection.execute("CREATE DATABASE small TABLESPACE small TEMPLATE template0")
        store = rawstore.open(folder, pg_server.url("small"))
        try:
            store.migrate()
            assert examine(store).healthy
            with pg_server.connect() as connection:
                connection.execute("CHECKPOINT")  # one that comes later may free what it removes
            with (
                (disk / "ballast").open("wb", buffering=0) as ballast,
                pytest.raises(OSError, match="No space"),
            ):
                while True:
                    ballast.write(b"x" * 4096)
            assert examine(store).status == "full"
            assert "No space left on device" in examine(store).problems[0].text
            (disk / "ballast").unlink()
            assert examine(store).healthy
        finally:
            store.close()
            pg_server.drop_database("small")
            with pg_server.connect() as connection:
                connection.execute("DROP TABLESPACE small")
    (pg_server.folder / "disk").rmdir()


# -- read-only


def test_a_read_only_server(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    with direct(pg_server, store) as connection:
        connection.execute("ALTER ROLE postgres SET default_transaction_read_only = on")
    try:
        found = examine(store)
        assert found.status == "read-only"
        assert "default_transaction_read_only is on" in found.problems[0].text
        url = with_options(str(store.target), target_session_attrs="read-only")
        with rawstore.open(store.source.root, url) as reader:
            assert examine(reader).healthy  # as it was asked for
    finally:
        with direct(pg_server, store) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER ROLE postgres RESET default_transaction_read_only")


# -- what the schema has


def test_an_invalid_index(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop()
    store.add(1, "same")
    store.add(2, "same")
    with direct(pg_server, store) as connection, pytest.raises(Exception, match="duplicated"):
        connection.execute("CREATE UNIQUE INDEX CONCURRENTLY items_text_idx ON shop.items (text)")
    found = examine(store)
    assert found.status == "invalid-index"
    assert "items_text_idx" in found.problems[0].text


@pytest.mark.parametrize(
    ("version", "status", "warned"),
    [("0.7.4", "outdated", False), ("0.8.0", "healthy", True), ("0.8.4", "healthy", False)],
)
def test_an_old_vector(
    pg_server: Server, open_shop: OpenShop, version: str, status: str, *, warned: bool
) -> None:
    store = open_shop()
    with direct(pg_server, store) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute(
            "UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'", [version]
        )
        assert examine(store).warnings == ()  # the store has no vectors
        connection.execute("CREATE TABLE shop.vectors (id int PRIMARY KEY, v vector(3))")
        with rawstore.open(store.source.root, str(store.target)) as another:
            found = examine(another)
        connection.execute("DROP EXTENSION vector CASCADE")
    assert found.status == status
    assert found.extensions["vector"] == version
    assert any("HNSW" in warning for warning in found.warnings) is warned


def test_a_history_that_the_role_may_not_read(guest: tuple[psycopg.Connection, Any]) -> None:
    connection, shop = guest
    found = [examine(shop)]
    connection.execute("GRANT USAGE ON SCHEMA shop TO guest")
    try:
        found.append(examine(shop))
    finally:
        connection.execute("REVOKE USAGE ON SCHEMA shop FROM guest")
    for each in found:
        assert each.healthy
        assert each.migrations == {}
        assert "may not read the migrations' history: GRANT USAGE" in each.warnings[0]


def test_a_primary_without_a_standby(open_shop: OpenShop) -> None:
    store = open_shop()
    found = examine(store, max_lag=1.0)
    assert found.status == "lagging"
    assert found.replication == {"role": "primary", "standbys": []}
    assert examine(store).healthy


def test_checks_leave_no_session_on_the_server(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1)
    store.one()
    for _ in range(5):
        examine(store)
    eventually(lambda: len(backends(pg_server, store)) == 1)


# -- replication


class Standby(Server):
    """A standby of another server."""

    def __init__(self, primary: Server) -> None:
        super().__init__()
        options = ["-D", str(self.data), "-R", "-X", "stream", "-c", "fast"]
        options += ["-d", f"host={primary.folder} port={primary.port} user=postgres"]
        with self.log.open("ab") as log:
            assert self._popen("pg_basebackup", options, log).wait() == 0, self.log.read_text()


@pytest.mark.slow
def test_a_standby(pg_server: Server, open_shop: OpenShop) -> None:
    shop = open_shop()
    name = database_name(str(shop.target))
    with Standby(pg_server) as standby:
        url = with_options(standby.url(name), target_session_attrs="standby")
        with rawstore.open(shop.source.root, standby.url(name)) as store:
            found = examine(store)
            assert found.status == "read-only"
            assert "it is a standby" in found.problems[0].text
        with rawstore.open(shop.source.root, url) as store:
            eventually(lambda: examine(store, max_lag=0.5).healthy)
            with standby.connect() as connection:
                shop.add(0)
                eventually(lambda: store.get(0))
                connection.execute("SELECT pg_wal_replay_pause()")
                shop.add(1)
                eventually(lambda: examine(store, max_lag=0.5).status == "lagging", 10)
                assert (
                    "behind its primary (replay is paused)"
                    in examine(store, max_lag=0.5).problems[0].text
                )
                connection.execute("SELECT pg_wal_replay_resume()")
            eventually(lambda: examine(store, max_lag=0.5).healthy)
            assert examine(shop, max_lag=60).replication["standbys"][0]["state"] == "streaming"
            pg_server.stop()
            eventually(lambda: examine(store, max_lag=0.5).status == "lagging")
            assert "not connected to its primary" in examine(store, max_lag=0.5).problems[0].text
            pg_server.start()
