"""The store duiliocode: its rows, and its queries as methods.

Generated from its query files by `rawstore stubs`; do not edit.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from rawstore import aio, batch, session, store, transaction
from rawstore.aio import AsyncStream
from rawstore.batch import Result
from rawstore.stream import Stream

_Answer = TypeVar("_Answer")

class HistoryHit(NamedTuple):
    id: int
    user_id: str
    session_id: str
    role: str
    content: str
    model: str | None
    workspace_path: str | None
    extra_data: Any
    created_at: datetime
    score: float
    snippet: str

class HistoryMessage(NamedTuple):
    id: int
    user_id: str
    session_id: str
    role: str
    content: str
    model: str | None
    workspace_path: str | None
    extra_data: Any
    created_at: datetime

class MetricSummary(NamedTuple):
    operation: str
    calls: int
    errors: int
    error_rate: float
    avg_duration_ms: float
    p50_duration_ms: float
    p95_duration_ms: float
    p99_duration_ms: float
    max_duration_ms: float

class SystemMetric(NamedTuple):
    id: int
    operation: str
    duration_ms: float
    success: bool
    error: str | None
    extra_data: Any
    created_at: datetime

class UserPreference(NamedTuple):
    id: int
    user_id: str
    key: str
    value: str
    created_at: datetime
    updated_at: datetime

class Batch(batch.Batch):
    def count_history_before(
        self,
        cutoff: datetime,
    ) -> Result[int]:
        """What delete_history_before deletes of this cutoff, all batches together."""
    def count_metrics_before(
        self,
        cutoff: datetime,
    ) -> Result[int]:
        """What delete_metrics_before deletes of this cutoff, all batches together."""
    def delete_history_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> Result[int]:
        """Deletes the oldest messages from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. Callers at the same moment take
        different batches. An array, for a join would be planned without knowing the
        limit, and read the whole table.
        """
    def delete_metrics_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> Result[int]:
        """Deletes the oldest metrics from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. Callers at the same moment take
        different batches. An array, for a join would be planned without knowing the
        limit, and read the whole table.
        """
    def delete_preference(
        self,
        user_id: str,
        key: str,
    ) -> Result[int]: ...
    def delete_session_history(
        self,
        user_id: str,
        session_id: str,
    ) -> Result[int]: ...
    def delete_user_history(
        self,
        user_id: str,
        limit: int = 10000,
    ) -> Result[int]:
        """Deletes the user's oldest messages, at most limit of them: one batch; call it
        until it gives 0.
        """
    def delete_user_preferences(
        self,
        user_id: str,
    ) -> Result[int]: ...
    def get_conversation_history(
        self,
        user_id: str,
        session_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[HistoryMessage]]:
        """Oldest first."""
    def get_metrics(
        self,
        operation: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[SystemMetric]]:
        """Newest first, from since on."""
    def get_preference(
        self,
        user_id: str,
        key: str,
    ) -> Result[str | None]:
        """The value; None if the user has no such preference."""
    def list_preferences(
        self,
        user_id: str,
    ) -> Result[list[UserPreference]]:
        """By key, in the order of its bytes."""
    def metric_summary(
        self,
        operation: str | None = None,
        since: datetime | None = None,
    ) -> Result[list[MetricSummary]]:
        """The metrics of each operation from since on, by operation in the order of its
        bytes; error_rate is errors / calls. The percentiles are continuous: between two
        durations they interpolate. It reads every metric of its span, and without a
        span the whole table.
        """
    def recent_messages(
        self,
        user_id: str,
        limit: int = 10,
    ) -> Result[list[HistoryMessage]]:
        """Of all the user's sessions, newest first."""
    def save_message(
        self,
        user_id: str,
        session_id: str,
        role: str,
        content: str,
        model: str | None = None,
        workspace_path: str | None = None,
        extra_data: Any = None,
    ) -> Result[HistoryMessage]:
        """A new message; role is user, assistant or system."""
    def save_metric(
        self,
        operation: str,
        duration_ms: float,
        success: bool = True,
        error: str | None = None,
        extra_data: Any = None,
    ) -> Result[SystemMetric]: ...
    def search_history(
        self,
        user_id: str,
        query: str,
        limit: int = 20,
    ) -> Result[list[HistoryHit]]:
        """The user's messages that hold all the words in any of their forms, best first. A
        "quoted phrase" stands as it is, -word excludes, or joins two alternatives.
        English stop words do not count. Any text is a query (its first 1000
        characters), and one without a word to look for finds nothing. A higher score is
        better; scores compare within one answer only. The snippet is content, not
        escaped, with the words found in <b>…</b>. Searched are the first 250 000
        characters; the snippet is from the first 20 000.
        """
    def set_preference(
        self,
        user_id: str,
        key: str,
        value: str,
    ) -> Result[UserPreference]:
        """A new preference, or where the user has this key already that one with the value
        replaced.
        """

class _Queries:
    def count_history_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_history_before deletes of this cutoff, all batches together."""
    def count_metrics_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_metrics_before deletes of this cutoff, all batches together."""
    def delete_history_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Deletes the oldest messages from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. Callers at the same moment take
        different batches. An array, for a join would be planned without knowing the
        limit, and read the whole table.
        """
    def delete_metrics_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Deletes the oldest metrics from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. Callers at the same moment take
        different batches. An array, for a join would be planned without knowing the
        limit, and read the whole table.
        """
    def delete_preference(
        self,
        user_id: str,
        key: str,
    ) -> int: ...
    def delete_session_history(
        self,
        user_id: str,
        session_id: str,
    ) -> int: ...
    def delete_user_history(
        self,
        user_id: str,
        limit: int = 10000,
    ) -> int:
        """Deletes the user's oldest messages, at most limit of them: one batch; call it
        until it gives 0.
        """
    def delete_user_preferences(
        self,
        user_id: str,
    ) -> int: ...
    def export_history(
        self,
        user_id: str,
    ) -> Stream[HistoryMessage]:
        """Of all the user's sessions, oldest first."""
    def get_conversation_history(
        self,
        user_id: str,
        session_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[HistoryMessage]:
        """Oldest first."""
    def get_metrics(
        self,
        operation: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[SystemMetric]:
        """Newest first, from since on."""
    def get_preference(
        self,
        user_id: str,
        key: str,
    ) -> str | None:
        """The value; None if the user has no such preference."""
    def list_preferences(
        self,
        user_id: str,
    ) -> list[UserPreference]:
        """By key, in the order of its bytes."""
    def metric_summary(
        self,
        operation: str | None = None,
        since: datetime | None = None,
    ) -> list[MetricSummary]:
        """The metrics of each operation from since on, by operation in the order of its
        bytes; error_rate is errors / calls. The percentiles are continuous: between two
        durations they interpolate. It reads every metric of its span, and without a
        span the whole table.
        """
    def recent_messages(
        self,
        user_id: str,
        limit: int = 10,
    ) -> list[HistoryMessage]:
        """Of all the user's sessions, newest first."""
    def save_message(
        self,
        user_id: str,
        session_id: str,
        role: str,
        content: str,
        model: str | None = None,
        workspace_path: str | None = None,
        extra_data: Any = None,
    ) -> HistoryMessage:
        """A new message; role is user, assistant or system."""
    def save_metric(
        self,
        operation: str,
        duration_ms: float,
        success: bool = True,
        error: str | None = None,
        extra_data: Any = None,
    ) -> SystemMetric: ...
    def search_history(
        self,
        user_id: str,
        query: str,
        limit: int = 20,
    ) -> list[HistoryHit]:
        """The user's messages that hold all the words in any of their forms, best first. A
        "quoted phrase" stands as it is, -word excludes, or joins two alternatives.
        English stop words do not count. Any text is a query (its first 1000
        characters), and one without a word to look for finds nothing. A higher score is
        better; scores compare within one answer only. The snippet is content, not
        escaped, with the words found in <b>…</b>. Searched are the first 250 000
        characters; the snippet is from the first 20 000.
        """
    def set_preference(
        self,
        user_id: str,
        key: str,
        value: str,
    ) -> UserPreference:
        """A new preference, or where the user has this key already that one with the value
        replaced.
        """

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
    async def count_history_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_history_before deletes of this cutoff, all batches together."""
    async def count_metrics_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_metrics_before deletes of this cutoff, all batches together."""
    async def delete_history_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Deletes the oldest messages from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. Callers at the same moment take
        different batches. An array, for a join would be planned without knowing the
        limit, and read the whole table.
        """
    async def delete_metrics_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Deletes the oldest metrics from before the cutoff, at most limit of them: one
        batch of the clean-up; call it until it gives 0. Callers at the same moment take
        different batches. An array, for a join would be planned without knowing the
        limit, and read the whole table.
        """
    async def delete_preference(
        self,
        user_id: str,
        key: str,
    ) -> int: ...
    async def delete_session_history(
        self,
        user_id: str,
        session_id: str,
    ) -> int: ...
    async def delete_user_history(
        self,
        user_id: str,
        limit: int = 10000,
    ) -> int:
        """Deletes the user's oldest messages, at most limit of them: one batch; call it
        until it gives 0.
        """
    async def delete_user_preferences(
        self,
        user_id: str,
    ) -> int: ...
    def export_history(
        self,
        user_id: str,
    ) -> AsyncStream[HistoryMessage]:
        """Of all the user's sessions, oldest first."""
    async def get_conversation_history(
        self,
        user_id: str,
        session_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[HistoryMessage]:
        """Oldest first."""
    async def get_metrics(
        self,
        operation: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[SystemMetric]:
        """Newest first, from since on."""
    async def get_preference(
        self,
        user_id: str,
        key: str,
    ) -> str | None:
        """The value; None if the user has no such preference."""
    async def list_preferences(
        self,
        user_id: str,
    ) -> list[UserPreference]:
        """By key, in the order of its bytes."""
    async def metric_summary(
        self,
        operation: str | None = None,
        since: datetime | None = None,
    ) -> list[MetricSummary]:
        """The metrics of each operation from since on, by operation in the order of its
        bytes; error_rate is errors / calls. The percentiles are continuous: between two
        durations they interpolate. It reads every metric of its span, and without a
        span the whole table.
        """
    async def recent_messages(
        self,
        user_id: str,
        limit: int = 10,
    ) -> list[HistoryMessage]:
        """Of all the user's sessions, newest first."""
    async def save_message(
        self,
        user_id: str,
        session_id: str,
        role: str,
        content: str,
        model: str | None = None,
        workspace_path: str | None = None,
        extra_data: Any = None,
    ) -> HistoryMessage:
        """A new message; role is user, assistant or system."""
    async def save_metric(
        self,
        operation: str,
        duration_ms: float,
        success: bool = True,
        error: str | None = None,
        extra_data: Any = None,
    ) -> SystemMetric: ...
    async def search_history(
        self,
        user_id: str,
        query: str,
        limit: int = 20,
    ) -> list[HistoryHit]:
        """The user's messages that hold all the words in any of their forms, best first. A
        "quoted phrase" stands as it is, -word excludes, or joins two alternatives.
        English stop words do not count. Any text is a query (its first 1000
        characters), and one without a word to look for finds nothing. A higher score is
        better; scores compare within one answer only. The snippet is content, not
        escaped, with the words found in <b>…</b>. Searched are the first 250 000
        characters; the snippet is from the first 20 000.
        """
    async def set_preference(
        self,
        user_id: str,
        key: str,
        value: str,
    ) -> UserPreference:
        """A new preference, or where the user has this key already that one with the value
        replaced.
        """

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
