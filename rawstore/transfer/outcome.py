"""What a copy and a comparison found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ..errors import RawstoreError


class Unfit(NamedTuple):
    """A row that cannot go: where it stands and why; its key, but never a value besides."""

    table: str
    key: str
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.column}: {self.reason}"


class UnfitRows(RawstoreError):
    """Rows that the target cannot take: nothing was written.

    `rows` are the first of them, `total` how many there are.
    """

    def __init__(self, rows: Sequence[Unfit], total: int) -> None:
        what = f"{total} values" if total > 1 else "1 value"
        shown = f", of which the first {len(rows)}" if len(rows) < total else ""
        lines = "".join(f"\n  {row}" for row in rows)
        super().__init__(f"nothing was written; {what} cannot go{shown}:{lines}")
        self.rows = tuple(rows)
        self.total = total

    def __reduce__(self) -> tuple[type[UnfitRows], tuple[tuple[Unfit, ...], int]]:
        """Pickle by the rows, not by the message."""
        return type(self), (self.rows, self.total)


class TargetNotEmpty(RawstoreError):
    """The target holds other rows: `tables` says how many, by table. Nothing was written."""

    def __init__(self, target: str, tables: dict[str, int]) -> None:
        held = ", ".join(f"{name} {count}" for name, count in tables.items())
        super().__init__(
            f"{target} holds other rows ({held}); copy into an empty database, or replace them "
            "(replace=True, --replace)"
        )
        self.target = target
        self.tables = tables

    def __reduce__(self) -> tuple[type[TargetNotEmpty], tuple[str, dict[str, int]]]:
        """Pickle by what it is made of, not by the message."""
        return type(self), (self.target, self.tables)


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of one key: in one database only, or different in the other."""

    key: str
    what: Literal["missing", "extra", "different"]


@dataclass(frozen=True, slots=True)
class TableOutcome:
    """A table in both databases. `differences` are the first that were found."""

    table: str
    source_rows: int
    target_rows: int
    equal: bool
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """Two databases compared, table by table.

    `left_out` are the columns and tables that are not compared: one dialect has them for itself.
    """

    tables: tuple[TableOutcome, ...]
    left_out: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether all tables hold equal rows."""
        return all(table.equal for table in self.tables)

    @property
    def rows(self) -> int:
        """The rows of the source, or the first database."""
        return sum(table.source_rows for table in self.tables)


@dataclass(frozen=True, slots=True)
class Copied(Verified):
    """A copy: what was done, and how the two compare after it.

    `unfit` is empty but after a dry run, whose tables tell how many rows would go and `equal` of
    nothing. `deleted` counts the rows that were replaced.
    """

    done: Literal["copied", "equal already", "would copy"] = "copied"
    migrated: tuple[str, ...] = ()
    deleted: int = 0
    unfit: tuple[Unfit, ...] = ()
    unfit_total: int = 0


def shown_key(names: Sequence[str], values: Sequence[Any]) -> str:
    """A key as a person reads it: `id=7`, cut where it is long."""
    parts = [f"{name}={_shown(value)}" for name, value in zip(names, values, strict=True)]
    return ", ".join(parts)


def _shown(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 80 else f"{text[:77]}..."
