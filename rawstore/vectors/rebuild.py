"""Building a vector index anew while searches use the old one and writers go on.

With as many lists as before it is REINDEX CONCURRENTLY. Else a second index is built beside, takes
over the name in one short transaction, and the old one is dropped. Whatever stops that, at any
moment an index of the name is there; what is left beside it the next run drops.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from ..errors import DatabaseBusy, PermissionDenied
from ..progress import Progress, quiet
from ..target import PostgresTarget
from . import rules
from .building import memory, watched
from .catalog import Index, indexes
from .connection import Connection, Statement, alone, connected, value
from .facts import Rebuilt
from .selection import selected
from .status import describe, postgres, prepare

if TYPE_CHECKING:
    from ..store import Store

_BUILD_TIMEOUT = "5min"
"""How long a build waits for old transactions to end: in nobody's way."""
_SWAP_TIMEOUT = "1s"
"""How long a name may wait for its lock: longer ones queue others behind them."""
_BUILD_ATTEMPTS, _SWAP_ATTEMPTS = 3, 30
_BUSY = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_progress_create_index
    WHERE relid = %s AND pid <> pg_backend_pid()
)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: see `Vectors.rebuild`."""

    force: bool
    recall: float
    sample: int
    on_progress: Progress = quiet


def rebuild(
    store: Store, name: str | None, wanted: Wanted, *, dry_run: bool, wait: float
) -> list[Rebuilt]:
    """Build anew what has a reason; see `Vectors.rebuild`."""
    target = postgres(store)
    with connected(target) as connection:
        if not prepare(connection, store):
            return []
        if dry_run:
            found = selected(connection, store, name)
            return [_Build(connection, index, wanted).plan for index in found]
        with alone(connection, store.schema, wait):
            drop_leftovers(connection, store.schema)
            found = selected(connection, store, name)
            return [_Build(connection, index, wanted).run(target) for index in found]


def drop_leftovers(connection: Connection, schema: str) -> None:
    """Drop what stopped rebuilds have left, unless somebody is just building on the table."""
    for index in indexes(connection, schema):
        if index.is_leftover and index.allowed and not value(connection, _BUSY, index.table_oid):
            connection.execute(
                sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(index.identifier)
            )


class _Build:
    """One index: why it should be built anew, and how."""

    def __init__(self, connection: Connection, index: Index, wanted: Wanted) -> None:
        self._connection = connection
        self._index = index
        self._wanted = wanted
        facts = describe(connection, index, 0)
        self._rows = facts.rows
        reasons = rules.reasons_to_rebuild(facts)
        if wanted.force:
            reasons = [*reasons, "asked for"]
        elif not reasons and index.method == "ivfflat" and rules.may_be_better(facts):
            measured = describe(connection, index, wanted.sample, wanted.on_progress)
            reasons = rules.reasons_to_rebuild(measured, wanted.recall)
        self._lists = index.lists
        if reasons and index.lists is not None and not index.is_partition:
            self._lists = rules.lists_for(facts.rows, index.lists)
        self.plan = Rebuilt(
            table=index.table,
            index=index.name,
            reasons=tuple(reasons),
            lists=self._lists,
            rows=facts.rows,
            statements=tuple(self._statements()) if reasons else (),
            seconds=None,
        )

    def _statements(self) -> list[str]:
        made = [self._memory(), self._build()]
        if self._lists == self._index.lists:
            made.append(self._note())
        else:
            begin, commit = sql.SQL("BEGIN"), sql.SQL("COMMIT")
            made += [begin, *self._swap(), commit, self._drop()]
        return [each.as_string(self._connection) for each in made]

    def run(self, target: PostgresTarget) -> Rebuilt:
        """Do it, if there is a reason. The old index serves until the new one is there."""
        if not self.plan.reasons:
            return self.plan
        self._check_rights()
        start = time.monotonic()
        self._connection.execute(self._memory())
        try:
            pid = self._connection.info.backend_pid
            with watched(target, pid, self._index.name, self._wanted.on_progress):
                self._patiently(self._built, _BUILD_TIMEOUT, _BUILD_ATTEMPTS)
            if self._lists != self._index.lists:
                self._patiently(self._swapped, _SWAP_TIMEOUT, _SWAP_ATTEMPTS)
                self._patiently(self._dropped, _BUILD_TIMEOUT, _BUILD_ATTEMPTS)
            else:
                self._patiently(self._noted, _SWAP_TIMEOUT, _SWAP_ATTEMPTS)
        except BaseException:
            self._clear_up()
            raise
        return replace(self.plan, seconds=time.monotonic() - start)

    def _check_rights(self) -> None:
        if self._index.allowed:
            return
        raise PermissionDenied(
            f"role {self._connection.info.user} may not rebuild {self._index.name}; "
            f"{self._index.owner}, who owns the table, runs: {'; '.join(self.plan.statements)}",
            code="42501",
        )

    def _patiently(self, work: Callable[[], None], timeout: str, attempts: int) -> None:
        """Do the work, again where it could not get a lock. Raises DatabaseBusy."""
        for attempt in range(attempts):
            self._connection.execute("SELECT set_config('lock_timeout', %s, false)", (timeout,))
            try:
                work()
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                if attempt == attempts - 1:
                    raise DatabaseBusy(
                        f"{self._index.name}: a lock was not free in {attempts} times {timeout}: "
                        "is a transaction open for long? An index is in place; run again",
                        code=error.sqlstate,
                    ) from error
                time.sleep(0.1 * (attempt + 1))
            else:
                return

    def _built(self) -> None:
        drop_leftovers(self._connection, self._index.schema)  # an attempt's that failed
        self._connection.execute(self._build())

    def _swapped(self) -> None:
        with self._connection.transaction():
            for statement in self._swap():
                self._connection.execute(statement)

    def _dropped(self) -> None:
        self._connection.execute(self._drop())

    def _noted(self) -> None:
        self._connection.execute(self._note())

    def _clear_up(self) -> None:
        with suppress(psycopg.Error):
            self._connection.execute("SET lock_timeout = '3s'")
            drop_leftovers(self._connection, self._index.schema)

    # -- the statements

    def _new(self) -> sql.Identifier:
        return sql.Identifier(f"rawstore_new_{self._index.oid}")

    def _old(self) -> sql.Identifier:
        return sql.Identifier(f"rawstore_old_{self._index.oid}")

    def _memory(self) -> Statement:
        megabytes = memory(self._index, self._rows, self._lists)
        return sql.SQL("SET maintenance_work_mem = {}").format(sql.Literal(f"{megabytes}MB"))

    def _build(self) -> Statement:
        index = self._index
        if self._lists == index.lists:
            return sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(index.identifier)
        options = {**index.options, "lists": str(self._lists)}
        return sql.SQL(
            "CREATE INDEX CONCURRENTLY {new} ON {table} USING {method} ({expression} {opclass})"
            " WITH ({options}){tablespace}{condition}"
        ).format(
            new=self._new(),
            table=index.relation,
            method=sql.Identifier(index.method),
            expression=sql.SQL(index.expression),
            opclass=sql.Identifier(*index.operator_class),
            options=sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(option))
                for name, option in options.items()
            ),
            tablespace=self._tablespace(),
            condition=sql.SQL(f" WHERE {index.condition}" if index.condition else ""),
        )

    def _tablespace(self) -> Statement:
        if self._index.tablespace is None:
            return sql.SQL("")
        return sql.SQL(" TABLESPACE {}").format(sql.Identifier(self._index.tablespace))

    def _swap(self) -> list[Statement]:
        index = self._index
        rename = sql.SQL("ALTER INDEX {} RENAME TO {}")
        new = sql.Identifier(index.schema, f"rawstore_new_{index.oid}")
        return [
            rename.format(index.identifier, self._old()),
            rename.format(new, sql.Identifier(index.name)),
            self._note(),
        ]

    def _note(self) -> Statement:
        text = self._index.noted(datetime.now(UTC), self._rows, self._lists)
        return sql.SQL("COMMENT ON INDEX {} IS {}").format(
            self._index.identifier, sql.Literal(text)
        )

    def _drop(self) -> Statement:
        old = sql.Identifier(self._index.schema, f"rawstore_old_{self._index.oid}")
        return sql.SQL("DROP INDEX CONCURRENTLY {}").format(old)
