"""Many statements in one pipelined round trip: `Store.batch()` and `:batch` queries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DatabaseError, TransactionAborted
from ..query import Query, Variant
from . import postgres_bulk
from .parameters import Items
from .pipeline import Result, Send
from .postgres_report import ATTEMPTS, is_stale, moved
from .postgres_statement import Prepared
from .postgres_wire import GOOD

if TYPE_CHECKING:
    from .postgres_session import PostgresSession

Calls = Sequence[tuple[Variant, Sequence[Any]]]
Outcomes = dict[int, Any]

QUICK = 100  # so many times quicker than its limit a batch has been whose calls are quick


class _Ready(NamedTuple):
    """A call that can be sent: its number in the batch, and what sends it."""

    number: int
    prepared: Prepared
    send: Send

    @property
    def query(self) -> Query:
        return self.prepared.variant.query


async def batch(session: PostgresSession, calls: Calls) -> list[Any]:
    """Of each call its value or its error."""
    if session.pending or not session.idle:
        outcomes = await _together(session, calls, ATTEMPTS)
    elif quickly := await _in_one(session, calls):
        return quickly
    else:
        outcomes = await _apart(session, calls)
    return [outcomes[number] for number in range(len(calls))]


async def _in_one(session: PostgresSession, calls: Calls) -> list[Any] | None:
    """Calls that only read, as one implicit transaction: one sync, and one answer of the server.

    So no progress is seen, and all have the time of one: they are known to be quick. None where one
    is not, or fails: nothing has taken effect then, and each has to be sent alone.
    """
    held = session.preparation.held
    prepared: list[Prepared] = []
    sends: list[Send] = []
    for variant, values in calls:
        one = held.get(variant)
        encoded = one.encoded(values) if one and one.quick else None
        if one is None or encoded is None:
            return None
        prepared.append(one)
        sends.append(session.sender(one, encoded))
    results = await session.wire.exchange(sends)
    if not session.wire.broken and any(result.status not in GOOD for result in results):
        return None
    return [_outcome(session, one, result) for one, result in zip(prepared, results, strict=True)]


async def _apart(session: PostgresSession, calls: Calls) -> Outcomes:
    """Outside a transaction: each call stands alone."""
    outcomes: Outcomes = {}
    ready = await _ready(session, calls, outcomes, go_on=True)
    began = monotonic()
    results = await _one_by_one(session, ready)
    quick = monotonic() - began < session.wire.limit / QUICK
    late: list[int] = []
    for position, (one, result) in enumerate(zip(ready, results, strict=True)):
        if result.status in GOOD or not is_stale(result):
            outcomes[one.number] = _outcome(session, one.prepared, result)
            one.prepared.quick = quick and one.prepared.shares
            continue
        session.preparation.forget(one.prepared.variant)
        behind = zip(ready[position + 1 :], results[position + 1 :], strict=True)
        done = [other.query for other, result in behind if result.status in GOOD]
        if done and (one.query.writes or any(query.writes for query in done)):
            outcomes[one.number] = moved(one.query)  # too late: its place in the order mattered
        else:
            late.append(one.number)
    for number in late:
        outcomes[number] = await _run(session, *calls[number])
    return outcomes


async def _one_by_one(session: PostgresSession, ready: Sequence[_Ready]) -> list[Result]:
    """Each call behind a sync of its own."""
    sync = session.connection.pgconn.pipeline_sync
    sends: list[Send] = []
    positions: list[int] = []  # of each call's result
    limits: list[float] = []
    count = 0
    for one in ready:
        before, after = session.timed(one.query.timeout)
        positions.append(count + len(before) - before.count(sync))
        sends += [*before, one.send, *after, sync]
        count = positions[-1] + 1 + len(after) - after.count(sync)
        limits.append(session.limit(one.query.timeout) or session.wire.limit)
    results = await session.wire.exchange(sends, limit=max(limits, default=None))
    return [results[position] for position in positions]


async def _together(session: PostgresSession, calls: Calls, attempts: int) -> Outcomes:
    """Inside a transaction: the first failure aborts what is behind it."""
    outcomes: Outcomes = {}
    ready = await _ready(session, calls, outcomes, go_on=False)
    pending = session.pending
    timed = [session.timed(one.query.timeout) for one in ready]
    before = session.take_pending()
    sends = list(before)
    positions: list[int] = []
    for one, (first, last) in zip(ready, timed, strict=True):
        positions.append(len(sends) + len(first))
        sends += [*first, one.send, *last]
    allowed = [session.limit(one.query.timeout) or session.wire.limit for one in ready]
    everything = await session.wire.exchange(sends, steady=True, limit=max(allowed, default=None))
    results = [everything[position] for position in positions]
    if any(map(is_stale, results)):
        for one in ready:  # what is behind the first may be out of date as well
            session.preparation.forget(one.prepared.variant)
        if attempts > 1 and await session.rewind(pending):
            return await _together(session, calls, attempts - 1)
    for one, result in zip(ready, results, strict=True):
        late = is_stale(result)
        outcomes[one.number] = moved(one.query) if late else _outcome(session, one.prepared, result)
    for number, (variant, _) in enumerate(calls):
        if number not in outcomes:
            message = "an earlier call of the batch failed"
            outcomes[number] = TransactionAborted(message, query=variant.query.full_name)
    return outcomes


async def _ready(
    session: PostgresSession, calls: Calls, outcomes: Outcomes, *, go_on: bool
) -> list[_Ready]:
    """The calls that can be sent; the errors of the others go to `outcomes`."""
    ready: list[_Ready] = []
    held = session.preparation.held
    for number, (variant, values) in enumerate(calls):
        prepared = held.get(variant)
        encoded = prepared.encoded(values) if prepared else None
        if prepared is None or encoded is None:
            try:
                prepared, encoded = await session.preparation.encoded(variant, values)
            except ValueError as error:
                outcomes[number] = error
                continue
            except DatabaseError as error:
                outcomes[number] = error
                if not go_on:
                    break
                continue
        ready.append(_Ready(number, prepared, session.sender(prepared, encoded)))
    return ready


def _outcome(session: PostgresSession, prepared: Prepared, result: Result) -> Any:
    if result.status not in GOOD:
        return session.failed(result, prepared.variant.query)
    try:
        return session.value(prepared, result)
    except DatabaseError as error:
        return error


async def _run(session: PostgresSession, variant: Variant, values: Sequence[Any]) -> Any:
    try:
        return await session.perform(variant, values)
    except (DatabaseError, ValueError) as error:
        return error


async def each(session: PostgresSession, variant: Variant, items: Items) -> Any:
    """Run a `:batch` query once per item, all or nothing. Rows, or the count of rows."""
    values = []
    if items:
        found = await postgres_bulk.run(session, variant, items)
        prepared, results = found or await _run_each(session, variant, items)
        values = [session.value(prepared, result) for result in results]
    if variant.query.row is not None:
        return list(chain.from_iterable(values))
    return sum(value if isinstance(value, int) else len(value) for value in values)


async def _run_each(
    session: PostgresSession, variant: Variant, items: Items
) -> tuple[Prepared, list[Result]]:
    for attempt in range(1, ATTEMPTS + 1):
        pairs = [await session.preparation.encoded(variant, item) for item in items]
        prepared = pairs[-1][0]  # the last item may have shown the first one's to be out of date
        sends = [
            session.sender(prepared, values if used is prepared else prepared.encode(item))
            for item, (used, values) in zip(items, pairs, strict=True)
        ]
        pending = session.pending
        allowed = variant.query.timeout
        first, last = session.timed(allowed)
        before = [*session.take_pending(), *first]
        results = await session.wire.exchange(
            [*before, *sends, *last], steady=True, limit=session.limit(allowed)
        )
        bad = next((result for result in results if result.status not in GOOD), None)
        if bad is None:
            start = len(before) - before.count(session.connection.pgconn.pipeline_sync)
            return prepared, results[start : start + len(sends)]
        if attempt == ATTEMPTS:
            raise session.failed(bad, variant.query)
        await session.recover(variant, bad, pending)
    raise AssertionError  # pragma: no cover - the last attempt returns or raises
