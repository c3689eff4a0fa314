"""A query as one connection has prepared it, and what its results mean. No I/O, no colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import lookup

from ..errors import DatabaseError, ResultError
from ..query import Kind, Query, Variant
from .errormap import from_sqlstate
from .postgres_codec import Encoder, encoder
from .rows import no_columns, row_maker, too_many

Result = pq.abc.PGresult

_TUPLES = pq.ExecStatus.TUPLES_OK
_COMMAND = pq.ExecStatus.COMMAND_OK
GOOD = frozenset((_TUPLES, _COMMAND, pq.ExecStatus.EMPTY_QUERY))


class Prepared:
    """A variant on one connection: its name there, its encoders, and its result's loaders."""

    __slots__ = ("_make", "_transformer", "encode", "formats", "name", "oids", "result_format", "variant")

    def __init__(
        self,
        variant: Variant,
        name: bytes,
        oids: Sequence[int],
        known: Sequence[int],
        transformer: Transformer,
        *,
        binary: bool,
    ) -> None:
        """`oids` are the parameters' types, `known` the same with VECTOR for pgvector's."""
        self.variant = variant
        self.name = name
        self.oids = tuple(oids)
        params = variant.query.params
        encoders = [encoder(params[i], oid) for i, oid in zip(variant.order, known, strict=True)]
        self.encode = _encoding(encoders)
        self.formats = [pq.Format(each.format) for each in encoders]
        self.result_format = pq.Format(int(binary))
        self._transformer = transformer
        self._make: Callable[[Sequence[Any]], Any] | None = None

    def value(self, result: Result) -> Any:
        """What the query's kind makes of a good result."""
        kind = self.variant.query.kind
        if kind is Kind.AFFECTED:
            return result.command_tuples or 0
        if kind is Kind.EXEC:
            return None
        if kind is Kind.BATCH and not result.nfields:
            return result.command_tuples or 0
        rows = result.ntuples
        if kind is Kind.ONE or kind is Kind.SCALAR:
            if rows == 0:
                if not result.nfields:
                    raise no_columns(self.variant.query)
                return None
            if rows > 1:
                raise too_many(self.variant.query)
            return self._loaded(result).load_row(0, self._make)  # type: ignore[arg-type]
        return self.rows(result)

    def rows(self, result: Result) -> list[Any]:
        """Every row of a result."""
        if not result.nfields:
            raise no_columns(self.variant.query)
        return self._loaded(result).load_rows(0, result.ntuples, self._make)  # type: ignore[arg-type]

    def _loaded(self, result: Result) -> Transformer:
        if self._make is None:
            self._transformer.set_pgresult(result)
            self._make = _maker(self.variant.query, result)
        else:
            self._transformer.set_pgresult(result, set_loaders=False)
        return self._transformer


def _maker(query: Query, result: Result) -> Callable[[Sequence[Any]], Any]:
    if query.kind is Kind.SCALAR:
        return lambda values: values[0]
    names = [(result.fname(n) or b"").decode() for n in range(result.nfields)]
    return row_maker(query, names)


def _encoding(encoders: Sequence[Encoder]) -> Callable[[Sequence[Any]], list[bytes | None]]:
    functions = [each.encode for each in encoders]
    return lambda values: [encode(value) for encode, value in zip(functions, values, strict=True)]


def unreadable(query: Query, error: Exception) -> ResultError:
    """The error for a value that Python cannot hold: `infinity`, the year 10000."""
    message = f"a value in the result does not fit its Python type ({type(error).__name__})"
    return ResultError(message, query=query.full_name)


def failure(result: Result, query: str | None) -> DatabaseError:
    """The error of a failed result, with psycopg's own as its cause.

    The cause keeps the server's whole report in `.diag`; its text has no detail, which quotes values.
    """
    code = _text(result, pq.DiagnosticField.SQLSTATE)
    primary = _text(result, pq.DiagnosticField.MESSAGE_PRIMARY)
    constraint = _text(result, pq.DiagnosticField.CONSTRAINT_NAME)
    error = from_sqlstate(code, primary, query=query, constraint=constraint or None)
    try:
        kind = lookup(code)
    except KeyError:
        kind = psycopg.DatabaseError
    shown = primary.split(":")[0] if code.startswith("22") else primary
    error.__cause__ = kind(shown, info=result)
    return error


def sqlstate(result: Result) -> str:
    """The SQLSTATE of a failed result; "" where the connection broke."""
    return _text(result, pq.DiagnosticField.SQLSTATE)


def _text(result: Result, field: pq.DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode(errors="replace")
