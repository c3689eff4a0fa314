"""What a check finds, and the verdict on it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ..errors import (
    ConfigError,
    DatabaseBusy,
    DatabaseCorrupt,
    MigrationError,
    Overloaded,
    RawstoreError,
    ReadOnly,
    StatementError,
    StatementTimeout,
    StorageFull,
)

Code = Literal[
    "misconfigured",  # nothing that waiting could mend: a closed store, a server too old
    "down",  # it cannot be reached, or lets us not in
    "frozen",  # it takes connections, or holds a lock, and does not answer
    "exhausted",  # the server has no connection free
    "damaged",  # the file, or what a server reads, is corrupt
    "full",  # the disk, a quota, a limit on the size of files
    "read-only",
    "tampered",  # migrations edited after they were applied, lost, or out of order
    "behind",  # migrations are pending
    "ahead",  # newer migrations are applied than these files know: an old deploy
    "lagging",  # replication, where it was asked for
    "outdated",  # an extension that gives wrong answers
    "invalid-index",
    "inconsistent",  # rows whose foreign keys lead nowhere
    "unchecked",  # what was asked for could not be finished
]
Status = Literal["healthy"] | Code

GRAVITY: tuple[Code, ...] = get_args(Code)
OUT_OF_REACH: tuple[Code, ...] = ("down", "frozen", "exhausted")

_CODES: tuple[tuple[type[RawstoreError], Code], ...] = (
    (StorageFull, "full"),
    (ReadOnly, "read-only"),
    (DatabaseCorrupt, "damaged"),
    (Overloaded, "exhausted"),
    (DatabaseBusy, "frozen"),
    (StatementTimeout, "frozen"),
    (ConfigError, "misconfigured"),
    (MigrationError, "misconfigured"),
    (StatementError, "misconfigured"),  # PermissionDenied among them
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `code` for programs, `text` for people."""

    code: Code
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(frozen=True, slots=True)
class Health:
    """How a store's database is; `problems` say why not well, the gravest first.

    `status` is "healthy" or the first problem's code; `warnings` do not change it. `server` is
    None where the database did not answer. `migrations`, `pool` (psycopg_pool's figures),
    `connections` (of the server), `replication` and `storage` (of an SQLite file, in bytes) hold
    what was looked at; `seconds` is how long the check took.
    """

    status: Status
    healthy: bool
    database: str
    server: str | None
    extensions: dict[str, str] = field(default_factory=dict)
    migrations: dict[str, int] = field(default_factory=dict)
    pool: dict[str, int] = field(default_factory=dict)
    connections: dict[str, int] = field(default_factory=dict)
    replication: dict[str, Any] = field(default_factory=dict)
    storage: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def reachable(self) -> bool:
        """Whether the database answered."""
        return self.status not in OUT_OF_REACH


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check looks at beyond the ordinary. Times are seconds."""

    max_lag: float | None = None
    integrity: bool = False
    deadline: float = 1.0
    max_age: float = 0.0


class Findings:
    """What the check has found so far; it is read while it grows."""

    def __init__(self) -> None:
        self.server: str | None = None
        self.extensions: dict[str, str] = {}
        self.migrations: dict[str, int] = {}
        self.connections: dict[str, int] = {}
        self.replication: dict[str, Any] = {}
        self.storage: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def problem(self, code: Code, text: str) -> None:
        """Note what is wrong."""
        self.problems.append(Problem(code, text))

    def failed(self, error: RawstoreError) -> None:
        """Note what kept the check from going on."""
        self.problem(code_of(error), str(error))

    def verdict(
        self, database: str, pool: dict[str, int], seconds: float, late: Problem | None
    ) -> Health:
        """Sum up what there is; `late` is the problem of a check that has not ended."""
        found = [*self.problems, *([late] if late else [])]
        problems = tuple(sorted(found, key=lambda each: GRAVITY.index(each.code)))
        return Health(
            status=problems[0].code if problems else "healthy",
            healthy=not problems,
            database=database,
            server=self.server,
            extensions=dict(self.extensions),
            migrations=dict(self.migrations),
            pool=pool,
            connections=dict(self.connections),
            replication=dict(self.replication),
            storage=dict(self.storage),
            problems=problems,
            warnings=(*self.warnings, *_crowded(pool)),
            seconds=round(seconds, 4),
        )


def code_of(error: RawstoreError) -> Code:
    """Return the code of an error; what is not known better is down."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), "down")


def _crowded(pool: dict[str, int]) -> tuple[str, ...]:
    waiting = pool.get("requests_waiting", 0)
    if not waiting or pool.get("pool_available", 0):
        return ()
    size = pool.get("pool_size", 0)
    return (f"all {size} connections of the pool are in use, and {waiting} callers wait for one",)
