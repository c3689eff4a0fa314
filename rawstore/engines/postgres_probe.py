"""Why a PostgreSQL server cannot be reached: one attempt to connect, awaited by many callers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg

from ..errors import ConfigError, ConnectionLost, DatabaseError
from ..target import PostgresTarget
from ..tls import remedy
from .errormap import from_sqlstate

OLDEST_SERVER = 140000
PATIENCE = 10.0  # seconds


class Probe:
    """An attempt to connect, in a thread of its own: a caller waits no longer than it wants to."""

    def __init__(self, conninfo: str, target: PostgresTarget) -> None:
        self._conninfo = conninfo
        self._target = target
        self._done = threading.Event()
        self._started = time.monotonic()
        self._version = 0
        self._error: psycopg.Error | None = None
        self._waiters: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._connect, name="rawstore-probe", daemon=True).start()

    @property
    def problem(self) -> DatabaseError | None:
        """Why the server cannot be reached, for a caller whose time is over; None if it can be."""
        if not self._done.is_set():
            waited = f"no answer within {self._target.pool_timeout:g} s"
            return ConnectionLost(f"cannot connect to {self._target}: {waited}")
        return None if self._error is None else connect_error(self._error, self._target)

    @property
    def over(self) -> bool:
        """Whether the attempt has ended, or has taken so long that another is worth while."""
        return self._done.is_set() or time.monotonic() > self._started + PATIENCE

    def when_done(self, callback: Callable[[], object]) -> None:
        """Call it, in the attempt's thread, when the attempt has ended; at once if it has."""
        with self._lock:
            if not self._done.is_set():
                self._waiters.append(callback)
                return
        callback()

    def wait(self, end: float) -> None:
        """Return once the server has answered. Raises ConnectionLost and the like, ConfigError."""
        self._done.wait(max(0.0, end - time.monotonic()))
        if (problem := self.problem) is not None:
            raise problem
        check_version(self._version)

    def _connect(self) -> None:
        try:
            with psycopg.connect(self._conninfo, autocommit=True) as connection:
                self._version = connection.info.server_version
        except psycopg.Error as error:
            self._error = error
        finally:
            with self._lock:
                self._done.set()
            for callback in self._waiters:
                callback()


def check_version(version: int) -> None:
    """Raise ConfigError for a server that is too old; `version` as libpq gives it (160004)."""
    if version < OLDEST_SERVER:
        name = f"{version // 10000}.{version % 10000}"
        raise ConfigError(
            f"the server is PostgreSQL {name}; {OLDEST_SERVER // 10000} or newer is needed"
        )


def connect_error(error: psycopg.Error, target: PostgresTarget) -> DatabaseError:
    """Why a connection could not be made, without the password."""
    said = [line for line in str(error).splitlines() if line and not line.startswith("\t")]
    reason = said[-1].strip() if said else type(error).__name__  # without libpq's advice
    reason = target.hide(reason)
    if error.sqlstate and not error.sqlstate.startswith(("08", "28", "3D", "57")):
        return from_sqlstate(error.sqlstate, reason)
    return ConnectionLost(
        f"cannot connect to {target}: {reason}{remedy(reason)}", code=error.sqlstate
    )
