"""What one task has at a time: the others wait for it, in the order they came."""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import DatabaseBusy


class Turns:
    """A lock whose wait ends: refused at once to the task that has it, and to others in time."""

    def __init__(self, patience: float, *, held: str, late: str) -> None:
        """`patience` is in seconds; `held` and `late` are what DatabaseBusy then says."""
        self._patience = patience
        self._held = held
        self._late = late
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._holder: asyncio.Task[Any] | None = None

    @property
    def taken(self) -> bool:
        """Whether a task has it."""
        return self._lock.locked()

    @property
    def mine(self) -> bool:
        """Whether this task has it."""
        return self._holder is not None and self._holder is asyncio.current_task()

    async def take(self) -> None:
        """Wait for one's turn. Raises DatabaseBusy."""
        if self._waiting or self._lock.locked():
            await self._wait()
        else:
            await self._lock.acquire()  # at once
        self._holder = asyncio.current_task()

    async def _wait(self) -> None:
        if self.mine:
            raise DatabaseBusy(self._held)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
        except TimeoutError:
            raise DatabaseBusy(f"{self._late} within {self._patience:g} s") from None
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Let the next have its turn."""
        self._holder = None
        self._lock.release()
