"""A `:stream` query on PostgreSQL: a server-side cursor, read in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from psycopg import pq

from ..query import Variant
from .pipeline import Result
from .postgres_report import ATTEMPTS
from .postgres_statement import Prepared
from .postgres_wire import GOOD

if TYPE_CHECKING:
    from .postgres_session import PostgresSession

CHUNK = 1000  # rows that a FETCH brings

_IN_TRANSACTION = pq.TransactionStatus.INTRANS


class Cursor:
    """A server-side cursor in an open transaction, read in chunks (see `Chunks`).

    Its end closes it; one that is dropped before stays until the transaction ends.
    """

    def __init__(
        self, session: PostgresSession, prepared: Prepared, name: bytes, first: Result
    ) -> None:
        """`first` is the first chunk, fetched in the round trip that opened the cursor."""
        self._session = session
        self._prepared = prepared
        self._name = name
        self._ready: Result | None = first
        self._fetch = session.command_sender(_fetch(name), prepared.result_format)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Any]:
        if not self._name:
            raise StopAsyncIteration
        result, self._ready = self._ready, None
        if result is None:
            result = await self._session.send(self._fetch, self._prepared.variant.query.timeout)
        if result.status not in GOOD:
            self._name = b""
            raise self._session.failed(result, self._prepared.variant.query)
        rows: list[Any] = self._session.value(self._prepared, result)
        if len(rows) < CHUNK:
            await self.close()
            if not rows:
                raise StopAsyncIteration
        return rows

    async def close(self) -> None:
        """Close the cursor, unless the end of its transaction has done so."""
        name, self._name = self._name, b""
        status = self._session.connection.pgconn.transaction_status
        if name and status == _IN_TRANSACTION:
            await self._session.wire.command(b'CLOSE "%s"' % name)


async def stream(
    session: PostgresSession, variant: Variant, values: Sequence[Any], name: bytes
) -> Cursor:
    """Open a cursor of this name. Raises the mapped error."""
    prepared, first = await _open(session, variant, values, name)
    if not prepared.fits(first):  # a cursor notices no change of types under its preparation
        session.preparation.forget(variant)
        await session.wire.command(b'CLOSE "%s"' % name)
        prepared, first = await _open(session, variant, values, name)
    prepared.learn(first)
    return Cursor(session, prepared, name, first)


async def _open(
    session: PostgresSession, variant: Variant, values: Sequence[Any], cursor: bytes
) -> tuple[Prepared, Result]:
    for attempt in range(1, ATTEMPTS + 1):
        prepared, encoded = await session.preparation.encoded(variant, values)
        pending = session.pending
        before, after = session.timed(variant.query.timeout)
        declare = b'DECLARE "%s" NO SCROLL CURSOR FOR %s' % (cursor, variant.text.encode())
        pg = session.connection.pgconn
        results = await session.wire.exchange(
            [
                *session.take_pending(),
                *before,
                partial(pg.send_query_params, declare, encoded, prepared.oids, prepared.formats),
                session.command_sender(_fetch(cursor), prepared.result_format),
                *after,
            ],
            limit=session.limit(variant.query.timeout),
        )
        bad = next((result for result in results if result.status not in GOOD), None)
        if bad is None:
            return prepared, results[-1 - len(after)]
        if attempt == ATTEMPTS:
            raise session.failed(bad, variant.query)
        await session.recover(variant, bad, pending)
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _fetch(cursor: bytes) -> bytes:
    return b'FETCH %d FROM "%s"' % (CHUNK, cursor)
