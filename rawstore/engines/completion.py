"""What has to be done to its end, even for a task that is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")


async def completed(
    work: Coroutine[Any, Any, Answer], on_cancel: Callable[[], object] | None = None
) -> Answer:
    """Do all of `work`; a cancellation that comes meanwhile is raised when it is done.

    `on_cancel` is called when it comes, and may see to it that the work ends soon.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
            if on_cancel is not None:
                on_cancel()
    try:
        return task.result()
    finally:
        if cancelled is not None:
            raise cancelled
