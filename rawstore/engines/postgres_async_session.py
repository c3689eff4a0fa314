"""A PostgreSQL session for asyncio, and one that records what it does.

`PostgresSession` does the work; here the most frequent case is written out: one prepared statement
outside of anything that is deferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from ..query import Variant
from ..statistics import Recorder, Tally, clock
from .postgres_async_wire import AsyncWire
from .postgres_report import unreadable
from .postgres_session import PostgresSession
from .postgres_types import ServerTypes
from .postgres_wire import GOOD
from .recorded import RecordedAsync


class AsyncPostgresSession(PostgresSession):
    """A connection borrowed from the pool. Used by one task at a time (see `AsyncSession`)."""

    wire: AsyncWire

    def __init__(
        self, connection: Any, wire: AsyncWire, types: ServerTypes, *, prepare: bool
    ) -> None:
        super().__init__(connection, wire, types, prepare=prepare)
        self.core = self  # as `Lending` finds it

    async def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""
        # As PostgresSession's, written out for the most frequent case.
        prepared = self._held.get(variant)
        if prepared is None or not prepared.direct or self.pending:
            return await self.perform(variant, values)
        encoded = prepared.encoded(values)
        if encoded is None:
            return await self.perform(variant, values)
        result = await self.wire.run(
            prepared.name, encoded, prepared.formats, prepared.result_format
        )
        if result.status not in GOOD:
            return await self.run_again(variant, values, result)
        return self.value(prepared, result)


class RecordedAsyncPostgresSession(RecordedAsync, AsyncPostgresSession):
    """One that records what it does."""

    def __init__(
        self,
        connection: Any,
        wire: AsyncWire,
        types: ServerTypes,
        recorder: Recorder,
        *,
        prepare: bool,
    ) -> None:
        super().__init__(connection, wire, types, prepare=prepare)
        self._recorder = recorder

    async def run(self, variant: Variant, values: Sequence[Any]) -> Any:  # noqa: C901
        """Run one statement; what its kind gives back."""
        # As AsyncPostgresSession's and `_recorded`, written out for the most frequent case: to call
        # them would cost as much as all that is recorded.
        prepared = self._held.get(variant)
        if prepared is None or not prepared.direct or self.pending:
            return await self._recorded(variant, values)
        tally = prepared.tally
        if tally is None:
            tally = prepared.tally = self._recorder.tallies[variant]
        began = 0.0 if tally.tick() & tally.mask else clock()
        encoded = prepared.encoded(values)
        if encoded is None:
            return await self._recorded(variant, values, tally, began)
        try:
            result = await self.wire.run(
                prepared.name, encoded, prepared.formats, prepared.result_format
            )
            if result.status in GOOD:
                answer = prepared.value(result)
            else:
                answer = await self.run_again(variant, values, result)
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

    async def _recorded(
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
            answer = await self.perform(variant, values)
        except BaseException as error:
            tally.failed(variant, clock() - began if began else None, error)
            raise
        if began:
            tally.timed(variant, clock() - began, answer)
        tally.gave(answer)
        return answer
