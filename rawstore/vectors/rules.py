"""How many lists an IVFFlat index should have, and when an index should be built anew. Pure.

Rows to lists: below 1000 10 to 50, below 10 000 50 to 100, to 100 000 100 to 500, above that the
square root.
"""

from __future__ import annotations

from math import isqrt

from .facts import VectorIndex

RECALL = 0.95
"""What is asked of an index where nothing else is said."""
NEIGHBOURS = 10
"""Recall is of so many nearest."""
_BANDS = ((1_000, 10, 50), (10_000, 50, 100), (100_000, 100, 500))
_MOST_LISTS = 32_768  # pgvector's


def lists_between(rows: int) -> tuple[int, int]:
    """The fewest and the most lists that suit so many rows."""
    for end, fewest, most in _BANDS:
        if rows < end:
            return fewest, most
    root = isqrt(rows)
    # The root of half the rows, and of twice as many: a table may double before it is too large.
    return min(isqrt(rows // 2), _MOST_LISTS), min(2 * root, _MOST_LISTS)


def lists_for(rows: int, lists: int) -> int:
    """The lists to build an index with: those it has, `lists`, if they are about right."""
    start = 0
    best = min(isqrt(rows), _MOST_LISTS)
    for end, fewest, most in _BANDS:
        if rows < end:
            best = fewest + (most - fewest) * (rows - start) // (end - start)
            break
        start = end
    fewest, most = lists_between(rows)
    about_right = best <= 1.5 * lists and lists <= 1.5 * best
    return lists if about_right and fewest <= lists <= most else best


def reasons_to_rebuild(index: VectorIndex, recall: float = RECALL) -> list[str]:
    """Why an index should be built anew; none for one that serves."""
    if not index.valid:
        return ["invalid: no search uses it"]
    if index.method != "ivfflat" or index.lists is None:
        return []
    found = []
    fewest, _ = lists_between(index.rows)
    if index.lists < fewest and index.rows > NEIGHBOURS:
        found.append(
            f"outgrown: {index.lists} lists for {index.rows} rows, "
            f"where {lists_for(index.rows, index.lists)} do"
        )
    if has_doubled(index):
        found.append(f"grown from {index.built_rows} to {index.rows} rows since it was built")
    if not found and is_poor(index, recall) and may_be_better(index):
        found.append(f"recall {index.recall:.3f} is below {recall:g}")
    return found


def has_doubled(index: VectorIndex) -> bool:
    """Whether there are twice as many rows as when the index was built, as far as is known."""
    return index.built_rows is not None and index.rows >= max(2 * index.built_rows, NEIGHBOURS)


def may_be_better(index: VectorIndex) -> bool:
    """Whether a new index may differ: this one was built on other rows, or who knows when.

    Else a low recall is the setting's fault, or the data's, and to build again would not mend it.
    """
    if index.rows <= NEIGHBOURS:
        return False
    return index.built_rows is None or index.rows >= 1.25 * index.built_rows


def is_poor(index: VectorIndex, recall: float = RECALL) -> bool:
    """Whether the recall was measured and is below the one asked for."""
    return index.recall is not None and index.recall < recall


def advice(index: VectorIndex) -> tuple[str, ...]:
    """What to do about an index: always something to read."""
    if index.method == "scan":
        return ("nothing to do: no index, every vector is compared",)
    found = [f"{reason}: rebuild" for reason in reasons_to_rebuild(index)]
    if not found and is_poor(index):
        found.append(f"recall {index.recall:.3f} is below {RECALL:g}: tune")
    found += _too_many_lists(index)
    if index.rows > 1000 and (index.median_ms or 0.0) > (index.exact_median_ms or 0.0):
        found.append("no faster than comparing every vector: tune")
    return tuple(found) or ("nothing to do",)


def _too_many_lists(index: VectorIndex) -> list[str]:
    if not index.valid or index.lists is None or index.rows <= NEIGHBOURS:
        return []
    fewest, most = lists_between(index.rows)
    if index.lists <= most:
        return []
    return [f"too many lists for its rows: {index.lists}, where {fewest} to {most} do"]
