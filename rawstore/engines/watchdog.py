"""One timer thread for the process: it ends waits that outlive their deadline.

A server that is frozen, or a network that swallows packets, keeps libpq waiting for ever, whatever
timeouts the server was given; an SQLite statement has no timeout at all. Each call notes its
deadline on its connection's `Watch`; the thread looks at all of them every `TICK` seconds and
aborts those that are due (a socket shutdown, or sqlite3's interrupt). A call pays two attribute
stores and one clock reading.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable

TICK = 0.05  # seconds between looks: by so much a deadline can be overrun


class Watch:
    """The deadline of one connection. `abort` must be safe to call from another thread."""

    __slots__ = ("__weakref__", "_abort", "aborting", "deadline", "fired")

    def __init__(self, abort: Callable[[], None]) -> None:
        self._abort = abort
        self.deadline: float | None = None  # by time.monotonic()
        self.fired = False
        self.aborting = False

    def start(self, seconds: float | None) -> None:
        """From now, the call may take this long."""
        self.fired = False
        self.deadline = None if seconds is None else time.monotonic() + seconds

    def stop(self) -> None:
        """The call has ended. An abort under way is waited for, so it cannot hit the next call."""
        self.deadline = None
        while self.aborting:
            time.sleep(0)

    def look(self, now: float) -> None:
        """Abort when due. Only the watchdog calls this."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return
        self.aborting = True
        try:
            if self.deadline == deadline:  # still the same call
                self.deadline = None
                self.fired = True
                self._abort()
        finally:
            self.aborting = False


class _Watchdog:
    def __init__(self) -> None:
        # Reentrant: the collector may close a connection while this very thread opens another.
        self._lock = threading.RLock()
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self._thread: threading.Thread | None = None

    def add(self, watch: Watch) -> None:
        with self._lock:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="rawstore-watchdog", daemon=True
                )
                self._thread.start()

    def discard(self, watch: Watch) -> None:
        with self._lock:
            self._watches.discard(watch)

    def _run(self) -> None:
        while True:
            time.sleep(TICK)
            with self._lock:
                if not self._watches:
                    self._thread = None
                    return
                watches = list(self._watches)
            now = time.monotonic()
            for watch in watches:
                watch.look(now)

    def forget(self) -> None:
        """In a forked child: the thread and the parent's connections are not ours."""
        self.__init__()  # type: ignore[misc]


_watchdog = _Watchdog()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watchdog.forget)

watch = _watchdog.add
unwatch = _watchdog.discard
