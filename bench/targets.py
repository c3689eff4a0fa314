"""The figures to reach, and those that a run reached."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .measure import quantile, ratios
from .results import Results

FILE = Path(__file__).with_name("targets.toml")


@dataclass(frozen=True)
class Target:
    """One figure to reach: one of the three limits is given."""

    scenario: str
    dialect: str
    ours: str
    against: str
    at_most: float | None = None
    at_least: float | None = None
    at_most_ms_more: float | None = None

    @property
    def limit(self) -> str:
        """The limit in words."""
        if self.at_most_ms_more is not None:
            return f"≤ + {self.at_most_ms_more:g} ms"
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"

    def allows(self, figure: float) -> bool:
        """Whether a figure reaches it."""
        if self.at_least is not None:
            return figure >= self.at_least
        limit = self.at_most if self.at_most is not None else self.at_most_ms_more
        return limit is not None and figure <= limit


@dataclass(frozen=True)
class Reached:
    """What a run reached: the median over the rounds, and the 10th and 90th percentile."""

    figure: float
    low: float
    high: float
    met: bool
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.figure:.2f} ({self.low:.2f} to {self.high:.2f}){self.unit}"


def targets() -> list[Target]:
    """Every figure to reach."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [Target(**each) for each in found["target"]]


def reached(target: Target, results: Results) -> Reached | None:
    """What a run reached; None where it did not measure both ways."""
    found = results.find(target.scenario, target.dialect)
    ours, theirs = (found.way(target.ours), found.way(target.against)) if found else (None, None)
    if ours is None or theirs is None:
        return None
    if target.at_most_ms_more is not None:
        more = sorted((a - b) / 1000 for a, b in zip(ours.rounds, theirs.rounds, strict=True))
        middle = median(more)
        spread = (quantile(more, 0.1), quantile(more, 0.9))
        return Reached(middle, *spread, target.allows(middle), " ms")
    middle, low, high = ratios(ours.rounds, theirs.rounds)
    return Reached(middle, low, high, target.allows(middle))


def lines(runs: Sequence[Results]) -> Iterator[tuple[Target, list[Reached | None]]]:
    """Each target with what each run reached."""
    for target in targets():
        yield target, [reached(target, run) for run in runs]
