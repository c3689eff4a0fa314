"""What an async store can do, as its users write it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import (
    ConfigError,
    ParameterError,
    ReadOnly,
    SerializationFailure,
    UniqueViolation,
)
from tests.aio.conftest import OpenShop

if TYPE_CHECKING:
    from rawstore import AsyncStore


async def test_every_kind(shop: Any) -> None:
    assert await shop.add(1, "a") is None
    assert await shop.add_each([(2, "b"), (3, "c")]) == 2
    assert await shop.add_all([(4, "d")]) == [(4, "d")]
    assert await shop.get(id=1) == (1, "a")
    assert [row.id for row in await shop.list_items()] == [1, 2, 3, 4]
    assert await shop.change(1, "z") == 1
    assert await shop.count_items() == 4
    assert [row.id async for row in shop.stream_items()] == [1, 2, 3, 4]
    with pytest.raises(UniqueViolation) as caught:
        await shop.add(1)
    assert caught.value.query == "shop.add"
    with pytest.raises(ParameterError):
        await shop.add("one")
    with pytest.raises(TypeError, match="add"):
        shop.add()


async def test_a_hundred_calls_at_once_get_their_own_answers(shop: Any) -> None:
    await asyncio.gather(*(shop.add(n, f"text {n}") for n in range(100)))
    rows = await asyncio.gather(*(shop.get(n) for n in range(100)))
    assert rows == [(n, f"text {n}") for n in range(100)]


async def test_calls_of_all_kinds_at_once(shop: Any) -> None:
    async def work(number: int) -> None:
        for n in range(5):
            key = number * 100 + n
            await shop.add(key)
            assert (await shop.get(key)).id == key
            async with shop.stream_items() as rows:
                assert await anext(rows) is not None
            async with shop.transaction() as tx:
                await tx.change(key, "changed")
            async with shop.batch() as batch:
                one, other = batch.get(key), batch.change(key, "again")
            assert (one.result().text, other.result()) == ("changed", 1)
            async with shop.session() as session:
                assert (await session.get(key)).text == "again"

    await asyncio.gather(*map(work, range(20)))
    assert await shop.count_items() == 100


async def test_a_transaction_with_a_nested_one(shop: Any) -> None:
    async with shop.transaction() as tx:
        await tx.add(1)
        with pytest.raises(UniqueViolation):
            async with tx.transaction() as inner:
                await inner.add(2)
                await inner.add(1)
        async with tx.batch() as batch:
            handle = batch.count_items()
        assert handle.result() == 1
        await tx.add(3)
    assert [row.id for row in await shop.list_items()] == [1, 3]
    with pytest.raises(ReadOnly):
        async with shop.transaction(read_only=True) as tx:
            await tx.add(4)


async def test_run_goes_again_in_a_new_transaction(shop: Any) -> None:
    seen: list[int] = []

    async def third_time_lucky(tx: Any) -> int:
        await tx.add(len(seen))
        seen.append(await tx.count_items())
        if len(seen) < 3:
            raise SerializationFailure("asked to")
        return len(seen)

    assert await shop.run(third_time_lucky) == 3
    assert seen == [1, 1, 1]
    seen.clear()
    await shop.run(lambda tx: tx.delete_items())
    with pytest.raises(SerializationFailure):
        await shop.run(third_time_lucky, retries=1)
    assert await shop.count_items() == 0


async def test_a_session_does_what_a_store_does(shop: Any) -> None:
    async with shop.session() as session:
        await session.add(1, "a")
        assert await session.add_each([(2, "b")]) == 1
        assert (await session.get(1)).text == "a"
        async with session.transaction() as tx:
            await tx.add(3)
        await session.run(lambda tx: tx.add(4))
        async with session.batch() as batch:
            handle = batch.count_items()
        assert handle.result() == 4
        assert [row.id async for row in session.stream_items()] == [1, 2, 3, 4]
        with pytest.raises(UniqueViolation):
            await session.add(1)
        assert await session.count_items() == 4
    with pytest.raises(ConfigError, match="session has ended"):
        await session.one()


async def test_a_batch_left_by_an_exception_sends_nothing(shop: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        async with shop.batch() as batch:
            batch.add(1)
            raise ZeroDivisionError
    async with shop.batch():
        pass
    assert await shop.count_items() == 0


async def test_care(folder: Path, empty_url: str, opened: list[AsyncStore]) -> None:
    store: Any = rawstore.open_async(folder, empty_url)
    opened.append(store)
    assert "pending" in str((await store.health()).problems) or store.dialect == "sqlite"
    assert await store.migrate() == ["0001_create_items"]
    assert await store.migrate() == []
    await store.add(1)
    health = await store.health()
    assert health.healthy
    assert health.migrations["applied"] == 1
    assert bool(health.pool) == (store.dialect == "postgres")
    assert [each.state for each in await asyncio.to_thread(store.migrations.status)] == ["applied"]
    assert await store.reset() == ["0001_create_items"]
    assert await store.count_items() == 0
    await store.drop()
    with pytest.raises(rawstore.RawstoreError):
        await store.count_items()


async def test_what_a_store_is(shop: Any, empty_url: str) -> None:
    assert (shop.name, shop.schema) == ("shop", "shop")
    assert shop.dialect == shop.target.dialect
    assert repr(shop).startswith("<AsyncShopStore shop at ")
    assert {query.name for query in shop.queries} <= set(dir(shop))
    assert shop.add.__doc__ is not None


# -- memory: one connection for everything


@pytest.fixture
def memory(folder: Path, opened: list[AsyncStore]) -> Any:
    opened.append(rawstore.open_async(folder, "sqlite://"))
    return opened[-1]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_every_kind_in_memory(memory: Any) -> None:
    assert await memory.migrate() == ["0001_create_items"]
    await memory.add(1)
    stream = memory.stream_items()
    assert (await anext(stream)).id == 1
    await memory.add(2)  # the stream does not hold the only connection
    assert [row.id async for row in stream] == []
    async with memory.transaction() as tx:
        await tx.add(3)
        assert [row.id async for row in tx.stream_items()] == [1, 2, 3]
    async with memory.session() as session:
        await session.add(4)
        assert await session.count_items() == 4
        async with session.transaction() as tx:
            await tx.add(5)
    assert await asyncio.gather(*(memory.count_items() for _ in range(20))) == [5] * 20
    assert (await memory.health()).healthy
    assert await memory.reset() == ["0001_create_items"]
    assert await memory.count_items() == 0


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_migrations_in_memory_wait_for_a_transaction(memory: Any) -> None:
    await memory.migrate()
    async with memory.transaction() as tx:
        await tx.add(1)
        resetting = asyncio.create_task(memory.reset())
        await asyncio.sleep(0.05)
        assert await tx.count_items() == 1
    await resetting
    assert await memory.count_items() == 0


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_missing_file_is_told_by_the_call(open_shop: OpenShop) -> None:
    shop = open_shop()
    await asyncio.to_thread(Path(shop.target.path).unlink)
    with pytest.raises(rawstore.RawstoreError, match="does not exist"):
        await shop.one()
    with pytest.raises(rawstore.RawstoreError, match="does not exist"):
        async with shop.transaction():
            pytest.fail("the block was entered")
