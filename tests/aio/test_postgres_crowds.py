"""Tasks that crowd PostgreSQL's connections, are cancelled, leave things, or run in odd loops."""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.engines import postgres_async_wire, postgres_session
from rawstore.errors import CommitOutcomeUnknown, ConfigError, ConnectionLost, Overloaded
from tests.aio.conftest import OpenShop, eventually
from tests.aio.test_postgres_faults import (
    Work,
    ended,
    in_a_session,
    in_a_stream,
    in_a_transaction,
    kill,
    on_asyncio,
    whole,
)
from tests.engines import conftest as engines
from tests.engines.conftest import direct, on_postgres, within
from tests.engines.test_postgres_pool import all_back, descriptors
from tests.engines.test_postgres_sessions import QUERIES
from tests.urls import with_options

if TYPE_CHECKING:
    from tests.postgres import Remote

pytestmark = on_postgres


# -- cancellation


async def test_a_cancelled_batch_ends(open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_async_wire, "CANCEL_WITHIN", 0.4)
    store = open_shop(pool_max=1)

    async def work() -> None:
        async with store.batch() as batch:
            for _ in range(1000):
                batch.sleep(0.3)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    (end,) = await ended([task], 2.0)
    assert isinstance(end, asyncio.CancelledError)
    assert await store.one() == 1


async def test_cancelled_in_every_round_of_the_loop(few: Any) -> None:
    """As anyio cancels, which knows its own cancellation by the message."""
    works: list[Work] = [lambda store: store.sleep(20), in_a_transaction, in_a_stream, in_a_session]
    for work in works:
        task = asyncio.create_task(work(few))
        await asyncio.sleep(0.05)
        end = time.monotonic() + 3
        while not task.done():
            assert time.monotonic() < end, "the task does not end"
            task.cancel("by the scope")
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError, match="by the scope"):
            await task
        await whole(few)


async def test_two_hundred_tasks_are_cancelled_at_random(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=4, pool_timeout=20)
    chance = random.Random(3)

    async def work() -> None:
        while True:
            await store.one()

    for _ in range(5):
        tasks = [asyncio.create_task(work()) for _ in range(200)]
        await asyncio.sleep(chance.uniform(0.01, 0.1))
        chance.shuffle(tasks)
        for number, task in enumerate(tasks):
            task.cancel()
            if number % 10 == 0:
                await asyncio.sleep(chance.uniform(0, 0.002))
        assert {type(end) for end in await ended(tasks)} == {asyncio.CancelledError}
        await whole(store)
    await asyncio.gather(*(store.sleep(0.02) for _ in range(8)))


# -- more callers than connections


async def test_first_come_first_served(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=4, pool_timeout=20)
    served: list[int] = []

    async def work(number: int) -> None:
        await store.sleep(0.005)
        served.append(number)

    await asyncio.gather(*map(work, range(200)))
    assert max(abs(place - number) for place, number in enumerate(served)) < 8
    await whole(store)


async def test_refused_in_time(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=4, pool_timeout=0.4)
    with within(0.8):
        ends = await ended([asyncio.create_task(store.sleep(0.15)) for _ in range(200)])
    assert {type(end) for end in ends} == {type(None), Overloaded}
    assert 8 <= ends.count(None) <= 12
    await whole(store)
    await asyncio.gather(*(store.sleep(0.02) for _ in range(8)))


@on_asyncio
async def test_who_waits_no_longer_is_not_counted(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1, pool_timeout=0.1)
    async with store.transaction() as tx:
        await tx.one()
        for _ in range(3):
            ends = await ended([asyncio.create_task(store.one()) for _ in range(60)])
            assert all("no connection was free" in str(end) for end in ends)
        waiting = asyncio.create_task(store.one())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await ended([waiting])
        assert store._engine.stats()["requests_waiting"] == 0


@on_asyncio
async def test_closed_under_waiting_tasks(open_shop: OpenShop) -> None:
    store = open_shop(pool_max=1, pool_timeout=20)
    async with store.transaction() as tx:
        await tx.one()
        waiting = [asyncio.create_task(store.one()) for _ in range(4)]
        await asyncio.sleep(0.02)
        await store.close()
        assert {type(end) for end in await ended(waiting, 1.0)} == {ConfigError}
        assert await tx.one() == 1


# -- what one borrower leaves


@pytest.fixture
def single(folder: Path, open_shop: OpenShop) -> Any:
    """The shop on one connection: the next caller is sure to get the last one's."""
    (folder / "sql" / "postgres" / "sessions.sql").write_text(QUERIES)
    return open_shop(pool_max=1)


async def test_nothing_is_left_to_the_next(single: Any, pg: Remote) -> None:
    for _ in range(3):
        await single.set_config("ann")
        assert await single.who() == ""
        await single.setup()
        assert not await single.scratch_exists()
        await single.lock(1)
        with direct(pg, single) as connection:
            assert connection.execute("SELECT pg_try_advisory_lock(1)").fetchone() == (True,)
        async with single.session() as session:
            await session.set_config("bob")
            assert await session.who() == "bob"
        seen = await asyncio.gather(
            *(single.set_config("eve") for _ in range(5)), *(single.who() for _ in range(10))
        )
        assert seen[5:] == [""] * 10


@on_asyncio
async def test_what_arrives_at_rest_does_no_harm(single: Any, pg: Remote) -> None:
    before = await single.backend()
    session = await single._engine.borrow()
    await session.wire.command(b"LISTEN news")
    await single._engine.give(session)
    for _ in range(3):
        with direct(pg, single) as connection:
            connection.execute("NOTIFY news, 'x'")
        await asyncio.sleep(0.02)
        assert await single.backend() == before


async def test_a_session_goes_on_after_its_connection_is_lost(few: Any, pg: Remote) -> None:
    async with few.session() as session:
        for _ in range(2):
            await session.one()
            kill(pg, few)
            with pytest.raises(ConnectionLost):
                await session.one()
            assert await session.one() == 1


# -- loops


async def test_each_task_keeps_its_context(few: Any) -> None:
    number: ContextVar[int] = ContextVar("number")

    async def work(mine: int) -> None:
        number.set(mine)
        for _ in range(20):
            await few.one()
            assert number.get() == mine
            async with few.transaction() as tx:
                await tx.one()
                assert number.get() == mine

    await asyncio.gather(*map(work, range(20)))


async def test_a_loop_blocked_past_the_deadline_gets_the_answer(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog cuts the connection meanwhile; what had come before is not lost."""
    monkeypatch.setattr(postgres_session, "GRACE", 0.1)
    store = open_shop(pool_max=1, statement_timeout=0.3)
    await store.one()
    loop = asyncio.get_running_loop()
    loop.call_later(0.02, time.sleep, 0.7)
    assert await store.sleep(0.1) is None
    assert await store.one() == 1


async def test_results_and_parameters_larger_than_every_buffer(few: Any) -> None:
    assert len(await few.sleep_at_the_end(0)) == 20_000
    await few.add(1)
    text = "x" * 100_000
    for block in (few.session(), few.transaction()):
        async with block as caller:
            async with caller.batch() as batch:
                calls = [(batch.change(1, text), batch.get(1)) for _ in range(100)]
            assert {handle.result() for _, handle in calls} == {(1, text)}
    await few.change(1, text[:5000])
    async with few.batch() as batch:
        handles = [batch.get(1) for _ in range(10_000)]
    assert all(len(handle.result().text) == 5000 for handle in handles)


async def test_stores_one_after_another_use_the_same_descriptors(
    open_shop: OpenShop, pg: Remote
) -> None:
    async def live(number: int) -> None:
        async with open_shop(pool_max=3) as store:
            await asyncio.gather(*(store.one() for _ in range(5)))
            if number % 3 == 0:
                kill(pg, store)
                assert await store.one() == 1

    await live(0)
    before = descriptors()
    for number in range(15):
        await asyncio.wait_for(live(number), 5)
    await eventually(lambda: descriptors() <= before)


def test_loops_one_after_another(
    new_loop: Callable[[], asyncio.AbstractEventLoop], open_shop: OpenShop
) -> None:
    async def live() -> None:
        async with open_shop(pool_max=3) as store:
            assert await asyncio.gather(*(store.one() for _ in range(10))) == [1] * 10

    for _ in range(10):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(asyncio.wait_for(live(), 5))


EAGER = [False, True] if sys.version_info >= (3, 12) else [False]


@pytest.mark.parametrize("eager", EAGER)
def test_in_debug_mode_and_with_eager_tasks(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
    open_shop: OpenShop,
    pg: Remote,
    eager: bool,  # noqa: FBT001 - parametrized
) -> None:
    async def live() -> None:
        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 60.0
        if eager:
            loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
        async with open_shop(pool_max=3) as store:

            async def work(number: int) -> None:
                assert await store.one() == 1
                async with store.transaction() as tx:
                    await tx.add(number)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.001 * number):
                        await store.sleep(20)

            await asyncio.gather(*map(work, range(20)))
            kill(pg, store)
            assert await store.count_items() == 20
            await whole(store)

    with asyncio.Runner(loop_factory=new_loop, debug=True) as runner:
        runner.run(live())


# -- the same lending, for threads


def test_no_session_is_used_by_two_threads(folder: Path, empty_url: str, pg: Remote) -> None:
    marked = "-- name: mark(text text) :scalar text\nSELECT :text || ' by ' || pg_backend_pid();\n"
    (folder / "sql" / "postgres" / "mark.sql").write_text(marked)
    files, threads = descriptors(), threading.active_count()
    numbers = itertools.count()

    def work() -> None:
        mine = f"{next(numbers)}"
        with store.transaction() as tx:
            first = tx.mark(mine)
            assert first.startswith(f"{mine} by ")
            assert tx.mark(mine) == first
        assert store.mark(mine).startswith(f"{mine} by ")

    with rawstore.open(folder, with_options(empty_url, pool_max=4, pool_min=2)) as store:
        store.migrate()
        with engines.Busy(32, work) as busy:
            for _ in range(8):
                busy.wait_for(100)
                kill(pg, store)
        assert {type(error) for error in busy.errors} <= {ConnectionLost, CommitOutcomeUnknown}
        assert len(busy.errors) <= 8 * 4
        engines.eventually(lambda: all_back(store))
    engines.eventually(lambda: descriptors() <= files and threading.active_count() <= threads + 1)
