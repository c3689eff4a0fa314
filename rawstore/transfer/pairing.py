"""Which table and column of one database goes with which of another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..errors import MigrationError
from ..scan import Dialect
from ..tables.known import Known
from ..tables.model import Column, Table
from ..types import Type

Common = Callable[[Column, Column], Type | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """A table in both. What moves is read from the columns `reads` and goes into `writes`.

    Both have the same types. `key` are columns of `writes`.
    """

    source: Table
    target: Table
    reads: tuple[Column, ...]
    writes: tuple[Column, ...]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """All tables that are in both; what is in one alone, and not data of its own, is left out."""

    pairs: tuple[Pair, ...]
    left_out: tuple[str, ...]


def pair(source: Sequence[Table], target: Sequence[Table], known: Known, common: Common) -> Pairing:
    """Pair by name; `common` is that of `common_type`.

    `known` is what the source's query files know. Raises MigrationError that names what only the
    source has and a query knows, what only the target has and needs, and types that differ.
    """
    problems: list[str] = []
    left_out: list[str] = []
    pairs = []
    by_name = {table.name.lower(): table for table in target}
    for table in source:
        other = by_name.pop(table.name.lower(), None)
        if other is None:
            queried = known.is_written(table.name)
            (problems if queried else left_out).append(f"table {table.name}")
            continue
        pairs.append(_pair(table, other, known, common, problems, left_out))
    left_out += [f"table {table.name}" for table in by_name.values()]
    if problems:
        raise MigrationError(
            "nothing was written; the two databases differ in what they hold: "
            + "; ".join(problems)
            + ". Are their migrations the same (rawstore migrate status)?"
        )
    return Pairing(tuple(pairs), tuple(left_out))


def _pair(
    source: Table,
    target: Table,
    known: Known,
    common: Common,
    problems: list[str],
    left_out: list[str],
) -> Pair:
    ours = {column.name.lower(): column for column in source.columns}
    theirs = {column.name.lower(): column for column in target.columns}
    derived = {column.name.lower() for column in target.others}
    reads, writes = [], []
    for name, column in ours.items():
        what = f"{source.name}.{column.name}"
        if name not in theirs:
            needed = name not in derived and known.is_queried(source.name, column.name)
            (problems if needed else left_out).append(f"column {what}")
            continue
        declared = common(column, theirs[name])
        if declared is None:
            problems.append(f"column {what} ({column.stored} there, {theirs[name].stored} here)")
            continue
        reads.append(replace(column, type=declared))
        writes.append(replace(theirs[name], type=declared))
    problems += [
        f"column {target.name}.{column.name}, which has no default"
        for name, column in theirs.items()
        if name not in ours and not column.default
    ]
    left_out += sorted(_apart(source, target))
    names = {column.name for column in writes}
    key = next((key for key in (target.key, source.key) if key and names.issuperset(key)), ())
    return Pair(source, target, tuple(reads), tuple(writes), key)


def _apart(source: Table, target: Table) -> set[str]:
    return {
        f"column {table.name}.{column.name}"
        for table in (source, target)
        for column in table.others
    }


def common_type(source: Dialect, target: Dialect, *, stored: bool) -> Common:
    """How to tell the type that a column's values have in both; it tells None where there is none.

    PostgreSQL knows its types; what SQLite stores is held against them. With `stored`, values
    move between two SQLite databases as they are stored.
    """
    if stored:
        return lambda one, other: Type("any")
    if target == "sqlite":
        return lambda one, other: one.type
    if source == "sqlite":
        return lambda one, other: other.type
    return lambda one, other: one.type if one.type == other.type else None
