"""A task that is cancelled, wherever it is: its statement ends, and its connection is sound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import DatabaseBusy, TransactionAborted
from tests.aio.conftest import ENDLESS, OpenShop, at_rest
from tests.engines.conftest import uses_dialect
from tests.engines.test_sqlite_locks import held

if TYPE_CHECKING:
    from tests.conftest import Dialect

pytestmark = uses_dialect
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel the task and wait for its end; it must end by the cancellation."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def endure(shop: Any, first: int) -> None:
    """Everything that can be cancelled, writing the rows `first`, +1 and +2: all or some of them.

    The last two are written together or not at all.
    """
    async with shop.session() as session:
        await session.add(first)
        await session.get(first)
    async with shop.stream_items() as rows:
        await anext(rows)
    async with shop.transaction() as tx:
        await tx.add(first + 1)
        async with tx.transaction() as inner:
            await inner.add_each([(first + 2, "x")])
            assert [row.id async for row in inner.stream_items()][-2:] == [first + 1, first + 2]
        async with tx.batch() as batch:
            batch.get(first)
    async with shop.batch() as batch:
        handle = batch.get(first)
    assert handle.result().id == first


async def sound(shop: Any) -> None:
    """Two transactions at once find their connections, and what is half done is nowhere."""
    both = asyncio.Barrier(2)

    async def look() -> list[int]:
        async with shop.transaction(read_only=True) as tx:
            await tx.one()
            await both.wait()
            return [row.id for row in await tx.list_items()]

    ids = set((await asyncio.gather(look(), look()))[0])
    for first in {number // 10 * 10 for number in ids}:
        assert first in ids
        assert (first + 1 in ids) == (first + 2 in ids)


async def test_at_every_await(few: Any) -> None:
    """Cancelled after ever more steps of the loop, until it is not cancelled in time."""
    steps = 0
    while True:
        task = asyncio.create_task(endure(few, steps * 10))
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.done():
            break
        await cancelled(task)
        steps += 1 + steps // 20
    await task
    assert steps > 20
    await at_rest(few)
    await sound(few)


async def test_at_two_hundred_moments(few: Any) -> None:
    random = Random(0)
    loop = asyncio.get_running_loop()
    for number in range(200):
        task = asyncio.create_task(endure(few, number * 10))
        moment = loop.call_later(random.uniform(0, 0.01), task.cancel)
        await asyncio.wait((task,))
        moment.cancel()
        if not task.cancelled():
            await task
    await at_rest(few)
    await sound(few)


async def test_many_tasks_are_cancelled_at_once(few: Any) -> None:
    random = Random(1)
    for turn in range(10):
        tasks = [asyncio.create_task(endure(few, (turn * 10 + n) * 10)) for n in range(10)]
        await asyncio.sleep(random.uniform(0, 0.02))
        for task in tasks:
            task.cancel()
            asyncio.get_running_loop().call_soon(task.cancel)  # and once more
        await asyncio.wait(tasks)
        await at_rest(few)
    await sound(few)


# -- statements that would not end by themselves

Work = Callable[[Any], Coroutine[Any, Any, Any]]


async def in_a_transaction(shop: Any) -> None:
    async with shop.transaction() as tx:
        await tx.add(1)
        await tx.add_slowly(2, ENDLESS)


async def in_a_nested_transaction(shop: Any) -> None:
    async with shop.transaction() as tx:
        await tx.add(1)
        async with tx.transaction() as inner:
            await inner.add(2)
            await inner.slow(ENDLESS)


async def in_a_session(shop: Any) -> None:
    async with shop.session() as session:
        await session.slow(ENDLESS)


async def in_a_stream(shop: Any) -> None:
    async with shop.count_to(ENDLESS) as rows:
        async for _ in rows:
            await asyncio.sleep(0)


async def in_a_stream_of_a_transaction(shop: Any) -> None:
    async with shop.transaction() as tx:
        await tx.add(1)
        async for _ in tx.count_to(ENDLESS):
            await asyncio.sleep(0)


async def in_a_batch(shop: Any) -> None:
    async with shop.batch() as batch:
        batch.slow(ENDLESS)


WORKS: list[Work] = [
    lambda shop: shop.slow(ENDLESS),
    lambda shop: shop.add_slowly(1, ENDLESS),
    lambda shop: shop.clear_slowly(),
    lambda shop: shop.run(lambda tx: tx.add_slowly(1, ENDLESS)),
    in_a_transaction,
    in_a_nested_transaction,
    in_a_session,
    in_a_stream,
    in_a_stream_of_a_transaction,
    in_a_batch,
]
NAMES = "read write script run transaction nested session stream stream_in_a_transaction batch"


@pytest.mark.parametrize("work", WORKS, ids=NAMES.split())
async def test_an_endless_statement_ends(few: Any, work: Work) -> None:
    await few.add(100)
    for delay in (0.02, 0.1):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(delay):
                await work(few)
        await at_rest(few)
        assert [row.id for row in await few.list_items()] == [100]
        await few.change(100, "y")
    await sound(few)


async def test_the_other_tasks_of_a_group_end_with_one_that_fails(few: Any) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.TaskGroup() as group:
            group.create_task(few.slow(ENDLESS))
            group.create_task(few.add("one"))
    assert len(caught.value.exceptions) == 1
    await at_rest(few)


async def test_a_cancelled_statement_leaves_its_transaction_failed(few: Any) -> None:
    with pytest.raises(TransactionAborted, match="earlier in this transaction"):
        async with few.transaction() as tx:
            await tx.add(1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await tx.slow(ENDLESS)
            await tx.add(2)
    with pytest.raises(TransactionAborted, match="failed in this block"):
        async with few.transaction() as tx:
            await tx.add(1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await tx.slow(ENDLESS)
    assert await few.count_items() == 0


async def test_a_session_goes_on_after_a_cancelled_call(few: Any) -> None:
    async with few.session() as session:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await session.slow(ENDLESS)
            assert await session.one() == 1
        await session.add(1)
    await at_rest(few)


async def test_a_cancelled_stream_is_closed(few: Any) -> None:
    stream = few.count_to(ENDLESS)
    await anext(stream)
    task = asyncio.create_task(in_a_stream(few))
    await asyncio.sleep(0.05)
    await cancelled(task)
    assert (await anext(stream)).n == 2
    await stream.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


# -- waiting for others


async def test_a_cancelled_wait_for_the_connection_loses_nothing(
    open_shop: OpenShop, dialect: Dialect
) -> None:
    shop = open_shop(**({"pool_max": 1} if dialect == "postgres" else {}))
    async with shop.transaction() as tx:
        await tx.add(1)
        waiting = [asyncio.create_task(shop.add(n)) for n in range(2, 8)]
        await asyncio.sleep(0.05)
        for task in waiting[::2]:
            await cancelled(task)
        await tx.add(10)
    await asyncio.gather(*waiting[1::2])
    assert [row.id for row in await shop.list_items()] == [1, 3, 5, 7, 10]


@on_sqlite
async def test_a_wait_for_another_process_is_cancelled(open_shop: OpenShop) -> None:
    shop = open_shop(timeout=600)
    await shop.add(1)
    with held(shop):
        for work in (shop.add(2), shop.run(lambda tx: tx.add(2)), shop.add_each([(2, "x")])):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await work
            await at_rest(shop)
        assert await shop.count_items() == 1
    await shop.add(3)
    assert await shop.count_items() == 2


@on_sqlite
async def test_another_process_is_waited_for(open_shop: OpenShop) -> None:
    patient, hasty = open_shop(timeout=600), open_shop(timeout=0.1)
    with held(patient) as holder:
        with pytest.raises(DatabaseBusy) as caught:
            await hasty.add(1)
        assert (caught.value.query, caught.value.code) == ("shop.add", "SQLITE_BUSY")
        async with hasty.batch() as batch:
            handles = [batch.add(1), batch.one()]
        assert isinstance(handles[0].exception(), DatabaseBusy)
        assert handles[1].result() == 1
        waiting = [
            asyncio.create_task(patient.add(1)),
            asyncio.create_task(patient.run(lambda tx: tx.add(2))),
            asyncio.create_task(patient.add_each([(3, "x")])),
        ]
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in waiting)
        assert holder.stdin is not None
        holder.stdin.close()
        await asyncio.gather(*waiting)
    assert await patient.count_items() == 3


async def test_a_transaction_that_is_cancelled_at_its_end_is_whole_or_nothing(few: Any) -> None:
    loop = asyncio.get_running_loop()

    async def write(first: int) -> None:
        me = asyncio.current_task()
        assert me is not None
        async with few.transaction() as tx:
            await tx.add(first)
            await tx.add(first + 1)
            loop.call_soon(me.cancel)

    for first in range(0, 60, 2):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(write(first))
    await at_rest(few)
    ids = {row.id for row in await few.list_items()}
    assert ids == {n for first in ids for n in (first & ~1, first | 1)}
