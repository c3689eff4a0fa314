"""A query as SQLite runs it: encoders, and what its rows mean. No I/O."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from ..errors import DatabaseError, ResultError
from ..query import Kind, Variant
from ..scan import scan
from ..statistics import Recorder, Tally
from .errormap import from_sqlite
from .rows import no_columns, row_maker, too_many
from .sqlite_codec import Many, One, decoder, encoder, readers

# What would stay on the connection, for the next caller to meet.
_ALTERS = re.compile(
    r"(?:^|;|\*/)\s*(?:PRAGMA|ATTACH|DETACH|CREATE\s+TEMP(?:ORARY)?)\b", re.IGNORECASE
)
# A write that sqlite3 gives no `rowcount` for.
_UNCOUNTED = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*WITH\b", re.IGNORECASE | re.DOTALL)
_MISREAD = (ValueError, TypeError, AttributeError, OverflowError, ArithmeticError)


class Statement:
    """One variant, compiled once for all connections."""

    def __init__(
        self, variant: Variant, limit: float | None = None, tally: Tally | None = None
    ) -> None:
        """`limit` is the seconds it may take where the query does not say, or None.

        `tally` counts its calls; None where nobody wants to know.
        """
        query = variant.query
        self.query = query
        self.variant = variant
        self.tally = tally
        self.text = variant.text
        self.limit = limit if query.timeout is None else query.timeout
        self.alters = _ALTERS.search(variant.text) is not None
        self.special = self.alters or self.limit is not None
        self.uncounted = query.writes and _UNCOUNTED.match(variant.text) is not None
        self.encode = encoder(variant)
        self.value = self._values()
        self._one: One | None = None
        self._many: Many | None = None

    def _values(self) -> Callable[[sqlite3.Cursor], Any]:
        """What the query's kind makes of an executed cursor, which is read to its end."""
        kind = self.query.kind
        if kind is Kind.ONE or kind is Kind.SCALAR:
            return self._single
        if kind is Kind.MANY or kind is Kind.STREAM:
            return self._list
        return self._nothing if kind is Kind.EXEC else self._affected

    def _single(self, cursor: sqlite3.Cursor) -> Any:
        found = cursor.fetchone()
        if found is None:
            if cursor.description is None:
                raise no_columns(self.query)
            if self.tally is not None:
                self.tally.missed.append(None)
            return None
        if cursor.fetchone() is not None:  # asking also ends a statement that writes
            raise too_many(self.query)
        one = self._one or self._learn(cursor)[0]
        try:
            return one(found)
        except _MISREAD as error:
            problem = self._misread(error)
        raise problem  # without a cause: that would quote the value

    def _list(self, cursor: sqlite3.Cursor) -> list[Any]:
        found = cursor.fetchall()
        if cursor.description is None:
            raise no_columns(self.query)
        rows = self.make(cursor, found)
        if self.tally is not None:
            self.tally.sizes.append(len(rows))
        return rows

    def _affected(self, cursor: sqlite3.Cursor) -> int:
        affected = self.count(cursor)
        if self.tally is not None:
            self.tally.sizes.append(affected)
        return affected

    @staticmethod
    def _nothing(cursor: sqlite3.Cursor) -> None:
        cursor.fetchall()

    def count(self, cursor: sqlite3.Cursor) -> int:
        """The rows that an executed statement gives back, or else has changed."""
        returned = len(cursor.fetchall())
        if cursor.description:
            return returned
        if self.uncounted:
            changed: int = cursor.connection.execute("SELECT changes()").fetchone()[0]
            return changed
        return max(cursor.rowcount, 0)

    def make(self, cursor: sqlite3.Cursor, found: Sequence[Any]) -> list[Any]:
        """Rows from sqlite3's tuples. Raises ResultError for a value of another type."""
        many = self._many or self._learn(cursor)[1]
        try:
            return many(found)
        except _MISREAD as error:
            problem = self._misread(error)
        raise problem  # as above

    def _misread(self, error: Exception) -> ResultError:
        message = f"a stored value is not what row or kind declares ({type(error).__name__})"
        return ResultError(message, query=self.query.full_name)

    def failed(self, error: sqlite3.Error) -> DatabaseError:
        """The mapped error, with SQLite's as its cause: in our words where it quotes a value."""
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        said = str(error)
        mapped = from_sqlite(name, said, query=self.query.full_name, text=self.text)
        mapped.__cause__ = error
        if name == "SQLITE_ERROR" and said not in str(mapped):
            cause = type(error)(str(mapped))
            cause.sqlite_errorname = name
            cause.sqlite_errorcode = error.sqlite_errorcode
            mapped.__cause__ = cause
        return mapped

    def _learn(self, cursor: sqlite3.Cursor) -> tuple[One, Many]:
        """Make the readers, once the columns are known. Raises ResultError."""
        query = self.query
        if query.kind is Kind.SCALAR:
            one = _scalar(decoder(query.type) if query.type else None, self.tally)
        else:
            one = row_maker(query, [column[0] for column in cursor.description])
        if query.row is not None:
            self._one, self._many = readers(query.row)
        else:
            self._one, self._many = one, lambda found: [one(values) for values in found]
        return self._one, self._many

    @cached_property
    def statements(self) -> list[str]:
        """The statements of a :script; a trigger's body stays in one piece."""
        found, start = [], 0
        for token in scan(self.text, "sqlite"):
            if token.kind != "semicolon":
                continue
            candidate = self.text[start : token.end]
            if sqlite3.complete_statement(candidate):
                found.append(candidate)
                start = token.end
        rest = self.text[start:]
        return (
            [*found, rest]
            if any(t.kind not in ("comment", "block") for t in scan(rest, "sqlite"))
            else found
        )


def _scalar(
    decode: Callable[[Any], Any] | None, tally: Tally | None
) -> Callable[[Sequence[Any]], Any]:
    def value(values: Sequence[Any]) -> Any:
        found = values[0]
        if found is not None:
            return found if decode is None else decode(found)
        if tally is not None:
            tally.missed.append(None)
        return None

    return value


class Statements(dict[Variant, Statement]):
    """Statements by variant, each compiled when it is first asked for."""

    def __init__(self, limit: float | None, recorder: Recorder) -> None:
        """`limit` as for a Statement; the recorder has the tallies."""
        super().__init__()
        self._limit = limit
        self._recorder = recorder

    def __missing__(self, variant: Variant) -> Statement:
        tally = self._recorder.tallies[variant] if self._recorder.active else None
        statement = self[variant] = Statement(variant, self._limit, tally)
        return statement
