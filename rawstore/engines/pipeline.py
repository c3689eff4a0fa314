"""libpq's pipeline mode as one exchange: send everything, take every result, never deadlock.

In blocking mode a long pipeline can stop for ever, the client waiting to send and the server
waiting to be read (libpq documentation, Pipeline Mode); so the connection is non-blocking
meanwhile, and is read whenever it cannot be written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import psycopg
from psycopg import pq

Result = pq.abc.PGresult
Send = Callable[[], None]


class Wait(Protocol):
    """Waits until input has been consumed or, where `writing`, the socket takes output."""

    def __call__(self, *, writing: bool) -> Awaitable[None]:
        """Raises psycopg.OperationalError where the connection breaks."""


_FLUSH_EVERY = 64  # sends between looks at the socket
_SYNC = pq.ExecStatus.PIPELINE_SYNC


async def exchange(
    pgconn: pq.abc.PGconn,
    sends: Sequence[Send],
    wait: Wait,
    progress: Send,
    drop: Send,
    *,
    steady: bool = False,
) -> list[Result]:
    """Call every send (a statement's, or `pipeline_sync`; the last is a sync); return the results.

    Results are in order, one a statement, without the syncs'. Where the connection breaks, those
    that did not come are empty results of status FATAL_ERROR. `progress` is called whenever
    something may have arrived; with `steady` the server is asked for each result as soon as it has
    it, not only for buffers full. `drop` closes the connection: where it breaks, and where an
    exception leaves the exchange.
    """
    syncs = sum(send == pgconn.pipeline_sync for send in sends)
    results: list[Result] = []
    blocking = not pgconn.nonblocking
    try:
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        flush = pgconn.send_flush_request if steady else None
        await _communicate(pgconn, sends, syncs, results, wait, progress, flush)
        pgconn.exit_pipeline_mode()
        if blocking:
            pgconn.nonblocking = 0
    except psycopg.OperationalError:
        drop()
        missing = len(sends) - syncs - len(results)
        results += [pgconn.make_empty_result(pq.ExecStatus.FATAL_ERROR)] * missing
    except BaseException:  # half an exchange cannot be taken up again
        drop()
        raise
    return results


async def _communicate(
    pgconn: pq.abc.PGconn,
    sends: Sequence[Send],
    syncs: int,
    results: list[Result],
    wait: Wait,
    progress: Send,
    flush: Send | None,
) -> None:
    sent = 0
    while syncs:
        blocked = False
        while sent < len(sends) and not blocked:
            for send in sends[sent : sent + _FLUSH_EVERY]:
                send()
                sent += 1
                if flush is not None:
                    flush()
            blocked = pgconn.flush() == 1
        await wait(writing=blocked or pgconn.flush() == 1)
        syncs -= _take(pgconn, results)
        progress()


def _take(pgconn: pq.abc.PGconn, results: list[Result]) -> int:
    """Move the results that have arrived; the number of syncs among them."""
    syncs, nothing = 0, 0
    while nothing < 2 and not pgconn.is_busy():  # a single None parts two statements
        result = pgconn.get_result()
        if result is None:
            nothing += 1
            continue
        nothing = 0
        if result.status == _SYNC:
            syncs += 1
        else:
            results.append(result)
    if pgconn.status == pq.ConnStatus.BAD:
        raise psycopg.OperationalError("the connection broke")
    return syncs
