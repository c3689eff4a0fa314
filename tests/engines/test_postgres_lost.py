"""A connection that the server ends: in a call, a transaction, a COMMIT, a stream, a batch."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import (
    CommitOutcomeUnknown,
    ConnectionLost,
    DatabaseBusy,
    DatabaseError,
    RawstoreError,
    StatementTimeout,
    TransactionAborted,
)
from tests.engines.conftest import (
    Busy,
    backends,
    direct,
    eventually,
    on_postgres,
    within,
)

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop
    from tests.postgres import Remote

pytestmark = on_postgres


@pytest.fixture
def store(open_shop: OpenShop) -> Any:
    store = open_shop(pool_max=4)
    store.one()
    return store


def kill(pg: Remote, pid: int) -> None:
    with pg.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def test_killed_while_idle_is_not_noticed(pg: Remote, store: Any) -> None:
    for _ in range(5):
        kill(pg, store.backend())
        assert store.one() == 1


def test_killed_in_a_call(pg: Remote, store: Any) -> None:
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(store.sleep, 20)
        eventually(lambda: sleeping(pg, store))
        for pid in backends(pg, store):
            kill(pg, pid)
        with pytest.raises(ConnectionLost) as caught:
            call.result(5)
    assert caught.value.query == "shop.sleep"
    assert store.one() == 1


def sleeping(pg: Remote, store: Any) -> int:
    with direct(pg, store) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* shop.sleep%' "
            "AND state = 'active' AND datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_killed_in_a_transaction(pg: Remote, store: Any) -> None:
    with pytest.raises(ConnectionLost) as caught, store.transaction() as tx:
        tx.add(1)
        kill(pg, tx.backend())
        tx.add(2)
    assert not isinstance(caught.value, CommitOutcomeUnknown)
    assert caught.value.query == "shop.add"
    assert store.count_items() == 0


def test_killed_in_a_savepoint(pg: Remote, store: Any) -> None:
    with pytest.raises(RawstoreError), store.transaction() as tx:
        tx.add(1)
        with pytest.raises(ConnectionLost), tx.transaction() as inner:
            inner.add(2)
            kill(pg, inner.backend())
            inner.add(3)
        with pytest.raises(TransactionAborted):
            tx.add(4)
    assert store.count_items() == 0


def test_killed_before_commit(pg: Remote, store: Any) -> None:
    with pytest.raises(CommitOutcomeUnknown, match="unknown"), store.transaction() as tx:
        tx.add(1)
        kill(pg, tx.backend())
    assert store.count_items() == 0


def test_killed_during_commit(pg: Remote, store: Any) -> None:
    """A deferred trigger holds the COMMIT up for as long as it takes to end it."""
    with direct(pg, store) as connection:
        connection.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN PERFORM pg_sleep(20); RETURN NULL; END'"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON shop.items DEFERRABLE "
            "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()"
        )
    pids: list[int] = []

    def work() -> None:
        with store.transaction() as tx:
            tx.add(1)
            pids.append(tx.backend())

    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(work)
        eventually(lambda: pids)
        time.sleep(0.2)
        kill(pg, pids[0])
        with pytest.raises(CommitOutcomeUnknown):
            call.result(5)
    assert store.count_items() == 0


def test_killed_in_a_stream(pg: Remote, store: Any) -> None:
    rows = store.count_to(5000)
    next(rows)
    for pid in backends(pg, store):
        kill(pg, pid)
    with pytest.raises(ConnectionLost) as caught:
        list(rows)
    assert caught.value.query == "shop.count_to"
    assert list(rows) == []
    assert store.one() == 1


def test_killed_in_the_middle_of_a_large_result(pg: Remote, store: Any) -> None:
    """Twenty megabytes have come, and then the sender goes."""
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(store.sleep_at_the_end, 20)
        eventually(lambda: sleeping(pg, store))
        time.sleep(0.3)
        for pid in backends(pg, store):
            kill(pg, pid)
        with pytest.raises(ConnectionLost):
            call.result(5)
    assert store.one() == 1


def test_killed_in_a_batch(pg: Remote, store: Any) -> None:
    store.add(1)

    def work() -> list[Any]:
        with store.batch() as batch:
            return [batch.change(1, "done"), batch.sleep(20), batch.change(1, "late")]

    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(work)
        eventually(lambda: sleeping(pg, store))
        for pid in backends(pg, store):
            kill(pg, pid)
        done, slept, late = call.result(5)
    assert done.result() == 1
    for one in (slept, late):
        with pytest.raises(ConnectionLost):
            one.result()
    assert store.get(1).text == "done"


def test_killed_in_a_batch_query(pg: Remote, store: Any) -> None:
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(store.sleep_each, [20, 20])
        eventually(lambda: backends(pg, store))
        time.sleep(0.3)
        for pid in backends(pg, store):
            kill(pg, pid)
        with pytest.raises(ConnectionLost) as caught:
            call.result(5)
    assert caught.value.query == "shop.sleep_each"
    assert store.one() == 1


def test_killed_again_and_again_under_load(pg: Remote, store: Any) -> None:
    kills = 10
    with Busy(4, lambda: store.one()) as busy:
        for _ in range(kills):
            busy.wait_for(20)
            kill(pg, backends(pg, store)[0])
    assert len(busy.errors) <= kills
    assert {type(error) for error in busy.errors} <= {ConnectionLost}


# -- the server's own limits


def test_a_statement_that_takes_too_long(open_shop: OpenShop) -> None:
    store = open_shop(statement_timeout=0.3)
    with within(0.5, least=0.3), pytest.raises(StatementTimeout) as caught:
        store.sleep(5)
    assert (caught.value.code, caught.value.query) == ("57014", "shop.sleep")
    assert store.one() == 1


def test_a_pipeline_may_take_longer_than_one_statement(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is each statement's: progress earns time, whatever the whole takes."""
    monkeypatch.setattr("rawstore.engines.postgres_session.GRACE", 0.2)
    store = open_shop(statement_timeout=0.5)
    with within(5.0, least=2.0):
        store.sleep_each([0.2] * 10)
    with store.batch() as batch:
        calls = [batch.sleep(0.2) for _ in range(10)]
    assert [call.result() for call in calls] == [None] * 10


def test_a_lock_that_is_not_had(open_shop: OpenShop) -> None:
    store = open_shop(lock_timeout=0.3)
    store.add(1)
    with store.transaction() as tx:
        tx.change(1, "mine")
        with within(0.6, least=0.3), pytest.raises(DatabaseBusy) as caught:
            store.change(1, "yours")
    assert (caught.value.code, caught.value.query) == ("55P03", "shop.change")
    assert store.get(1).text == "mine"


def test_a_transaction_that_idles_for_too_long(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rawstore.engines.postgres_conninfo.IDLE_IN_TRANSACTION", 0.2)
    store = open_shop()
    with pytest.raises(ConnectionLost) as caught, store.transaction() as tx:
        tx.add(1)
        time.sleep(0.5)
        tx.add(2)
    assert caught.value.code == "25P03"
    with pytest.raises(ConnectionLost) as caught, store.transaction() as tx:
        tx.add(1)
        time.sleep(0.5)
    assert not isinstance(caught.value, CommitOutcomeUnknown)  # the server said it is over
    assert store.count_items() == 0


def test_an_error_at_commit_is_not_a_lost_connection(pg: Remote, store: Any) -> None:
    with direct(pg, store) as connection:
        connection.execute(
            "ALTER TABLE shop.items ADD CONSTRAINT items_text_key UNIQUE (text) "
            "DEFERRABLE INITIALLY DEFERRED"
        )
    with pytest.raises(DatabaseError) as caught, store.transaction() as tx:
        tx.add(1, "same")
        tx.add(2, "same")
    assert (caught.value.code, caught.value.constraint) == ("23505", "items_text_key")
    assert store.count_items() == 0
