"""A `:stream` query on PostgreSQL: a server-side cursor, read in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg import pq

from ..query import Variant
from .pipeline import Result
from .postgres_statement import Prepared
from .postgres_wire import GOOD

if TYPE_CHECKING:
    from . import Chunks
    from .postgres_session import PostgresSession

CHUNK = 1000  # rows that a FETCH brings

_IN_TRANSACTION = pq.TransactionStatus.INTRANS


def stream(
    session: PostgresSession, variant: Variant, values: Sequence[Any], cursor: bytes
) -> Chunks:
    """Lists of rows. The first chunk is fetched at once, in the round trip that opens the cursor."""
    prepared, first = _open(session, variant, values, cursor)
    if not prepared.fits(first):  # a cursor notices no change of types under its preparation
        session.forget(variant)
        session.wire.command(b'CLOSE "%s"' % cursor)
        prepared, first = _open(session, variant, values, cursor)
    prepared.learn(first)
    return _chunks(session, prepared, cursor, first)


def _open(
    session: PostgresSession, variant: Variant, values: Sequence[Any], cursor: bytes
) -> tuple[Prepared, Result]:
    for attempt in range(2):
        prepared, encoded = session.encoded(variant, values)
        pending = session.pending
        declare = b'DECLARE "%s" NO SCROLL CURSOR FOR %s' % (cursor, variant.text.encode())
        pg = session.connection.pgconn
        results = session.wire.exchange(
            [
                *session.take_pending(),
                partial(pg.send_query_params, declare, encoded, prepared.oids, prepared.formats),
                session.command_sender(_fetch(cursor), prepared.result_format),
            ]
        )
        bad = next((result for result in results if result.status not in GOOD), None)
        if bad is None:
            return prepared, results[-1]
        if attempt:
            raise session.failed(bad, variant.query)
        session.recover(variant, bad, pending)
    raise AssertionError  # pragma: no cover - the second attempt returns or raises


def _chunks(session: PostgresSession, prepared: Prepared, cursor: bytes, result: Result) -> Chunks:
    send = session.command_sender(_fetch(cursor), prepared.result_format)
    try:
        while True:
            rows = session.value(prepared, result)
            if rows:
                yield rows
            if len(rows) < CHUNK:
                return
            result = session.wire.call(send)
            if result.status not in GOOD:
                raise session.failed(result, prepared.variant.query)
    finally:
        if session.connection.pgconn.transaction_status == _IN_TRANSACTION:
            session.wire.command(b'CLOSE "%s"' % cursor)


def _fetch(cursor: bytes) -> bytes:
    return b'FETCH %d FROM "%s"' % (CHUNK, cursor)
