"""Waiting for a database that is about to come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, get_args

from ..errors import ConfigError, ConnectionLost
from ..target import SqliteTarget
from .examiner import DEADLINE, check
from .verdict import Health

if TYPE_CHECKING:
    from ..identity import Identity
    from ..store import Store

Until = Literal["reachable", "migrated", "healthy"]
Notify = Callable[[str], None]
SHORTEST = 0.25  # seconds that a last look gets, however little time is left


class Waiting:
    """What one wait has seen; the clock runs from the beginning."""

    def __init__(
        self,
        store: Identity,
        timeout: float,
        interval: float,
        until: Until,
        tell: Notify | None,
    ) -> None:
        """Raises ConfigError for what is no time and no aim."""
        if not timeout >= 0 or not interval > 0:
            raise ConfigError("timeout must be 0 seconds or more, and interval more than 0")
        if until not in get_args(Until):
            raise ConfigError(f"until is one of {', '.join(get_args(Until))}")
        self._store = store
        self._timeout = timeout
        self._interval = interval
        self._until = until
        self._tell = tell
        self._end = time.monotonic() + timeout
        self._told = ""

    @property
    def patience(self) -> float:
        """The deadline of the next check."""
        return max(SHORTEST, min(DEADLINE, self._end - time.monotonic()))

    @property
    def pause(self) -> float:
        """How long to sleep before it."""
        return max(0.0, min(self._interval, self._end - time.monotonic()))

    def over(self, health: Health) -> bool:
        """Whether it is as was asked for. Raises ConfigError, and ConnectionLost when it is late.

        Tells what is waited for whenever that is something else.
        """
        if self._fits(health):
            return True
        reason = "; ".join(map(str, health.problems)) or "its migrations cannot be read"
        if any(problem.code == "misconfigured" for problem in health.problems):
            raise ConfigError(reason)
        if time.monotonic() >= self._end:
            late = f"{self._store.name} is not {self._until} after {self._timeout:g} s"
            raise ConnectionLost(f"{late}: {reason}")
        if reason != self._told:
            self._told = reason
            if self._tell is not None:
                self._tell(f"waiting for {self._store.name}: {reason}")
        return False

    def _fits(self, health: Health) -> bool:
        if self._until == "healthy":
            return health.healthy
        if not health.server or not health.reachable:
            return self._until == "reachable" and self._is_to_be_made()
        if self._until == "reachable":
            return True
        has_none = not self._store.source.migrations(self._store.target.dialect).is_dir()
        return has_none or health.migrations.get("pending") == 0

    def _is_to_be_made(self) -> bool:
        """Whether it is a file that does not exist: who migrates, makes it."""
        target = self._store.target
        if not isinstance(target, SqliteTarget) or target.path is None or target.read_only:
            return False
        try:
            target.path.stat()
        except FileNotFoundError:
            return True
        except OSError:
            pass
        return False


def wait(
    store: Store,
    *,
    timeout: float = 60.0,
    interval: float = 0.25,
    until: Until = "reachable",
    on_change: Notify | None = None,
) -> Health:
    """Check until it is as asked; see `Store.wait`."""
    waiting = Waiting(store, timeout, interval, until, on_change)
    while not waiting.over(health := check(store, deadline=waiting.patience, max_age=0)):
        time.sleep(waiting.pause)
    return health
