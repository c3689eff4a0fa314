"""The store minipilot: its rows, and its queries as methods.

Generated from its query files by `rawstore stubs`; do not edit.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, NotRequired, TypedDict, TypeVar
from uuid import UUID

from rawstore import aio, batch, session, store, transaction
from rawstore.aio import AsyncStream
from rawstore.batch import Result
from rawstore.stream import Stream

_Answer = TypeVar("_Answer")

class Conversation(NamedTuple):
    id: UUID
    user_id: UUID | None
    title: str | None
    status: str
    created_at: datetime
    updated_at: datetime

class KnowledgeChunk(NamedTuple):
    id: UUID
    source: str
    external_id: str | None
    title: str | None
    content: str
    chunk_metadata: Any
    created_at: datetime
    updated_at: datetime

class KnowledgeHit(NamedTuple):
    id: UUID
    source: str
    external_id: str | None
    title: str | None
    content: str
    chunk_metadata: Any
    created_at: datetime
    updated_at: datetime
    score: float
    snippet: str

class Message(NamedTuple):
    id: UUID
    conversation_id: UUID
    sender_type: str
    content: str
    role_metadata: Any
    created_at: datetime
    updated_at: datetime

class User(NamedTuple):
    id: UUID
    external_id: str | None
    name: str | None
    email: str | None
    created_at: datetime
    updated_at: datetime

class UserCreated(NamedTuple):
    id: UUID
    external_id: str | None
    name: str | None
    email: str | None
    created_at: datetime
    updated_at: datetime
    created: bool

class KnowledgeInput(TypedDict):
    source: str
    content: str
    external_id: NotRequired[str | None]
    title: NotRequired[str | None]
    chunk_metadata: NotRequired[Any]

class Batch(batch.Batch):
    def add_message(
        self,
        conversation_id: UUID | str,
        sender_type: str,
        content: str,
        role_metadata: Any = None,
    ) -> Result[Message]:
        """A new message; sender_type is user, assistant or system."""
    def archive_conversation(
        self,
        conversation_id: UUID | str,
    ) -> Result[Conversation | None]:
        """Sets status to archived. None if there is no such conversation."""
    def bulk_upsert_knowledge_chunks(
        self,
        chunks: Sequence[KnowledgeInput],
    ) -> Result[list[KnowledgeChunk]]:
        """upsert_knowledge_chunk for each item, all or none. One row for each chunk, in
        the items' order; of items with one (source, external_id) the last counts, and
        stands where it stood. Callers whose lists overlap in another order can
        deadlock; sort the items, or use run().
        """
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
    def create_conversation(
        self,
        user_id: UUID | str | None = None,
        title: str | None = None,
        status: str = "active",
    ) -> Result[Conversation]:
        """A new conversation; status is active or archived."""
    def create_user(
        self,
        email: str | None = None,
        name: str | None = None,
        external_id: str | None = None,
    ) -> Result[User]:
        """A new user; email and external_id are each unique where given."""
    def delete_conversation(
        self,
        conversation_id: UUID | str,
    ) -> Result[int]:
        """With its messages."""
    def delete_conversations_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> Result[int]: ...
    def delete_knowledge_chunk(
        self,
        chunk_id: UUID | str,
    ) -> Result[int]: ...
    def delete_message(
        self,
        message_id: UUID | str,
    ) -> Result[int]: ...
    def delete_messages_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> Result[int]:
        """Look-ups by scalar subqueries and row by row, for a join would be planned
        without knowing the limit, and read the whole table.
        """
    def delete_user(
        self,
        user_id: UUID | str,
    ) -> Result[int]:
        """With the user's conversations and their messages."""
    def delete_user_conversations(
        self,
        user_id: UUID | str,
        limit: int = 1000,
    ) -> Result[int]:
        """Of the oldest of them, at most limit, deletes those without messages: one
        batch.
        """
    def delete_user_messages(
        self,
        user_id: UUID | str,
        limit: int = 10000,
    ) -> Result[int]:
        """Deletes messages of the oldest of them, at most limit: one batch; call it until
        it gives 0. Of the conversations at most limit are looked at, which
        delete_user_conversations then takes away.
        """
    def get_conversation_by_id(
        self,
        conversation_id: UUID | str,
    ) -> Result[Conversation | None]: ...
    def get_conversation_message_count(
        self,
        conversation_id: UUID | str,
    ) -> Result[int]:
        """0 also where there is no such conversation."""
    def get_knowledge_chunk_by_external_id(
        self,
        external_id: str,
        source: str | None = None,
    ) -> Result[KnowledgeChunk | None]:
        """Without a source the newest of those that have this external_id."""
    def get_knowledge_chunk_by_id(
        self,
        chunk_id: UUID | str,
    ) -> Result[KnowledgeChunk | None]: ...
    def get_message_by_id(
        self,
        message_id: UUID | str,
    ) -> Result[Message | None]: ...
    def get_or_create_user_by_external_id(
        self,
        external_id: str,
        email: str | None = None,
        name: str | None = None,
    ) -> Result[UserCreated]:
        """The user with this external_id, made now with email and name if there is none; a
        user that is there stays as it is, updated_at too. Of callers at the same moment
        one gets created = true. An email that another user has is a unique violation. A
        user that is there costs one read. Where there is none, callers for one
        external_id take turns (the lock, held to the end of the transaction): inserting
        at once with one email as well, the second would fail on that. Whom the first
        inserted is not in the second's snapshot; DO UPDATE, unlike DO NOTHING, returns
        it. xmax is 0 in a row that was inserted, not in one that was updated.
        """
    def get_user_by_email(
        self,
        email: str,
    ) -> Result[User | None]:
        """The user with exactly this address: upper and lower case differ."""
    def get_user_by_external_id(
        self,
        external_id: str,
    ) -> Result[User | None]: ...
    def get_user_by_id(
        self,
        user_id: UUID | str,
    ) -> Result[User | None]: ...
    def list_all_conversations(
        self,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[Conversation]]:
        """Newest first."""
    def list_all_knowledge_chunks(
        self,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[KnowledgeChunk]]:
        """Newest first."""
    def list_conversations_for_user(
        self,
        user_id: UUID | str,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[Conversation]]:
        """Newest first."""
    def list_messages_after(
        self,
        conversation_id: UUID | str,
        after_id: UUID | str | None = None,
        limit: int = 100,
    ) -> Result[list[Message]]:
        """Oldest first, those after the message after_id, or from the start; page by
        passing the last id seen. An after_id that is not (or no longer) a message of
        this conversation gives no rows.
        """
    def list_messages_for_conversation(
        self,
        conversation_id: UUID | str,
        sender_type: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[Message]]:
        """Oldest first. A sender_type is looked for along the conversation: with three
        values it has no index of its own there.
        """
    def list_users(
        self,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[User]]:
        """Newest first."""
    def search_knowledge_chunks(
        self,
        query: str,
        source: str | None = None,
        limit: int = 10,
    ) -> Result[list[KnowledgeHit]]:
        """Chunks whose title and content hold all the words in any of their forms, best
        first; the title weighs ten times the content. A "quoted phrase" stands as it
        is, -word excludes, or joins two alternatives. English stop words do not count.
        Any text is a query (its first 1000 characters), and one without a word to look
        for finds nothing. A higher score is better; scores compare within one answer
        only. The snippet is content, not escaped, with the words found in <b>…</b>.
        Searched are the first 250 000 characters; the snippet is from the first 20 000.
        """
    def search_knowledge_chunks_by_source(
        self,
        source: str,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[KnowledgeChunk]]:
        """Newest first."""
    def update_conversation(
        self,
        conversation_id: UUID | str,
        title: str | None = None,
        status: str | None = None,
    ) -> Result[Conversation | None]:
        """Null leaves a column as it is. None if there is no such conversation."""
    def update_user(
        self,
        user_id: UUID | str,
        email: str | None = None,
        name: str | None = None,
    ) -> Result[User | None]:
        """Null leaves a column as it is. None if there is no such user."""
    def upsert_knowledge_chunk(
        self,
        source: str,
        content: str,
        external_id: str | None = None,
        title: str | None = None,
        chunk_metadata: Any = None,
    ) -> Result[KnowledgeChunk]:
        """A new chunk, or where (source, external_id) exists that chunk with title,
        content and metadata replaced, by null too. Without an external_id always a new
        chunk.
        """

class _Queries:
    def add_message(
        self,
        conversation_id: UUID | str,
        sender_type: str,
        content: str,
        role_metadata: Any = None,
    ) -> Message:
        """A new message; sender_type is user, assistant or system."""
    def archive_conversation(
        self,
        conversation_id: UUID | str,
    ) -> Conversation | None:
        """Sets status to archived. None if there is no such conversation."""
    def bulk_upsert_knowledge_chunks(
        self,
        chunks: Sequence[KnowledgeInput],
    ) -> list[KnowledgeChunk]:
        """upsert_knowledge_chunk for each item, all or none. One row for each chunk, in
        the items' order; of items with one (source, external_id) the last counts, and
        stands where it stood. Callers whose lists overlap in another order can
        deadlock; sort the items, or use run().
        """
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
    def create_conversation(
        self,
        user_id: UUID | str | None = None,
        title: str | None = None,
        status: str = "active",
    ) -> Conversation:
        """A new conversation; status is active or archived."""
    def create_user(
        self,
        email: str | None = None,
        name: str | None = None,
        external_id: str | None = None,
    ) -> User:
        """A new user; email and external_id are each unique where given."""
    def delete_conversation(
        self,
        conversation_id: UUID | str,
    ) -> int:
        """With its messages."""
    def delete_conversations_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int: ...
    def delete_knowledge_chunk(
        self,
        chunk_id: UUID | str,
    ) -> int: ...
    def delete_message(
        self,
        message_id: UUID | str,
    ) -> int: ...
    def delete_messages_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Look-ups by scalar subqueries and row by row, for a join would be planned
        without knowing the limit, and read the whole table.
        """
    def delete_user(
        self,
        user_id: UUID | str,
    ) -> int:
        """With the user's conversations and their messages."""
    def delete_user_conversations(
        self,
        user_id: UUID | str,
        limit: int = 1000,
    ) -> int:
        """Of the oldest of them, at most limit, deletes those without messages: one
        batch.
        """
    def delete_user_messages(
        self,
        user_id: UUID | str,
        limit: int = 10000,
    ) -> int:
        """Deletes messages of the oldest of them, at most limit: one batch; call it until
        it gives 0. Of the conversations at most limit are looked at, which
        delete_user_conversations then takes away.
        """
    def export_conversations(
        self,
        user_id: UUID | str,
    ) -> Stream[Conversation]:
        """Oldest first."""
    def export_messages(
        self,
        user_id: UUID | str,
    ) -> Stream[Message]:
        """Conversation by conversation, oldest first."""
    def get_conversation_by_id(
        self,
        conversation_id: UUID | str,
    ) -> Conversation | None: ...
    def get_conversation_message_count(
        self,
        conversation_id: UUID | str,
    ) -> int:
        """0 also where there is no such conversation."""
    def get_knowledge_chunk_by_external_id(
        self,
        external_id: str,
        source: str | None = None,
    ) -> KnowledgeChunk | None:
        """Without a source the newest of those that have this external_id."""
    def get_knowledge_chunk_by_id(
        self,
        chunk_id: UUID | str,
    ) -> KnowledgeChunk | None: ...
    def get_message_by_id(
        self,
        message_id: UUID | str,
    ) -> Message | None: ...
    def get_or_create_user_by_external_id(
        self,
        external_id: str,
        email: str | None = None,
        name: str | None = None,
    ) -> UserCreated:
        """The user with this external_id, made now with email and name if there is none; a
        user that is there stays as it is, updated_at too. Of callers at the same moment
        one gets created = true. An email that another user has is a unique violation. A
        user that is there costs one read. Where there is none, callers for one
        external_id take turns (the lock, held to the end of the transaction): inserting
        at once with one email as well, the second would fail on that. Whom the first
        inserted is not in the second's snapshot; DO UPDATE, unlike DO NOTHING, returns
        it. xmax is 0 in a row that was inserted, not in one that was updated.
        """
    def get_user_by_email(
        self,
        email: str,
    ) -> User | None:
        """The user with exactly this address: upper and lower case differ."""
    def get_user_by_external_id(
        self,
        external_id: str,
    ) -> User | None: ...
    def get_user_by_id(
        self,
        user_id: UUID | str,
    ) -> User | None: ...
    def list_all_conversations(
        self,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Conversation]:
        """Newest first."""
    def list_all_knowledge_chunks(
        self,
        limit: int = 100,
        offset: int = 0,
    ) -> list[KnowledgeChunk]:
        """Newest first."""
    def list_conversations_for_user(
        self,
        user_id: UUID | str,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Conversation]:
        """Newest first."""
    def list_messages_after(
        self,
        conversation_id: UUID | str,
        after_id: UUID | str | None = None,
        limit: int = 100,
    ) -> list[Message]:
        """Oldest first, those after the message after_id, or from the start; page by
        passing the last id seen. An after_id that is not (or no longer) a message of
        this conversation gives no rows.
        """
    def list_messages_for_conversation(
        self,
        conversation_id: UUID | str,
        sender_type: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Message]:
        """Oldest first. A sender_type is looked for along the conversation: with three
        values it has no index of its own there.
        """
    def list_users(
        self,
        limit: int = 100,
        offset: int = 0,
    ) -> list[User]:
        """Newest first."""
    def search_knowledge_chunks(
        self,
        query: str,
        source: str | None = None,
        limit: int = 10,
    ) -> list[KnowledgeHit]:
        """Chunks whose title and content hold all the words in any of their forms, best
        first; the title weighs ten times the content. A "quoted phrase" stands as it
        is, -word excludes, or joins two alternatives. English stop words do not count.
        Any text is a query (its first 1000 characters), and one without a word to look
        for finds nothing. A higher score is better; scores compare within one answer
        only. The snippet is content, not escaped, with the words found in <b>…</b>.
        Searched are the first 250 000 characters; the snippet is from the first 20 000.
        """
    def search_knowledge_chunks_by_source(
        self,
        source: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[KnowledgeChunk]:
        """Newest first."""
    def update_conversation(
        self,
        conversation_id: UUID | str,
        title: str | None = None,
        status: str | None = None,
    ) -> Conversation | None:
        """Null leaves a column as it is. None if there is no such conversation."""
    def update_user(
        self,
        user_id: UUID | str,
        email: str | None = None,
        name: str | None = None,
    ) -> User | None:
        """Null leaves a column as it is. None if there is no such user."""
    def upsert_knowledge_chunk(
        self,
        source: str,
        content: str,
        external_id: str | None = None,
        title: str | None = None,
        chunk_metadata: Any = None,
    ) -> KnowledgeChunk:
        """A new chunk, or where (source, external_id) exists that chunk with title,
        content and metadata replaced, by null too. Without an external_id always a new
        chunk.
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
    async def add_message(
        self,
        conversation_id: UUID | str,
        sender_type: str,
        content: str,
        role_metadata: Any = None,
    ) -> Message:
        """A new message; sender_type is user, assistant or system."""
    async def archive_conversation(
        self,
        conversation_id: UUID | str,
    ) -> Conversation | None:
        """Sets status to archived. None if there is no such conversation."""
    async def bulk_upsert_knowledge_chunks(
        self,
        chunks: Sequence[KnowledgeInput],
    ) -> list[KnowledgeChunk]:
        """upsert_knowledge_chunk for each item, all or none. One row for each chunk, in
        the items' order; of items with one (source, external_id) the last counts, and
        stands where it stood. Callers whose lists overlap in another order can
        deadlock; sort the items, or use run().
        """
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
    async def create_conversation(
        self,
        user_id: UUID | str | None = None,
        title: str | None = None,
        status: str = "active",
    ) -> Conversation:
        """A new conversation; status is active or archived."""
    async def create_user(
        self,
        email: str | None = None,
        name: str | None = None,
        external_id: str | None = None,
    ) -> User:
        """A new user; email and external_id are each unique where given."""
    async def delete_conversation(
        self,
        conversation_id: UUID | str,
    ) -> int:
        """With its messages."""
    async def delete_conversations_before(
        self,
        cutoff: datetime,
        limit: int = 1000,
    ) -> int: ...
    async def delete_knowledge_chunk(
        self,
        chunk_id: UUID | str,
    ) -> int: ...
    async def delete_message(
        self,
        message_id: UUID | str,
    ) -> int: ...
    async def delete_messages_before(
        self,
        cutoff: datetime,
        limit: int = 10000,
    ) -> int:
        """Look-ups by scalar subqueries and row by row, for a join would be planned
        without knowing the limit, and read the whole table.
        """
    async def delete_user(
        self,
        user_id: UUID | str,
    ) -> int:
        """With the user's conversations and their messages."""
    async def delete_user_conversations(
        self,
        user_id: UUID | str,
        limit: int = 1000,
    ) -> int:
        """Of the oldest of them, at most limit, deletes those without messages: one
        batch.
        """
    async def delete_user_messages(
        self,
        user_id: UUID | str,
        limit: int = 10000,
    ) -> int:
        """Deletes messages of the oldest of them, at most limit: one batch; call it until
        it gives 0. Of the conversations at most limit are looked at, which
        delete_user_conversations then takes away.
        """
    def export_conversations(
        self,
        user_id: UUID | str,
    ) -> AsyncStream[Conversation]:
        """Oldest first."""
    def export_messages(
        self,
        user_id: UUID | str,
    ) -> AsyncStream[Message]:
        """Conversation by conversation, oldest first."""
    async def get_conversation_by_id(
        self,
        conversation_id: UUID | str,
    ) -> Conversation | None: ...
    async def get_conversation_message_count(
        self,
        conversation_id: UUID | str,
    ) -> int:
        """0 also where there is no such conversation."""
    async def get_knowledge_chunk_by_external_id(
        self,
        external_id: str,
        source: str | None = None,
    ) -> KnowledgeChunk | None:
        """Without a source the newest of those that have this external_id."""
    async def get_knowledge_chunk_by_id(
        self,
        chunk_id: UUID | str,
    ) -> KnowledgeChunk | None: ...
    async def get_message_by_id(
        self,
        message_id: UUID | str,
    ) -> Message | None: ...
    async def get_or_create_user_by_external_id(
        self,
        external_id: str,
        email: str | None = None,
        name: str | None = None,
    ) -> UserCreated:
        """The user with this external_id, made now with email and name if there is none; a
        user that is there stays as it is, updated_at too. Of callers at the same moment
        one gets created = true. An email that another user has is a unique violation. A
        user that is there costs one read. Where there is none, callers for one
        external_id take turns (the lock, held to the end of the transaction): inserting
        at once with one email as well, the second would fail on that. Whom the first
        inserted is not in the second's snapshot; DO UPDATE, unlike DO NOTHING, returns
        it. xmax is 0 in a row that was inserted, not in one that was updated.
        """
    async def get_user_by_email(
        self,
        email: str,
    ) -> User | None:
        """The user with exactly this address: upper and lower case differ."""
    async def get_user_by_external_id(
        self,
        external_id: str,
    ) -> User | None: ...
    async def get_user_by_id(
        self,
        user_id: UUID | str,
    ) -> User | None: ...
    async def list_all_conversations(
        self,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Conversation]:
        """Newest first."""
    async def list_all_knowledge_chunks(
        self,
        limit: int = 100,
        offset: int = 0,
    ) -> list[KnowledgeChunk]:
        """Newest first."""
    async def list_conversations_for_user(
        self,
        user_id: UUID | str,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Conversation]:
        """Newest first."""
    async def list_messages_after(
        self,
        conversation_id: UUID | str,
        after_id: UUID | str | None = None,
        limit: int = 100,
    ) -> list[Message]:
        """Oldest first, those after the message after_id, or from the start; page by
        passing the last id seen. An after_id that is not (or no longer) a message of
        this conversation gives no rows.
        """
    async def list_messages_for_conversation(
        self,
        conversation_id: UUID | str,
        sender_type: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Message]:
        """Oldest first. A sender_type is looked for along the conversation: with three
        values it has no index of its own there.
        """
    async def list_users(
        self,
        limit: int = 100,
        offset: int = 0,
    ) -> list[User]:
        """Newest first."""
    async def search_knowledge_chunks(
        self,
        query: str,
        source: str | None = None,
        limit: int = 10,
    ) -> list[KnowledgeHit]:
        """Chunks whose title and content hold all the words in any of their forms, best
        first; the title weighs ten times the content. A "quoted phrase" stands as it
        is, -word excludes, or joins two alternatives. English stop words do not count.
        Any text is a query (its first 1000 characters), and one without a word to look
        for finds nothing. A higher score is better; scores compare within one answer
        only. The snippet is content, not escaped, with the words found in <b>…</b>.
        Searched are the first 250 000 characters; the snippet is from the first 20 000.
        """
    async def search_knowledge_chunks_by_source(
        self,
        source: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[KnowledgeChunk]:
        """Newest first."""
    async def update_conversation(
        self,
        conversation_id: UUID | str,
        title: str | None = None,
        status: str | None = None,
    ) -> Conversation | None:
        """Null leaves a column as it is. None if there is no such conversation."""
    async def update_user(
        self,
        user_id: UUID | str,
        email: str | None = None,
        name: str | None = None,
    ) -> User | None:
        """Null leaves a column as it is. None if there is no such user."""
    async def upsert_knowledge_chunk(
        self,
        source: str,
        content: str,
        external_id: str | None = None,
        title: str | None = None,
        chunk_metadata: Any = None,
    ) -> KnowledgeChunk:
        """A new chunk, or where (source, external_id) exists that chunk with title,
        content and metadata replaced, by null too. Without an external_id always a new
        chunk.
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
