"""A transaction, and the savepoints inside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from .batch import Batch, collecting
from .engines.parameters import batch_values
from .errors import ConfigError, DatabaseError, RawstoreError, ResultError, TransactionAborted
from .query import Query, Variant
from .stream import Stream

if TYPE_CHECKING:
    from .engines import Chunks, Session

ISOLATION = ("read committed", "repeatable read", "serializable")


def begin(dialect: str, isolation: str | None, *, read_only: bool) -> bytes:
    """The statement that opens a transaction.

    SQLite's are serializable whatever is asked for. One that may write takes the write lock at
    once: a deferred one fails when it turns from reading to writing (SQLITE_BUSY_SNAPSHOT).
    """
    if isolation is not None and isolation not in ISOLATION:
        raise ConfigError(f"unknown isolation {isolation!r}; known are {', '.join(ISOLATION)}")
    if dialect == "sqlite":
        return b"BEGIN" if read_only else b"BEGIN IMMEDIATE"
    level = f" ISOLATION LEVEL {isolation.upper()}" if isolation else ""
    return f"BEGIN{level}{' READ ONLY' if read_only else ''}".encode()


def pauses(retries: int) -> Iterator[float]:
    """The seconds to wait before each further try: growing, and random, lest two keep in step."""
    from random import uniform  # few processes ever try again

    for attempt in range(retries):
        yield uniform(0, min(1.0, 0.01 * 2**attempt))  # noqa: S311 - a pause


class Level:
    """A transaction, or a savepoint in one: what may be done in it, and nothing of how."""

    batch_class: type[Batch] = Batch

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._failed = False
        self._ended = False

    @property
    def _savepoint(self) -> bytes:
        return b"SAVEPOINT rawstore_%d" % self._depth

    def _committable(self) -> None:
        if self._failed:
            raise TransactionAborted(
                "a statement failed in this block, so all of it was rolled back; let its error "
                "leave the block, or put what may fail into a block of tx.transaction()"
            )

    def _usable(self, query: Query | None) -> None:
        name = query.full_name if query else None
        if self._ended:
            raise TransactionAborted(
                "this transaction has ended: its with block was left", query=name
            )
        if self._failed:
            raise TransactionAborted(
                "a statement failed earlier in this transaction; leave its with block", query=name
            )

    def _judge(self, error: BaseException) -> None:
        """After an error in a statement; with a ResultError the statement itself was good."""
        if not isinstance(error, ResultError):
            self._failed = self._failed or isinstance(error, DatabaseError)

    def _judge_all(self, outcomes: Sequence[Any]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                self._judge(outcome)


class Transaction(Level):
    """An open transaction, with the store's queries as methods.

    After a failed statement every further call raises TransactionAborted, on both dialects, until
    the `with` block of that level is left; a nested block that fails leaves the outer one usable.
    """

    def __init__(self, session: Session, depth: int = 0) -> None:
        """Made by `Store.transaction`."""
        super().__init__(depth)
        self._session = session
        self._streams: WeakSet[Chunks] = WeakSet()

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """A nested block, as a savepoint: its failure undoes only what was done in it."""
        self._usable(None)
        session = self._session
        inner = type(self)(session, self._depth + 1)
        savepoint = inner._savepoint  # noqa: SLF001 - another of this class
        session.defer(savepoint)
        try:
            yield inner
            inner._complete()  # noqa: SLF001
        except BaseException:
            inner._end()  # noqa: SLF001
            if not session.undefer(savepoint):
                self._undo(savepoint)
            raise
        else:
            if not session.undefer(savepoint):
                session.defer(b"RELEASE " + savepoint)

    def batch(self) -> AbstractContextManager[Any]:
        """Many calls in one round trip; the first failure aborts those behind it."""
        return collecting(self.batch_class(), self._send_batch)

    def _undo(self, savepoint: bytes) -> None:
        """Back to the savepoint. Where that fails (a lost connection), this level fails too."""
        self._failed = True
        with suppress(RawstoreError):
            self._session.control(b"ROLLBACK TO " + savepoint)
            self._session.control(b"RELEASE " + savepoint)
            self._failed = False

    def _end(self) -> None:
        """Refuse what comes late, and close the streams that are still open."""
        self._ended = True
        for chunks in list(self._streams):
            chunks.close()

    def _complete(self) -> None:
        self._end()
        self._committable()

    @contextmanager
    def _working(self, query: Query | None) -> Iterator[None]:
        self._usable(query)
        try:
            yield
        except DatabaseError as error:
            self._judge(error)
            raise

    def _call(self, variant: Variant, values: Sequence[Any]) -> Any:
        # As `_working`, written out: a context manager is half a microsecond a call.
        if self._failed or self._ended:
            self._usable(variant.query)
        try:
            return self._session.run(variant, values)
        except DatabaseError as error:
            self._judge(error)
            raise

    def _send_batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        with self._working(None):
            outcomes = self._session.batch(calls)
        self._judge_all(outcomes)
        return outcomes

    def _each(self, query: Query, items: Any) -> Any:
        values = batch_values(query, items)
        with self._working(query):
            return self._session.each(query.variants[0], values)

    def _script(self, variant: Variant) -> None:
        with self._working(variant.query):
            self._session.script(variant)

    def _stream(self, variant: Variant, values: Sequence[Any]) -> Stream[Any]:
        with self._working(variant.query):
            chunks = self._session.stream(variant, values)
        self._streams.add(chunks)
        return Stream(_Chunks(self, variant.query, chunks))


class _Chunks:
    """A stream's chunks; once its transaction has ended or failed, they raise."""

    def __init__(self, transaction: Transaction, query: Query, chunks: Chunks) -> None:
        self._transaction = transaction
        self._query = query
        self._chunks = chunks

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[Any]:
        with self._transaction._working(self._query):  # noqa: SLF001 - this module's own
            return next(self._chunks)

    def close(self) -> None:
        self._chunks.close()
