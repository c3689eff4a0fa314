"""A query as SQLite runs it: encoders, and what its rows mean. No I/O."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from ..errors import ResultError
from ..query import Kind, Variant
from ..scan import scan
from .rows import no_columns, row_maker, too_many
from .sqlite_codec import decoder, encoders, row_decoder

# What would stay on the connection, for the next caller to meet.
_ALTERS = re.compile(
    r"(?:^|;|\*/)\s*(?:PRAGMA|ATTACH|DETACH|CREATE\s+TEMP(?:ORARY)?)\b", re.IGNORECASE
)


class Statement:
    """One variant, compiled once for all connections."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.query = variant.query
        self.text = variant.text
        self.alters = _ALTERS.search(variant.text) is not None
        self.encoders = encoders(variant)
        self._make: Callable[[Sequence[Any]], Any] | None = None

    def encode(self, values: Sequence[Any]) -> list[Any]:
        """The values as sqlite3 binds them. Raises ValueError and the like."""
        return [encode(value) for encode, value in zip(self.encoders, values, strict=True)]

    def value(self, cursor: sqlite3.Cursor) -> Any:
        """What the query's kind makes of an executed cursor, which is read to its end."""
        kind = self.query.kind
        if kind is Kind.ONE or kind is Kind.SCALAR:
            found = cursor.fetchmany(2)  # a second fetch also ends a statement that writes
            if cursor.description is None:
                raise no_columns(self.query)
            if len(found) > 1:
                cursor.close()
                raise too_many(self.query)
            return self.make(cursor, found)[0] if found else None
        if kind is Kind.MANY or kind is Kind.STREAM:
            if cursor.description is None:
                raise no_columns(self.query)
            return self.make(cursor, cursor.fetchall())
        returned = len(cursor.fetchall())
        if kind is Kind.EXEC:
            return None
        return returned if cursor.description else max(cursor.rowcount, 0)

    def make(self, cursor: sqlite3.Cursor, found: list[Any]) -> list[Any]:
        """Rows from sqlite3's tuples. Raises ResultError for a value of another type."""
        make = self._make or self._learn(cursor)
        try:
            return [make(values) for values in found]
        except (ValueError, TypeError, OverflowError, ArithmeticError) as error:
            message = f"a stored value is not what row or kind declares ({type(error).__name__})"
            problem = ResultError(message, query=self.query.full_name)
        raise problem  # without a cause: that would quote the value

    def _learn(self, cursor: sqlite3.Cursor) -> Callable[[Sequence[Any]], Any]:
        query = self.query
        if query.kind is Kind.SCALAR:
            decode = decoder(query.type) if query.type else None
            self._make = _scalar(decode)
        else:
            names = [column[0] for column in cursor.description]
            make = row_maker(query, names)
            self._make = row_decoder(query.row) if query.row else make
        return self._make

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


def _scalar(decode: Callable[[Any], Any] | None) -> Callable[[Sequence[Any]], Any]:
    if decode is None:
        return lambda values: values[0]
    return lambda values: None if values[0] is None else decode(values[0])
