"""Checking and waiting for tasks: no thread is held by those who wait."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .examiner import MAX_AGE, Examination, asked_for, examiner, pool_of
from .verdict import Health
from .waiting import Notify, Until, Waiting

if TYPE_CHECKING:
    from ..identity import Identity


async def check(
    store: Identity,
    engine: Any,
    *,
    max_lag: float | None = None,
    integrity: bool = False,
    deadline: float | None = None,
    max_age: float = MAX_AGE,
) -> Health:
    """Ask the database, within the deadline; see `Store.health`."""
    asked = asked_for(max_lag, deadline, max_age, integrity=integrity)
    start = time.monotonic()
    examination = examiner(store, engine).examination(asked)
    if not examination.over:
        await _end(examination, asked.deadline)
    return examination.verdict(pool_of(engine), asked, time.monotonic() - start)


async def _end(examination: Examination, deadline: float) -> None:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not over.done():
            over.set_result(None)

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle)

    examination.when_done(wake)
    await asyncio.wait((over,), timeout=deadline)


async def wait(
    store: Identity,
    engine: Any,
    *,
    timeout: float = 60.0,  # noqa: ASYNC109 - as the other colour has it
    interval: float = 0.25,
    until: Until = "reachable",
    on_change: Notify | None = None,
) -> Health:
    """Check until it is as asked; see `Store.wait`."""
    waiting = Waiting(store, timeout, interval, until, on_change)
    while True:
        health = await check(store, engine, deadline=waiting.patience, max_age=0)
        if waiting.over(health):
            return health
        await asyncio.sleep(waiting.pause)
