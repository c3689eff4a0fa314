"""The rows of a binary COPY TO STDOUT, as libpq hands them over: a million a second."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import pq, sql
from psycopg.errors import error_from_result
from psycopg.generators import execute, fetch_many

PORTION = 500  # rows: what the processor's caches hold
HEAVY = 4 << 20  # bytes of a portion, about
HEADER = 19  # bytes before the first row: the signature, flags, and the length of nothing
_END = b"\xff\xff"


def portions(connection: psycopg.Connection[Any], statement: sql.Composed) -> Iterator[list[bytes]]:
    """Some rows at a time, each framed, without the count of its columns.

    Who stops early leaves the rest to be read and dropped, for to cancel would end the
    transaction. Raises psycopg's errors.
    """
    pgconn = connection.pgconn
    pgconn.send_query(statement.as_bytes(connection))
    _check(connection.wait(execute(pgconn)), connection)
    taken = _messages(pgconn)
    left = HEADER
    try:
        for rows in taken:
            while left and rows:
                rows[0], left = rows[0][left:], max(left - len(rows[0]), 0)
                if not rows[0]:
                    del rows[0]
            if found := [row[2:] for row in rows if row != _END]:
                yield found
    finally:
        for _ in taken:
            pass
        _check(connection.wait(fetch_many(pgconn)), connection)


def _messages(pgconn: pq.abc.PGconn) -> Iterator[list[bytes]]:
    """Portions of the messages."""
    get = pgconn.get_copy_data
    length = 0
    while length >= 0:
        found: list[bytes] = []
        size = 0
        while len(found) < PORTION and size < HEAVY:
            length, data = get(1)
            if length > 0:
                found.append(bytes(data))
                size += length
            elif length < 0:
                break
            else:
                select.select([pgconn.socket], [], [])
                pgconn.consume_input()
        if found:
            yield found


def _check(results: list[pq.abc.PGresult], connection: psycopg.Connection[Any]) -> None:
    for result in results:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise error_from_result(result, encoding=connection.info.encoding)
