"""Calls per second of several threads, or of several tasks on a loop, at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence

from .measure import Args


def threads(
    call: Callable[..., object], arguments: Sequence[Args], clients: int, seconds: float
) -> float:
    """Calls per second of so many threads, each of which calls again as soon as it may."""
    together = threading.Barrier(clients + 1)
    done = [0] * clients
    ended = threading.Event()
    problems: list[BaseException] = []

    def work(number: int) -> None:
        count = 0
        try:
            call(*arguments[number])  # its connection is there
            together.wait()
            while not ended.is_set():
                call(*arguments[count % len(arguments)])
                count += 1
        except BaseException as error:  # raised where the threads are waited for
            problems.append(error)
            together.abort()
        finally:
            done[number] = count

    workers = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for worker in workers:
        worker.start()
    try:
        together.wait()
    except threading.BrokenBarrierError:
        raise problems[0] from None
    start = time.perf_counter()
    time.sleep(seconds)
    ended.set()
    taken = time.perf_counter() - start
    for worker in workers:
        worker.join()
    if problems:
        raise problems[0]
    return sum(done) / taken


async def tasks(
    call: Callable[..., Awaitable[object]],
    arguments: Sequence[Args],
    clients: int,
    seconds: float,
) -> float:
    """The same of so many tasks."""
    ended = False

    async def work(number: int) -> int:
        count = 0
        while not ended:
            await call(*arguments[(number + count) % len(arguments)])
            count += 1
        return count

    await asyncio.gather(*(call(*arguments[number]) for number in range(clients)))
    start = time.perf_counter()
    working = [asyncio.create_task(work(number)) for number in range(clients)]
    await asyncio.sleep(seconds)
    ended = True
    count = sum(await asyncio.gather(*working))
    return count / (time.perf_counter() - start)
