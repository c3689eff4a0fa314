"""An SQLite session for tasks, whose steps run in threads; and one that records what it does."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from ..query import Variant
from ..statistics import Recorder, clock
from .parameters import Items
from .recorded import RecordedAsync
from .sqlite_session import SqliteSession
from .sqlite_stoppable import StoppableConnection
from .sqlite_stream import Rows

if TYPE_CHECKING:
    from . import AsyncChunks
    from .sqlite_async import AsyncSqliteEngine

Answer = TypeVar("Answer")


class AsyncSqliteSession:
    """A session of the engine, whose steps run in threads. Used by one task at a time."""

    def __init__(self, engine: AsyncSqliteEngine, session: SqliteSession, *, writer: bool) -> None:
        self.session = session
        self.writer = writer
        self.defer = session.defer
        self.undefer = session.undefer
        self._engine = engine
        self._open: weakref.WeakSet[Rows] = weakref.WeakSet()

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self.session.idle

    async def step(self, work: Callable[[], Answer]) -> Answer:
        """Do a step in a thread; when cancelled, interrupt it."""
        connection = cast("StoppableConnection", self.session.connection)
        connection.stopped = False
        return await self._engine.step(work, connection.stop)

    async def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""
        return await self.step(partial(self.session.run, variant, values))

    async def script(self, variant: Variant) -> None:
        """Run a :script: all of it or nothing."""
        await self.step(partial(self.session.script, variant))

    async def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls, one after another: of each its value or its error."""
        return await self.step(partial(self.session.batch, calls))

    async def each(self, variant: Variant, items: Items) -> Any:
        """A :batch query: once per item, all or nothing. Rows, or the count of rows."""
        return await self.step(partial(self.session.each, variant, items))

    async def stream(self, variant: Variant, values: Sequence[Any]) -> AsyncChunks:
        """Lists of rows, read from the file as they are asked for."""
        rows: Any = await self.step(partial(self.session.stream, variant, values))
        self._open.add(rows)
        return AsyncRows(self, rows)

    def forget(self, rows: Rows) -> None:
        """Leave a stream alone when the transaction ends."""
        self._open.discard(rows)

    async def control(self, command: bytes) -> None:
        """Run what is deferred and then a control statement. Raises the mapped error."""
        await self.step(partial(self.session.control, command))

    async def commit(self) -> None:
        """Commit. On failure the transaction is rolled back."""
        if self.idle:
            self.session.commit()  # forgets what is deferred
        else:
            await self._engine.finish(self.session.commit)

    async def rollback(self) -> None:
        """Roll back whatever is open."""
        if self.idle:
            self.session.rollback()  # forgets what is deferred
        else:
            await self._engine.finish(self._undo)

    def end(self, give: Callable[[SqliteSession], None]) -> None:
        """Roll back, and give the session away."""
        self._undo()
        give(self.session)

    def _undo(self) -> None:
        for rows in list(self._open):  # what is being read would hand an interruption on
            rows.close()
        self.session.rollback()


class RecordedAsyncSqliteSession(RecordedAsync, AsyncSqliteSession):
    """One that records what it does: what the task waits for, not the thread."""

    def __init__(
        self,
        engine: AsyncSqliteEngine,
        session: SqliteSession,
        recorder: Recorder,
        *,
        writer: bool,
    ) -> None:
        super().__init__(engine, session, writer=writer)
        self._recorder = recorder

    async def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""
        # As `Call`, written out for the most frequent case.
        tally = self._recorder.tallies[variant]
        began = clock()
        try:
            answer = await self.step(partial(self.session.run, variant, values))
        except BaseException as error:
            tally.broken(variant, clock() - began, error)
            raise
        tally.done(variant, clock() - began, answer)
        return answer


class AsyncRows:
    """A statement that is being read, in chunks (see `AsyncChunks`)."""

    def __init__(self, session: AsyncSqliteSession, rows: Rows) -> None:
        self._session: AsyncSqliteSession | None = session
        self._rows = rows

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Any]:
        read = partial(next, self._rows, None)
        found: list[Any] | None = await self._session.step(read) if self._session else read()
        if found is None:
            raise StopAsyncIteration
        return found

    async def keep(self) -> None:
        """Read what is left, and hold it: the session is needed no longer."""
        if self._session is not None:
            await self._session.step(self._rows.keep)
            self._session.forget(self._rows)
            self._session = None

    async def close(self) -> None:
        """Release the statement and the snapshot it reads."""
        self._rows.close()
