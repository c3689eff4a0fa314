"""A `:batch` INSERT for many items at once on PostgreSQL: a statement for a thousand of them.

It means what the same statement run once for each item means, or it is not done: where the server
tells that the two could differ, and where the bulk form fails. The items are then run one by one,
and the error is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..bulk import Bulk
from ..errors import ConnectionLost, DatabaseError
from ..query import Variant
from .parameters import Items
from .pipeline import Result, Send
from .postgres_report import is_stale, sqlstate
from .postgres_statement import Prepared
from .postgres_wire import GOOD

if TYPE_CHECKING:
    from .postgres_session import PostgresSession
    from .postgres_types import ServerTypes

FEWEST = 5  # items: fewer are as fast one by one
CHUNK = 1000  # items a statement
HEAVY = 1 << 20  # characters, bytes and dimensions a statement, if it is of more than one item

_SIZED = ("text", "json", "bytes", "vector")
_SAVEPOINT = b"SAVEPOINT rawstore_bulk"
_RELEASE = b"RELEASE SAVEPOINT rawstore_bulk"
_UNDO = b"ROLLBACK TO SAVEPOINT rawstore_bulk; " + _RELEASE
# Run one by one, these would come again or are not the statement's: the connection, a conflict
# with another transaction, the server's resources, its settings, a timeout, its own failure.
_FINAL = frozenset(("", "08", "25", "40", "53", "55", "57", "58", "XX"))
# Whether a table takes many rows as it takes them one by one. What runs once a statement or at its
# end would run later or less often; what looks at the table would not see the rows before.
_ALIKE = b"""
WITH target AS (
    SELECT to_regclass($1) AS oid
),
part AS (
    SELECT oid FROM target WHERE oid IS NOT NULL
    UNION
    SELECT relid FROM target, pg_partition_tree(target.oid)
),
expression AS (
    SELECT adbin::text AS tree FROM part, pg_attrdef WHERE adrelid = part.oid
    UNION ALL
    SELECT conbin::text FROM part, pg_constraint WHERE conrelid = part.oid AND contype = 'c'
    UNION ALL
    SELECT tgqual::text FROM part, pg_trigger WHERE tgrelid = part.oid
    UNION ALL
    SELECT concat(polqual, polwithcheck)
    FROM part, pg_policy
    WHERE polrelid = part.oid AND row_security_active(part.oid)
)
SELECT
    bool_and(relkind IN ('r', 'p') AND NOT relhasrules)
    AND NOT EXISTS (
        SELECT FROM part, pg_trigger, pg_proc
        WHERE
            tgrelid = part.oid AND pg_proc.oid = tgfoid AND NOT tgisinternal
            AND tgtype::int & 20 <> 0 -- by INSERT or UPDATE
            AND NOT (tgtype::int & 3 = 3 AND provolatile = 'v') -- BEFORE ... FOR EACH ROW
    )
    AND NOT EXISTS (
        SELECT FROM part, pg_constraint
        WHERE
            conrelid = part.oid
            AND (
                contype = 'f' AND confrelid IN (SELECT oid FROM part)
                OR contype IN ('p', 'u', 'x') AND condeferrable
            )
    )
    AND NOT EXISTS (SELECT FROM expression WHERE tree LIKE '%{SUBLINK%')
    AND NOT EXISTS (
        SELECT FROM pg_proc
        WHERE
            provolatile = 's' AND oid >= 16384 -- not PostgreSQL's own
            AND (
                proname = ANY ($2::text[])
                OR oid IN (
                    SELECT (regexp_matches(tree, ':(?:op)?funcid (\\d+)', 'g'))[1]::oid
                    FROM expression
                )
            )
    )
FROM part INNER JOIN pg_class USING (oid)
"""


async def run(
    session: PostgresSession, variant: Variant, items: Items
) -> tuple[Prepared, list[Result]] | None:
    """The results of a `:batch`, one for each chunk. None: nothing is done, run it for each item.

    Raises the mapped error where running it again would not help.
    """
    bulk = variant.query.bulk if len(items) >= FEWEST else None
    prepared = await _ready(session, variant, bulk) if bulk else None
    if prepared is None:
        return None
    inside = not session.idle  # then a failure would abort the caller's transaction
    pending = session.pending
    sends = [partial(_send, session, prepared, chunk) for chunk in _chunks(prepared, items)]
    if len(sends) == 1 and not inside:
        results = [await session.send(sends[0], variant.query.timeout)]
    else:
        results = await _exchange(session, sends, variant.query.timeout, inside=inside)
    bad = next((result for result in results if result.status not in GOOD), None)
    if bad is None:
        return prepared, results
    if sqlstate(bad)[:2] in _FINAL:
        raise session.failed(bad, variant.query)
    if is_stale(bad):  # so is the other
        session.preparation.forget(prepared.variant)
        session.preparation.forget(variant)
    if not await session.rewind(pending):
        await _undo(session, variant)
    return None


def _send(session: PostgresSession, prepared: Prepared, columns: Sequence[Sequence[Any]]) -> None:
    session.sender(prepared, prepared.encode(columns))()


async def _exchange(
    session: PostgresSession, sends: Sequence[Send], allowed: float | None, *, inside: bool
) -> list[Result]:
    """The chunks' results, or the first that is bad of everything."""
    first, last = session.timed(allowed)
    before, command = session.take_pending(), session.command_sender
    if inside:
        first, last = [command(_SAVEPOINT), *first], [*last, command(_RELEASE)]
    before += first
    results = await session.wire.exchange(
        [*before, *sends, *last], steady=True, limit=session.limit(allowed)
    )
    if bad := next((result for result in results if result.status not in GOOD), None):
        return [bad]
    start = len(before) - before.count(session.connection.pgconn.pipeline_sync)
    return results[start : start + len(sends)]


def _chunks(prepared: Prepared, items: Items) -> Iterator[list[Sequence[Any]]]:
    """The columns in parts of so many items that a statement carries."""
    params, order = prepared.variant.query.params, prepared.variant.order
    sized = [number for number, index in enumerate(order) if params[index].type.name in _SIZED]
    for start in range(0, len(items), CHUNK):
        yield from _light([column[start : start + CHUNK] for column in items.columns], sized)


def _light(columns: list[Sequence[Any]], sized: Sequence[int]) -> Iterator[list[Sequence[Any]]]:
    half = len(columns[0]) // 2
    if half and sum(sum(map(len, filter(None, columns[n]))) for n in sized) > HEAVY:
        yield from _light([column[:half] for column in columns], sized)
        yield from _light([column[half:] for column in columns], sized)
    else:
        yield columns


# -- whether there is a bulk form on this server


async def _ready(session: PostgresSession, variant: Variant, bulk: Bulk) -> Prepared | None:
    """The bulk form as it is prepared. None where it cannot be, or would not mean the same."""
    preparation = session.preparation
    if (prepared := preparation.held.get(bulk)) or bulk in preparation.types.one_by_one:
        return prepared
    single = preparation.held.get(variant) or await preparation.prepare(variant)
    inside = not session.idle
    if inside:  # what cannot be prepared would abort the caller's transaction
        session.defer(_SAVEPOINT)
        await session.flush(variant.query)
    try:
        prepared = await _prepare(session, bulk, single)
    except ConnectionLost:
        raise
    except DatabaseError as error:
        if inside:
            await _undo(session, variant)
        if (error.code or "")[:2] not in _FINAL:
            preparation.types.one_by_one.add(bulk)
        return None
    if inside:
        session.defer(_RELEASE)
    return prepared


async def _prepare(session: PostgresSession, bulk: Bulk, single: Prepared) -> Prepared | None:
    preparation = session.preparation
    calls = f"{{{','.join(map(_quoted, bulk.calls))}}}"
    send = session.connection.pgconn.send_query_params
    result = await session.wire.call(send, _ALIKE, [bulk.table.encode(), calls.encode()])
    if result.status not in GOOD:
        raise session.failed(result, bulk.query, preparing=True)
    if result.get_value(0, 0) == b"t":
        prepared = await preparation.prepare(bulk)
        if _converts(bulk, single, preparation.types):
            return prepared
        preparation.forget(bulk)
    preparation.types.one_by_one.add(bulk)
    return None


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _converts(bulk: Bulk, single: Prepared, types: ServerTypes) -> bool:
    """Whether the server turns the arrays' elements into what it takes one by one, unchanged."""
    params = [bulk.query.params[index] for index in bulk.order]
    return all(
        types.takes_element(param.type.name, oid, cast=plain)
        for param, oid, plain in zip(params, single.oids, bulk.plain, strict=True)
    )


async def _undo(session: PostgresSession, variant: Variant) -> None:
    result = await session.wire.command(_UNDO)
    if result.status not in GOOD:
        raise session.failed(result, variant.query)
