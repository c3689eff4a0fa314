"""What an async store has beside its queries: the tools of `Care`, run in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ..engines.completion import completed
from ..identity import Identity
from ..store import Store

if TYPE_CHECKING:
    from ..health import Health
    from ..migrate import Migrator

Answer = TypeVar("Answer")


class AsyncCare(Identity):
    """The tools. One that is cancelled is done to its end first."""

    _engine: Any

    @property
    def migrations(self) -> Migrator:
        """The store's migrations on this database; its methods block."""
        return self._blocking().migrations

    async def migrate(self) -> list[str]:
        """Apply what is pending; the ids applied. Safe to call from many processes at once."""
        return await self._in_thread(Store.migrate)

    async def health(self) -> Health:
        """Whether the database answers, what it is, and whether the migrations are in order."""
        found = await completed(asyncio.to_thread(self._blocking().health))
        return replace(found, pool=self._engine.stats())

    async def drop(self) -> None:
        """Drop every table of the store, with its history. There is no way back."""
        await self._in_thread(Store.drop)

    async def reset(self) -> list[str]:
        """Drop everything and migrate anew; the ids applied."""
        return await self._in_thread(Store.reset)

    async def _in_thread(self, work: Callable[[Store], Answer]) -> Answer:
        blocking = self._blocking()
        if not self._engine.single:
            with blocking:
                return await completed(asyncio.to_thread(work, blocking))
        engine: Any = self._engine  # AsyncSqliteEngine
        async with engine.alone():
            return await completed(asyncio.to_thread(work, blocking))

    def _blocking(self) -> Store:
        """This store for threads: with connections of its own, but for a database in memory."""
        store = Store(self.source, self.target, self.queries)
        engine: Any = self._engine
        if engine.single:
            store._engine = engine.blocking  # noqa: SLF001 - this class's other colour
        return store
