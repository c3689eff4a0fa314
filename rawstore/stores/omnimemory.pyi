"""The store omnimemory: its rows, and its queries as methods.

Generated from its query files by `rawstore stubs`; do not edit.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from rawstore import aio, batch, session, store, transaction
from rawstore.batch import Result

_Answer = TypeVar("_Answer")

class OperationBreakdown(NamedTuple):
    tool_name: str
    operation_mode: str
    operations: int
    tokens_original: int
    tokens_actual: int
    tokens_prevented: int
    avg_response_time_ms: float
    p95_response_time_ms: float

class Savings(NamedTuple):
    operations: int
    tokens_prevented: int
    usd_saved: float

class ToolOperation(NamedTuple):
    id: UUID
    session_id: UUID
    tool_name: str
    operation_mode: str
    parameters: Any
    file_path: str | None
    tokens_original: int
    tokens_actual: int
    tokens_prevented: int
    response_time_ms: float
    created_at: datetime
    tool_id: str

class ToolSession(NamedTuple):
    id: int
    session_id: UUID
    tool_id: str
    tool_version: str | None
    started_at: datetime
    ended_at: datetime | None
    last_activity: datetime
    total_compressions: int
    total_embeddings: int
    total_workflows: int
    tokens_saved: int

class Batch(batch.Batch):
    def add_session_totals(
        self,
        session_id: UUID | str,
        compressions: int = 0,
        embeddings: int = 0,
        workflows: int = 0,
        tokens_saved: int = 0,
    ) -> Result[ToolSession | None]:
        """Adds to the totals; callers at the same moment lose nothing. A total out of its
        type's range is a DataError. None if there is no such session.
        """
    def count_operations_before(
        self,
        cutoff: datetime,
    ) -> Result[int]:
        """What delete_operations_before deletes of this cutoff, all batches
        together.
        """
    def count_sessions_before(
        self,
        cutoff: datetime,
    ) -> Result[int]:
        """What delete_sessions_before deletes of this cutoff, once the operations are, all
        batches together.
        """
    def delete_operations_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> Result[int]:
        """Deletes the oldest operations from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. The sessions keep their totals.
        Callers at the same moment take different batches. An array, for a join would be
        planned without knowing the limit, and read the whole table.
        """
    def delete_sessions_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> Result[int]:
        """Of the oldest sessions that ended before the cutoff and did nothing since, at
        most limit of them, deletes those without operations: one batch of the clean-up,
        which deletes operations beside it. Look-ups by scalar subqueries, for a join
        would be planned without knowing the limit, and read the whole table.
        """
    def end_session(
        self,
        session_id: UUID | str,
    ) -> Result[ToolSession | None]:
        """Sets ended_at to now; of a session that has ended it stays. None if there is no
        such session.
        """
    def get_operation(
        self,
        id: UUID | str,
    ) -> Result[ToolOperation | None]: ...
    def get_session(
        self,
        session_id: UUID | str,
    ) -> Result[ToolSession | None]: ...
    def list_operations(
        self,
        tool_id: str | None = None,
        tool_name: str | None = None,
        operation_mode: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[ToolOperation]]:
        """Newest first, from since on and before until."""
    def list_session_operations(
        self,
        session_id: UUID | str,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[ToolOperation]]:
        """Oldest first."""
    def list_sessions(
        self,
        tool_id: str | None = None,
        active: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[ToolSession]]:
        """Newest first; active are those that have not ended."""
    def operation_breakdown(
        self,
        tool_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Result[list[OperationBreakdown]]:
        """What each pair of tool_name and operation_mode did from since on and before
        until, by name and mode. p95_response_time_ms is the continuous percentile:
        between two times it interpolates. It reads every operation of its span, and
        without a span the whole table.
        """
    def record_operation(
        self,
        session_id: UUID | str,
        tool_name: str,
        operation_mode: str,
        tokens_original: int,
        tokens_actual: int,
        tokens_prevented: int,
        response_time_ms: float,
        tool_id: str,
        parameters: Any = None,
        file_path: str | None = None,
        id: UUID | str | None = None,
    ) -> Result[ToolOperation]:
        """A new operation of a session, whose tokens_saved grows by tokens_prevented and
        whose last_activity becomes now: both or neither, also under concurrent callers.
        tool_name is read or search, operation_mode full, overview, symbol, semantic or
        tri_index. An unknown session is a foreign key violation.
        """
    def savings(
        self,
        tool_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        usd_per_million_tokens: float = 15.0,
    ) -> Result[Savings]:
        """Tokens prevented from since on and before until, and their price. It reads every
        operation of its span, and without a span the whole table.
        """
    def start_session(
        self,
        tool_id: str,
        tool_version: str | None = None,
        session_id: UUID | str | None = None,
    ) -> Result[ToolSession]:
        """A new session; a session_id may be given, and is unique."""
    def touch_session(
        self,
        session_id: UUID | str,
    ) -> Result[ToolSession | None]:
        """Sets last_activity to now. None if there is no such session."""

class _Queries:
    def add_session_totals(
        self,
        session_id: UUID | str,
        compressions: int = 0,
        embeddings: int = 0,
        workflows: int = 0,
        tokens_saved: int = 0,
    ) -> ToolSession | None:
        """Adds to the totals; callers at the same moment lose nothing. A total out of its
        type's range is a DataError. None if there is no such session.
        """
    def count_operations_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_operations_before deletes of this cutoff, all batches
        together.
        """
    def count_sessions_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_sessions_before deletes of this cutoff, once the operations are, all
        batches together.
        """
    def delete_operations_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Deletes the oldest operations from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. The sessions keep their totals.
        Callers at the same moment take different batches. An array, for a join would be
        planned without knowing the limit, and read the whole table.
        """
    def delete_sessions_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int:
        """Of the oldest sessions that ended before the cutoff and did nothing since, at
        most limit of them, deletes those without operations: one batch of the clean-up,
        which deletes operations beside it. Look-ups by scalar subqueries, for a join
        would be planned without knowing the limit, and read the whole table.
        """
    def end_session(
        self,
        session_id: UUID | str,
    ) -> ToolSession | None:
        """Sets ended_at to now; of a session that has ended it stays. None if there is no
        such session.
        """
    def get_operation(
        self,
        id: UUID | str,
    ) -> ToolOperation | None: ...
    def get_session(
        self,
        session_id: UUID | str,
    ) -> ToolSession | None: ...
    def list_operations(
        self,
        tool_id: str | None = None,
        tool_name: str | None = None,
        operation_mode: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ToolOperation]:
        """Newest first, from since on and before until."""
    def list_session_operations(
        self,
        session_id: UUID | str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ToolOperation]:
        """Oldest first."""
    def list_sessions(
        self,
        tool_id: str | None = None,
        active: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ToolSession]:
        """Newest first; active are those that have not ended."""
    def operation_breakdown(
        self,
        tool_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[OperationBreakdown]:
        """What each pair of tool_name and operation_mode did from since on and before
        until, by name and mode. p95_response_time_ms is the continuous percentile:
        between two times it interpolates. It reads every operation of its span, and
        without a span the whole table.
        """
    def record_operation(
        self,
        session_id: UUID | str,
        tool_name: str,
        operation_mode: str,
        tokens_original: int,
        tokens_actual: int,
        tokens_prevented: int,
        response_time_ms: float,
        tool_id: str,
        parameters: Any = None,
        file_path: str | None = None,
        id: UUID | str | None = None,
    ) -> ToolOperation:
        """A new operation of a session, whose tokens_saved grows by tokens_prevented and
        whose last_activity becomes now: both or neither, also under concurrent callers.
        tool_name is read or search, operation_mode full, overview, symbol, semantic or
        tri_index. An unknown session is a foreign key violation.
        """
    def savings(
        self,
        tool_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        usd_per_million_tokens: float = 15.0,
    ) -> Savings:
        """Tokens prevented from since on and before until, and their price. It reads every
        operation of its span, and without a span the whole table.
        """
    def start_session(
        self,
        tool_id: str,
        tool_version: str | None = None,
        session_id: UUID | str | None = None,
    ) -> ToolSession:
        """A new session; a session_id may be given, and is unique."""
    def touch_session(
        self,
        session_id: UUID | str,
    ) -> ToolSession | None:
        """Sets last_activity to now. None if there is no such session."""

class Transaction(_Queries, transaction.Transaction):
    def batch(self) -> AbstractContextManager[Batch]: ...

class Session(_Queries, session.Session):
    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> AbstractContextManager[Transaction]: ...
    def batch(self) -> AbstractContextManager[Batch]: ...
    def run(
        self,
        function: Callable[[Transaction], _Answer],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> _Answer: ...

class Store(_Queries, store.Store):
    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> AbstractContextManager[Transaction]: ...
    def batch(self) -> AbstractContextManager[Batch]: ...
    def run(
        self,
        function: Callable[[Transaction], _Answer],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> _Answer: ...
    def session(self) -> AbstractContextManager[Session]: ...

class _AsyncQueries:
    async def add_session_totals(
        self,
        session_id: UUID | str,
        compressions: int = 0,
        embeddings: int = 0,
        workflows: int = 0,
        tokens_saved: int = 0,
    ) -> ToolSession | None:
        """Adds to the totals; callers at the same moment lose nothing. A total out of its
        type's range is a DataError. None if there is no such session.
        """
    async def count_operations_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_operations_before deletes of this cutoff, all batches
        together.
        """
    async def count_sessions_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_sessions_before deletes of this cutoff, once the operations are, all
        batches together.
        """
    async def delete_operations_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Deletes the oldest operations from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. The sessions keep their totals.
        Callers at the same moment take different batches. An array, for a join would be
        planned without knowing the limit, and read the whole table.
        """
    async def delete_sessions_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int:
        """Of the oldest sessions that ended before the cutoff and did nothing since, at
        most limit of them, deletes those without operations: one batch of the clean-up,
        which deletes operations beside it. Look-ups by scalar subqueries, for a join
        would be planned without knowing the limit, and read the whole table.
        """
    async def end_session(
        self,
        session_id: UUID | str,
    ) -> ToolSession | None:
        """Sets ended_at to now; of a session that has ended it stays. None if there is no
        such session.
        """
    async def get_operation(
        self,
        id: UUID | str,
    ) -> ToolOperation | None: ...
    async def get_session(
        self,
        session_id: UUID | str,
    ) -> ToolSession | None: ...
    async def list_operations(
        self,
        tool_id: str | None = None,
        tool_name: str | None = None,
        operation_mode: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ToolOperation]:
        """Newest first, from since on and before until."""
    async def list_session_operations(
        self,
        session_id: UUID | str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ToolOperation]:
        """Oldest first."""
    async def list_sessions(
        self,
        tool_id: str | None = None,
        active: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ToolSession]:
        """Newest first; active are those that have not ended."""
    async def operation_breakdown(
        self,
        tool_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[OperationBreakdown]:
        """What each pair of tool_name and operation_mode did from since on and before
        until, by name and mode. p95_response_time_ms is the continuous percentile:
        between two times it interpolates. It reads every operation of its span, and
        without a span the whole table.
        """
    async def record_operation(
        self,
        session_id: UUID | str,
        tool_name: str,
        operation_mode: str,
        tokens_original: int,
        tokens_actual: int,
        tokens_prevented: int,
        response_time_ms: float,
        tool_id: str,
        parameters: Any = None,
        file_path: str | None = None,
        id: UUID | str | None = None,
    ) -> ToolOperation:
        """A new operation of a session, whose tokens_saved grows by tokens_prevented and
        whose last_activity becomes now: both or neither, also under concurrent callers.
        tool_name is read or search, operation_mode full, overview, symbol, semantic or
        tri_index. An unknown session is a foreign key violation.
        """
    async def savings(
        self,
        tool_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        usd_per_million_tokens: float = 15.0,
    ) -> Savings:
        """Tokens prevented from since on and before until, and their price. It reads every
        operation of its span, and without a span the whole table.
        """
    async def start_session(
        self,
        tool_id: str,
        tool_version: str | None = None,
        session_id: UUID | str | None = None,
    ) -> ToolSession:
        """A new session; a session_id may be given, and is unique."""
    async def touch_session(
        self,
        session_id: UUID | str,
    ) -> ToolSession | None:
        """Sets last_activity to now. None if there is no such session."""

class AsyncTransaction(_AsyncQueries, aio.AsyncTransaction):
    def batch(self) -> AbstractAsyncContextManager[Batch]: ...

class AsyncSession(_AsyncQueries, aio.AsyncSession):
    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> AbstractAsyncContextManager[AsyncTransaction]: ...
    def batch(self) -> AbstractAsyncContextManager[Batch]: ...
    async def run(
        self,
        function: Callable[[AsyncTransaction], Awaitable[_Answer]],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> _Answer: ...

class AsyncStore(_AsyncQueries, aio.AsyncStore):
    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> AbstractAsyncContextManager[AsyncTransaction]: ...
    def batch(self) -> AbstractAsyncContextManager[Batch]: ...
    async def run(
        self,
        function: Callable[[AsyncTransaction], Awaitable[_Answer]],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> _Answer: ...
    def session(self) -> AbstractAsyncContextManager[AsyncSession]: ...
