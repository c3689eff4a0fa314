"""A PostgreSQL session for threads that records what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from ..query import Variant
from ..statistics import Recorder, Tally, clock
from .postgres_blocking import BlockingSession
from .postgres_report import unreadable
from .postgres_session import PostgresSession
from .postgres_wire import GOOD, BlockingWire, now
from .recorded import Recorded
from .recording import Flight


class RecordedBlockingSession(Recorded, BlockingSession):
    """A connection borrowed from the pool. Used by one thread at a time (see `Session`)."""

    def __init__(self, core: PostgresSession, wire: BlockingWire, recorder: Recorder) -> None:
        super().__init__(core, wire)
        self._recorder = recorder

    def run(self, variant: Variant, values: Sequence[Any]) -> Any:  # noqa: C901
        """Run one statement; what its kind gives back."""
        # As BlockingSession's and `_recorded`, written out for the most frequent case: to call
        # them would cost as much as all that is recorded.
        prepared = self._held.get(variant)
        if prepared is None or not prepared.direct or self.core.pending:
            return self._recorded(variant, values)
        tally = prepared.tally
        if tally is None:
            tally = prepared.tally = self._recorder.tallies[variant]
        began = 0.0 if tally.tick() & tally.mask else clock()
        try:
            encoded = prepared.encode(values)
        except Exception:  # not to be the next one's context: it may quote the value
            encoded = None
        if encoded is None:
            return self._recorded(variant, values, tally, began)
        try:
            result = self._run(prepared.name, encoded, prepared.formats, prepared.result_format)
            if result.status in GOOD:
                answer = prepared.value(result)
            else:
                answer = now(self.core.run_again(variant, values, result))
        except BaseException as error:
            problem: BaseException = error
            if isinstance(error, psycopg.DataError):
                problem = unreadable(variant.query, error)
        else:
            if began:
                tally.timed(variant, clock() - began, answer)
            if answer is None or not tally.single:
                tally.gave(answer)
            return answer
        tally.failed(variant, clock() - began if began else None, problem)
        try:
            raise problem
        finally:
            del problem  # it holds this frame

    def _recorded(
        self,
        variant: Variant,
        values: Sequence[Any],
        tally: Tally | None = None,
        began: float = 0.0,
    ) -> Any:
        if tally is None:
            tally = self._recorder.tallies[variant]
            began = 0.0 if tally.tick() & tally.mask else clock()
        try:
            answer = now(self.core.perform(variant, values))
        except BaseException as error:
            tally.failed(variant, clock() - began if began else None, error)
            raise
        if began:
            tally.timed(variant, clock() - began, answer)
        tally.gave(answer)
        return answer

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Run many; of each its value or its error."""
        with Flight(self._recorder, calls) as flight:
            flight.outcomes = outcomes = super().batch(calls)
        return outcomes
