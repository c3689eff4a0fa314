"""The server goes away and comes back: what callers notice of it, and for how long."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Literal

import pytest

from rawstore.errors import ConnectionLost, DatabaseError
from tests.engines.conftest import Busy, eventually, in_threads, on_postgres, within

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop
    from tests.postgres import Server

pytestmark = on_postgres


def fill_pool(store: Any, size: int) -> None:
    """Let the pool grow to `size` connections, all idle."""
    barrier = threading.Barrier(size)

    def hold(_: int) -> None:
        with store.transaction() as tx:
            tx.one()
            barrier.wait(20)

    in_threads(size, hold)
    eventually(lambda: store.health().pool["pool_available"] == size)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
@pytest.mark.parametrize("size", [8, 32])
def test_a_restart_between_calls_is_not_noticed(
    pg_server: Server, open_shop: OpenShop, mode: Literal["fast", "immediate"], size: int
) -> None:
    store = open_shop(pool_max=size)
    fill_pool(store, size)
    pg_server.restart(mode)
    for _ in range(3 * size):
        with within(1.0):
            assert store.one() == 1
    in_threads(8, lambda _: [store.one() for _ in range(size)])


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_busy_threads_lose_no_more_than_what_was_in_flight(
    pg_server: Server, open_shop: OpenShop, mode: Literal["fast", "immediate"]
) -> None:
    store = open_shop(pool_max=8, pool_timeout=20)
    store.add(1)
    with Busy(8, lambda: store.get(1)) as busy:
        busy.wait_for(200)
        pg_server.restart(mode)
        busy.wait_for(200)
    assert len(busy.errors) <= 8
    assert [error for error in busy.errors if not isinstance(error, ConnectionLost)] == []


@pytest.mark.slow
def test_many_restarts_under_load(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_max=8, pool_timeout=20)
    store.add(1)
    rounds = 10
    with Busy(8, lambda: store.get(1)) as busy:
        for number in range(rounds):
            pg_server.restart("immediate" if number % 2 else "fast")
            busy.wait_for(500)
    assert len(busy.errors) <= 8 * rounds
    assert [error for error in busy.errors if not isinstance(error, ConnectionLost)] == []


def test_two_restarts_within_a_second(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_max=8)
    fill_pool(store, 8)
    pg_server.restart("immediate")
    assert store.one() == 1
    fill_pool(store, 8)
    pg_server.restart("immediate")
    assert [store.one() for _ in range(16)] == [1] * 16


def test_down_from_the_start_says_so_at_once(pg_server: Server, open_shop: OpenShop) -> None:
    pg_server.stop()
    store = open_shop()
    for _ in range(2):
        with within(0.5), pytest.raises(ConnectionLost, match="cannot connect to postgresql:"):
            store.one()
    pg_server.start()
    with within(1.0):
        assert store.one() == 1


def test_a_call_waits_for_a_server_that_comes_back(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_timeout=30)
    store.one()
    pg_server.stop()
    back: list[float] = []

    def start() -> None:
        time.sleep(2.5)  # longer than the pool's first pause between attempts
        pg_server.start()
        back.append(time.monotonic())

    starter = threading.Thread(target=start)
    starter.start()
    in_threads(8, lambda _: store.one())
    answered = time.monotonic()
    starter.join()
    assert answered - back[0] < 1.0


def test_down_for_longer_than_the_timeout(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_timeout=1)
    store.one()
    pg_server.stop("immediate")

    def call(_: int) -> None:
        with within(1.3), pytest.raises(ConnectionLost, match="cannot connect"):
            store.one()

    in_threads(16, call)
    pg_server.start()
    with within(1.0):
        assert store.one() == 1
    in_threads(16, lambda _: store.one())


def both_connections_work(store: Any) -> bool:
    try:
        with store.transaction() as first, store.transaction() as second:
            return bool(first.one() and second.one())
    except DatabaseError:
        return False


def test_the_pool_is_not_replaced_while_the_server_answers(
    pg_server: Server, open_shop: OpenShop
) -> None:
    """After an outage mere exhaustion must not be taken for another."""
    store = open_shop(pool_timeout=1, pool_max=2)
    store.one()
    pg_server.stop("immediate")
    with pytest.raises(ConnectionLost):
        store.one()
    pg_server.start()
    while not both_connections_work(store):  # the second may come back a moment later
        pass
    pool = store._engine._pool
    with store.transaction() as first, store.transaction() as second:
        assert (first.one(), second.one()) == (1, 1)
        with within(1.2, least=0.9), pytest.raises(DatabaseError, match="no connection was free"):
            store.one()
    assert store._engine._pool is pool
