"""Two databases of one store, compared: counts, a hash of all rows, and the keys that differ."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from ..progress import Progress, quiet
from ..scan import Dialect
from ..tables.cells import Cells, python_column
from ..tables.hashing import hashes, meaning
from ..tables.known import Known
from ..tables.model import Column, Digest, Table
from ..tables.rows import Sum, framed
from ..tables.snapshot import Snapshot
from .outcome import Difference, TableOutcome, Verified, shown_key
from .pairing import Pair, Pairing, common_type, pair
from .sides import check_sides

if TYPE_CHECKING:
    from ..store import Store

SHOWN = 20  # differing keys of a table
BUCKETS = 1 << 16  # parts of a table, by a hash of the key, which are compared apart
LOOKED_AT = 64  # of those that differ
Portions = Callable[[], Iterator[Sequence[Cells]]]


def verify(source: Store, target: Store, *, on_progress: Progress = quiet) -> Verified:
    """Compare all tables of two databases of one store, each in one snapshot.

    Values are compared by what they mean: JSON whatever its text, times to the microsecond,
    floats to the bit. What SQLite has for itself, such as the order of insertion, may differ.
    Raises ConfigError for two different stores.
    """
    check_sides(source, target)
    with Snapshot(source) as ours, Snapshot(target) as theirs:
        whole = source.dialect == target.dialect == "postgres"
        sides = [[t.whole() if whole else t for t in side.tables] for side in (ours, theirs)]
        pairing = paired(source, target, *sides)
        tables = tuple(compared(ours, theirs, each, on_progress) for each in pairing.pairs)
        return Verified(tables, pairing.left_out)


def paired(
    source: Store,
    target: Store,
    ours: Sequence[Table],
    theirs: Sequence[Table],
    *,
    stored: bool = False,
) -> Pairing:
    """The tables of two databases, by name. Raises MigrationError where they do not fit."""
    known = Known(source.source, source.queries)
    dialects = cast("tuple[Dialect, Dialect]", (source.dialect, target.dialect))
    return pair(ours, theirs, known, common_type(*dialects, stored=stored))


def compared(
    ours: Snapshot,
    theirs: Snapshot,
    pair: Pair,
    on_progress: Progress,
    known: Digest | None = None,
    *,
    differences: bool = True,
) -> TableOutcome:
    """A table in both; `known` is the source's digest, where it has been taken already."""
    name = pair.source.name
    one = known or digest(ours, pair.source, pair.reads, f"reading {name}", on_progress)
    other = digest(theirs, pair.target, pair.writes, f"verifying {name}", on_progress)
    if one == other:
        return TableOutcome(name, one.rows, other.rows, equal=True)
    found = tuple(_differences(ours, theirs, pair)) if differences else ()
    return TableOutcome(name, one.rows, other.rows, equal=False, differences=found)


def digest(
    snapshot: Snapshot, table: Table, columns: Sequence[Column], what: str, on_progress: Progress
) -> Digest:
    """The digest of these columns, read in these types."""
    total = snapshot.count(table)
    found = Sum()
    for portion in snapshot.hashes(table, columns):
        found.add(portion)
        on_progress(what, found.rows, total)
    return Digest(found.rows, found.hash)


# -- which rows differ


def _differences(ours: Snapshot, theirs: Snapshot, pair: Pair) -> Iterator[Difference]:
    """The first keys that differ: the tables are compared part by part, by a hash of the key."""
    sides: tuple[Portions, Portions] = (
        lambda: ours.columns(pair.source, pair.reads, ordered=False),
        lambda: theirs.columns(pair.target, pair.writes, ordered=False),
    )
    one, other = (_parts(pair, side) for side in sides)
    wanted = {part for part in one.keys() | other.keys() if one.get(part) != other.get(part)}
    few = set(sorted(wanted)[:LOOKED_AT])
    left, right = (_held(pair, side, few) for side in sides)
    shown = 0
    for key in sorted(left.keys() | right.keys()):
        difference = _difference(pair, key, left.get(key), right.get(key))
        if difference is not None and shown < SHOWN:
            shown += 1
            yield difference


def _difference(
    pair: Pair, key: bytes, one: Counter[bytes] | None, other: Counter[bytes] | None
) -> Difference | None:
    if one == other:
        return None
    shown = key.decode()
    if one and other and pair.key:
        return Difference(shown, "different")
    fewer = sum((one or Counter()).values()) > sum((other or Counter()).values())
    return Difference(shown, "missing" if fewer else "extra")


def _parts(pair: Pair, portions: Portions) -> dict[int, int]:
    """The sums of row hashes by part."""
    found: dict[int, int] = defaultdict(int)
    for portion in portions():
        rows = hashes(pair.writes, portion)
        for part, row in zip(_part(pair, portion), rows, strict=True):
            found[part] += int.from_bytes(row, "little")
    return found


def _part(pair: Pair, portion: Sequence[Cells]) -> list[int]:
    """Which part each row is in."""
    keys = framed([cells for _, cells in _key_columns(pair, portion)])
    digests = (hashlib.blake2b(key, digest_size=4).digest() for key in keys)
    return [int.from_bytes(each, "little") % BUCKETS for each in digests]


def _key_columns(pair: Pair, portion: Sequence[Cells]) -> list[tuple[Column, Cells]]:
    """The key's columns; where there is no key, all of them."""
    return [
        (column, meaning(column.type, cells))
        for column, cells in zip(pair.writes, portion, strict=True)
        if not pair.key or column.name in pair.key
    ]


def _held(pair: Pair, portions: Portions, parts: set[int]) -> dict[bytes, Counter[bytes]]:
    """The row hashes of some parts, by the key as it is shown."""
    found: dict[bytes, Counter[bytes]] = defaultdict(Counter)
    for portion in portions():
        rows = hashes(pair.writes, portion)
        for index, part in enumerate(_part(pair, portion)):
            if part in parts:
                key = _shown(pair, portion, index, rows[index])
                found[key.encode()][rows[index]] += 1
    return found


def _shown(pair: Pair, portion: Sequence[Cells], index: int, row: bytes) -> str:
    if not pair.key:
        return f"a row (hash {row.hex()})"
    columns = _key_columns(pair, portion)
    values = []
    for column, cells in columns:
        try:
            values += python_column(column.type, [cells[index]])
        except ValueError:
            values.append("?")
    return shown_key([column.name for column, _ in columns], values)
