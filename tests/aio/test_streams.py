"""Async streams: opened late, closed in time, and given back even when they are dropped."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from rawstore.errors import ParameterError, TransactionAborted
from tests.aio.conftest import at_rest, lent
from tests.engines.conftest import uses_dialect

pytestmark = uses_dialect


async def test_nothing_is_asked_before_the_first_row_is(few: Any) -> None:
    stream = few.stream_items()
    await at_rest(few)
    await few.add(1)
    assert [row.id async for row in stream] == [1]
    assert [row.id async for row in stream] == []
    await at_rest(few)
    async with few.stream_items() as entered:
        await few.add(2)  # the stream shows the moment at which it was opened
        assert [row.id async for row in entered] == [1]


async def test_a_wrong_value_is_refused_by_the_first_row(few: Any) -> None:
    stream = few.count_to("many")
    with pytest.raises(ParameterError, match="count_to"):
        await anext(stream)
    with pytest.raises(ParameterError):
        async with few.count_to("many"):
            pytest.fail("the block was entered")
    with pytest.raises(TypeError, match="count_to"):
        few.count_to()
    await at_rest(few)


async def test_a_stream_left_early_is_given_back(few: Any) -> None:
    for _ in range(10):  # more than there are connections
        async with few.count_to(5000) as rows:
            async for row in rows:
                if row.n == 3:
                    break
        await at_rest(few)
    with pytest.raises(ZeroDivisionError):
        async with few.count_to(5000) as rows:
            await anext(rows)
            raise ZeroDivisionError
    await at_rest(few)
    stream = few.count_to(5000)
    await anext(stream)
    await stream.close()
    await stream.close()
    assert [row async for row in stream] == []


async def test_a_stream_never_read_or_closed_unread_leaves_nothing(few: Any) -> None:
    few.count_to(5)
    stream = few.count_to(5)
    await stream.close()
    assert [row async for row in stream] == []
    await at_rest(few)


async def test_a_dropped_stream_warns_and_gives_its_connection_back(few: Any) -> None:
    for _ in range(5):
        streams = [few.count_to(5000)]
        await anext(streams[0])
        assert lent(few) == 1
        with pytest.warns(ResourceWarning, match="unclosed <rawstore.aio.stream.AsyncStream"):
            streams.clear()
        await at_rest(few)
    await few.add(1)


async def test_a_stream_dropped_in_another_thread(few: Any) -> None:
    class Holder:
        def __init__(self, stream: Any) -> None:
            self.me = self
            self.stream = stream

    for _ in range(3):
        stream = few.count_to(5000)
        await anext(stream)
        Holder(stream)
        del stream
        with pytest.warns(ResourceWarning, match="unclosed"):
            await asyncio.to_thread(gc.collect)
        await at_rest(few)


async def test_a_stream_of_a_transaction_is_closed_or_dropped(few: Any) -> None:
    async with few.transaction() as tx:
        closed, dropped = tx.count_to(5000), tx.count_to(5000)
        await anext(closed)
        await anext(dropped)
        await closed.close()
        del dropped
        gc.collect()
        assert await tx.one() == 1
    assert [row async for row in closed] == []
    await at_rest(few)


async def test_a_stream_ends_with_its_transaction(few: Any) -> None:
    async with few.transaction() as tx:
        stream, unread = tx.count_to(5000), tx.count_to(5000)
        await anext(stream)
    for late in (stream, unread):
        with pytest.raises(TransactionAborted, match="has ended"):
            assert [row async for row in late]


async def test_many_streams_at_once(shop: Any) -> None:
    streams = [shop.count_to(top) for top in (2500, 1500, 10)]

    async def read(stream: Any) -> list[int]:
        return [row.n async for row in stream]

    seen = await asyncio.gather(*map(read, streams))
    assert seen == [list(range(1, top + 1)) for top in (2500, 1500, 10)]
    await at_rest(shop)
