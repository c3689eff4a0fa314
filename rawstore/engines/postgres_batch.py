"""Many statements in one pipelined round trip: `Store.batch()` and `:batch` queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DatabaseError, TransactionAborted
from ..query import Query, Variant
from .pipeline import Result, Send
from .postgres_report import ATTEMPTS, is_stale, moved
from .postgres_statement import Prepared
from .postgres_wire import GOOD

if TYPE_CHECKING:
    from .postgres_session import PostgresSession

Calls = Sequence[tuple[Variant, Sequence[Any]]]
Outcomes = dict[int, Any]


class _Ready(NamedTuple):
    """A call that can be sent: its number in the batch, and what sends it."""

    number: int
    prepared: Prepared
    send: Send

    @property
    def query(self) -> Query:
        return self.prepared.variant.query


def batch(session: PostgresSession, calls: Calls) -> list[Any]:
    """Of each call its value or its error."""
    if session.idle and not session.pending:
        outcomes = _apart(session, calls)
    else:
        outcomes = _together(session, calls, ATTEMPTS)
    return [outcomes[number] for number in range(len(calls))]


def _apart(session: PostgresSession, calls: Calls) -> Outcomes:
    """Outside a transaction: each call stands alone, behind a sync of its own."""
    outcomes: Outcomes = {}
    ready = _ready(session, calls, outcomes, go_on=True)
    sync = session.connection.pgconn.pipeline_sync
    results = session.wire.exchange([send for one in ready for send in (one.send, sync)])
    late: list[int] = []
    for position, (one, result) in enumerate(zip(ready, results, strict=True)):
        if not is_stale(result):
            outcomes[one.number] = _outcome(session, one.prepared, result)
            continue
        session.preparation.forget(one.prepared.variant)
        behind = zip(ready[position + 1 :], results[position + 1 :], strict=True)
        done = [other.query for other, result in behind if result.status in GOOD]
        if done and (one.query.writes or any(query.writes for query in done)):
            outcomes[one.number] = moved(one.query)  # too late: its place in the order mattered
        else:
            late.append(one.number)
    for number in late:
        outcomes[number] = _run(session, *calls[number])
    return outcomes


def _together(session: PostgresSession, calls: Calls, attempts: int) -> Outcomes:
    """Inside a transaction: the first failure aborts what is behind it."""
    outcomes: Outcomes = {}
    ready = _ready(session, calls, outcomes, go_on=False)
    pending = session.pending
    before = session.take_pending()
    sends = [*before, *(one.send for one in ready)]
    results = session.wire.exchange(sends, steady=True)[len(before) :]
    if any(map(is_stale, results)):
        for one in ready:  # what is behind the first may be out of date as well
            session.preparation.forget(one.prepared.variant)
        if attempts > 1 and session.rewind(pending):
            return _together(session, calls, attempts - 1)
    for one, result in zip(ready, results, strict=True):
        late = is_stale(result)
        outcomes[one.number] = moved(one.query) if late else _outcome(session, one.prepared, result)
    for number, (variant, _) in enumerate(calls):
        if number not in outcomes:
            message = "an earlier call of the batch failed"
            outcomes[number] = TransactionAborted(message, query=variant.query.full_name)
    return outcomes


def _ready(
    session: PostgresSession, calls: Calls, outcomes: Outcomes, *, go_on: bool
) -> list[_Ready]:
    """The calls that can be sent; the errors of the others go to `outcomes`."""
    ready: list[_Ready] = []
    for number, (variant, values) in enumerate(calls):
        try:
            prepared, encoded = session.preparation.encoded(variant, values)
        except ValueError as error:
            outcomes[number] = error
        except DatabaseError as error:
            outcomes[number] = error
            if not go_on:
                break
        else:
            ready.append(_Ready(number, prepared, session.sender(prepared, encoded)))
    return ready


def _outcome(session: PostgresSession, prepared: Prepared, result: Result) -> Any:
    if result.status not in GOOD:
        return session.failed(result, prepared.variant.query)
    try:
        return session.value(prepared, result)
    except DatabaseError as error:
        return error


def _run(session: PostgresSession, variant: Variant, values: Sequence[Any]) -> Any:
    try:
        return session.run(variant, values)
    except (DatabaseError, ValueError) as error:
        return error


def each(session: PostgresSession, variant: Variant, items: Sequence[tuple[Any, ...]]) -> Any:
    """Run a `:batch` query once per item, all or nothing. Rows, or the count of rows."""
    prepared, results = _run_each(session, variant, items) if items else (None, [])
    values = [session.value(prepared, result) for result in results] if prepared else []
    if variant.query.row is not None:
        return [row for rows in values for row in rows]
    return sum(value if isinstance(value, int) else len(value) for value in values)


def _run_each(
    session: PostgresSession, variant: Variant, items: Sequence[tuple[Any, ...]]
) -> tuple[Prepared, list[Result]]:
    for attempt in range(1, ATTEMPTS + 1):
        pairs = [session.preparation.encoded(variant, item) for item in items]
        prepared = pairs[-1][0]  # the last item may have shown the first one's to be out of date
        sends = [
            session.sender(prepared, values if used is prepared else prepared.encode(item))
            for item, (used, values) in zip(items, pairs, strict=True)
        ]
        pending = session.pending
        before = session.take_pending()
        results = session.wire.exchange([*before, *sends], steady=True)
        bad = next((result for result in results if result.status not in GOOD), None)
        if bad is None:
            return prepared, results[len(before) :]
        if attempt == ATTEMPTS:
            raise session.failed(bad, variant.query)
        session.recover(variant, bad, pending)
    raise AssertionError  # pragma: no cover - the last attempt returns or raises
