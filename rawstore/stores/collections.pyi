"""The store collections: its rows, and its queries as methods.

Generated from its query files by `rawstore stubs`; do not edit.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from rawstore import aio, batch, session, store, transaction
from rawstore.aio import AsyncStream
from rawstore.batch import Result
from rawstore.stream import Stream

_Answer = TypeVar("_Answer")

class Analysis(NamedTuple):
    id: str
    item_id: str
    user_id: str
    version: int
    category: str | None
    summary: str | None
    raw_response: Any
    provider_used: str | None
    model_used: str | None
    trace_id: str | None
    created_at: datetime

class CategoryCount(NamedTuple):
    category: str
    items: int

class Embedding(NamedTuple):
    id: str
    item_id: str
    analysis_id: str
    user_id: str
    vector: list[float] | None
    embedding_model: str
    embedding_dimensions: int
    embedding_source: Any
    created_at: datetime

class HybridHit(NamedTuple):
    id: str
    user_id: str
    filename: str
    original_filename: str | None
    file_path: str
    file_size: int | None
    mime_type: str | None
    created_at: datetime
    updated_at: datetime
    score: float
    text_rank: int | None
    vector_rank: int | None

class Item(NamedTuple):
    id: str
    user_id: str
    filename: str
    original_filename: str | None
    file_path: str
    file_size: int | None
    mime_type: str | None
    created_at: datetime
    updated_at: datetime

class ItemHit(NamedTuple):
    id: str
    user_id: str
    filename: str
    original_filename: str | None
    file_path: str
    file_size: int | None
    mime_type: str | None
    created_at: datetime
    updated_at: datetime
    category: str | None
    summary: str | None
    score: float
    snippet: str

class ItemWithAnalysis(NamedTuple):
    id: str
    user_id: str
    filename: str
    original_filename: str | None
    file_path: str
    file_size: int | None
    mime_type: str | None
    created_at: datetime
    updated_at: datetime
    version: int | None
    category: str | None
    summary: str | None

class SimilarItem(NamedTuple):
    id: str
    user_id: str
    filename: str
    original_filename: str | None
    file_path: str
    file_size: int | None
    mime_type: str | None
    created_at: datetime
    updated_at: datetime
    similarity: float

class Batch(batch.Batch):
    def count_analyses_before(
        self,
        cutoff: datetime,
        user_id: str,
    ) -> Result[int]:
        """What delete_analyses_before deletes of this cutoff, all batches together;
        without the embeddings.
        """
    def count_items(
        self,
        user_id: str,
        category: str | None = None,
    ) -> Result[int]:
        """A category is that of the latest analysis."""
    def create_analysis(
        self,
        analysis_id: str,
        item_id: str,
        user_id: str,
        result: Any,
        provider_used: str | None = None,
        model_used: str | None = None,
        trace_id: str | None = None,
    ) -> Result[Analysis | None]:
        """The item's next version: 1, 2, 3 …; category and summary are the result's, where
        they are texts, and raw_response is the result. Callers for one item take turns,
        to the end of their transactions. The lock gives the item as the caller before
        has left it, its latest_version too, where a max(version) would be read from a
        snapshot without that caller's row; the trigger analyses_latest counts
        latest_version up.
        """
    def create_embedding(
        self,
        item_id: str,
        analysis_id: str,
        user_id: str,
        embedding: Iterable[float],
        model: str,
        source_fields: Any = None,
        id: str | None = None,
    ) -> Result[Embedding]:
        """A new embedding; without an id it gets a UUIDv7. A vector of zeros has no
        direction, so it is kept but never found.
        """
    def create_item(
        self,
        item_id: str,
        filename: str,
        file_path: str,
        user_id: str,
        original_filename: str | None = None,
        file_size: int | None = None,
        mime_type: str | None = None,
    ) -> Result[Item]:
        """A new item; its id is the caller's, unique within the tenant."""
    def delete_analyses_before(
        self,
        cutoff: datetime,
        user_id: str,
        limit: int = 1000,
    ) -> Result[int]:
        """Deletes those of the tenant whose item had a newer one before the cutoff, at
        most limit of them, item by item: one batch of the clean-up; call it until it
        gives 0. An item's latest analysis stays, however old.
        """
    def delete_item(
        self,
        item_id: str,
        user_id: str,
    ) -> Result[int]:
        """With its analyses and embeddings."""
    def delete_user_analyses(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> Result[int]:
        """Of the first of them, at most limit, deletes those without embeddings: one
        batch.
        """
    def delete_user_embeddings(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> Result[int]:
        """At most limit of them: one batch; call it until it gives 0."""
    def delete_user_items(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> Result[int]:
        """Of the first of them, at most limit, deletes those without analyses: one
        batch.
        """
    def get_analysis(
        self,
        analysis_id: str,
        user_id: str,
    ) -> Result[Analysis | None]: ...
    def get_embedding(
        self,
        id: str,
        user_id: str,
    ) -> Result[Embedding | None]: ...
    def get_item(
        self,
        item_id: str,
        user_id: str,
    ) -> Result[Item | None]: ...
    def get_latest_analysis(
        self,
        item_id: str,
        user_id: str,
    ) -> Result[Analysis | None]: ...
    def hybrid_search(
        self,
        query: str,
        embedding: Iterable[float],
        user_id: str,
        top_k: int = 10,
    ) -> Result[list[HybridHit]]:
        """The items of search_items and of search_similar, by reciprocal rank fusion: the
        score is the sum of 1 / (60 + rank) over the lists that have the item; of equal
        ones the more similar comes first. Ranks count from 1 and are null in a list
        without the item. Of each list the first 100 take part, or top_k if that is
        more: a smaller top_k leaves hits out, and moves none.
        """
    def list_analyses(
        self,
        item_id: str,
        user_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[Analysis]]:
        """Newest version first."""
    def list_categories(
        self,
        user_id: str,
    ) -> Result[list[CategoryCount]]:
        """The categories of the items' latest analyses with the number of their items,
        most first. Items without a category are not counted.
        """
    def list_embeddings(
        self,
        item_id: str,
        user_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[Embedding]]:
        """Newest first."""
    def list_items(
        self,
        user_id: str,
        category: str | None = None,
        mime_type: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Result[list[ItemWithAnalysis]]:
        """Newest first, each with version, category and summary of its latest analysis,
        null where it has none. A category is that of the latest analysis. Of both
        filters one is served by an index.
        """
    def search_items(
        self,
        query: str,
        user_id: str,
        top_k: int = 10,
        category: str | None = None,
    ) -> Result[list[ItemHit]]:
        """Items whose latest analysis holds all the words in any of their forms, best
        first: its category counts more than its summary, this more than the response's
        texts and tags. A "quoted phrase" stands as it is, -word excludes, or joins two
        alternatives. English stop words do not count. Any text is a query (its first
        1000 characters), and one without a word to look for finds nothing. A higher
        score is better; scores compare within one answer only. The snippet is of
        category, summary and response, not escaped, with the words found in <b>…</b>.
        Searched are the first 250 000 characters of the summary, and as many of the
        response, from each of its texts 50 000; the snippet is from the first 20 000.
        """
    def search_similar(
        self,
        embedding: Iterable[float],
        user_id: str,
        top_k: int = 10,
        model: str | None = None,
        min_similarity: float | None = None,
    ) -> Result[list[SimilarItem]]:
        """The tenant's items by cosine similarity, an item by its most similar embedding,
        best first, ties by id: top_k of them, or all that the tenant has. A model keeps
        to its embeddings; a min_similarity leaves out what is less alike. Exact for a
        tenant with up to 10 000 embeddings, or a fifth of all; for a larger one by the
        index, and where that seems not to find enough, exact again: see nearest_items
        in the migrations.
        """
    def update_item(
        self,
        item_id: str,
        user_id: str,
        filename: str | None = None,
        original_filename: str | None = None,
        file_path: str | None = None,
        file_size: int | None = None,
        mime_type: str | None = None,
    ) -> Result[Item | None]:
        """Null leaves a column as it is. None if the tenant has no such item."""

class _Queries:
    def count_analyses_before(
        self,
        cutoff: datetime,
        user_id: str,
    ) -> int:
        """What delete_analyses_before deletes of this cutoff, all batches together;
        without the embeddings.
        """
    def count_items(
        self,
        user_id: str,
        category: str | None = None,
    ) -> int:
        """A category is that of the latest analysis."""
    def create_analysis(
        self,
        analysis_id: str,
        item_id: str,
        user_id: str,
        result: Any,
        provider_used: str | None = None,
        model_used: str | None = None,
        trace_id: str | None = None,
    ) -> Analysis | None:
        """The item's next version: 1, 2, 3 …; category and summary are the result's, where
        they are texts, and raw_response is the result. Callers for one item take turns,
        to the end of their transactions. The lock gives the item as the caller before
        has left it, its latest_version too, where a max(version) would be read from a
        snapshot without that caller's row; the trigger analyses_latest counts
        latest_version up.
        """
    def create_embedding(
        self,
        item_id: str,
        analysis_id: str,
        user_id: str,
        embedding: Iterable[float],
        model: str,
        source_fields: Any = None,
        id: str | None = None,
    ) -> Embedding:
        """A new embedding; without an id it gets a UUIDv7. A vector of zeros has no
        direction, so it is kept but never found.
        """
    def create_item(
        self,
        item_id: str,
        filename: str,
        file_path: str,
        user_id: str,
        original_filename: str | None = None,
        file_size: int | None = None,
        mime_type: str | None = None,
    ) -> Item:
        """A new item; its id is the caller's, unique within the tenant."""
    def delete_analyses_before(
        self,
        cutoff: datetime,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """Deletes those of the tenant whose item had a newer one before the cutoff, at
        most limit of them, item by item: one batch of the clean-up; call it until it
        gives 0. An item's latest analysis stays, however old.
        """
    def delete_item(
        self,
        item_id: str,
        user_id: str,
    ) -> int:
        """With its analyses and embeddings."""
    def delete_user_analyses(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """Of the first of them, at most limit, deletes those without embeddings: one
        batch.
        """
    def delete_user_embeddings(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """At most limit of them: one batch; call it until it gives 0."""
    def delete_user_items(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """Of the first of them, at most limit, deletes those without analyses: one
        batch.
        """
    def export_analyses(
        self,
        user_id: str,
    ) -> Stream[Analysis]:
        """Item by item, and by version."""
    def export_embeddings(
        self,
        user_id: str,
    ) -> Stream[Embedding]:
        """In the order of their ids."""
    def export_items(
        self,
        user_id: str,
    ) -> Stream[Item]:
        """Oldest first."""
    def get_analysis(
        self,
        analysis_id: str,
        user_id: str,
    ) -> Analysis | None: ...
    def get_embedding(
        self,
        id: str,
        user_id: str,
    ) -> Embedding | None: ...
    def get_item(
        self,
        item_id: str,
        user_id: str,
    ) -> Item | None: ...
    def get_latest_analysis(
        self,
        item_id: str,
        user_id: str,
    ) -> Analysis | None: ...
    def hybrid_search(
        self,
        query: str,
        embedding: Iterable[float],
        user_id: str,
        top_k: int = 10,
    ) -> list[HybridHit]:
        """The items of search_items and of search_similar, by reciprocal rank fusion: the
        score is the sum of 1 / (60 + rank) over the lists that have the item; of equal
        ones the more similar comes first. Ranks count from 1 and are null in a list
        without the item. Of each list the first 100 take part, or top_k if that is
        more: a smaller top_k leaves hits out, and moves none.
        """
    def list_analyses(
        self,
        item_id: str,
        user_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Analysis]:
        """Newest version first."""
    def list_categories(
        self,
        user_id: str,
    ) -> list[CategoryCount]:
        """The categories of the items' latest analyses with the number of their items,
        most first. Items without a category are not counted.
        """
    def list_embeddings(
        self,
        item_id: str,
        user_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Embedding]:
        """Newest first."""
    def list_items(
        self,
        user_id: str,
        category: str | None = None,
        mime_type: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ItemWithAnalysis]:
        """Newest first, each with version, category and summary of its latest analysis,
        null where it has none. A category is that of the latest analysis. Of both
        filters one is served by an index.
        """
    def search_items(
        self,
        query: str,
        user_id: str,
        top_k: int = 10,
        category: str | None = None,
    ) -> list[ItemHit]:
        """Items whose latest analysis holds all the words in any of their forms, best
        first: its category counts more than its summary, this more than the response's
        texts and tags. A "quoted phrase" stands as it is, -word excludes, or joins two
        alternatives. English stop words do not count. Any text is a query (its first
        1000 characters), and one without a word to look for finds nothing. A higher
        score is better; scores compare within one answer only. The snippet is of
        category, summary and response, not escaped, with the words found in <b>…</b>.
        Searched are the first 250 000 characters of the summary, and as many of the
        response, from each of its texts 50 000; the snippet is from the first 20 000.
        """
    def search_similar(
        self,
        embedding: Iterable[float],
        user_id: str,
        top_k: int = 10,
        model: str | None = None,
        min_similarity: float | None = None,
    ) -> list[SimilarItem]:
        """The tenant's items by cosine similarity, an item by its most similar embedding,
        best first, ties by id: top_k of them, or all that the tenant has. A model keeps
        to its embeddings; a min_similarity leaves out what is less alike. Exact for a
        tenant with up to 10 000 embeddings, or a fifth of all; for a larger one by the
        index, and where that seems not to find enough, exact again: see nearest_items
        in the migrations.
        """
    def update_item(
        self,
        item_id: str,
        user_id: str,
        filename: str | None = None,
        original_filename: str | None = None,
        file_path: str | None = None,
        file_size: int | None = None,
        mime_type: str | None = None,
    ) -> Item | None:
        """Null leaves a column as it is. None if the tenant has no such item."""

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
    async def count_analyses_before(
        self,
        cutoff: datetime,
        user_id: str,
    ) -> int:
        """What delete_analyses_before deletes of this cutoff, all batches together;
        without the embeddings.
        """
    async def count_items(
        self,
        user_id: str,
        category: str | None = None,
    ) -> int:
        """A category is that of the latest analysis."""
    async def create_analysis(
        self,
        analysis_id: str,
        item_id: str,
        user_id: str,
        result: Any,
        provider_used: str | None = None,
        model_used: str | None = None,
        trace_id: str | None = None,
    ) -> Analysis | None:
        """The item's next version: 1, 2, 3 …; category and summary are the result's, where
        they are texts, and raw_response is the result. Callers for one item take turns,
        to the end of their transactions. The lock gives the item as the caller before
        has left it, its latest_version too, where a max(version) would be read from a
        snapshot without that caller's row; the trigger analyses_latest counts
        latest_version up.
        """
    async def create_embedding(
        self,
        item_id: str,
        analysis_id: str,
        user_id: str,
        embedding: Iterable[float],
        model: str,
        source_fields: Any = None,
        id: str | None = None,
    ) -> Embedding:
        """A new embedding; without an id it gets a UUIDv7. A vector of zeros has no
        direction, so it is kept but never found.
        """
    async def create_item(
        self,
        item_id: str,
        filename: str,
        file_path: str,
        user_id: str,
        original_filename: str | None = None,
        file_size: int | None = None,
        mime_type: str | None = None,
    ) -> Item:
        """A new item; its id is the caller's, unique within the tenant."""
    async def delete_analyses_before(
        self,
        cutoff: datetime,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """Deletes those of the tenant whose item had a newer one before the cutoff, at
        most limit of them, item by item: one batch of the clean-up; call it until it
        gives 0. An item's latest analysis stays, however old.
        """
    async def delete_item(
        self,
        item_id: str,
        user_id: str,
    ) -> int:
        """With its analyses and embeddings."""
    async def delete_user_analyses(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """Of the first of them, at most limit, deletes those without embeddings: one
        batch.
        """
    async def delete_user_embeddings(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """At most limit of them: one batch; call it until it gives 0."""
    async def delete_user_items(
        self,
        user_id: str,
        limit: int = 1000,
    ) -> int:
        """Of the first of them, at most limit, deletes those without analyses: one
        batch.
        """
    def export_analyses(
        self,
        user_id: str,
    ) -> AsyncStream[Analysis]:
        """Item by item, and by version."""
    def export_embeddings(
        self,
        user_id: str,
    ) -> AsyncStream[Embedding]:
        """In the order of their ids."""
    def export_items(
        self,
        user_id: str,
    ) -> AsyncStream[Item]:
        """Oldest first."""
    async def get_analysis(
        self,
        analysis_id: str,
        user_id: str,
    ) -> Analysis | None: ...
    async def get_embedding(
        self,
        id: str,
        user_id: str,
    ) -> Embedding | None: ...
    async def get_item(
        self,
        item_id: str,
        user_id: str,
    ) -> Item | None: ...
    async def get_latest_analysis(
        self,
        item_id: str,
        user_id: str,
    ) -> Analysis | None: ...
    async def hybrid_search(
        self,
        query: str,
        embedding: Iterable[float],
        user_id: str,
        top_k: int = 10,
    ) -> list[HybridHit]:
        """The items of search_items and of search_similar, by reciprocal rank fusion: the
        score is the sum of 1 / (60 + rank) over the lists that have the item; of equal
        ones the more similar comes first. Ranks count from 1 and are null in a list
        without the item. Of each list the first 100 take part, or top_k if that is
        more: a smaller top_k leaves hits out, and moves none.
        """
    async def list_analyses(
        self,
        item_id: str,
        user_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Analysis]:
        """Newest version first."""
    async def list_categories(
        self,
        user_id: str,
    ) -> list[CategoryCount]:
        """The categories of the items' latest analyses with the number of their items,
        most first. Items without a category are not counted.
        """
    async def list_embeddings(
        self,
        item_id: str,
        user_id: str,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Embedding]:
        """Newest first."""
    async def list_items(
        self,
        user_id: str,
        category: str | None = None,
        mime_type: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[ItemWithAnalysis]:
        """Newest first, each with version, category and summary of its latest analysis,
        null where it has none. A category is that of the latest analysis. Of both
        filters one is served by an index.
        """
    async def search_items(
        self,
        query: str,
        user_id: str,
        top_k: int = 10,
        category: str | None = None,
    ) -> list[ItemHit]:
        """Items whose latest analysis holds all the words in any of their forms, best
        first: its category counts more than its summary, this more than the response's
        texts and tags. A "quoted phrase" stands as it is, -word excludes, or joins two
        alternatives. English stop words do not count. Any text is a query (its first
        1000 characters), and one without a word to look for finds nothing. A higher
        score is better; scores compare within one answer only. The snippet is of
        category, summary and response, not escaped, with the words found in <b>…</b>.
        Searched are the first 250 000 characters of the summary, and as many of the
        response, from each of its texts 50 000; the snippet is from the first 20 000.
        """
    async def search_similar(
        self,
        embedding: Iterable[float],
        user_id: str,
        top_k: int = 10,
        model: str | None = None,
        min_similarity: float | None = None,
    ) -> list[SimilarItem]:
        """The tenant's items by cosine similarity, an item by its most similar embedding,
        best first, ties by id: top_k of them, or all that the tenant has. A model keeps
        to its embeddings; a min_similarity leaves out what is less alike. Exact for a
        tenant with up to 10 000 embeddings, or a fifth of all; for a larger one by the
        index, and where that seems not to find enough, exact again: see nearest_items
        in the migrations.
        """
    async def update_item(
        self,
        item_id: str,
        user_id: str,
        filename: str | None = None,
        original_filename: str | None = None,
        file_path: str | None = None,
        file_size: int | None = None,
        mime_type: str | None = None,
    ) -> Item | None:
        """Null leaves a column as it is. None if the tenant has no such item."""

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
