"""PostgreSQL for asyncio under real faults: killed, reset, restarted, away, frozen."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.engines import postgres_async_wire, postgres_session
from rawstore.errors import (
    CommitOutcomeUnknown,
    ConnectionLost,
    DatabaseError,
    Overloaded,
)
from tests.aio.conftest import ENDLESS, OpenShop, at_rest, eventually, lent
from tests.engines import conftest as engines
from tests.engines.conftest import backends, direct, on_postgres, within

if TYPE_CHECKING:
    from tests.postgres import Remote, Server

pytestmark = on_postgres
on_asyncio = pytest.mark.parametrize("new_loop", ["asyncio"], indirect=True)
Work = Callable[[Any], Coroutine[Any, Any, Any]]


def kill(server: Remote, store: Any) -> None:
    """End every connection that the store has, from the server's side."""
    pids = backends(server, store)
    with server.connect() as connection:
        for pid in pids:
            connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    engines.eventually(lambda: not set(pids) & set(backends(server, store)))


@contextmanager
def frozen(server: Server, *pids: int) -> Iterator[None]:
    """These processes of the server stand still, in the block."""
    for pid in pids:
        server.freeze(pid)
    try:
        yield
    finally:
        server.restore()


async def fill(store: Any, size: int) -> None:
    """Let the pool grow to `size` connections, all idle."""
    await asyncio.gather(*(store.sleep(0.05) for _ in range(size)))
    await whole(store)


async def whole(store: Any) -> None:
    """Every connection is back, and nobody is thought to have or to want one."""
    await at_rest(store)
    engine = store._engine
    assert (engine._served, len(engine._line), len(engine._waiting)) == (0, 0, 0)


async def ended(tasks: list[asyncio.Task[Any]], seconds: float = 5.0) -> list[Any]:
    """What the tasks return or raise; those that do not end in time fail the test."""
    _, pending = await asyncio.wait(tasks, timeout=seconds)
    for task in pending:
        task.cancel()
    assert not pending, f"{len(pending)} of {len(tasks)} tasks did not end"
    return await asyncio.gather(*tasks, return_exceptions=True)


# -- the server ends connections


async def in_a_transaction(store: Any) -> None:
    async with store.transaction() as tx:
        await tx.add(1)
        await tx.sleep(20)


async def in_a_savepoint(store: Any) -> None:
    async with store.transaction() as tx:
        await tx.add(1)
        async with tx.transaction() as inner:
            await inner.sleep(20)


async def in_a_batch(store: Any) -> None:
    async with store.batch() as batch:
        handles = [batch.one(), batch.sleep(20), batch.one()]
    assert [type(handle.exception()) for handle in handles[1:]] == [ConnectionLost] * 2
    handles[1].result()


async def in_a_bulk_insert(store: Any) -> None:
    async with store.transaction() as tx:
        await tx.add_slowly(1, ENDLESS)
        await tx.add_each([(n, "x") for n in range(2, 2000)])


async def in_a_stream(store: Any) -> None:
    async with store.count_to(ENDLESS) as rows:
        async for _ in rows:
            await asyncio.sleep(0)


async def in_a_session(store: Any) -> None:
    async with store.session() as session:
        try:
            await session.sleep(20)
        finally:
            assert await session.one() == 1


async def in_a_large_result(store: Any) -> None:
    await store.sleep_at_the_end(20)


KILLED: list[Work] = [
    lambda store: store.sleep(20),
    lambda store: store.sleep_each([20, 20]),
    lambda store: store.sleep_each([20] * 1000),
    lambda store: store.clear_slowly(),
    in_a_transaction,
    in_a_savepoint,
    in_a_batch,
    in_a_bulk_insert,
    in_a_stream,
    in_a_session,
    in_a_large_result,
]


async def test_killed_in_a_call(pg: Remote, open_shop: OpenShop) -> None:
    """A server process that dies with input unread resets the connection instead of closing it."""
    store = open_shop(pool_max=4)
    for work in KILLED:
        task = asyncio.create_task(work(store))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(kill, pg, store)
        (error,) = await ended([task])
        assert isinstance(error, ConnectionLost), error
        assert not isinstance(error, CommitOutcomeUnknown)
        assert await store.one() == 1
        await whole(store)
    assert await store.count_items() == 0


async def test_killed_before_commit(pg: Remote, few: Any) -> None:
    with pytest.raises(CommitOutcomeUnknown, match="unknown"):
        async with few.transaction() as tx:
            await tx.add(1)
            kill(pg, few)
    assert await few.count_items() == 0


async def test_killed_while_idle_is_not_noticed(pg: Remote, open_shop: OpenShop) -> None:
    store = open_shop(pool_max=8)
    await fill(store, 8)
    kill(pg, store)
    await asyncio.sleep(0.05)
    before = time.process_time()
    await asyncio.sleep(0.3)
    assert time.process_time() - before < 0.15, "the loop is kept busy by what is closed"
    assert await asyncio.gather(*(store.one() for _ in range(50))) == [1] * 50


async def test_a_restart_is_not_noticed_between_calls(
    pg_server: Server, open_shop: OpenShop
) -> None:
    store = open_shop(pool_max=8, pool_timeout=20)
    await fill(store, 8)
    pg_server.restart("immediate")
    assert await asyncio.gather(*(store.one() for _ in range(100))) == [1] * 100
    errors: list[Exception] = []
    done = 0

    async def work() -> None:
        nonlocal done
        while True:
            try:
                await store.one()
                done += 1
            except DatabaseError as error:
                errors.append(error)

    tasks = [asyncio.create_task(work()) for _ in range(16)]
    await asyncio.sleep(0.1)
    await asyncio.to_thread(pg_server.restart, "fast")
    before = done
    await eventually(lambda: done > before + 200)
    for task in tasks:
        task.cancel()
    await ended(tasks)
    assert len(errors) <= 8
    assert {type(error) for error in errors} <= {ConnectionLost}
    await whole(store)


@on_asyncio
async def test_a_server_that_comes_back_is_waited_for(
    pg_server: Server, open_shop: OpenShop
) -> None:
    patient, hasty = open_shop(pool_max=4, pool_timeout=20), open_shop(pool_max=4, pool_timeout=1)
    await asyncio.gather(fill(patient, 4), fill(hasty, 4))
    await asyncio.to_thread(pg_server.stop, "immediate")
    waiting = [asyncio.create_task(patient.one()) for _ in range(50)]
    with within(1.3):
        refused = await ended([asyncio.create_task(hasty.one()) for _ in range(50)])
    assert {type(error) for error in refused} == {ConnectionLost}
    assert not any(task.done() for task in waiting)
    await asyncio.to_thread(pg_server.start)
    assert await ended(waiting, 2.0) == [1] * 50
    assert await hasty.one() == 1
    await whole(patient)
    again = await ended([asyncio.create_task(hasty.sleep(1.1)) for _ in range(8)])
    assert {type(error) for error in again} == {type(None), Overloaded}  # not what was wrong before


async def test_a_schema_change_is_not_noticed(pg: Remote, few: Any) -> None:
    await few.add_each([(n, "x") for n in range(50)])
    calls = 0

    async def in_batch() -> None:
        async with few.batch() as batch:
            handle = batch.get(1)
        handle.result()

    async def in_stream() -> None:
        assert len([row async for row in few.stream_items()]) == 50

    async def again(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        nonlocal calls
        while True:
            await work()
            calls += 1

    works = (lambda: few.get(1), few.list_items, in_batch, in_stream)
    tasks = [asyncio.create_task(again(work)) for work in works]
    with direct(pg, few) as connection:
        for type_ in ("bigint", "integer") * 2:
            await asyncio.sleep(0.05)
            await asyncio.to_thread(
                connection.execute,
                f"ALTER TABLE shop.items ALTER COLUMN id TYPE {type_}".encode(),
            )
    before = calls
    await eventually(lambda: calls > before + 10 or any(task.done() for task in tasks))
    for task in tasks:
        task.cancel()
    assert [type(end) for end in await ended(tasks)] == [asyncio.CancelledError] * 4


# -- the server says nothing

LIMIT, GRACE = 0.5, 0.3


async def call_in_a_transaction(store: Any) -> None:
    async with store.transaction() as tx:
        await tx.one()


async def call_in_a_session(store: Any) -> None:
    async with store.session() as session:
        await session.one()


async def call_in_a_batch(store: Any) -> None:
    async with store.batch() as batch:
        first, second = batch.one(), batch.one()
    assert type(first.exception()) is type(second.exception())
    first.result()


async def read_a_stream(store: Any) -> None:
    assert [row async for row in store.stream_items()] == []


async def test_a_frozen_backend_ends_every_kind_of_call_in_time(
    pg_server: Server, open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_session, "GRACE", GRACE)
    works: list[Work] = [
        lambda store: store.one(),
        lambda store: store.add_each([(n, "x") for n in range(10)]),
        lambda store: store.clear_slowly(),
        call_in_a_transaction,
        call_in_a_session,
        call_in_a_batch,
        read_a_stream,
    ]
    stores = [open_shop(pool_max=2, pool_timeout=1, statement_timeout=LIMIT) for _ in works]
    await asyncio.gather(*(fill(store, 2) for store in stores))

    async def late(work: Work, store: Any) -> None:
        with within(LIMIT + GRACE + 0.3), pytest.raises(ConnectionLost, match="no answer"):
            await work(store)

    with frozen(pg_server, *backends(pg_server, stores[0])):
        await asyncio.gather(*map(late, works, stores))
        for store in stores:
            await asyncio.gather(store.sleep(0.05), store.sleep(0.05))
            await whole(store)


async def test_a_server_frozen_from_the_start(pg_server: Server, open_shop: OpenShop) -> None:
    store = open_shop(pool_max=2, pool_timeout=0.7)
    with frozen(pg_server, pg_server.pid), within(1.0):
        tasks = [asyncio.create_task(store.one()) for _ in range(50)]
        await asyncio.sleep(0.05)
        with within(0.3):
            await asyncio.to_thread(gc.isenabled)  # the loop's own threads are not taken
        errors = await ended(tasks)
    assert ConnectionLost in {type(error) for error in errors} <= {ConnectionLost, Overloaded}
    await whole(store)


async def test_a_late_cancel_request_does_not_stop_the_next_caller(
    pg_server: Server, open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_async_wire, "CANCEL_WITHIN", 0.4)
    store = open_shop(pool_max=1)
    task = asyncio.create_task(store.sleep(0.2))
    await eventually(lambda: lent(store) == 1)
    await asyncio.sleep(0.05)
    with frozen(pg_server, pg_server.pid):
        task.cancel()
        (end,) = await ended([task])
        assert isinstance(end, asyncio.CancelledError)
        following = asyncio.create_task(store.sleep(0.2))
        await asyncio.sleep(0.05)
    assert await ended([following]) == [None]
