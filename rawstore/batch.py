"""Many calls in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NoReturn, TypeVar

from .errors import RawstoreError
from .query import Query, Variant

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
        if isinstance(outcome, Exception):
            import logging  # noqa: F401 - for __del__, which may be too late to import anything

        self._outcome = outcome
        self._retrieved = retrieved

    def __del__(self) -> None:
        """A failure that nobody asked for is not lost in silence."""
        if isinstance(self._outcome, Exception) and not self._retrieved:
            from logging import getLogger

            logger = getLogger("rawstore")
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

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Where sending fails, that is every call's outcome, and is raised."""
        try:
            yield
        except Exception as error:
            for handle in self._results:
                handle._settle(error, retrieved=True)  # noqa: SLF001 - this module's own
            raise

    def _settle(self, outcomes: Sequence[Any]) -> None:
        """Give each call its outcome."""
        for handle, outcome in zip(self._results, outcomes, strict=True):
            handle._settle(outcome)  # noqa: SLF001


@contextmanager
def collecting(batch: Batch, send: Callable[[Sequence[Call]], list[Any]]) -> Iterator[Batch]:
    """The block in which `batch` collects; its calls are sent when it ends without an exception."""
    yield batch
    if calls := batch._calls:  # noqa: SLF001 - this module's own
        with batch._failing():  # noqa: SLF001
            outcomes = send(calls)
        batch._settle(outcomes)  # noqa: SLF001
