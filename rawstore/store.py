"""A store: the queries of one schema as methods, bound to an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from .batch import Batch
from .caller import Caller
from .care import Care
from .identity import located
from .methods import methods_class
from .registry import Registry
from .session import Held, Session
from .source import Source
from .target import SqliteTarget, Target
from .transaction import Transaction

if TYPE_CHECKING:
    from .engines import Engine
    from .stores import collections, contextpilot, duiliocode, minipilot, omnimemory


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
    source, target, registry = located(store, url)
    return store_class(registry)(source, target, registry)


def store_class(registry: Registry) -> type[Store]:
    """Store, Session, Transaction and Batch with the registry's queries as methods."""
    queries = methods_class(registry)
    name = queries.__name__.removesuffix("Queries")
    batch = type(f"{name}Batch", (queries, Batch), {})
    transaction = type(f"{name}Transaction", (queries, Transaction), {"batch_class": batch})
    members: dict[str, Any] = {"batch_class": batch, "transaction_class": transaction}
    members["session_class"] = type(f"{name}Session", (queries, Session), members)
    return type(f"{name}Store", (queries, Store), members)


class Store(Care, Caller):
    """The queries of a store as methods, each one autocommitted statement: one round trip.

    Safe to share between threads. After a fork, open it again in the child.
    """

    session_class: type[Session] = Session

    def __init__(self, source: Source, target: Target, registry: Registry) -> None:
        """See `open`."""
        self.source = source
        self.target = target
        self.queries = registry
        engine = _engine(source, target)
        super().__init__(engine, engine)

    def close(self) -> None:
        """Close every connection."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def session(self) -> AbstractContextManager[Any]:
        """A block in which calls go over one held connection: those of a request, say.

        It has the queries as methods, `transaction`, `run` and `batch`. Each call is committed by
        itself; a stream takes a connection of its own. One thread uses it at a time; while its
        transaction is open, calls go to that. Raises Overloaded, ConnectionLost.
        """
        return self._session()

    @contextmanager
    def _session(self) -> Iterator[Any]:
        held = Held(self._engine)
        try:
            yield self.session_class(self._engine, held)
        finally:
            held.close()


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
