"""One call through the registry, timed; what it writes is undone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from rawstore import Query, Store
from rawstore.query import Kind

from .cases import Arguments, with_new_keys

_BEFORE = 4  # calls in a transaction, before one is timed


class _Undo(Exception):
    """Ends a transaction that is to change nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """A query of an open store, with its arguments."""

    store: Store
    query: Query
    arguments: Arguments

    def seconds(self) -> float:
        """How long it takes, once."""
        return self._run()[0]

    def rows(self) -> int:
        """How many rows it gives back or changes; a value is one."""
        answer = self._run()[1]
        if self.query.kind in (Kind.MANY, Kind.STREAM):
            return len(answer)
        return int(answer) if self.query.kind is Kind.AFFECTED else int(answer is not None)

    def _run(self) -> tuple[float, Any]:
        """The time and the answer; to begin and to undo a transaction is not counted.

        What inserts or updates is timed on its last time: the first ones meet index pages that the
        load has filled to the last byte, and split them, which the many that follow need not do.
        """
        query = self.query
        with _undone(self.store) if query.writes else nullcontext(self.store) as caller:
            method = getattr(caller, query.name)
            if query.writes and query.kind is not Kind.AFFECTED:
                for _ in range(_BEFORE):
                    method(**with_new_keys(query, self.arguments))
            arguments = with_new_keys(query, self.arguments)
            start = time.perf_counter()
            answer = method(**arguments)
            if query.kind is Kind.STREAM:
                answer = list(answer)
            return time.perf_counter() - start, answer


@contextmanager
def _undone(store: Store) -> Iterator[Any]:
    with suppress(_Undo), store.transaction() as transaction:
        yield transaction
        raise _Undo
