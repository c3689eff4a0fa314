"""A store: the queries of one schema as methods, bound to an engine."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from .batch import Batch, collecting
from .engines.parameters import batch_values
from .errors import RetryableError
from .methods import methods_class
from .query import Query, Variant
from .registry import Registry
from .source import Source, find
from .stream import Stream
from .target import SqliteTarget, Target
from .transaction import Transaction, begin

if TYPE_CHECKING:
    from .engines import Engine
    from .health import Health
    from .migrate import Migrator
    from .stores import collections, contextpilot, duiliocode, minipilot, omnimemory

Answer = TypeVar("Answer")


# A name that is known is no other text: the overlap is meant.
@overload
def open(  # type: ignore[overload-overlap]
    store: Literal["collections"], url: str | None = None
) -> collections.Store: ...
@overload
def open(  # type: ignore[overload-overlap]
    store: Literal["contextpilot"], url: str | None = None
) -> contextpilot.Store: ...
@overload
def open(  # type: ignore[overload-overlap]
    store: Literal["duiliocode"], url: str | None = None
) -> duiliocode.Store: ...
@overload
def open(  # type: ignore[overload-overlap]
    store: Literal["minipilot"], url: str | None = None
) -> minipilot.Store: ...
@overload
def open(  # type: ignore[overload-overlap]
    store: Literal["omnimemory"], url: str | None = None
) -> omnimemory.Store: ...
@overload
def open(store: str | Path, url: str | None = None) -> UntypedStore: ...
def open(store: str | Path, url: str | None = None) -> Store:
    """A store by name ("minipilot"), or of a folder that holds `sql/<dialect>/`.

    Without `url` the database is looked up as "Where the data is" in the README says. Nothing is
    connected before the first call. Raises ConfigError, QueryFileError.
    """
    from .config import locate  # only an open needs it

    source = find(store)
    target = locate(source.name, url).target
    registry = source.load(target.dialect)
    return store_class(registry)(source, target, registry)


def store_class(registry: Registry) -> type[Store]:
    """Store, Transaction and Batch with the registry's queries as methods, bound together."""
    queries = methods_class(registry)
    name = queries.__name__.removesuffix("Queries")
    batch = type(f"{name}Batch", (queries, Batch), {})
    transaction = type(f"{name}Transaction", (queries, Transaction), {"batch_class": batch})
    members = {"batch_class": batch, "transaction_class": transaction}
    return type(f"{name}Store", (queries, Store), members)


class Store:
    """The queries of a store as methods, each one autocommitted statement: one round trip.

    Safe to share between threads. After a fork, open it again in the child.
    """

    batch_class: type[Batch] = Batch
    transaction_class: type[Transaction] = Transaction

    def __init__(self, source: Source, target: Target, registry: Registry) -> None:
        """See `open`."""
        self.source = source
        self.target = target
        self.queries = registry
        self._engine = _engine(source, target)

    @property
    def name(self) -> str:
        """The store's name."""
        return self.source.name

    @property
    def schema(self) -> str:
        """Its schema on PostgreSQL."""
        return self.source.name

    @property
    def dialect(self) -> str:
        """One of "sqlite" and "postgres"."""
        return self.target.dialect

    def close(self) -> None:
        """Close every connection."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} at {self.target}>"

    # -- work

    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> AbstractContextManager[Any]:
        """A transaction: committed when the block ends, rolled back when an exception leaves it.

        `isolation` is "read committed" (PostgreSQL's default), "repeatable read" or "serializable".
        BEGIN travels with the first statement. Nest with `tx.transaction()`.
        """
        return self._transaction(begin(self.dialect, isolation, read_only=read_only), read_only)

    @contextmanager
    def _transaction(self, command: bytes, read_only: bool) -> Iterator[Any]:  # noqa: FBT001
        session = self._engine.borrow(read_only=read_only)
        transaction = self.transaction_class(session)
        try:
            session.defer(command)
            yield transaction
            transaction._complete()  # noqa: SLF001 - one class in two files
            session.commit()
        except BaseException:
            transaction._end()  # noqa: SLF001
            session.rollback()
            raise
        finally:
            self._engine.give(session)

    def run(
        self,
        function: Callable[[Any], Answer],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> Answer:
        """`function(tx)` in a transaction, again on SerializationFailure and DeadlockDetected.

        At most `retries` times more, with growing random pauses; other errors are never retried.
        The function must have no effect outside the transaction.
        """
        for attempt in count():
            try:
                with self.transaction(isolation, read_only=read_only) as transaction:
                    return function(transaction)
            except RetryableError:
                if attempt >= retries:
                    raise
                time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))  # noqa: S311 - a pause
        raise AssertionError  # pragma: no cover - count() has no end

    def batch(self) -> AbstractContextManager[Any]:
        """Many calls in one round trip, each as if it stood alone.

        Calls on the batch give handles; after the block `handle.result()` is the call's own value,
        or raises its own error. An exception that leaves the block sends nothing.
        """
        return collecting(self.batch_class(), self._send_batch)

    # -- what the generated methods call

    def _call(self, variant: Variant, values: Sequence[Any]) -> Any:
        # As `_lent`, written out: a context manager is half a microsecond a call.
        session = self._engine.borrow(writes=variant.query.writes)
        try:
            return session.run(variant, values)
        finally:
            self._engine.give(session)

    def _send_batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        with self._lent(writes=any(variant.query.writes for variant, _ in calls)) as session:
            outcomes: list[Any] = session.batch(calls)
            return outcomes

    def _each(self, query: Query, items: Any) -> Any:
        values = batch_values(query, items)
        with self._lent(writes=True) as session:
            return session.each(query.variants[0], values)

    def _script(self, variant: Variant) -> None:
        with self._lent(writes=True) as session:
            session.script(variant)

    @contextmanager
    def _lent(self, *, writes: bool) -> Iterator[Any]:
        session = self._engine.borrow(writes=writes)
        try:
            yield session
        finally:
            self._engine.give(session)

    def _stream(self, variant: Variant, values: Sequence[Any]) -> Stream:
        session = self._engine.borrow(writes=False)
        try:
            session.defer(begin(self.dialect, None, read_only=True))
            chunks = session.stream(variant, values)
            if isinstance(self.target, SqliteTarget) and self.target.path is None:
                chunks.keep()  # the only connection is not kept
                self._engine.give(session)
                return Stream(chunks)
        except BaseException:
            self._engine.give(session)
            raise
        return Stream(chunks, lambda: self._engine.give(session))

    # -- care

    @property
    def migrations(self) -> Migrator:
        """The store's migrations on this database."""
        from .migrate import Migrator  # yoyo is not for every call

        connection = getattr(self._engine, "memory", None)
        folder = self.source.migrations(self.target.dialect)
        return Migrator(folder, self.target, self.schema, connection=connection)

    def migrate(self) -> list[str]:
        """Apply what is pending; the ids applied. Safe to call from many processes at once."""
        return self.migrations.up()

    def health(self) -> Health:
        """Whether the database answers, what it is, and whether the migrations are in order."""
        from .health import check  # not for every call

        return check(self)

    def drop(self) -> None:
        """Drop every table of the store, with its history. There is no way back."""
        from .drop import drop  # not for every call

        drop(self)

    def reset(self) -> list[str]:
        """Drop everything and migrate anew; the ids applied."""
        self.drop()
        return self.migrate()


if TYPE_CHECKING:

    class UntypedStore(Store):
        """A store of whose queries a type checker knows nothing: its folder has no stubs."""

        def __getattr__(self, name: str) -> Any: ...


def _engine(source: Source, target: Target) -> Engine:
    if isinstance(target, SqliteTarget):
        from .engines.sqlite import SqliteEngine  # a driver only when it is used

        # Without migrations a :script may make the tables; with them a missing file is a mistake.
        return SqliteEngine(target, create=not source.migrations("sqlite").is_dir())
    from .engines.postgres import PostgresEngine

    return PostgresEngine(target, source.name)
