"""Every query of a store at several volumes, each call timed in all of them by turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rawstore import Store

from .call import Call
from .cases import Case, cases
from .kinds import LIMIT, KindOfQuery, kind_of, reason
from .timing import quantile, side_by_side

_AGAIN = 4  # times as long for what seems to be over the limit, before that is said


@dataclass(frozen=True, slots=True)
class Result:
    """A call's times at each of the volumes, in microseconds.

    `returned` are the rows that it gave back or changed, `ratio` is the last median to the first;
    `reason` says why the query may exceed the limit, and is None where it may not.
    """

    store: str
    dialect: str
    query: str
    sample: str
    kind: KindOfQuery
    reason: str | None
    rows: Sequence[int]
    returned: Sequence[int]
    p50_us: Sequence[float]
    p90_us: Sequence[float]

    @property
    def ratio(self) -> float:
        """How many times what it takes in the smallest volume it takes in the largest."""
        return round(self.p50_us[-1] / self.p50_us[0], 2)

    @property
    def holds(self) -> bool:
        """Whether it stays within the limit."""
        return self.ratio <= LIMIT


def compare(
    stores: Sequence[Store], rows: Sequence[int], *, seconds: float = 0.5
) -> Iterator[Result]:
    """One store at each of the volumes, which have so many `rows`: a result for each call.

    About so many seconds go to each call, and more to one that seems to exceed the limit without a
    reason. Reads are told first. Raises ConfigError and what the database says.
    """
    for case in cases(stores):
        result = _result(case, stores, rows, seconds)
        if not result.holds and result.reason is None:
            result = _result(case, stores, rows, seconds * _AGAIN)
        yield result


def _result(case: Case, stores: Sequence[Store], rows: Sequence[int], seconds: float) -> Result:
    query = case.query
    calls, returned = _alike(case, stores)
    times = side_by_side([call.seconds for call in calls], seconds)
    return Result(
        store=query.store,
        dialect=query.dialect,
        query=query.name,
        sample=case.sample,
        kind=kind_of(query),
        reason=reason(query),
        rows=rows,
        returned=returned,
        p50_us=[quantile(each, 0.5) for each in times],
        p90_us=[quantile(each, 0.9) for each in times],
    )


def _alike(case: Case, stores: Sequence[Store]) -> tuple[list[Call], list[int]]:
    """The calls, limited to as many rows as there are at every volume, and how many those are.

    A page of one row costs less than one of a hundred, however large the table is.
    """
    query = case.query
    pairs = list(zip(stores, case.arguments, strict=True))
    calls = [Call(store, query, arguments) for store, arguments in pairs]
    returned = [call.rows() for call in calls]
    bound = next((param.name for param in query.params if param.bound), None)
    if bound is None or len(set(returned)) == 1:
        return calls, returned
    limit = {bound: max(min(returned), 1)}
    calls = [Call(store, query, arguments | limit) for store, arguments in pairs]
    return calls, [call.rows() for call in calls]
