"""What is made of the times."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from bench.measure import Args, compare, quantile, ratios
from bench.results import PARTS, latencies


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=200))
def test_quantiles_are_those_of_statistics(values: list[float]) -> None:
    values.sort()
    expected = statistics.quantiles(values, n=100, method="inclusive")
    assert [quantile(values, part / 100) for part in range(1, 100)] == pytest.approx(expected)
    assert quantile(values, 0) == values[0]
    assert quantile(values, 1) == values[-1]


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratios([1, 2, 30], [2, 4, 10]) == pytest.approx((0.5, 0.5, 2.5))


def test_rounds_become_medians_and_quantiles_in_microseconds() -> None:
    rounds, quantiles, calls = latencies([[1000, 3000, 2000], [5000, 4000, 6000]])
    assert rounds == [2.0, 5.0]
    assert calls == 6
    assert dict(zip(PARTS, quantiles, strict=True))[0.5] == 3.5
    assert quantiles[-1] == 6.0


def test_every_way_gets_the_same_arguments_in_a_round() -> None:
    drawn = iter(range(100))
    got: dict[str, list[list[Args]]] = {"a": [], "b": []}

    def sample(name: str) -> object:
        def taken(arguments: Sequence[Args]) -> list[int]:
            got[name].append(list(arguments))
            return [1] * len(arguments)

        return taken

    samples = [sample("a"), sample("b")]
    found = compare(samples, lambda: (next(drawn),), calls=3, rounds=4, warm_up=2)  # type: ignore[arg-type]
    assert got["a"] == got["b"]
    assert [len(each) for each in got["a"]] == [2, 3, 3, 3, 3]
    assert [len(rounds) for rounds in found] == [4, 4]
