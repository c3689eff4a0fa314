"""SIGTERM and SIGINT while migrating: roll back first, then let the signal do its work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from rawstore.errors import MigrationError

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(KeyboardInterrupt):
    """A signal has come. psycopg cancels a running statement on any KeyboardInterrupt."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the signals into an exception inside the block, then deliver them to their handlers.

    Python dies of SIGTERM without running any `finally`; every orderly stop of a container would
    be a crash. If the process outlives the delivery, MigrationError. Only Python's main thread
    gets signals: in another one the block runs as it is, and a SIGTERM is a crash, which the
    next run gets over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    try:
        with _handlers(received):
            yield
    except BaseException as error:
        if not received:
            raise
        _deliver(received[0], error)
    else:
        if received:
            _deliver(received[0], None)


@contextmanager
def _handlers(received: list[int]) -> Iterator[None]:
    """Have the block's signals noted, and the first of them raised."""

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:  # a second one must not interrupt the rollback
            raise Stopped

    known = {number: signal.getsignal(number) for number in _SIGNALS}
    # None: a handler that is not Python's, and that Python cannot put back.
    ours = {n: h for n, h in known.items() if h is not None and h is not signal.SIG_IGN}
    try:
        for number in ours:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def _deliver(number: int, cause: BaseException | None) -> NoReturn:
    signal.raise_signal(number)
    raise MigrationError(
        f"stopped by {signal.Signals(number).name}; what was not finished was rolled back"
    ) from cause
