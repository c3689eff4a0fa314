"""All rows of a store from one database into another."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import DatabaseBusy, MigrationError
from ..progress import Progress, quiet
from ..tables.cells import Cells
from ..tables.hashing import hashes
from ..tables.load import Load
from ..tables.model import Digest, Table
from ..tables.rows import Sum
from ..tables.snapshot import Snapshot
from .fitness import Fitness, examine
from .outcome import Copied, TableOutcome, TargetNotEmpty, UnfitRows
from .pairing import Pair, Pairing
from .sides import check_sides
from .verify import compared, paired

if TYPE_CHECKING:
    from ..store import Store

_ATTEMPTS = 3  # where another copy comes first each time


class _Occupied(Exception):
    """Somebody put rows into the target since it was looked at."""


def copy(
    source: Store,
    target: Store,
    *,
    replace: bool = False,
    dry_run: bool = False,
    on_progress: Progress = quiet,
) -> Copied:
    """Copy every row of `source`, as it is at one moment, into `target`, and compare the two.

    The target is migrated first. All rows go in one transaction: killed at any moment, it leaves
    the target as it was, or complete. A target that is equal already is left as it is; one that
    holds other rows is refused, unless they are to be replaced, in that same transaction. With
    `dry_run` nothing is written, and what could not go is told.

    Raises TargetNotEmpty; UnfitRows, which lists the rows that the target cannot take, before
    anything is written; MigrationError where the two are not at the same migrations; ConfigError
    for two different stores; the mapped error.
    """
    check_sides(source, target)
    _check_source(source)
    migrated = _migrate(target, dry_run=dry_run)
    with Snapshot(source) as snapshot:
        for _ in range(_ATTEMPTS):
            copying = _Copying(source, target, snapshot, on_progress, migrated)
            try:
                return copying.plan(replace=replace) if dry_run else copying.run(replace=replace)
            except _Occupied:
                continue
    raise DatabaseBusy(f"others write to {target.target}; stop them and copy again")


class _Copying:
    """One attempt."""

    def __init__(
        self,
        source: Store,
        target: Store,
        snapshot: Snapshot,
        on_progress: Progress,
        migrated: Sequence[str],
    ) -> None:
        self._source = source
        self._target = target
        self._snapshot = snapshot
        self._tell = on_progress
        self.migrated = tuple(migrated)
        pairing, self._held = self._look()
        apart = tuple(f"table {name}" for name in snapshot.apart)
        self._pairing = Pairing(pairing.pairs, pairing.left_out + apart)

    def _look(self) -> tuple[Pairing, dict[str, int]]:
        """How the tables go together, and how many rows the target holds."""
        ours: Sequence[Table] = self._snapshot.tables
        alike = self._source.dialect == self._target.dialect
        if alike:
            ours = [table.whole() for table in ours]
        stored = alike and self._source.dialect == "sqlite"
        if not _is_there(self._target):  # a dry run of what is not migrated yet
            return paired(self._source, self._source, ours, ours, stored=stored), {}
        with Snapshot(self._target) as there:
            if self.migrated and not there.tables:
                return paired(self._source, self._source, ours, ours, stored=stored), {}
            theirs = [table.whole() for table in there.tables] if alike else there.tables
            pairing = paired(self._source, self._target, ours, theirs, stored=stored)
            counts = {each.target.name: there.count(each.target) for each in pairing.pairs}
        return pairing, {name: count for name, count in counts.items() if count}

    def plan(self, *, replace: bool) -> Copied:
        """What `run` would do."""
        if self._held and (equal := self._equal()):
            return equal
        if self._held and not replace:
            raise TargetNotEmpty(str(self._target.target), self._held)
        found = self._examine()
        tables = [
            TableOutcome(
                each.source.name,
                self._snapshot.count(each.source),
                self._held.get(each.target.name, 0),
                equal=False,
            )
            for each in self._pairing.pairs
        ]
        return Copied(
            tuple(tables),
            self._pairing.left_out,
            "would copy",
            self.migrated,
            sum(self._held.values()),
            tuple(found.rows),
            found.total,
        )

    def run(self, *, replace: bool) -> Copied:
        """Copy, unless there is nothing to do. Raises _Occupied where others were quicker."""
        if self._held and (equal := self._equal()):
            return equal
        if self._held and not replace:
            raise TargetNotEmpty(str(self._target.target), self._held)
        found = self._examine()
        if found.total:
            raise UnfitRows(found.rows, found.total)
        digests = self._load()
        with Snapshot(self._target) as there:
            tables = [
                compared(self._snapshot, there, each, self._tell, digests[each.source.name])
                for each in self._pairing.pairs
            ]
        deleted = sum(self._held.values())
        return Copied(tuple(tables), self._pairing.left_out, "copied", self.migrated, deleted)

    def _equal(self) -> Copied | None:
        """That there is nothing to do; None where there is."""
        with Snapshot(self._target) as there:
            tables = []
            for each in self._pairing.pairs:
                if self._snapshot.count(each.source) != there.count(each.target):
                    return None
                found = compared(self._snapshot, there, each, self._tell, differences=False)
                if not found.equal:
                    return None
                tables.append(found)
        return Copied(tuple(tables), self._pairing.left_out, "equal already", self.migrated)

    def _examine(self) -> Fitness:
        return examine(self._snapshot, self._pairing, self._target.dialect, self._tell)

    def _load(self) -> dict[str, Digest]:
        """All rows in one transaction; what was read, by table."""
        digests = {}
        pairs = {each.target.name: each for each in self._pairing.pairs}
        with Load(self._target) as load:
            counts = {name: load.count(each.target) for name, each in pairs.items()}
            if {name: count for name, count in counts.items() if count} != self._held:
                raise _Occupied
            load.quiet_triggers(
                [each.target for each in pairs.values()],
                (table.name for table in load.tables if table.name not in pairs),
            )
            if self._held:
                load.clear([table for table in load.tables if table.name in pairs])
            for table in load.tables:
                if table.name in pairs:
                    each = pairs[table.name]
                    digests[each.source.name] = self._load_table(load, each)
        return digests

    def _load_table(self, load: Load, pair: Pair) -> Digest:
        found = Sum()
        total = self._snapshot.count(pair.source)

        def portions() -> Iterator[Sequence[Cells]]:
            for portion in self._snapshot.columns(
                pair.source, pair.reads, ordered=pair.target.ordered
            ):
                found.add(hashes(pair.reads, portion))
                yield portion
                self._tell(pair.source.name, found.rows, total)

        load.columns(pair.target, pair.writes, portions())
        return Digest(found.rows, found.hash)


def _is_there(target: Store) -> bool:
    path = getattr(target.target, "path", None)
    return path is None or path.exists()


def _check_source(source: Store) -> None:
    """Refuse a source that is not at the newest migration, unchanged."""
    if not _is_there(source):
        raise MigrationError(f"nothing to copy: {source.target} does not exist")
    if not source.source.migrations(source.target.dialect).is_dir():
        return
    migrations = source.migrations
    migrations.verify()
    pending = [state.id for state in migrations.status() if state.state == "pending"]
    if pending:
        name = shlex.quote(source.name if source.source.shipped else str(source.source.root))
        raise MigrationError(
            f"{source.target} is {len(pending)} migrations behind ({pending[0]}); bring it up to "
            f"date first: rawstore migrate up {name} --url '{source.target}'"
        )


def _migrate(target: Store, *, dry_run: bool) -> list[str]:
    """Bring the target to the newest migration; the ids."""
    if not target.source.migrations(target.target.dialect).is_dir():
        return []
    return target.migrations.up(dry_run=dry_run)
