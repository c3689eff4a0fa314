"""What a run found, as JSON: the figures, and what they were taken on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from rawstore.errors import ConfigError

from .measure import quantile

FORMAT = 1

# Enough to draw a distribution from: every hundredth, and closer where it is steep.
PARTS = (*(n / 100 for n in range(100)), 0.995, 0.999, 0.9999, 1.0)

Unit = Literal["us", "calls/s"]


@dataclass(frozen=True)
class WayResult:
    """One way's figures.

    `rounds` has a round's median in microseconds, or its calls per second. `quantiles` are of all
    calls, in microseconds, at the parts of the same place in `PARTS`; empty for calls per second.
    """

    name: str
    library: str
    gives: str
    rounds: list[float]
    quantiles: list[float] = field(default_factory=list)
    calls: int = 0

    def at(self, part: float) -> float:
        """The latency that this part of the calls does not exceed; `part` is one of `PARTS`."""
        return self.quantiles[PARTS.index(part)]

    @property
    def middle(self) -> float:
        """The median latency, or the median of calls per second."""
        return self.at(0.5) if self.quantiles else median(self.rounds)


@dataclass(frozen=True)
class ScenarioResult:
    """A scenario's ways; the first is the one that ratios are of."""

    scenario: str
    dialect: str
    title: str
    unit: Unit
    statements: dict[str, str]
    ways: list[WayResult]
    skipped: dict[str, str]
    clients: int = 0

    def way(self, name: str) -> WayResult | None:
        """The way of this name, if it was measured."""
        return next((way for way in self.ways if way.name == name), None)


@dataclass(frozen=True)
class OpenLoopResult:
    """Latencies at a fixed rate of arrivals, from when each call should have begun."""

    dialect: str
    way: str
    rate: float
    achieved: float
    workers: int
    calls: int
    quantiles: list[float]

    def at(self, part: float) -> float:
        """As `WayResult.at`."""
        return self.quantiles[PARTS.index(part)]


@dataclass
class Results:
    """A run: `conditions` says on what machine, with which versions and how."""

    conditions: dict[str, Any]
    scenarios: list[ScenarioResult] = field(default_factory=list)
    open_loop: list[OpenLoopResult] = field(default_factory=list)

    @property
    def pinned(self) -> bool:
        """Whether client and server were held to one CPU."""
        return self.conditions["pinned_to"] is not None

    def find(self, scenario: str, dialect: str) -> ScenarioResult | None:
        """The result of a scenario, if it was run."""
        for result in self.scenarios:
            if (result.scenario, result.dialect) == (scenario, dialect):
                return result
        return None


def latencies(rounds: Sequence[Sequence[int]]) -> tuple[list[float], list[float], int]:
    """Of rounds of nanoseconds: each round's median, all calls' quantiles in µs, their number."""
    every = sorted(taken for each in rounds for taken in each)
    quantiles = [round(quantile(every, part) / 1000, 3) for part in PARTS]
    return [round(median(each) / 1000, 3) for each in rounds], quantiles, len(every)


def save(results: Results, file: Path) -> None:
    """Write a run."""
    text = json.dumps({"format": FORMAT, "parts": PARTS, **asdict(results)}, indent=1)
    file.write_text(f"{text}\n", encoding="utf-8")


def read(file: Path) -> Results:
    """Read a run. Raises ConfigError for a file that is none, or of another format."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is no result of the bench: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ConfigError(f"{file} is no result of the bench of format {FORMAT}; run it anew")
    return Results(
        found["conditions"],
        [
            ScenarioResult(**{**each, "ways": [WayResult(**way) for way in each["ways"]]})
            for each in found["scenarios"]
        ],
        [OpenLoopResult(**each) for each in found["open_loop"]],
    )
