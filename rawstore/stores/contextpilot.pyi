"""The store contextpilot: its rows, and its queries as methods.

Generated from its query files by `rawstore stubs`; do not edit.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from rawstore import aio, batch, session, store, transaction
from rawstore.batch import Result

_Answer = TypeVar("_Answer")

class ContextHit(NamedTuple):
    id: str
    source_type: str
    name: str
    content: str
    metadata: Any
    created_at: datetime
    updated_at: datetime
    superseded_by: str | None
    similarity: float

class ContextUnit(NamedTuple):
    id: str
    source_type: str
    name: str
    content: str
    metadata: Any
    embedding: list[float] | None
    created_at: datetime
    updated_at: datetime
    superseded_by: str | None

class Conversation(NamedTuple):
    id: str
    task: str
    provider: str
    model: str
    created_at: datetime

class Message(NamedTuple):
    id: int
    conversation_id: str
    role: str
    content: str
    timestamp: datetime
    tokens: int | None
    finish_reason: str | None

class Batch(batch.Batch):
    def add_context(
        self,
        source_type: str,
        name: str,
        content: str,
        metadata: Any = {},
        embedding: Iterable[float] | None = None,
        id: str | None = None,
    ) -> Result[ContextUnit]:
        """A new unit; without an id the database makes one."""
    def add_message(
        self,
        conversation_id: str,
        role: str,
        content: str,
        tokens: int | None = None,
        finish_reason: str | None = None,
    ) -> Result[Message]:
        """A new message; role is user, assistant or system."""
    def conversation_tokens(
        self,
        conversation_id: str,
    ) -> Result[int]:
        """The tokens of its messages, those that say none counting 0; 0 also where there
        is no such conversation.
        """
    def count_contexts(
        self,
        include_superseded: bool = False,
    ) -> Result[int]:
        """Live units, or all."""
    def count_conversations_before(
        self,
        cutoff: datetime,
    ) -> Result[int]:
        """What delete_conversations_before deletes of this cutoff, all batches
        together.
        """
    def count_messages_before(
        self,
        cutoff: datetime,
    ) -> Result[int]:
        """What delete_messages_before deletes of this cutoff, all batches together."""
    def count_superseded_contexts_before(
        self,
        cutoff: datetime,
    ) -> Result[int]:
        """The superseded units that have not changed since the cutoff: what
        delete_superseded_contexts_before deletes, but for those that supersede a newer
        one.
        """
    def create_conversation(
        self,
        task: str,
        provider: str,
        model: str,
        id: str | None = None,
    ) -> Result[Conversation]:
        """A new conversation; without an id the database makes one."""
    def delete_context(
        self,
        id: str,
    ) -> Result[int]:
        """A foreign key violation if the unit supersedes another: that one would be live
        again.
        """
    def delete_conversation(
        self,
        id: str,
    ) -> Result[int]:
        """With its messages."""
    def delete_conversations_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> Result[int]: ...
    def delete_messages_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> Result[int]:
        """Look-ups by scalar subqueries and row by row, for a join would be planned
        without knowing the limit, and read the whole table.
        """
    def delete_superseded_contexts_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> Result[int]:
        """Deletes the superseded units that have not changed since the cutoff, the oldest
        first and at most limit of them: one batch. A unit stays for as long as one does
        that it supersedes, which would be live again. Live units are never cleaned up.
        Callers at the same moment take different batches.
        """
    def get_context(
        self,
        id: str,
    ) -> Result[ContextUnit | None]:
        """The unit, live or not."""
    def get_conversation(
        self,
        id: str,
    ) -> Result[Conversation | None]: ...
    def list_contexts(
        self,
        source_type: str | None = None,
        include_superseded: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[ContextUnit]]:
        """Newest first; live units, or all. The two halves are each in an index of their
        own, and merged. Each says its order and limit itself, for the planner hands
        them down to no half that has a WHERE.
        """
    def list_conversations(
        self,
        provider: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[Conversation]]:
        """Newest first."""
    def list_messages(
        self,
        conversation_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[Message]]:
        """Oldest first."""
    def search_contexts(
        self,
        embedding: Iterable[float],
        limit: int = 10,
        source_type: str | None = None,
        min_similarity: float | None = None,
    ) -> Result[list[ContextHit]]:
        """Live units of the embedding's dimension by cosine similarity, best first; of
        equal ones the newest first. Embeddings without a direction (zero, or of a
        length beyond 1e-18 and 1e18, where float32 fails) are like no other, and not
        found. The dimensions that have an index (384, 768, 1024, 1536) are searched by
        it, approximately, and all others exactly; so are, where the index finds fewer
        than wanted, the units that there are: the answer is never short. The dimension
        chooses one branch before any row is read. The settings make the index go on
        until enough rows pass the source_type, and look about as widely as it is tuned
        to; they last to the end of the transaction. The index knows no order among
        equal units: twenty more are taken, from which the newest are chosen. A
        min_similarity only takes from the best what is too far, so it needs no part in
        the search.
        """
    def supersede_context(
        self,
        id: str,
        superseded_by: str,
    ) -> Result[ContextUnit | None]:
        """The unit, from now on superseded by the other, which may be superseded itself.
        None if there is no such unit. A foreign key violation if there is no such
        other, and a check violation if it is, in the end, superseded by the unit (or is
        the unit). Callers take turns, to the end of their transactions.
        """
    def update_context(
        self,
        id: str,
        name: str | None = None,
        content: str | None = None,
        metadata: Any = None,
        embedding: Iterable[float] | None = None,
    ) -> Result[ContextUnit | None]:
        """Null leaves a column as it is. None if there is no such unit."""

class _Queries:
    def add_context(
        self,
        source_type: str,
        name: str,
        content: str,
        metadata: Any = {},
        embedding: Iterable[float] | None = None,
        id: str | None = None,
    ) -> ContextUnit:
        """A new unit; without an id the database makes one."""
    def add_message(
        self,
        conversation_id: str,
        role: str,
        content: str,
        tokens: int | None = None,
        finish_reason: str | None = None,
    ) -> Message:
        """A new message; role is user, assistant or system."""
    def conversation_tokens(
        self,
        conversation_id: str,
    ) -> int:
        """The tokens of its messages, those that say none counting 0; 0 also where there
        is no such conversation.
        """
    def count_contexts(
        self,
        include_superseded: bool = False,
    ) -> int:
        """Live units, or all."""
    def count_conversations_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_conversations_before deletes of this cutoff, all batches
        together.
        """
    def count_messages_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_messages_before deletes of this cutoff, all batches together."""
    def count_superseded_contexts_before(
        self,
        cutoff: datetime,
    ) -> int:
        """The superseded units that have not changed since the cutoff: what
        delete_superseded_contexts_before deletes, but for those that supersede a newer
        one.
        """
    def create_conversation(
        self,
        task: str,
        provider: str,
        model: str,
        id: str | None = None,
    ) -> Conversation:
        """A new conversation; without an id the database makes one."""
    def delete_context(
        self,
        id: str,
    ) -> int:
        """A foreign key violation if the unit supersedes another: that one would be live
        again.
        """
    def delete_conversation(
        self,
        id: str,
    ) -> int:
        """With its messages."""
    def delete_conversations_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int: ...
    def delete_messages_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Look-ups by scalar subqueries and row by row, for a join would be planned
        without knowing the limit, and read the whole table.
        """
    def delete_superseded_contexts_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int:
        """Deletes the superseded units that have not changed since the cutoff, the oldest
        first and at most limit of them: one batch. A unit stays for as long as one does
        that it supersedes, which would be live again. Live units are never cleaned up.
        Callers at the same moment take different batches.
        """
    def get_context(
        self,
        id: str,
    ) -> ContextUnit | None:
        """The unit, live or not."""
    def get_conversation(
        self,
        id: str,
    ) -> Conversation | None: ...
    def list_contexts(
        self,
        source_type: str | None = None,
        include_superseded: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ContextUnit]:
        """Newest first; live units, or all. The two halves are each in an index of their
        own, and merged. Each says its order and limit itself, for the planner hands
        them down to no half that has a WHERE.
        """
    def list_conversations(
        self,
        provider: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Conversation]:
        """Newest first."""
    def list_messages(
        self,
        conversation_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Message]:
        """Oldest first."""
    def search_contexts(
        self,
        embedding: Iterable[float],
        limit: int = 10,
        source_type: str | None = None,
        min_similarity: float | None = None,
    ) -> list[ContextHit]:
        """Live units of the embedding's dimension by cosine similarity, best first; of
        equal ones the newest first. Embeddings without a direction (zero, or of a
        length beyond 1e-18 and 1e18, where float32 fails) are like no other, and not
        found. The dimensions that have an index (384, 768, 1024, 1536) are searched by
        it, approximately, and all others exactly; so are, where the index finds fewer
        than wanted, the units that there are: the answer is never short. The dimension
        chooses one branch before any row is read. The settings make the index go on
        until enough rows pass the source_type, and look about as widely as it is tuned
        to; they last to the end of the transaction. The index knows no order among
        equal units: twenty more are taken, from which the newest are chosen. A
        min_similarity only takes from the best what is too far, so it needs no part in
        the search.
        """
    def supersede_context(
        self,
        id: str,
        superseded_by: str,
    ) -> ContextUnit | None:
        """The unit, from now on superseded by the other, which may be superseded itself.
        None if there is no such unit. A foreign key violation if there is no such
        other, and a check violation if it is, in the end, superseded by the unit (or is
        the unit). Callers take turns, to the end of their transactions.
        """
    def update_context(
        self,
        id: str,
        name: str | None = None,
        content: str | None = None,
        metadata: Any = None,
        embedding: Iterable[float] | None = None,
    ) -> ContextUnit | None:
        """Null leaves a column as it is. None if there is no such unit."""

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
    async def add_context(
        self,
        source_type: str,
        name: str,
        content: str,
        metadata: Any = {},
        embedding: Iterable[float] | None = None,
        id: str | None = None,
    ) -> ContextUnit:
        """A new unit; without an id the database makes one."""
    async def add_message(
        self,
        conversation_id: str,
        role: str,
        content: str,
        tokens: int | None = None,
        finish_reason: str | None = None,
    ) -> Message:
        """A new message; role is user, assistant or system."""
    async def conversation_tokens(
        self,
        conversation_id: str,
    ) -> int:
        """The tokens of its messages, those that say none counting 0; 0 also where there
        is no such conversation.
        """
    async def count_contexts(
        self,
        include_superseded: bool = False,
    ) -> int:
        """Live units, or all."""
    async def count_conversations_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_conversations_before deletes of this cutoff, all batches
        together.
        """
    async def count_messages_before(
        self,
        cutoff: datetime,
    ) -> int:
        """What delete_messages_before deletes of this cutoff, all batches together."""
    async def count_superseded_contexts_before(
        self,
        cutoff: datetime,
    ) -> int:
        """The superseded units that have not changed since the cutoff: what
        delete_superseded_contexts_before deletes, but for those that supersede a newer
        one.
        """
    async def create_conversation(
        self,
        task: str,
        provider: str,
        model: str,
        id: str | None = None,
    ) -> Conversation:
        """A new conversation; without an id the database makes one."""
    async def delete_context(
        self,
        id: str,
    ) -> int:
        """A foreign key violation if the unit supersedes another: that one would be live
        again.
        """
    async def delete_conversation(
        self,
        id: str,
    ) -> int:
        """With its messages."""
    async def delete_conversations_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int: ...
    async def delete_messages_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Look-ups by scalar subqueries and row by row, for a join would be planned
        without knowing the limit, and read the whole table.
        """
    async def delete_superseded_contexts_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int:
        """Deletes the superseded units that have not changed since the cutoff, the oldest
        first and at most limit of them: one batch. A unit stays for as long as one does
        that it supersedes, which would be live again. Live units are never cleaned up.
        Callers at the same moment take different batches.
        """
    async def get_context(
        self,
        id: str,
    ) -> ContextUnit | None:
        """The unit, live or not."""
    async def get_conversation(
        self,
        id: str,
    ) -> Conversation | None: ...
    async def list_contexts(
        self,
        source_type: str | None = None,
        include_superseded: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ContextUnit]:
        """Newest first; live units, or all. The two halves are each in an index of their
        own, and merged. Each says its order and limit itself, for the planner hands
        them down to no half that has a WHERE.
        """
    async def list_conversations(
        self,
        provider: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Conversation]:
        """Newest first."""
    async def list_messages(
        self,
        conversation_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Message]:
        """Oldest first."""
    async def search_contexts(
        self,
        embedding: Iterable[float],
        limit: int = 10,
        source_type: str | None = None,
        min_similarity: float | None = None,
    ) -> list[ContextHit]:
        """Live units of the embedding's dimension by cosine similarity, best first; of
        equal ones the newest first. Embeddings without a direction (zero, or of a
        length beyond 1e-18 and 1e18, where float32 fails) are like no other, and not
        found. The dimensions that have an index (384, 768, 1024, 1536) are searched by
        it, approximately, and all others exactly; so are, where the index finds fewer
        than wanted, the units that there are: the answer is never short. The dimension
        chooses one branch before any row is read. The settings make the index go on
        until enough rows pass the source_type, and look about as widely as it is tuned
        to; they last to the end of the transaction. The index knows no order among
        equal units: twenty more are taken, from which the newest are chosen. A
        min_similarity only takes from the best what is too far, so it needs no part in
        the search.
        """
    async def supersede_context(
        self,
        id: str,
        superseded_by: str,
    ) -> ContextUnit | None:
        """The unit, from now on superseded by the other, which may be superseded itself.
        None if there is no such unit. A foreign key violation if there is no such
        other, and a check violation if it is, in the end, superseded by the unit (or is
        the unit). Callers take turns, to the end of their transactions.
        """
    async def update_context(
        self,
        id: str,
        name: str | None = None,
        content: str | None = None,
        metadata: Any = None,
        embedding: Iterable[float] | None = None,
    ) -> ContextUnit | None:
        """Null leaves a column as it is. None if there is no such unit."""

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
