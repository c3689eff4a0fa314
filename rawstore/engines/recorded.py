"""What all sessions that record have in common: everything but the single call and its clock.

Each class stands before an engine's own session, whose steps it puts into a block of `recording`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..query import Variant
from ..statistics import Recorder
from .parameters import Items
from .recording import Call, Committing, Flight, RecordedAsyncChunks, RecordedChunks

if TYPE_CHECKING:
    from . import Chunks

_Session: Any = object  # the engine's own, which comes next in the order of bases


class Recorded(_Session):  # type: ignore[misc]  # it is not known here
    """A session for threads that records what it does (see `Session`)."""

    _recorder: Recorder

    def script(self, variant: Variant) -> None:
        """Run a :script, all of it or nothing."""
        with Call(self._recorder, variant):
            super().script(variant)

    def each(self, variant: Variant, items: Items) -> Any:
        """A :batch query: once per item, all or nothing. Rows, or the count of rows."""
        with Call(self._recorder, variant) as call:
            call.answer = super().each(variant, items)
        return call.answer

    def stream(self, variant: Variant, values: Sequence[Any]) -> Chunks:
        """Lists of rows, read as they are asked for."""
        reading = RecordedChunks(self._recorder, variant)
        with reading:
            reading.chunks = super().stream(variant, values)
        return reading

    def commit(self) -> None:
        """Commit what is open."""
        if self.idle:
            super().commit()
        else:
            with Committing(self._recorder):
                super().commit()


class RecordedAsync(_Session):  # type: ignore[misc]  # it is not known here
    """A session for tasks that records what it does (see `AsyncSession`)."""

    _recorder: Recorder

    async def script(self, variant: Variant) -> None:
        """Run a :script, all of it or nothing."""
        with Call(self._recorder, variant):
            await super().script(variant)

    async def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls, sent as one: of each its value or its error."""
        outcomes: list[Any]
        with Flight(self._recorder, calls) as flight:
            flight.outcomes = outcomes = await super().batch(calls)
        return outcomes

    async def each(self, variant: Variant, items: Items) -> Any:
        """A :batch query: once per item, all or nothing. Rows, or the count of rows."""
        with Call(self._recorder, variant) as call:
            call.answer = await super().each(variant, items)
        return call.answer

    async def stream(self, variant: Variant, values: Sequence[Any]) -> Any:  # AsyncChunks
        """Lists of rows, read as they are asked for."""
        reading = RecordedAsyncChunks(self._recorder, variant)
        with reading:
            reading.chunks = await super().stream(variant, values)
        return reading

    async def commit(self) -> None:
        """Commit what is open."""
        if self.idle:
            await super().commit()
        else:
            with Committing(self._recorder):
                await super().commit()
