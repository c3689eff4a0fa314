from __future__ import annotations

import asyncio
from pathlib import Path

import rawstore
from tests.vectors.shop import INDEX, Shop, folder


def test_on_postgres(shop: Shop, tmp_path: Path) -> None:
    shop.index(lists=10)
    shop.fill(1200)
    told: list[str] = []

    async def work() -> None:
        async with rawstore.open_async(folder(tmp_path), shop.url) as store:
            (index,) = await store.vectors.status(recall=False)
            assert (index.index, index.rows) == (INDEX, 1200)
            (built,) = await store.vectors.rebuild(INDEX)
            assert built.lists == 51
            (tuned,) = await store.vectors.tune(
                INDEX, on_progress=lambda what, done, total: told.append(what)
            )
            assert tuned.kept_in == "the database"

    asyncio.run(work())
    assert told[0] == "things: comparing every vector"
    assert shop.indexes() == {INDEX: True}


def test_in_memory() -> None:
    async def work() -> None:
        async with rawstore.open_async("contextpilot", "sqlite://") as store:
            await store.migrate()
            await store.add_context("file", "a", "b", embedding=[1.0, 2.0])
            (column,) = await store.vectors.status()
            assert (column.rows, column.dimension) == (1, 2)
            assert await store.vectors.rebuild() == []
            assert await store.vectors.tune() == []

    asyncio.run(work())
