"""A session: calls over one held connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .caller import Caller
from .errors import ConfigError, DatabaseBusy
from .query import Variant

if TYPE_CHECKING:
    from .engines import Engine


class Session(Caller):
    """The queries of a store as methods, over one connection. Made by `Store.session`.

    For one thread at a time: a call beside another, or beside its open transaction, raises
    DatabaseBusy. After its block it raises ConfigError.
    """


class Held:
    """Lends one connection of an engine again and again, to one caller at a time.

    SQLite has one writer for all: what writes borrows that, and only while it writes. (In memory
    that is the only connection, and nothing is held.) A connection that breaks is replaced at the
    next call.
    """

    def __init__(self, engine: Engine) -> None:
        """Borrow at once. Raises Overloaded, ConnectionLost."""
        self._engine = engine
        self._writer_apart = engine.dialect == "sqlite"
        self._held: Any = None if engine.single else engine.borrow(writes=False)
        self._free = [self._held]  # empty while lent: taking the one is atomic
        self._closed = False

    def call(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back."""
        try:
            session = self._free.pop()
        except IndexError:
            raise self._refusal() from None
        try:
            if self._writer_apart and (variant.query.writes or self._engine.single):
                return self._engine.call(variant, values)
            if session is None:
                session = self._held = self._engine.borrow(writes=False)
            return session.run(variant, values)
        except BaseException:
            session = self._still_good()
            raise
        finally:
            self._free.append(session)

    def borrow(self, *, writes: bool = True, read_only: bool = False) -> Any:
        """The connection, or SQLite's writer. Raises DatabaseBusy while it is lent."""
        try:
            session = self._free.pop()
        except IndexError:
            raise self._refusal() from None
        try:
            if self._writer_apart and (read_only or writes or self._engine.single):
                return self._engine.borrow(writes=writes, read_only=read_only)
            if session is None:
                session = self._held = self._engine.borrow(writes=False)
        except BaseException:
            self._free.append(session)
            raise
        return session

    def give(self, session: Any) -> None:
        """Take it back; an open transaction is rolled back."""
        try:
            if session is not self._held:
                self._engine.give(session)
        finally:
            self._free.append(self._still_good())

    def close(self) -> None:
        """Give the connection back to the engine. Calls then raise."""
        self._closed = True
        self._free.clear()
        if self._held is not None:
            self._engine.give(self._held)

    def _still_good(self) -> Any:
        """The held connection at rest, or None where it broke: the next call borrows anew."""
        session = self._held
        if session is not None and not session.idle:
            session.rollback()
            if not session.idle:
                self._held = None
                self._engine.give(session)
        return self._held

    def _refusal(self) -> Exception:
        if self._closed:
            return ConfigError("this session has ended: its with block was left")
        return DatabaseBusy(
            "this session is in use: while its transaction is open call the query on that (tx.…), "
            "and use a session in one thread at a time"
        )
