"""Tasks that share a transaction, a session or the writer: they queue, without a deadlock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rawstore.errors import DatabaseBusy, TransactionAborted, UniqueViolation
from tests.aio.conftest import OpenShop, at_rest
from tests.engines.conftest import uses_dialect

pytestmark = [uses_dialect, pytest.mark.parametrize("new_loop", ["asyncio"], indirect=True)]
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


async def test_statements_of_a_transaction_queue(few: Any) -> None:
    async with few.transaction() as tx:
        await asyncio.gather(*(tx.add(n, f"text {n}") for n in range(50)))
        rows = await asyncio.gather(*(tx.get(n) for n in range(50)))
        assert rows == [(n, f"text {n}") for n in range(50)]
        both = await asyncio.gather(tx.add_each([(100, "x")]), tx.count_items())
        assert list(both) == [1, 51]
    assert await few.count_items() == 51


async def test_one_failure_aborts_what_queues_behind_it(few: Any) -> None:
    await few.add(1)
    with pytest.raises(TransactionAborted):
        async with few.transaction() as tx:
            outcomes = await asyncio.gather(tx.add(2), tx.add(1), tx.add(3), return_exceptions=True)
            kinds = [type(outcome) for outcome in outcomes]
            assert kinds == [type(None), UniqueViolation, TransactionAborted]
    assert await few.count_items() == 1


async def test_streams_of_a_transaction_are_read_side_by_side(few: Any) -> None:
    async with few.transaction() as tx:
        await tx.add_each([(n, "x") for n in range(2500)])

        async def read() -> list[int]:
            return [row.id async for row in tx.stream_items()]

        one, other = await asyncio.gather(read(), read())
        assert one == other == list(range(2500))


async def test_nested_blocks_of_two_tasks_come_one_after_the_other(few: Any) -> None:
    order: list[str] = []

    async def nested(tx: Any, number: int) -> None:
        async with tx.transaction() as inner:
            order.append(f"in {number}")
            await inner.add(number)
            await inner.add(number + 100)
            order.append(f"out {number}")
            if number % 2:
                raise ZeroDivisionError

    async with few.transaction() as tx:
        await asyncio.gather(*(nested(tx, n) for n in range(6)), return_exceptions=True)
    assert order[::2] == [f"in {n}" for n in range(6)]
    assert order[1::2] == [f"out {n}" for n in range(6)]
    assert [row.id for row in await few.list_items()] == [0, 2, 4, 100, 102, 104]


async def test_what_another_task_undoes_is_its_own(few: Any) -> None:
    """A call beside another task's nested block waits for it: it must not be undone with it."""
    inside = asyncio.Event()

    async def undone(tx: Any) -> None:
        async with tx.transaction() as inner:
            await inner.add(1)
            inside.set()
            await asyncio.sleep(0.05)
            await tx.add(2)  # within the block, where it stands
            raise ZeroDivisionError

    async with few.transaction() as tx:
        task = asyncio.create_task(undone(tx))
        await inside.wait()
        await tx.add(3)
        with pytest.raises(ZeroDivisionError):
            await task
    assert [row.id for row in await few.list_items()] == [3]


async def test_a_task_that_outlives_its_transaction_is_refused(few: Any) -> None:
    async def add_for_ever(tx: Any) -> None:
        n = 0
        async with tx.transaction() as inner:
            while True:
                await inner.add(n := n + 1)

    async with few.transaction() as tx:
        task = asyncio.create_task(add_for_ever(tx))
        await asyncio.sleep(0.05)
    with pytest.raises(TransactionAborted, match="has ended"):
        await task
    await at_rest(few)
    await few.add(-1)


async def test_calls_of_a_session_queue(few: Any) -> None:
    async with few.session() as session:
        await asyncio.gather(*(session.add(n) for n in range(20)))
        rows = await asyncio.gather(*(session.get(n) for n in range(20)))
        assert [row.id for row in rows] == list(range(20))
        await asyncio.gather(*(session.run(lambda tx, n=n: tx.add(n)) for n in range(20, 40)))
    assert await few.count_items() == 40


async def test_a_session_in_its_own_way(few: Any) -> None:
    async with few.session() as session, session.transaction() as tx:
        await tx.add(1)
        with pytest.raises(DatabaseBusy, match="in use by this task"):
            await session.one()
        with pytest.raises(DatabaseBusy):
            async with session.transaction():
                pytest.fail("the block was entered")
    assert await few.count_items() == 1


async def test_a_stream_is_shared(few: Any) -> None:
    seen: list[int] = []
    stream = few.count_to(5000)

    async def read() -> None:
        async for row in stream:
            seen.append(row.n)
            if not row.n % 7:
                await asyncio.sleep(0)

    await asyncio.gather(*(read() for _ in range(4)))
    assert sorted(seen) == list(range(1, 5001))


# -- SQLite's one writer


@on_sqlite
async def test_a_task_in_its_own_way(shop: Any) -> None:
    async with shop.transaction() as tx:  # 30 s: it must not wait for what only it can release
        await tx.add(1)
        with pytest.raises(DatabaseBusy, match="this task has a transaction"):
            await shop.add(2)
        with pytest.raises(DatabaseBusy, match="this task"):
            async with shop.transaction():
                pytest.fail("the block was entered")
        assert await shop.count_items() == 0
    await shop.add(2)
    assert await shop.count_items() == 2


@on_sqlite
async def test_a_task_in_the_way_of_another(open_shop: OpenShop) -> None:
    shop = open_shop(timeout=0.1)
    async with shop.transaction() as tx:
        await tx.add(1)
        with pytest.raises(DatabaseBusy, match=r"not free within 0\.1 s"):
            await asyncio.create_task(shop.add(2))
    async with open_shop(timeout=0) as other:
        await other.add(3)
        async with other.transaction():
            with pytest.raises(DatabaseBusy, match="within 0 s"):
                await asyncio.create_task(other.add(4))
    assert await shop.count_items() == 2


@on_sqlite
async def test_writers_wait_without_a_thread(shop: Any) -> None:
    """However many wait for the writer, there are threads for those who read."""
    async with shop.transaction() as tx:
        await tx.add(-1)
        waiting = [asyncio.create_task(shop.add(n)) for n in range(100)]
        await asyncio.sleep(0.02)
        assert await asyncio.gather(*(shop.one() for _ in range(50))) == [1] * 50
        assert not any(task.done() for task in waiting)
    await asyncio.gather(*waiting)
    assert await shop.count_items() == 101


async def test_read_modify_write_loses_nothing(few: Any) -> None:
    await few.add(1, "0")

    async def increment(tx: Any) -> None:
        await tx.change(1, str(int((await tx.get(1)).text) + 1))

    async def work() -> None:
        for _ in range(10):
            await few.run(increment, retries=100, isolation="serializable")

    await asyncio.gather(*(work() for _ in range(4)))
    assert (await few.get(1)).text == "40"
