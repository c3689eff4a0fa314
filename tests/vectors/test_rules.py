from __future__ import annotations

from dataclasses import replace

import pytest

from rawstore.vectors import VectorIndex
from rawstore.vectors.rules import advice, lists_between, lists_for, reasons_to_rebuild

INDEX = VectorIndex(
    table="things",
    column="place",
    index="things_place",
    method="ivfflat",
    rows=50_000,
    rows_estimated=False,
    dimension=8,
    bytes=0,
    lists=250,
)


@pytest.mark.parametrize(
    ("rows", "fewest", "most"),
    [
        (0, 10, 50),
        (999, 10, 50),
        (1_000, 50, 100),
        (9_999, 50, 100),
        (10_000, 100, 500),
        (99_999, 100, 500),
        (1_000_000, 707, 2000),
        (10**12, 32_768, 32_768),
    ],
)
def test_lists_by_rows(rows: int, fewest: int, most: int) -> None:
    assert lists_between(rows) == (fewest, most)
    assert fewest <= lists_for(rows, 1) <= most


@pytest.mark.parametrize(
    ("rows", "lists", "wanted"),
    [
        (500, 30, 30),  # as it is
        (500, 40, 40),  # about right
        (500, 100, 30),
        (40_000, 100, 233),
        (1_000_000, 100, 1000),
        (1_000_000, 900, 900),
    ],
)
def test_lists_to_build_with(rows: int, lists: int, wanted: int) -> None:
    assert lists_for(rows, lists) == wanted


def test_an_index_that_serves_is_left_alone() -> None:
    assert reasons_to_rebuild(replace(INDEX, recall=0.97)) == []
    assert advice(replace(INDEX, recall=0.97)) == ("nothing to do",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid": False}, "invalid"),
        ({"lists": 99}, "outgrown: 99 lists for 50000 rows"),
        ({"built_rows": 25_000}, "grown from 25000 to 50000 rows"),
        ({"built_rows": 0}, "grown from 0"),
        ({"recall": 0.949}, "recall 0.949 is below 0.95"),
        ({"recall": 0.5, "built_rows": 40_000}, "recall 0.500 is below 0.95"),
    ],
)
def test_reasons_to_rebuild(changes: dict[str, object], reason: str) -> None:
    (found,) = reasons_to_rebuild(replace(INDEX, **changes))  # type: ignore[arg-type]
    assert found.startswith(reason)
    assert advice(replace(INDEX, **changes))[0] == f"{found}: rebuild"  # type: ignore[arg-type]


def test_what_was_built_on_these_rows_is_not_built_again() -> None:
    poor = replace(INDEX, recall=0.5, built_rows=45_000)
    assert reasons_to_rebuild(poor) == []
    assert advice(poor) == ("recall 0.500 is below 0.95: tune",)


def test_an_hnsw_index_is_rebuilt_only_where_it_is_invalid() -> None:
    graph = replace(INDEX, method="hnsw", lists=None, recall=0.1, built_rows=1)
    assert reasons_to_rebuild(graph) == []
    assert reasons_to_rebuild(replace(graph, valid=False)) == ["invalid: no search uses it"]


def test_other_advice() -> None:
    assert advice(replace(INDEX, lists=501)) == (
        "too many lists for its rows: 501, where 100 to 500 do",
    )
    assert advice(replace(INDEX, rows=3, lists=100)) == ("nothing to do",)
    slow = replace(INDEX, recall=1.0, median_ms=9.0, exact_median_ms=8.0)
    assert advice(slow) == ("no faster than comparing every vector: tune",)
