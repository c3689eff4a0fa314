"""The rows of a `:stream` query, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Stream(Iterator[Any]):
    """An iterator over rows that holds its connection until it is exhausted or closed.

    Use it in a `for`, or in a `with` where the loop may be left early.
    """

    def __init__(self, chunks: Iterator[list[Any]], done: Callable[[], None]) -> None:
        """`done` is called once, when no more rows are wanted."""
        self._chunks = chunks
        self._rows: Iterator[Any] = iter(())
        self._done: Callable[[], None] | None = done

    def __next__(self) -> Any:
        while True:
            for row in self._rows:
                return row
            if self._done is None:
                raise StopIteration
            try:
                self._rows = iter(next(self._chunks))
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Give the connection back; the rows not read are dropped."""
        done, self._done = self._done, None
        if done is not None:
            self._rows = iter(())
            try:
                if hasattr(self._chunks, "close"):
                    self._chunks.close()
            finally:
                done()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
