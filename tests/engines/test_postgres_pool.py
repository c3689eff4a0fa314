"""The pool: exhausted, closed, misdirected, and asked a thousand times to open."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.engines.postgres_probe import check_version
from rawstore.errors import ConfigError, ConnectionLost, DatabaseError, Overloaded
from tests.engines.conftest import eventually, in_threads, on_postgres, within, write_shop
from tests.urls import with_options

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop
    from tests.postgres import Server

pytestmark = on_postgres


def test_an_exhausted_pool_refuses_in_time_and_with_figures(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=2, pool_timeout=0.5)
    with store.transaction() as first, store.transaction() as second:
        first.one()
        second.one()
        with within(0.55, least=0.5), pytest.raises(Overloaded) as caught:
            store.one()
    assert "2 connections" in str(caught.value)
    assert "0.5 s" in str(caught.value)
    assert "pool_max" in str(caught.value)
    assert store.one() == 1


def all_back(store: Any) -> bool:
    pool = store.health().pool
    return bool(pool["pool_available"] == pool["pool_size"] <= 8)


def test_two_hundred_callers_on_eight_connections(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=8, pool_timeout=30)
    in_threads(200, lambda number: store.add(number))
    assert store.count_items() == 200
    eventually(lambda: all_back(store))


def test_refused_callers_leave_nothing_behind(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=8, pool_timeout=1)
    refused = threading.Semaphore(0)

    def call(_: int) -> bool:
        with within(1.0 + 0.5 + 0.3):
            try:
                store.sleep(0.4)
            except Overloaded:
                refused.release()
                return False
        return True

    answers = in_threads(100, call)
    assert 8 <= answers.count(True) < 100
    eventually(lambda: all_back(store))
    in_threads(8, lambda _: store.one())


def test_too_many_waiting_callers_are_refused_at_once(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rawstore.engines.postgres_lending.WAITING_PER_CONNECTION", 3)
    store = open_shop(pool_max=1, pool_timeout=10)
    with ThreadPoolExecutor(3) as threads, store.transaction() as tx:
        tx.one()
        waiting = [threads.submit(store.one) for _ in range(3)]
        eventually(lambda: store.health().pool["requests_waiting"] == 3)
        with within(0.1), pytest.raises(Overloaded, match="too many callers are waiting"):
            store.one()
    assert [one.result() for one in waiting] == [1, 1, 1]


def test_a_nested_call_on_a_pool_of_one_is_refused(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1, pool_timeout=0.3)
    with store.transaction() as tx:
        assert tx.one() == 1
        with within(0.4), pytest.raises(Overloaded):
            store.one()
        assert tx.one() == 1
    assert store.one() == 1


def test_a_connection_that_idled_through_its_lifetime_leaves_nothing(open_shop: OpenShop) -> None:
    """What the pool itself closes: at the end of a lifetime, when it shrinks or is drained."""
    store = open_shop(pool_max=4)
    use_all(store, 4)
    before = descriptors()
    engine = store._engine
    for _ in range(5):
        engine._pool.pool.drain()
        eventually(lambda: engine.stats()["pool_available"] == 4)
        use_all(store, 4)
    eventually(lambda: descriptors() <= before)


def use_all(store: Any, count: int) -> None:
    """Have so many connections at a time: threads that come one after another share them."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(store.transaction()).one()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_opened_and_closed_a_hundred_times(open_shop: OpenShop) -> None:
    open_shop().one()
    open_shop().close()
    threads, files = threading.active_count(), descriptors()
    for _ in range(100):
        with open_shop() as store:
            store.one()
    eventually(lambda: threading.active_count() <= threads)
    eventually(lambda: descriptors() <= files)


def test_a_closed_store_says_so(open_shop: OpenShop) -> None:
    for store in (open_shop(), open_shop()):
        store.one()
        store.close()
        with within(0.1), pytest.raises(ConfigError, match="this store is closed"):
            store.one()
        store.close()


def test_closed_before_it_was_used(open_shop: OpenShop) -> None:
    store = open_shop()
    store.close()
    with pytest.raises(ConfigError, match="closed"):
        store.one()


def test_closed_under_waiting_callers(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1, pool_timeout=20)
    with ThreadPoolExecutor(4) as threads, store.transaction() as tx:
        tx.one()
        waiting = [threads.submit(store.one) for _ in range(4)]
        eventually(lambda: store.health().pool["requests_waiting"] == 4)
        store.close()
        with within(1.0):
            for one in waiting:
                with pytest.raises(ConfigError, match="closed"):
                    one.result()
        assert tx.one() == 1  # what is lent goes on to its end
    with pytest.raises(ConfigError, match="closed"):
        store.one()


# -- servers that cannot be had


CANARY = "hunter2hunter2"


def refused(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> DatabaseError:
    """Open the shop at a bad URL; the error, in which the password must not be."""
    folder = write_shop(tmp_path, "postgres")
    with caplog.at_level(logging.DEBUG), rawstore.open(folder, url) as store:
        with within(6.0), pytest.raises(ConnectionLost) as caught:
            store.one()
        shown = [repr(store), repr(store.target), repr(store._engine), str(store.health())]
    error: BaseException | None = caught.value
    shown += traceback.format_exception(caught.value)
    while error is not None:
        shown += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    assert CANARY not in "\n".join([*shown, caplog.text])
    return caught.value


@pytest.fixture
def with_password(pg_server: Server) -> Iterator[Server]:
    hba = pg_server.data / "pg_hba.conf"
    before = hba.read_text()
    with pg_server.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")
    hba.write_text(f"host all guest 127.0.0.1/32 scram-sha-256\n{before}")
    with pg_server.connect() as connection:
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.2)
    yield pg_server
    hba.write_text(before)
    with pg_server.connect() as connection:
        connection.execute("SELECT pg_reload_conf()")


def test_a_wrong_password(
    with_password: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://guest:{CANARY}@127.0.0.1:{with_password.port}/postgres"
    error = refused(url, tmp_path, caplog)
    assert "password authentication failed" in str(error)


def test_an_unknown_database(
    pg_server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://postgres:{CANARY}@127.0.0.1:{pg_server.port}/nosuch"
    assert 'database "nosuch" does not exist' in str(refused(url, tmp_path, caplog))


def test_an_unknown_host(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"postgresql://postgres:{CANARY}@nosuch.invalid/postgres?sslmode=disable"
    assert "nosuch.invalid" in str(refused(url, tmp_path, caplog))


def test_a_port_where_nobody_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"postgresql://postgres:{CANARY}@127.0.0.1:{port}/postgres"
    with within(1.0):
        assert "refused" in str(refused(url, tmp_path, caplog))


def test_a_port_where_somebody_else_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        url = f"postgresql://postgres:{CANARY}@127.0.0.1:{server.getsockname()[1]}/postgres"
        assert "cannot connect" in str(refused(url, tmp_path, caplog))
        server.shutdown(socket.SHUT_RDWR)


def test_a_port_where_nobody_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://postgres:{CANARY}@127.0.0.1:{silent.getsockname()[1]}/postgres"
        with within(2.5):
            error = refused(with_options(url, pool_timeout=0.7), tmp_path, caplog)
        assert "no answer within 0.7 s" in str(error)


def test_a_server_that_is_full(
    pg_server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pg_server.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS crowd")
        connection.execute("CREATE ROLE crowd LOGIN CONNECTION LIMIT 0")
        url = f"postgresql://crowd:{CANARY}@127.0.0.1:{pg_server.port}/postgres"
        assert "too many connections" in str(refused(url, tmp_path, caplog))
        connection.execute("DROP ROLE crowd")


@pytest.mark.parametrize("version", [90624, 130011])
def test_an_old_server_is_refused(version: int) -> None:
    with pytest.raises(ConfigError, match=r"PostgreSQL (9|13)\.\d+; 14 or newer is needed"):
        check_version(version)


@pytest.mark.parametrize("version", [140000, 160004, 180001])
def test_a_newer_server_is_not(version: int) -> None:
    check_version(version)
