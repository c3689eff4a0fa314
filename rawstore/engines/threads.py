"""Blocking work in threads, awaited: and no task goes on before its work has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

Answer = TypeVar("Answer")

TICK = 0.02  # seconds between interruptions, until one has hit


class Threads:
    """Worker threads, started when they are needed."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(
        self,
        work: Callable[[], Answer],
        *,
        interrupt: Callable[[], None] | None = None,
        lost: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """`work()` in a thread.

        Cancelled, it waits until the work has ended, and then raises CancelledError. With
        `interrupt` the work is called off, or interrupted again and again; without, it is done all
        the same, and `lost` takes its answer.
        """
        loop = asyncio.get_running_loop()
        job = self._pool.submit(work)
        waiter = loop.create_future()
        job.add_done_callback(partial(_wake, loop, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            await _ended(loop, job, interrupt)
            if lost is not None and not job.cancelled() and job.exception() is None:
                lost(job.result())
            raise
        try:
            return job.result()
        finally:
            del job  # an error would hold this frame, and the frame the error

    def shutdown(self) -> None:
        """Let the threads end, once their work is done."""
        self._pool.shutdown(wait=False)


async def _ended(
    loop: asyncio.AbstractEventLoop, job: Future[Any], interrupt: Callable[[], None] | None
) -> None:
    """Wait for the job's end, however often the task is cancelled meanwhile."""
    if interrupt is not None and job.cancel():
        return
    ended = loop.create_future()
    job.add_done_callback(partial(_wake, loop, ended))
    while not job.done():
        if interrupt is not None:
            interrupt()
        with suppress(asyncio.CancelledError):
            await asyncio.wait((ended,), timeout=None if interrupt is None else TICK)


def _wake(loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None], _: Future[Any]) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(_settle, waiter)


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
