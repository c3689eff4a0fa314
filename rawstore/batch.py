"""Many calls in one round trip."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NoReturn, TypeVar

from .errors import RawstoreError
from .query import Query, Variant

logger = logging.getLogger("rawstore")

Call = tuple[Variant, Sequence[Any]]

Answer = TypeVar("Answer")

_PENDING = object()


class Result(Generic[Answer]):
    """What a call in a batch gave, once the batch has been sent."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._outcome: Any = _PENDING
        self._retrieved = False

    def result(self) -> Answer:
        """The call's own value, or its own error raised; RawstoreError before the batch is sent."""
        error = self.exception()
        if error is not None:
            raise error
        answer: Answer = self._outcome
        return answer

    def exception(self) -> Exception | None:
        """The call's error, or None."""
        if self._outcome is _PENDING:
            reason = "the batch is not sent before its with block ends, nor where that fails"
            raise RawstoreError(f"{self._query}: {reason}")
        self._retrieved = True
        return self._outcome if isinstance(self._outcome, Exception) else None

    def _settle(self, outcome: Any, *, retrieved: bool = False) -> None:
        self._outcome = outcome
        self._retrieved = retrieved

    def __del__(self) -> None:
        """A failure that nobody asked for is not lost in silence."""
        if isinstance(self._outcome, Exception) and not self._retrieved:
            logger.error("%s failed in a batch, and its result was never asked for", self._query)


class Batch:
    """Collects calls; the store sends them when the `with` block ends without an exception."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._results: list[Result[Any]] = []

    def _call(self, variant: Variant, values: Sequence[Any]) -> Result[Any]:
        handle: Result[Any] = Result(variant.query.full_name)
        self._calls.append((variant, values))
        self._results.append(handle)
        return handle

    def _stream(self, variant: Variant, values: Sequence[Any]) -> NoReturn:
        self._refuse(variant.query)

    def _script(self, variant: Variant) -> NoReturn:
        self._refuse(variant.query)

    def _each(self, query: Query, items: Any) -> NoReturn:
        self._refuse(query)

    def _refuse(self, query: Query) -> NoReturn:
        raise TypeError(f"{query.full_name}: a :{query.kind} query cannot be part of a batch")

    def _send(self, send: Callable[[Sequence[Call]], list[Any]]) -> None:
        """Give each call its outcome. Where sending fails, it is every call's, and is raised."""
        if not self._calls:
            return
        try:
            outcomes = send(self._calls)
        except Exception as error:
            for handle in self._results:
                handle._settle(error, retrieved=True)  # noqa: SLF001 - this module's own
            raise
        for handle, outcome in zip(self._results, outcomes, strict=True):
            handle._settle(outcome)  # noqa: SLF001


@contextmanager
def collecting(batch: Batch, send: Callable[[Sequence[Call]], list[Any]]) -> Iterator[Batch]:
    """The block in which `batch` collects; its calls are sent when it ends without an exception."""
    yield batch
    batch._send(send)  # noqa: SLF001 - this module's own
