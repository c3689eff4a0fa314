"""One SQLite connection at work: statements, transactions, streams."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import ConfigError, DatabaseError, ResultError, TransactionAborted
from ..query import Query, Variant
from ..statistics import clock
from .errormap import from_sqlite
from .parameters import Items, misfit, refusal
from .sqlite_codec import bound_items
from .sqlite_statement import Statement, Statements
from .sqlite_stream import Rows
from .watchdog import Watch, unwatch, watch

if TYPE_CHECKING:
    from . import Chunks

BATCH_ITEMS = 1000  # items of a :batch query to which the time limit applies together


class SqliteSession:
    """A connection of the engine. Used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, statements: Statements) -> None:
        """`statements` are the engine's, which all its sessions share."""
        self.connection = connection
        self.altered = False  # something would outlive the caller: a PRAGMA, ATTACH, a temp table
        self._execute = connection.execute
        self._cursor = connection.cursor()  # of `run`, which one for each statement would slow
        self._run = self._cursor.execute
        self._statements = statements
        self.pending: list[str] = []  # control statements that go with the next statement
        self._streams: list[weakref.ref[Rows]] = []
        self._read_only = False
        self._watch: Watch | None = None  # made for the first statement with a time limit
        _sessions.add(self)

    def discard(self) -> None:
        """Close the connection."""
        if self._watch is not None:
            self._watch.stop()
            unwatch(self._watch)
        self.connection.close()

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return not self.connection.in_transaction

    @property
    def read_only(self) -> bool:
        """Whether writes are refused; to be set outside a transaction."""
        return self._read_only

    @read_only.setter
    def read_only(self, value: bool) -> None:
        self._execute(f"PRAGMA query_only = {'ON' if value else 'OFF'}")
        self._read_only = value

    def forget(self) -> None:
        """In a forked child: the file's locks are the parent's. Refuse everything."""
        self._execute = self._run = _refuse

    @property
    def _forked(self) -> bool:
        return self._execute is _refuse

    # -- statements

    def run(self, variant: Variant, values: Sequence[Any]) -> Any:
        """Run one statement; what its kind gives back. `values` are in the placeholders' order."""
        statement = self._statements[variant]
        tally = statement.tally
        began = 0.0
        if tally is not None and not tally.tick() & tally.mask:
            began = clock()
        bound = None
        try:
            bound = statement.encode(values)
            if statement.special or self.pending or self._streams:
                answer = self._run_specially(statement, bound)
            else:
                answer = statement.value(self._run(statement.text, bound))
        except BaseException as error:
            problem = self._problem(statement, values, error, encoded=bound is not None)
        else:
            if began:
                tally.timed(variant, clock() - began, answer)  # type: ignore[union-attr]
            return answer
        if tally is not None:
            tally.failed(variant, clock() - began if began else None, problem)
        try:
            raise problem
        finally:
            del problem  # it holds this frame

    def _run_specially(self, statement: Statement, bound: Sequence[Any]) -> Any:
        """Run one behind what is deferred, beside open streams, or within its time limit."""
        if self.pending:
            self.flush(statement.query)
        if statement.alters:
            self.altered = True
        if self._streams and statement.query.writes:
            self._keep_streams()
        limited = None if statement.limit is None else self._limit(statement.limit)
        try:
            return statement.value(self._run(statement.text, bound))
        finally:
            if limited is not None:
                limited.stop()

    def _problem(
        self, statement: Statement, values: Sequence[Any], error: BaseException, *, encoded: bool
    ) -> BaseException:
        """What to raise after an error in `run`."""
        if isinstance(error, sqlite3.Error):
            return statement.failed(error)
        if not encoded and isinstance(error, Exception):  # it may quote the value
            return refusal(statement.variant, values) or misfit(statement.variant, error)
        self._end_statement()
        return error

    def _end_statement(self) -> None:
        """End what was left in the middle: it would keep its snapshot."""
        if not self._forked:
            self._cursor.close()
            self._cursor = self.connection.cursor()
            self._run = self._cursor.execute

    def _limit(self, seconds: float) -> Watch:
        """From now, the connection may work this long; `stop` the watch when it has."""
        if self._watch is None:
            self._watch = Watch(self.connection.interrupt)
            watch(self._watch)
        self._watch.start(seconds)
        return self._watch

    @contextmanager
    def working(self, statement: Statement) -> Iterator[None]:
        """Within the time limit, and with errors mapped; it may be started anew meanwhile."""
        problem = None
        self._start(statement)
        try:
            yield
        except sqlite3.Error as error:
            problem = statement.failed(error)
        finally:
            if self._watch is not None:
                self._watch.stop()
        if problem is not None:
            raise problem

    def _start(self, statement: Statement) -> None:
        if statement.limit is not None:
            self._limit(statement.limit)

    # -- transactions

    def defer(self, command: bytes) -> None:
        """Run a control statement before the next statement."""
        self.pending.append(command.decode())

    def undefer(self, command: bytes) -> bool:
        """Take back a control statement that has not been run; whether it was there."""
        text = command.decode()
        if text in self.pending:
            del self.pending[self.pending.index(text) :]
            return True
        return False

    def flush(self, query: Query | None = None) -> None:
        """Run what is deferred. Raises the mapped error, in the name of `query`."""
        commands, self.pending = self.pending, []
        for command in commands:
            try:
                self._execute(command)
            except sqlite3.Error as error:
                name = query.full_name if query else None
                problem = from_sqlite(error.sqlite_errorname, str(error), query=name)
                raise problem from error

    def control(self, command: bytes) -> None:
        """Run what is deferred and then a control statement. Raises the mapped error."""
        self.defer(command)
        self.flush()

    def commit(self) -> None:
        """Commit. On failure the transaction is rolled back."""
        self.pending.clear()
        self._streams.clear()
        if self.idle:
            return
        try:
            self.control(b"COMMIT")
        except DatabaseError:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Roll back whatever is open; a full disk has done so already."""
        self.pending.clear()
        self._streams.clear()
        if not self.idle and not self._forked:
            with suppress(sqlite3.Error):
                self._execute("ROLLBACK")

    @contextmanager
    def _atomic(self, query: Query) -> Iterator[None]:
        """All or nothing: a transaction of its own, unless one is open or deferred."""
        own = self.idle and not self.pending
        if own:
            self.defer(b"BEGIN IMMEDIATE")
        self.flush(query)
        self._keep_streams()
        try:
            yield
            if own:
                SqliteSession.commit(self)  # no part of a caller's transaction
        except BaseException:
            if own:
                self.rollback()
            raise

    # -- many at once

    def script(self, variant: Variant) -> None:
        """Run a :script: all of it or nothing."""
        statement = self._statements[variant]
        self.altered = self.altered or statement.alters
        with self._atomic(variant.query), self.working(statement):
            for text in statement.statements:
                self._start(statement)
                self._execute(text).fetchall()

    def batch(self, calls: Sequence[tuple[Variant, Sequence[Any]]]) -> list[Any]:
        """Many calls, one after another: of each its value or its error.

        Outside a transaction each stands alone; inside one the first failure aborts the rest.
        """
        alone = self.idle and not self.pending
        outcomes: list[Any] = []
        failed = False
        for variant, values in calls:
            if failed:
                message = "an earlier call of the batch failed"
                outcomes.append(TransactionAborted(message, query=variant.query.full_name))
                continue
            try:
                outcomes.append(self.run(variant, values))
            except (DatabaseError, ValueError) as error:
                outcomes.append(error)
                failed = not alone and not isinstance(error, (ResultError, ValueError))
        return outcomes

    def each(self, variant: Variant, items: Items) -> Any:
        """A :batch query: once per item, all or nothing. Rows, or the count of rows."""
        statement = self._statements[variant]
        bound = bound_items(variant, items)
        with self._atomic(variant.query), self.working(statement):
            if variant.query.row is None and not variant.query.returns_rows:
                return self._execute_many(statement, bound)
            return self._rows_of_each(statement, bound)

    def _execute_many(self, statement: Statement, bound: Sequence[Sequence[Any]]) -> int:
        count, items = 0, iter(bound)
        while chunk := list(islice(items, BATCH_ITEMS)):
            self._start(statement)
            if statement.uncounted:
                count += sum(statement.count(self._execute(statement.text, v)) for v in chunk)
            else:
                count += max(self.connection.executemany(statement.text, chunk).rowcount, 0)
        return count

    def _rows_of_each(self, statement: Statement, bound: Sequence[Sequence[Any]]) -> Any:
        rows: list[Any] = []
        for values in bound:
            self._start(statement)
            cursor = self._execute(statement.text, values)
            rows += statement.make(cursor, cursor.fetchall())
        return rows if statement.query.row is not None else len(rows)

    # -- streams

    def stream(self, variant: Variant, values: Sequence[Any]) -> Chunks:
        """Lists of rows, read from the file as they are asked for."""
        statement = self._statements[variant]
        try:
            bound = statement.encode(values)
        except Exception as error:
            raise refusal(variant, values) or misfit(variant, error) from None
        self.flush(variant.query)
        with self.working(statement):
            rows = Rows(self, statement, self._execute(statement.text, bound))
        if not self.idle:
            self._streams.append(weakref.ref(rows))
        return rows

    def _keep_streams(self) -> None:
        """Before a write in their transaction: what open streams are still to show."""
        streams, self._streams = self._streams, []
        for stream in streams:
            if (rows := stream()) is not None:
                rows.keep()


def _refuse(*_: object) -> NoReturn:
    raise ConfigError("this connection is the parent process's; open the store again in the child")


_sessions: weakref.WeakSet[SqliteSession] = weakref.WeakSet()


def _after_fork() -> None:
    for session in list(_sessions):
        session.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
