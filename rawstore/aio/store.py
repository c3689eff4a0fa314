"""A store for tasks: the queries of one schema as awaitable methods, bound to an engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from ..batch import Batch
from ..identity import located
from ..methods import methods_class
from ..registry import Registry
from ..source import Source
from ..target import SqliteTarget, Target
from .caller import AsyncCaller
from .care import AsyncCare
from .session import AsyncSession, Held
from .transaction import AsyncTransaction

if TYPE_CHECKING:
    from ..engines import AsyncEngine
    from ..stores import collections, contextpilot, duiliocode, minipilot, omnimemory


@overload
def open_async(  # type: ignore[overload-overlap]
    store: Literal["collections"], url: str | None = None
) -> collections.AsyncStore: ...
@overload
def open_async(  # type: ignore[overload-overlap]
    store: Literal["contextpilot"], url: str | None = None
) -> contextpilot.AsyncStore: ...
@overload
def open_async(  # type: ignore[overload-overlap]
    store: Literal["duiliocode"], url: str | None = None
) -> duiliocode.AsyncStore: ...
@overload
def open_async(  # type: ignore[overload-overlap]
    store: Literal["minipilot"], url: str | None = None
) -> minipilot.AsyncStore: ...
@overload
def open_async(  # type: ignore[overload-overlap]
    store: Literal["omnimemory"], url: str | None = None
) -> omnimemory.AsyncStore: ...
@overload
def open_async(store: str | Path, url: str | None = None) -> UntypedAsyncStore: ...
def open_async(store: str | Path, url: str | None = None) -> AsyncStore:
    """As `open`, for asyncio: the same store, whose methods are awaited.

    It belongs to the event loop that first uses it. Nothing is connected before the first call.
    Raises ConfigError, QueryFileError.
    """
    source, target, registry = located(store, url)
    return store_class(registry)(source, target, registry)


def store_class(registry: Registry) -> type[AsyncStore]:
    """AsyncStore, AsyncSession, AsyncTransaction and Batch with the registry's queries."""
    queries = methods_class(registry)
    name = queries.__name__.removesuffix("Queries")
    batch = type(f"{name}Batch", (queries, Batch), {})
    members: dict[str, Any] = {"batch_class": batch}
    members["transaction_class"] = type(
        f"Async{name}Transaction", (queries, AsyncTransaction), {"batch_class": batch}
    )
    members["session_class"] = type(f"Async{name}Session", (queries, AsyncSession), members)
    return type(f"Async{name}Store", (queries, AsyncStore), members)


class AsyncStore(AsyncCare, AsyncCaller):
    """The queries of a store as methods, each one autocommitted statement: one round trip.

    Safe to share between the tasks of one event loop. After a fork, open it again in the child.
    A task that is cancelled in a call has its statement called off, and goes on when that has
    ended: what was done by then stays done, and the connection is sound.
    """

    session_class: type[AsyncSession] = AsyncSession

    def __init__(self, source: Source, target: Target, registry: Registry) -> None:
        """See `open_async`."""
        self.source = source
        self.target = target
        self.queries = registry
        engine = _engine(source, target)
        super().__init__(engine, engine)

    async def close(self) -> None:
        """Close every connection; one that is in use when it comes back."""
        await self._engine.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def session(self) -> AbstractAsyncContextManager[Any]:
        """A block in which calls go over one held connection: those of a request, say.

        It has the queries as methods, `transaction`, `run` and `batch`. Each call is committed by
        itself; a stream takes a connection of its own. Tasks that share it queue; while its
        transaction is open, calls go to that. Raises Overloaded, ConnectionLost.
        """
        return self._session()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Any]:
        target = self.target
        busy = target.busy_timeout if isinstance(target, SqliteTarget) else target.pool_timeout
        held = Held(self._engine, patience=busy)
        try:
            if not self._engine.single:
                await held.open()
            yield self.session_class(self._engine, held)
        finally:
            await held.close()


if TYPE_CHECKING:

    class UntypedAsyncStore(AsyncStore):
        """A store of whose queries a type checker knows nothing: its folder has no stubs."""

        def __getattr__(self, name: str) -> Any: ...


def _engine(source: Source, target: Target) -> AsyncEngine:
    if isinstance(target, SqliteTarget):
        from ..engines.sqlite_async import AsyncSqliteEngine  # a driver only when it is used

        # Without migrations a :script may make the tables; with them a missing file is a mistake.
        return AsyncSqliteEngine(target, create=not source.migrations("sqlite").is_dir())
    from ..engines.postgres_async import AsyncPostgresEngine

    return AsyncPostgresEngine(target, source.name)
