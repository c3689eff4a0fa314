"""The rows of a `:stream` query, a chunk at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from .engines import Chunks


Row = TypeVar("Row")


class Stream(Iterator[Row], Generic[Row]):
    """An iterator over rows that holds its connection until it is exhausted or closed.

    Use it in a `for`, or in a `with` where the loop may be left early.
    """

    def __init__(self, chunks: Chunks, done: Callable[[], None] | None = None) -> None:
        """`done` is called once, when no more rows are wanted."""
        self._chunks = chunks
        self._rows: Iterator[Row] = iter(())
        self._done = done
        self._open = True

    def __next__(self) -> Row:
        while True:
            for row in self._rows:
                return row
            if not self._open:
                raise StopIteration
            try:
                self._rows = iter(next(self._chunks))
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Give the connection back; the rows not read are dropped."""
        if not self._open:
            return
        self._open = False
        self._rows = iter(())
        try:
            self._chunks.close()
        finally:
            if self._done is not None:
                self._done()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        """A dropped stream gives its own connection back; a transaction's is the transaction's."""
        if not self._open or self._done is None:
            return
        try:  # the collector may run while this very thread holds a lock of the pool
            threading.Thread(target=self.close, name="rawstore-stream", daemon=True).start()
        except RuntimeError:  # the interpreter is shutting down
            self.close()
