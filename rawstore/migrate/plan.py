"""What is applied, whether it may be, and what a command would do about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from rawstore.errors import MigrationError
from rawstore.migrate.statements import built_concurrently

if TYPE_CHECKING:
    from rawstore.migrate.folder import MigrationFile
    from rawstore.scan import Dialect


@dataclass(frozen=True, slots=True)
class MigrationState:
    """One migration: `changed` was edited after it was applied, `missing` has no file any more."""

    id: str
    state: Literal["applied", "pending", "changed", "missing"]
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The files to run, in this order; and those of stock yoyo, which have no checksum yet."""

    direction: Literal["apply", "rollback"]
    files: tuple[MigrationFile, ...]
    adopt: tuple[MigrationFile, ...]

    @property
    def is_work(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.files or self.adopt)

    @property
    def ids(self) -> list[str]:
        """The ids of the files."""
        return [file.id for file in self.files]


@dataclass(frozen=True, slots=True)
class History:
    """The files of a folder against what a database has recorded: (id, moment, checksum)."""

    files: Sequence[MigrationFile]
    recorded: Sequence[tuple[str, Any, str | None]]

    def states(self) -> list[MigrationState]:
        """Return the state of every migration, by id."""
        files = {file.id: file for file in self.files}
        states = [
            MigrationState(id_, _state(files.get(id_), sha256), utc(moment))
            for id_, moment, sha256 in self.recorded
        ]
        applied = {state.id for state in states}
        states += [MigrationState(id_, "pending", None) for id_ in files if id_ not in applied]
        return sorted(states, key=lambda state: state.id)

    def verify(self) -> None:
        """Raise MigrationError, with every reason, if the database and the files disagree."""
        problems = [
            _PROBLEMS[s.state].format(id=s.id) for s in self.states() if s.state in _PROBLEMS
        ]
        newest = max((id_ for id_, _, _ in self.recorded), default="")
        problems += [
            f"{state.id} is not applied, but {newest}, which comes after it, is: "
            "give it a number after that"
            for state in self.states()
            if state.state == "pending" and state.id < newest
        ]
        if problems:
            raise MigrationError("nothing was run:\n" + "\n".join(problems))

    def up(self, to: str | None) -> Plan:
        """Plan everything that is pending, up to and with the migration `to`."""
        last = self.find(to).id if to is not None else None
        applied = self._applied()
        pending = [f for f in self.files if f.id not in applied and (last is None or f.id <= last)]
        return Plan("apply", tuple(pending), self._adopt())

    def down(self, count: int, dialect: Dialect) -> Plan:
        """Plan to roll back the newest `count`; MigrationError if one of them cannot be."""
        if count < 0:
            raise MigrationError(f"cannot roll back {count} migrations")
        applied = self._applied()
        files = [file for file in reversed(self.files) if file.id in applied][:count]
        for file in files:
            if problem := _irreversible(file, dialect):
                raise MigrationError(f"{file.id} cannot be rolled back: {problem}")
        return Plan("rollback", tuple(files), self._adopt())

    def to(self, target: str, dialect: Dialect) -> Plan:
        """Plan the way to exactly this migration, up or down; `0000` or `zero`: nothing applied."""
        last = "" if target in ("0000", "zero") else self.find(target).id
        beyond = sum(id_ > last for id_ in self._applied())
        return self.down(beyond, dialect) if beyond or not last else self.up(last)

    def find(self, name: str) -> MigrationFile:
        """Return the file of an id or of its unique beginning."""
        found = [file for file in self.files if file.id == name] or [
            file for file in self.files if name and file.id.startswith(name)
        ]
        if len(found) != 1:
            what = "several migrations begin" if found else "no migration begins"
            raise MigrationError(f"{what} with {name!r}")
        return found[0]

    def _applied(self) -> set[str]:
        return {id_ for id_, _, _ in self.recorded}

    def _adopt(self) -> tuple[MigrationFile, ...]:
        unknown = {id_ for id_, _, sha256 in self.recorded if sha256 is None}
        return tuple(file for file in self.files if file.id in unknown)


_PROBLEMS = {
    "changed": "{id} was edited after it was applied: restore the file, and put the change "
    "into a new migration",
    "missing": "{id} is applied, but there is no such file: restore it, or run the version that "
    "has it (or is this the folder of another history?)",
}


def _state(
    file: MigrationFile | None, sha256: str | None
) -> Literal["applied", "changed", "missing"]:
    if file is None:
        return "missing"
    return "applied" if sha256 in (None, file.sha256) else "changed"


def _irreversible(file: MigrationFile, dialect: Dialect) -> str | None:
    statements = file.statements(dialect)
    if not file.transactional and statements and built_concurrently(statements[-1]):
        return None  # the way back is DROP INDEX CONCURRENTLY
    return file.irreversible(dialect)


def utc(moment: Any) -> datetime:
    """Return yoyo's moment (a naive datetime, or text in SQLite) as an aware one."""
    naive = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return naive.replace(tzinfo=UTC)
