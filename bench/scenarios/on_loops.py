"""The same on an event loop."""

from __future__ import annotations

from dataclasses import replace

from ..peers import aiosqlite, asyncpg, layers_async, psycopg_async, rawstore_async
from . import batch, lists, point_read, writes

_READ = replace(
    point_read.HELD,
    name="point-read-asyncio",
    title="Point read on asyncio, held connection",
    peers=(
        rawstore_async.SESSION,
        asyncpg.HELD,
        psycopg_async.HELD,
        layers_async.AIOSQL,
        layers_async.SQLSPEC,
        layers_async.CORE,
    ),
    loop="asyncio",
)
_UVLOOP = replace(
    _READ,
    name="point-read-uvloop",
    title="Point read on uvloop, held connection",
    peers=(rawstore_async.SESSION, asyncpg.HELD, psycopg_async.HELD),
    loop="uvloop",
)
POOLED = (
    rawstore_async.STORE,
    asyncpg.POOLED,
    asyncpg.POOLED_AS_IT_IS,
    psycopg_async.POOLED,
)
_OTHERS = (rawstore_async.SESSION, asyncpg.HELD)

SCENARIOS = (
    _READ,
    _UVLOOP,
    replace(
        _READ,
        name="point-read-pooled-asyncio",
        title="Point read on asyncio, a connection of the pool for each call",
        peers=POOLED,
    ),
    *(
        replace(
            each,
            name=f"{each.name}-asyncio",
            title=f"{each.title}, on asyncio",
            peers=_OTHERS,
            loop="asyncio",
        )
        for each in (
            lists.HUNDRED,
            lists.ALL,
            batch.BATCH,
            writes.INSERT,
            writes.BULK,
            writes.TRANSACTION,
        )
    ),
    replace(
        _READ,
        title="Point read on asyncio",
        dialect="sqlite",
        peers=(rawstore_async.SESSION, aiosqlite.HELD),
    ),
)
