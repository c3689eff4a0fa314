"""A query as one connection has prepared it, and what its results mean. No I/O, no colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from psycopg import pq

from ..query import Kind, Query, Variant
from .pipeline import Result
from .postgres_codec import Encoder, encoder
from .rows import no_columns, row_maker, too_many

if TYPE_CHECKING:
    from psycopg.abc import Transformer


class Prepared:
    """A variant on one connection: its name there, its encoders, and its result's loaders."""

    __slots__ = (
        "_columns",
        "_make",
        "_transformer",
        "encode",
        "formats",
        "name",
        "oids",
        "result_format",
        "variant",
    )

    def __init__(
        self,
        variant: Variant,
        name: bytes,
        oids: Sequence[int],
        known: Sequence[int],
        transformer: Transformer,
        *,
        columns: Sequence[int],
        binary: bool,
    ) -> None:
        """`oids` are the parameters' types, `known` the same as the encoders know them.

        `columns` are the result's. An empty name is a statement that is prepared with each call.
        """
        self.variant = variant
        self.name = name
        self.oids = tuple(oids)
        params = variant.query.params
        encoders = [encoder(params[i], oid) for i, oid in zip(variant.order, known, strict=True)]
        self.encode = _encoding(encoders)
        self.formats = [pq.Format(each.format) for each in encoders]
        self.result_format = pq.Format(int(binary))
        self._columns = list(columns)
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

    def fits(self, result: Result) -> bool:
        """Whether the result has the columns' types as they were when it was prepared."""
        return self._columns == [result.ftype(n) for n in range(result.nfields)]

    def learn(self, result: Result) -> None:
        """Take the loaders from this result."""
        self._transformer.set_pgresult(result)
        self._make = _maker(self.variant.query, result)

    def _loaded(self, result: Result) -> Transformer:
        if self._make is None or not self.name:  # without a name the types may change unnoticed
            self.learn(result)
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
