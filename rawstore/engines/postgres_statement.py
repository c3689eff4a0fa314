"""A query as one connection has prepared it, and what its results mean. No I/O, no colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg import pq

from ..bulk import Bulk
from ..query import Kind, Query, Variant
from .pipeline import Result
from .postgres_arrays import array_encoder
from .postgres_codec import encoder
from .rows import no_columns, row_maker, too_many

if TYPE_CHECKING:
    from psycopg.abc import Transformer

    from ..statistics import Tally

Encode = Callable[[Sequence[Any]], list[bytes | None]]


class Prepared:
    """A variant on one connection: its name there, its encoders, and its result's loaders.

    `encode(values)` gives the values as they are sent, `value(result)` what the query's kind makes
    of a good result. A `direct` one can be sent as it is, with nothing before or after.
    """

    __slots__ = (
        "_columns",
        "_make",
        "_transformer",
        "direct",
        "encode",
        "formats",
        "name",
        "oids",
        "quick",
        "result_format",
        "shares",
        "tally",
        "value",
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
        query = variant.query
        self.variant = variant
        self.name = name
        self.oids = tuple(oids)
        self.direct = bool(name) and query.timeout is None
        self.shares = not query.writes and query.timeout is None  # it may share a transaction
        self.quick = False  # it is known to be
        self.tally: Tally | None = None  # noted by a session that records
        params = [query.params[index] for index in variant.order]
        encoded = array_encoder if isinstance(variant, Bulk) else encoder
        encoders = [encoded(param, oid) for param, oid in zip(params, known, strict=True)]
        self.encode: Encode = _encoding(len(encoders))(*(each.encode for each in encoders))
        self.formats = [pq.Format(each.format) for each in encoders]
        self.result_format = pq.Format(int(binary))
        self.value: Callable[[Result], Any] = self._reader(query.kind)
        self._columns = list(columns)
        self._transformer = transformer
        self._make: Callable[[Sequence[Any]], Any] | None = None

    def encoded(self, values: Sequence[Any]) -> list[bytes | None] | None:
        """The values as they are sent; None where one is refused."""
        try:
            return self.encode(values)
        except Exception:  # not to be the next one's context: it may quote the value
            return None

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

    # -- what a kind makes of a result

    def _reader(self, kind: Kind) -> Callable[[Result], Any]:
        if kind is Kind.ONE or kind is Kind.SCALAR:
            return self._one
        if kind is Kind.AFFECTED:
            return _affected
        if kind is Kind.EXEC:
            return _nothing
        return self._each if kind is Kind.BATCH else self.rows

    def _one(self, result: Result) -> Any:
        if result.ntuples == 1:
            return self._loaded(result).load_row(0, self._make)  # type: ignore[arg-type]
        if result.ntuples:
            raise too_many(self.variant.query)
        if not result.nfields:
            raise no_columns(self.variant.query)
        return None

    def _each(self, result: Result) -> Any:
        return self.rows(result) if result.nfields else _affected(result)

    def _loaded(self, result: Result) -> Transformer:
        if self._make is None or not self.name:  # without a name the types may change unnoticed
            self.learn(result)
        else:
            self._transformer.set_pgresult(result, set_loaders=False)
        return self._transformer


def _affected(result: Result) -> int:
    return result.command_tuples or 0


def _nothing(result: Result) -> None:
    """An `:exec` query gives nothing."""


def _maker(query: Query, result: Result) -> Callable[[Sequence[Any]], Any]:
    if query.kind is Kind.SCALAR:
        return lambda values: values[0]
    names = [(result.fname(n) or b"").decode() for n in range(result.nfields)]
    return row_maker(query, names)


@cache
def _encoding(count: int) -> Callable[..., Encode]:
    """What makes one encoder of `count` encoders: written out, it takes half the time of a loop."""
    names = [f"e{n}" for n in range(count)]
    calls = ", ".join(f"{name}(v[{n}])" for n, name in enumerate(names))
    source = f"lambda {', '.join(names)}: lambda v: [{calls}]"
    return eval(source)  # type: ignore[no-any-return]  # noqa: S307 - numbers only
