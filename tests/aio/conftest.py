"""Async stores: a test that is a coroutine runs in an event loop, of asyncio and of uvloop.

When it ends nothing may be left: no task, no connection that is not back, no warning.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

import rawstore
from tests.engines.conftest import write_shop
from tests.urls import with_options

if TYPE_CHECKING:
    from rawstore import AsyncStore
    from tests.conftest import Dialect

SLOW = """
-- name: slow(top int) :scalar bigint
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < :top
)

SELECT count(*)
FROM numbers;

-- name: add_slowly(id int, top int) :exec
INSERT INTO items (id, text)
SELECT CAST(:id AS int), (
    WITH RECURSIVE numbers (n) AS (
        SELECT 1
        UNION ALL
        SELECT n + 1
        FROM numbers
        WHERE n < :top
    )

    SELECT CAST(count(*) AS text)
    FROM numbers
);

-- name: clear_slowly() :script
DELETE FROM items;
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < 1000000000
)

SELECT count(*)
FROM numbers;
"""
ENDLESS = 10**9  # for these queries: far longer than any test

Run = Callable[[Coroutine[Any, Any, None]], None]


class OpenShop(Protocol):
    """Open the shop, migrated, with options of the URL."""

    def __call__(self, **options: object) -> Any: ...


@pytest.fixture(params=["asyncio", "uvloop"])
def new_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """A function that makes an event loop; a test that uses it runs once for each kind."""
    if request.param == "asyncio":
        return asyncio.new_event_loop
    if find_spec("uvloop") is None:
        pytest.skip("uvloop is not installed")
    import uvloop

    return uvloop.new_event_loop


@pytest.fixture
def opened(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> list[AsyncStore]:
    """The stores that were opened for the test: for each kind of loop."""
    return []


@pytest.fixture
def run(new_loop: Callable[[], asyncio.AbstractEventLoop], opened: list[AsyncStore]) -> Run:
    """A function that runs a coroutine to its end, and sees to it that nothing is left."""

    def run_(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_cleanly(main, opened))

    return run_


async def _cleanly(main: Coroutine[Any, Any, None], opened: list[AsyncStore]) -> None:
    try:
        await main
        for store in opened:
            await at_rest(store)
    finally:
        for store in opened:
            await store.close()
    gc.collect()
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    run: Run = pyfuncitem._request.getfixturevalue("run")
    run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def folder(dialect: Dialect, tmp_path: Path) -> Path:
    """The shop's folder."""
    return write_shop(tmp_path, dialect, slow=SLOW)


@pytest.fixture
def open_shop(folder: Path, empty_url: str, opened: list[AsyncStore]) -> OpenShop:
    """A function that opens the shop, migrated, with options of the URL."""
    with rawstore.open(folder, empty_url) as first:
        first.migrate()

    def open_(**options: object) -> Any:
        opened.append(rawstore.open_async(folder, with_options(empty_url, **options)))
        return opened[-1]

    return open_


@pytest.fixture
def shop(open_shop: OpenShop) -> Any:
    """The shop, migrated and empty."""
    return open_shop()


@pytest.fixture
def few(open_shop: OpenShop, dialect: Dialect) -> Any:
    """The shop with two connections at most, so that one that is lost is missed."""
    return open_shop(**({"pool_max": 2, "pool_timeout": 5} if dialect == "postgres" else {}))


async def eventually(check: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until `check()` is true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not check():
        assert loop.time() < end, "it did not come about"
        await asyncio.sleep(0.005)


async def at_rest(store: Any) -> None:
    """Wait until every connection is back."""
    await eventually(lambda: lent(store) == 0)


def lent(store: Any) -> int:
    """How many connections are in use."""
    engine = store._engine
    return int(engine._lent if store.dialect == "sqlite" else engine._served)
