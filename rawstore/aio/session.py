"""A session: calls over one held connection, for tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..engines.turns import Turns
from ..errors import ConfigError
from ..query import Variant
from .caller import AsyncCaller

if TYPE_CHECKING:
    from ..engines import AsyncEngine


class AsyncSession(AsyncCaller):
    """The queries of a store as methods, over one connection. Made by `AsyncStore.session`.

    Tasks that share it queue. A call beside an open transaction of the same task raises
    DatabaseBusy; after its block every call raises ConfigError.
    """


class Held:
    """Lends one connection of an engine again and again, to one caller at a time; the others queue.

    SQLite has one writer for all: what writes borrows that, and only while it writes. (In memory
    that is the only connection, and nothing is held.) A connection that breaks is replaced at the
    next call.
    """

    def __init__(self, engine: AsyncEngine, patience: float) -> None:
        """`patience` is the seconds that a caller waits for its turn."""
        self._engine = engine
        self._turns = Turns(
            patience,
            held="this session is in use by this task: while its transaction is open, call the "
            "query on that (tx.…)",
            late="this session was in use by another task, and not free",
        )
        self._held: Any = None
        self._closed = False

    async def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""
        await self._take()
        try:
            if self._apart(variant.query.writes):
                return await self._engine.call(variant, values)
            session = await self.open()
            return await session.run(variant, values)
        except BaseException as error:
            await self._mend(error)
            raise
        finally:
            await self._leave()

    async def borrow(self, *, writes: bool = True, read_only: bool = False) -> Any:
        """The connection, or SQLite's writer. Raises DatabaseBusy where it is not to be had."""
        await self._take()
        try:
            if self._apart(writes or read_only):
                return await self._engine.borrow(writes=writes, read_only=read_only)
            return await self.open()
        except BaseException:
            await self._leave()
            raise

    async def give(self, session: Any) -> None:
        """Take it back; an open transaction is rolled back."""
        try:
            if session is not self._held:
                await self._engine.give(session)
            elif not session.idle:
                await self._drop()
        finally:
            await self._leave()

    async def open(self) -> Any:
        """The held connection, borrowed where there is none. Raises Overloaded, ConnectionLost."""
        if self._held is None:
            self._held = await self._engine.borrow(writes=False)
        return self._held

    def _apart(self, writes: bool) -> bool:  # noqa: FBT001 - the same word as in `borrow`
        return self._engine.single or (writes and self._engine.dialect == "sqlite")

    async def close(self) -> None:
        """Give the connection back to the engine, when nobody uses it. Calls then raise."""
        self._closed = True
        if not self._turns.taken:
            await self._drop()

    async def _take(self) -> None:
        await self._turns.take()
        if self._closed:
            self._turns.leave()
            raise ConfigError("this session has ended: its with block was left")

    async def _leave(self) -> None:
        try:
            if self._closed:
                await self._drop()
        finally:
            self._turns.leave()

    async def _mend(self, error: BaseException) -> None:
        """After a cancellation, or where a transaction is open or the connection broken."""
        if self._held is not None and not (isinstance(error, Exception) and self._held.idle):
            await self._drop()

    async def _drop(self) -> None:
        session, self._held = self._held, None
        if session is not None:
            await self._engine.give(session)
