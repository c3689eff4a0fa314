"""One examination at a time, in a thread of its own, awaited by any number of callers.

Looking up a host, connecting, TLS and a file system can block for longer than anybody wants to
wait, and cannot be called off. So the callers leave at their deadline, and the thread ends by
itself; until then it is the only one of its store.

A look at a server costs some milliseconds. So that a hundred checks a second cost next to nothing,
one that found nothing wrong answers further ones for half a second; a fault is found anew each
time, and its mending at once.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, RawstoreError
from ..target import MAX_SECONDS, SqliteTarget
from .migrations import Migrations
from .verdict import Asked, Findings, Health, Problem

if TYPE_CHECKING:
    from ..identity import Identity
    from ..store import Store
    from .postgres import PostgresProbe
    from .sqlite import SqliteProbe

_Key = tuple[float | None, bool]

DEADLINE = 1.0  # seconds; a check must not hang where the database does
INTEGRITY_DEADLINE = 600.0
MAX_AGE = 0.5  # seconds that a good answer is good for


class Examination:
    """One look at a database, under way or over."""

    def __init__(self, look: Callable[[Findings], None], database: str) -> None:
        self._look = look
        self._database = database
        self._found = Findings()
        self._done = threading.Event()
        self._waiters: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._mistake: Exception | None = None
        self._begun = time.monotonic()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="rawstore-health", daemon=True).start()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._done.is_set()

    def answers(self, max_age: float) -> bool:
        """Whether whoever asks now need not have another: it goes on, or was good just now."""
        if not self.over:
            return True
        good = not self._found.problems and self._mistake is None
        return good and time.monotonic() - self._begun < max_age

    def wait(self, seconds: float) -> None:
        """Return when it is over, or after so many seconds."""
        self._done.wait(seconds)

    def when_done(self, callback: Callable[[], object]) -> None:
        """Call it, in the examination's thread, when that is over; at once if it is."""
        with self._lock:
            if not self.over:
                self._waiters.append(callback)
                return
        callback()

    def verdict(self, pool: dict[str, int], asked: Asked, seconds: float) -> Health:
        """Sum up what has been found by now."""
        if self._mistake is not None:
            raise self._mistake
        late = None if self.over else Problem("frozen", f"no answer within {asked.deadline:g} s")
        return self._found.verdict(self._database, pool, seconds, late)

    def _run(self) -> None:
        try:
            self._look(self._found)
        except RawstoreError as error:
            self._found.failed(error)
        except OSError as error:
            self._found.problem("down", f"{type(error).__name__}: {error.strerror}")
        except Exception as error:  # a mistake of ours is not to look like good health
            self._mistake = error
        finally:
            with self._lock:
                self._done.set()
            for callback in self._waiters:
                callback()


class Examiner:
    """Examines the database of one engine, of either colour."""

    def __init__(self, store: Identity, engine: Any) -> None:
        self._engine = weakref.ref(engine)
        self._database = str(store.target)
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._latest: dict[_Key, Examination] = {}
        migrations = Migrations(store.source.migrations(store.target.dialect), store.name)
        self._probe: PostgresProbe | SqliteProbe
        if isinstance(store.target, SqliteTarget):
            from .sqlite import SqliteProbe

            self._probe = SqliteProbe(store.target, migrations)
        else:
            from .postgres import PostgresProbe

            self._probe = PostgresProbe(store.target, store.schema, migrations)

    def examination(self, asked: Asked) -> Examination:
        """Return the one under way, a good one of just now, or a new one."""
        key = (asked.max_lag, asked.integrity)
        with self._lock:
            known = self._latest.get(key)
            if known is not None and known.answers(asked.max_age) and self._is_usable():
                return known
            self._latest = {k: e for k, e in self._latest.items() if not e.over}
            begun = Examination(lambda found: self._look(asked, found), self._database)
            self._latest[key] = begun
        begun.start()
        return begun

    @property
    def is_ours(self) -> bool:
        """False in a forked child, where the threads and connections are the parent's."""
        return os.getpid() == self._process

    def _is_usable(self) -> bool:
        try:
            _refuse_unusable(self._engine())
        except ConfigError:
            return False
        return True

    def _look(self, asked: Asked, found: Findings) -> None:
        engine = self._engine()
        if engine is None:
            return
        _refuse_unusable(engine)
        if engine.single:
            _look_at_memory(engine, self._probe, found)
            return
        del engine
        self._probe.examine(asked, found)


def examiner(store: Identity, engine: Any) -> Examiner:
    """Return the examiner of the engine; `store` is its store, of either colour."""
    known = _examiners.get(engine)
    if known is None or not known.is_ours:
        known = _examiners[engine] = Examiner(store, engine)
    return known


def check(
    store: Store,
    *,
    max_lag: float | None = None,
    integrity: bool = False,
    deadline: float | None = None,
    max_age: float = MAX_AGE,
) -> Health:
    """Ask the database, within the deadline; see `Store.health`."""
    engine = store._engine  # noqa: SLF001 - part of the store
    asked = asked_for(max_lag, deadline, max_age, integrity=integrity)
    start = time.monotonic()
    examination = examiner(store, engine).examination(asked)
    examination.wait(asked.deadline)
    return examination.verdict(pool_of(engine), asked, time.monotonic() - start)


def asked_for(
    max_lag: float | None, deadline: float | None, max_age: float, *, integrity: bool
) -> Asked:
    """Fill in the deadline. Raises ConfigError for times that are none."""
    if deadline is None:
        deadline = INTEGRITY_DEADLINE if integrity else DEADLINE
    if not 0 < deadline <= MAX_SECONDS:
        raise ConfigError("deadline must be more than 0 seconds")
    if max_lag is not None and not 0 <= max_lag <= MAX_SECONDS:
        raise ConfigError("max_lag must be 0 seconds or more")
    return Asked(max_lag, integrity, deadline, max_age)


def pool_of(engine: Any) -> dict[str, int]:
    """Return the pool's figures; none where there is no pool."""
    stats: dict[str, int] = engine.stats() if engine.dialect == "postgres" else {}
    return stats


def _refuse_unusable(engine: Any) -> None:
    """Raise ConfigError for a store that is closed, or was opened before a fork."""
    if engine.dialect == "postgres":
        engine._usable()  # noqa: SLF001 - what its own calls begin with
    elif (blocking := getattr(engine, "blocking", engine))._closed or blocking._forked:  # noqa: SLF001
        raise blocking._unusable()  # noqa: SLF001


def _look_at_memory(engine: Any, probe: Any, found: Findings) -> None:
    """The one connection is the database: where it is in use, that is an answer too."""
    blocking = getattr(engine, "blocking", engine)
    if blocking._write_lock.locked():  # noqa: SLF001
        probe.note_version(found)
        found.warnings.append("a transaction is open: the migrations were not looked at")
        return
    session = blocking.borrow()
    try:
        probe.look_at_memory(session.connection, found)
    finally:
        blocking.give(session)


_examiners: weakref.WeakKeyDictionary[Any, Examiner] = weakref.WeakKeyDictionary()
