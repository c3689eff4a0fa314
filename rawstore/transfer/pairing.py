"""Which table and column of one database goes with which of another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..errors import MigrationError
from ..scan import Dialect
from ..tables.known import Known
from ..tables.model import Column, Table, named
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
    left = {table.name: table for table in target}
    for table in source:
        other = named(table.name, left.values())
        if other is None:
            queried = known.is_written(table.name)
            (problems if queried else left_out).append(f"table {table.name}")
            continue
        del left[other.name]
        pairs.append(_pair(table, other, known, common, problems, left_out))
    left_out += [f"table {name}" for name in left]
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
    theirs = {column.name: column for column in target.columns}
    derived = {column.name.lower() for column in target.others}
    reads, writes = [], []
    for column in source.columns:
        what = f"{source.name}.{column.name}"
        other = named(column.name, theirs.values())
        if other is None:
            needed = column.name.lower() not in derived and known.is_queried(
                source.name, column.name
            )
            (problems if needed else left_out).append(f"column {what}")
            continue
        del theirs[other.name]
        declared = common(column, other)
        if declared is None:
            problems.append(f"column {what} ({column.stored} there, {other.stored} here)")
            continue
        reads.append(replace(column, type=declared))
        writes.append(replace(other, type=declared))
    problems += [
        f"column {target.name}.{column.name}, which has no default"
        for column in theirs.values()
        if not column.default
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
        if not column.derived
    }


def common_type(source: Dialect, target: Dialect, *, stored: bool) -> Common:
    """How to tell the type that a column's values have in both; it tells None where there is none.

    PostgreSQL knows its types; what SQLite stores is held against them. With `stored`, values
    move between two SQLite databases as they are stored; between two of PostgreSQL's, arrays as
    their text, which tells all of them: dimensions, bounds, infinite times.
    """
    if stored:
        return lambda one, other: Type("any")
    if target == "sqlite":
        return lambda one, other: one.type
    if source == "sqlite":
        return lambda one, other: other.type
    return _same_type


def _same_type(one: Column, other: Column) -> Type | None:
    if one.type != other.type:
        return None
    return Type("text") if one.type.array else one.type
