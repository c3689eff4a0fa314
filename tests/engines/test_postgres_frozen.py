"""A server that says nothing: every wait ends by its deadline, and the pool is whole again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.engines import postgres_session
from rawstore.errors import ConnectionLost, DatabaseError
from tests.engines.conftest import backends, eventually, in_threads, on_postgres, within

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop
    from tests.postgres import Server

pytestmark = on_postgres

LIMIT = 0.5  # statement_timeout
GRACE = 0.3


@pytest.fixture
def store(pg_server: Server, open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(postgres_session, "GRACE", GRACE)
    store = open_shop(pool_max=4, pool_timeout=1, statement_timeout=LIMIT)
    store.one()
    yield store
    pg_server.restore()  # else its database cannot be dropped


def freeze(server: Server, store: Any) -> None:
    for pid in backends(server, store):
        server.freeze(pid)


def call(store: Any) -> None:
    store.one()


def call_in_a_transaction(store: Any) -> None:
    with store.transaction() as tx:
        tx.one()


def call_in_a_batch(store: Any) -> None:
    with store.batch() as batch:
        calls = [batch.one() for _ in range(3)]
    for one in calls:
        one.result()


def run_a_batch_query(store: Any) -> None:
    store.add_each([(1, "a"), (2, "b")])


def stream(store: Any) -> None:
    list(store.stream_items())


@pytest.mark.parametrize(
    "work", [call, call_in_a_transaction, call_in_a_batch, run_a_batch_query, stream]
)
def test_a_frozen_backend_ends_the_call(
    pg_server: Server, store: Any, work: Callable[[Any], Any]
) -> None:
    work(store)
    store.delete_items()
    freeze(pg_server, store)
    with within(LIMIT + GRACE + 0.25), pytest.raises(ConnectionLost, match="no answer"):
        work(store)
    work(store)
    assert store.one() == 1


def test_frozen_in_the_middle_of_a_transaction(pg_server: Server, store: Any) -> None:
    with within(LIMIT + GRACE + 0.25), pytest.raises(ConnectionLost), store.transaction() as tx:
        tx.add(7)
        freeze(pg_server, store)
        tx.add(8)
    assert store.one() == 1
    pg_server.restore()
    eventually(lambda: store.get(7) is None)


def test_frozen_before_a_rollback(pg_server: Server, store: Any) -> None:
    with (
        within(LIMIT + GRACE + 0.25),
        pytest.raises(ZeroDivisionError),
        store.transaction() as tx,
    ):
        tx.add(7)
        freeze(pg_server, store)
        raise ZeroDivisionError
    assert store.one() == 1


def test_frozen_in_the_middle_of_a_stream(pg_server: Server, store: Any) -> None:
    rows = store.count_to(5000)
    next(rows)
    freeze(pg_server, store)
    with within(LIMIT + GRACE + 0.25), pytest.raises(ConnectionLost):
        list(rows)
    assert store.one() == 1


def test_a_stream_given_up_over_a_frozen_backend(pg_server: Server, store: Any) -> None:
    rows = store.count_to(5000)
    next(rows)
    freeze(pg_server, store)
    with within(2 * (LIMIT + GRACE) + 0.25):
        rows.close()
    assert store.one() == 1


def test_frozen_while_it_was_idle_for_long(
    pg_server: Server, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At checkout a connection that has idled is asked, and it has `pool_timeout` to answer."""
    monkeypatch.setattr(postgres_session, "PING_AFTER", 0.0)
    freeze(pg_server, store)
    with within(1.0 + 0.3), suppress(DatabaseError):
        store.one()
    assert store.one() == 1


def test_a_busy_store_over_frozen_backends(pg_server: Server, store: Any) -> None:
    in_threads(4, lambda _: [store.one() for _ in range(20)])
    freeze(pg_server, store)

    def work(_: int) -> int:
        failed = 0
        for _ in range(10):
            with within(LIMIT + GRACE + 1.3):
                try:
                    store.one()
                except ConnectionLost:
                    failed += 1
        return failed

    assert sum(in_threads(4, work)) <= 4
    eventually(lambda: store.health().pool["pool_available"] >= 1, 2.0)


def test_the_whole_server_frozen(pg_server: Server, store: Any) -> None:
    in_threads(4, lambda _: [store.one() for _ in range(20)])
    pg_server.freeze(pg_server.pid)
    freeze_all(pg_server)

    def work(_: int) -> None:
        for _ in range(3):
            with within(LIMIT + GRACE + 1.3), pytest.raises(DatabaseError):
                store.one()

    in_threads(4, work)
    pg_server.restore()
    with within(1.0):
        assert store.one() == 1


def test_frozen_from_the_start(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_timeout=1)
    pg_server.freeze(pg_server.pid)

    def work(_: int) -> None:
        with within(1.2, least=0.9), pytest.raises(ConnectionLost, match="no answer within 1 s"):
            store.one()

    in_threads(8, work)  # all at once, not one after another
    pg_server.restore()
    with within(5.5):
        time.sleep(0.1)
        assert store.one() == 1


def freeze_all(server: Server) -> None:
    import subprocess

    listed = subprocess.run(
        ["pgrep", "-P", str(server.pid)], capture_output=True, text=True, check=True
    )
    for pid in listed.stdout.split():
        server.freeze(int(pid))
