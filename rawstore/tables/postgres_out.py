"""The rows of a binary COPY TO STDOUT, as libpq hands them over: a million a second."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import pq, sql
from psycopg.errors import error_from_result
from psycopg.generators import execute, fetch_many

HEADER = 19  # bytes before the first row: the signature, flags, and the length of nothing
_END = b"\xff\xff"


def messages(connection: psycopg.Connection[Any], statement: sql.Composed) -> Iterator[bytes]:
    """Each row, behind the count of its columns.

    Who stops early leaves the rest to be read and dropped, for to cancel would end the
    transaction. Raises psycopg's errors.
    """
    pgconn = connection.pgconn
    pgconn.send_query(statement.as_bytes(connection))
    _check(connection.wait(execute(pgconn)), connection)
    ended = False
    try:
        head = b""
        while (data := _next(pgconn)) is not None:
            if len(head) < HEADER:
                head += data
                data = head[HEADER:]
            if data and data != _END:
                yield data
        ended = True
    finally:
        while not ended and _next(pgconn) is not None:
            pass
        _check(connection.wait(fetch_many(pgconn)), connection)


def _next(pgconn: pq.abc.PGconn) -> bytes | None:
    """The next message; None at the end."""
    while True:
        size, data = pgconn.get_copy_data(1)
        if size > 0:
            return bytes(data)
        if size < 0:
            return None
        select.select([pgconn.socket], [], [])
        pgconn.consume_input()


def _check(results: list[pq.abc.PGresult], connection: psycopg.Connection[Any]) -> None:
    for result in results:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise error_from_result(result, encoding=connection.info.encoding)
