"""What is recorded as a block: it begins to count when it is entered, and ends with the block.

A session that records puts these around what it does; the most frequent case writes them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from ..query import Variant
from ..statistics import Calls, Recorder, clock


class Call:
    """A call under way: it ends with its block, which notes in `answer` what came of it."""

    __slots__ = ("_began", "_tally", "_variant", "answer")

    def __init__(self, recorder: Recorder, variant: Variant) -> None:
        self._tally = recorder.tallies[variant]
        self._variant = variant
        self.answer: Any = None

    def __enter__(self) -> Self:
        self._began = clock()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        seconds = clock() - self._began
        if error is None:
            self._tally.done(self._variant, seconds, self.answer)
        else:
            self._tally.broken(self._variant, seconds, error)


class Committing:
    """A COMMIT under way: it ends with its block."""

    __slots__ = ("_began", "_recorder")

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __enter__(self) -> None:
        self._began = clock()

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        self._recorder.committed(clock() - self._began, error)


class Flight:
    """A batch under way that is sent as one: it ends with its block, which notes the outcomes."""

    __slots__ = ("_began", "_calls", "_recorder", "outcomes")

    def __init__(self, recorder: Recorder, calls: Calls) -> None:
        self._recorder = recorder
        self._calls = calls
        self.outcomes: Sequence[Any] = ()

    def __enter__(self) -> Self:
        self._began = clock()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        outcomes = self.outcomes if error is None else [error] * len(self._calls)
        self._recorder.batch(self._calls, clock() - self._began, outcomes)


class _Reading:
    """A stream under way: it ends when it is exhausted or closed, or fails.

    Its `with` block opens it, and notes its `chunks`.
    """

    def __init__(self, recorder: Recorder, variant: Variant) -> None:
        self.chunks: Any = None
        self._tally = recorder.tallies[variant]
        self._variant = variant
        self._rows = 0
        self._open = False

    def __enter__(self) -> None:
        self._open = True
        self._began = clock()

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        if error is not None:
            self._end(error)

    def _end(self, error: BaseException | None = None) -> None:
        if self._open:
            self._open = False
            seconds = clock() - self._began
            self._tally.ended(seconds, self._rows, error)
            self._tally.tell(self._variant, seconds, self._rows, error)

    def __del__(self) -> None:
        """Count one that was dropped. Observers may do I/O: they are not told."""
        if self._open:
            self._tally.ended(clock() - self._began, self._rows, None)


class RecordedChunks(_Reading):
    """A stream's chunks, counted (see `Chunks`)."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[Any]:
        try:
            rows: list[Any] = next(self.chunks)
        except StopIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._rows += len(rows)
        return rows

    def keep(self) -> None:
        """Read what is left, and hold it: SQLite's can."""
        self.chunks.keep()

    def close(self) -> None:
        """Release what the database holds for it."""
        try:
            self.chunks.close()
        finally:
            self._end()


class RecordedAsyncChunks(_Reading):
    """A stream's chunks, counted (see `AsyncChunks`)."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Any]:
        try:
            rows: list[Any] = await anext(self.chunks)
        except StopAsyncIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._rows += len(rows)
        return rows

    async def keep(self) -> None:
        """Read what is left, and hold it: SQLite's can."""
        await self.chunks.keep()

    async def close(self) -> None:
        """Release what the database holds for it."""
        try:
            await self.chunks.close()
        finally:
            self._end()
