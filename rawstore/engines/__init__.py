"""The engines: how a compiled query reaches a database, and the contract they keep.

Each dialect has one for threads and one for tasks: same names and parameters, `async def` where
there may be I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

from ..query import Variant
from ..statistics import Recorder
from .parameters import Items


class Chunks(Protocol):
    """Rows of a stream, some at a time.

    One that is merely dropped must do no I/O: the collector drops it in the middle of anything.
    """

    def __iter__(self) -> Self:
        """Itself."""

    def __next__(self) -> list[Any]:
        """Rows, or StopIteration."""

    def close(self) -> None:
        """Release what the database holds for it."""


class Session(Protocol):
    """One connection, lent to one caller. Control statements are bytes of plain SQL."""

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""

    def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""

    def script(self, variant: Variant) -> None:
        """Run a `:script`, all of it or nothing."""

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Run many; of each its value or its error."""

    def each(self, variant: Variant, items: Items) -> Any:
        """Run one once per item, all or nothing."""

    def stream(self, variant: Variant, values: Sequence[Any]) -> Chunks:
        """Rows in chunks."""

    def defer(self, command: bytes) -> None:
        """Send a control statement with the next statement."""

    def undefer(self, command: bytes) -> bool:
        """Take back what has not been sent; whether it was there."""

    def control(self, command: bytes) -> None:
        """Send a control statement now."""

    def commit(self) -> None:
        """Commit what is open."""

    def rollback(self) -> None:
        """Roll back what is open."""


class Lender(Protocol):
    """A source of sessions."""

    def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Borrow a session, run one statement, give the session back: the way of a single call."""

    def borrow(self, *, writes: bool = True, read_only: bool = False) -> Any:
        """A session, in time or not at all (Overloaded, DatabaseBusy, ConnectionLost)."""

    def give(self, session: Any) -> None:
        """Take it back."""


class Engine(Lender, Protocol):
    """The connections to one database."""

    dialect: Any
    recorder: Recorder

    @property
    def single(self) -> bool:
        """Whether there is one connection only, which no stream may keep."""

    def close(self) -> None:
        """Close every connection."""


class AsyncChunks(Protocol):
    """As `Chunks`."""

    def __aiter__(self) -> Self:
        """Itself."""

    async def __anext__(self) -> list[Any]:
        """Rows, or StopAsyncIteration."""

    async def close(self) -> None:
        """Release what the database holds for it."""


class AsyncSession(Protocol):
    """As `Session`. Used by one task at a time; each method may be cancelled while it waits.

    The statement is then ended (and so may be the transaction), or the connection is broken:
    either way nothing of it is left when the session has been given back.
    """

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""

    async def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""

    async def script(self, variant: Variant) -> None:
        """Run a `:script`, all of it or nothing."""

    async def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Run many; of each its value or its error."""

    async def each(self, variant: Variant, items: Items) -> Any:
        """Run one once per item, all or nothing."""

    async def stream(self, variant: Variant, values: Sequence[Any]) -> AsyncChunks:
        """Rows in chunks."""

    def defer(self, command: bytes) -> None:
        """Send a control statement with the next statement."""

    def undefer(self, command: bytes) -> bool:
        """Take back what has not been sent; whether it was there."""

    async def control(self, command: bytes) -> None:
        """Send a control statement now."""

    async def commit(self) -> None:
        """Commit what is open. A COMMIT that was sent is not cancelled, but waited for."""

    async def rollback(self) -> None:
        """Roll back what is open."""


class AsyncLender(Protocol):
    """As `Lender`."""

    async def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Borrow a session, run one statement, give the session back: the way of a single call."""

    async def borrow(self, *, writes: bool = True, read_only: bool = False) -> Any:
        """A session, in time or not at all. Cancelled, it has lent none."""

    async def give(self, session: Any) -> None:
        """Take it back, rolled back and sound. Cancelled, it does so first."""


class AsyncEngine(AsyncLender, Protocol):
    """As `Engine`. It serves the event loop that first uses it: in another, calls are refused."""

    dialect: Any
    recorder: Recorder

    @property
    def single(self) -> bool:
        """Whether there is one connection only, which no stream may keep."""

    def stats(self) -> dict[str, int]:
        """The figures of its pool, where it has one."""

    async def close(self) -> None:
        """Close every connection; one that is lent when it comes back."""
