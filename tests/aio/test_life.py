"""A store's life: opened, closed under its callers, in two loops, in a forked child, at exit."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import ConfigError, DatabaseError
from tests.aio.conftest import ENDLESS, OpenShop, at_rest, eventually
from tests.engines.conftest import uses_dialect
from tests.engines.test_fork import Child

if TYPE_CHECKING:
    from collections.abc import Coroutine

pytestmark = [uses_dialect, pytest.mark.parametrize("new_loop", ["asyncio"], indirect=True)]


async def test_a_closed_store_says_so(shop: Any) -> None:
    async with shop:
        assert await shop.one() == 1
    await shop.close()
    for call in (shop.one(), shop.add(1), shop.run(lambda tx: tx.one()), anext(shop.count_to(3))):
        with pytest.raises(ConfigError, match="this store is closed"):
            await call
    async with shop.batch():
        pass


async def test_closed_while_a_connection_is_lent(shop: Any) -> None:
    async with shop.transaction() as tx:
        await tx.add(1)
        await shop.close()
        await tx.add(2)
    await at_rest(shop)
    with pytest.raises(ConfigError, match="closed"):
        await shop.one()
    with rawstore.open(shop.source.root, str(shop.target)) as other:
        assert other.count_items() == 2


async def test_closed_under_busy_tasks(open_shop: OpenShop) -> None:
    for _ in range(3):
        shop = open_shop()
        await shop.one()

        async def work(number: int, shop: Any = shop) -> str:
            try:
                while True:
                    await shop.one()
                    await shop.change(number, "x")
                    if number == 0:
                        await shop.close()
            except (ConfigError, DatabaseError) as error:
                return type(error).__name__

        assert await asyncio.gather(*map(work, range(8))) == ["ConfigError"] * 8


async def test_nothing_of_a_closed_store_is_left(open_shop: OpenShop) -> None:
    async def live() -> int:
        async with open_shop() as shop:
            await asyncio.gather(*(shop.one() for _ in range(5)), shop.add(1))
            await shop.delete_items()
        return threading.active_count()

    first = await live()
    for _ in range(19):
        await live()
    await eventually(lambda: threading.active_count() < first + 10)


async def in_another_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """Await it in the loop of another thread."""
    return await asyncio.to_thread(asyncio.run, work)


async def test_another_loop_is_refused(shop: Any) -> None:
    await shop.add(1)
    works = (shop.one(), shop.add(2), shop.run(lambda tx: tx.one()), anext(shop.count_to(3)))
    for work in works:
        with pytest.raises(ConfigError, match="serves another event loop"):
            await in_another_loop(work)
    assert await shop.count_items() == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_transaction_is_refused_to_another_loop(shop: Any) -> None:
    async with shop.transaction() as tx:
        await tx.add(1)
        for work in (tx.add(2), anext(tx.stream_items())):
            with pytest.raises(ConfigError, match="serves another event loop"):
                await in_another_loop(work)
        await tx.add(3)
    assert [row.id for row in await shop.list_items()] == [1, 3]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
async def test_a_forked_child_is_refused_and_the_parent_undisturbed(shop: Any) -> None:
    def message(work: Coroutine[Any, Any, Any]) -> str:
        try:
            return repr(asyncio.run(work))
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    await shop.add(1)
    async with shop.transaction() as tx:
        await tx.add(2)
        child = Child(
            lambda: [message(work) for work in (shop.one(), shop.add(3), tx.add(3), shop.close())]
        )
        one, add, in_transaction, close = await asyncio.to_thread(child.answer)
        await tx.add(4)
    assert "forked; open it again in the child" in one
    assert "forked; open it again in the child" in add
    assert "child" in in_transaction
    assert close == "None"
    assert [row.id for row in await shop.list_items()] == [1, 2, 4]


EXITS = {
    "unclosed": "await shop.one()",
    "in_a_transaction": "await shop.transaction().__aenter__()",
    "in_a_stream": "stream = shop.count_to(5000); await anext(stream)",
    "in_a_statement": f"""
    task = asyncio.create_task(shop.slow({ENDLESS}))
    await asyncio.sleep(0.1)
    """,
    "by_an_error": f"""
    async with asyncio.TaskGroup() as group:
        group.create_task(shop.slow({ENDLESS}))
        await asyncio.sleep(0.1)
        raise SystemExit(0)
    """,
}
PROGRAM = """
import asyncio, pathlib, sys
import rawstore

async def main():
    shop = rawstore.open_async(pathlib.Path(sys.argv[1]), sys.argv[2])
    await shop.add(1)
    {body}

asyncio.run(main())
"""


@pytest.mark.parametrize("exit_", EXITS)
def test_a_process_ends_whatever_it_was_about(open_shop: OpenShop, exit_: str) -> None:
    shop = open_shop()
    program = PROGRAM.format(body=EXITS[exit_])
    ended = subprocess.run(
        [sys.executable, "-c", program, shop.source.root, str(shop.target)],
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
