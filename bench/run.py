"""Running scenarios: databases made, ways opened, answers compared, then measured."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self

from rawstore.errors import ConfigError

from . import collections_place
from .delay import delayed, round_trip
from .machine import server
from .measure import Args, Sample, compare
from .place import Place, made
from .proxy import ONE_WAY
from .results import Results, ScenarioResult, WayResult, latencies
from .scenario import Scenario, Way, opened

DRAWN = 500  # arguments that are drawn for counting calls per second


class Disagreement(Exception):
    """Two ways answer differently, so that comparing their times would mean nothing."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Rounds, the part of a scenario's calls that makes a round, the seconds that calls are counted
    for, and how many users there are, which is also how many a bulk upsert has and how many items
    are searched.
    """

    rounds: int = 30
    share: float = 1.0
    seconds: float = 0.5
    users: int = 10_000

    def calls(self, scenario: Scenario) -> int:
        """Calls of a round."""
        return max(1, round(scenario.calls * self.share))


QUICK = Effort(rounds=3, share=0.1, seconds=0.1, users=1_000)


def run(
    scenarios: Sequence[Scenario],
    urls: Sequence[str],
    results: Results,
    effort: Effort,
    progress: Callable[[ScenarioResult], None],
) -> None:
    """Run each scenario on the URL of its dialect, and add what is found to the results.

    Searches and the slow network are left out, and noted, where the database is not fit for them.
    Raises ConfigError where the bench's own tables cannot be made, and Disagreement.
    """
    for url in urls:
        with Places(url, results.conditions, effort) as places:
            for scenario in scenarios:
                if url.startswith("sqlite") == (scenario.dialect == "sqlite"):
                    try:
                        place = places.of(scenario)
                    except ConfigError as error:
                        if not scenario.delayed and scenario.place == "users":
                            raise
                        results.conditions["left_out"][scenario.name] = str(error)
                        continue
                    found = measured(scenario, place, effort)
                    results.scenarios.append(found)
                    progress(found)


class Places:
    """The places on one database, each made when a scenario first needs it. A context manager.

    What they are is noted in `conditions`.
    """

    def __init__(self, url: str, conditions: dict[str, Any], effort: Effort) -> None:
        self.url = url
        self.conditions = conditions
        self.effort = effort
        self.stack = ExitStack()
        self.made: dict[str, Place] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def of(self, scenario: Scenario) -> Place:
        """The place of a scenario."""
        name = "delayed" if scenario.delayed else scenario.place
        if name not in self.made:
            self.made[name] = self.stack.enter_context(self._make(name))
        return self.made[name]

    def _make(self, name: str) -> AbstractContextManager[Place]:
        if name == "collections":
            return collections_place.made(self.url, self.effort.users)
        if name == "delayed":
            return self._slow()
        return self._users()

    @contextmanager
    def _users(self) -> Iterator[Place]:
        with made(self.url, self.effort.users) as place:
            if place.dialect == "postgres":
                self.conditions["postgres"] = server(place.conninfo)
            yield place

    @contextmanager
    def _slow(self) -> Iterator[Place]:
        if "users" not in self.made:
            self.made["users"] = self.stack.enter_context(self._users())
        near = self.made["users"]
        with delayed(near) as far:
            self.conditions["network"] = {
                "delay_each_way_us": ONE_WAY * 1e6,
                "added_round_trip_us": round(round_trip(far) - round_trip(near), 1),
            }
            yield far


def measured(scenario: Scenario, place: Place, effort: Effort) -> ScenarioResult:
    """One scenario's figures. Raises Disagreement before anything is timed."""
    with opened(scenario, place) as (ways, skipped):
        agree(scenario, place, ways)
        found = (_rates if scenario.clients else _latencies)(scenario, place, ways, effort)
    return ScenarioResult(
        scenario.name,
        scenario.dialect,
        scenario.title,
        "calls/s" if scenario.clients else "us",
        {name: place.text(name).text for name in scenario.statements},
        found,
        {each.name: each.why for each in skipped},
        scenario.clients,
    )


def agree(scenario: Scenario, place: Place, ways: Sequence[Way]) -> None:
    """Ask every way the same, twice; raise Disagreement where an answer differs."""
    for args in (scenario.draw(place), scenario.draw(place)):
        expected = None
        for way in ways:
            if way.answer is None:
                continue
            if scenario.before:
                scenario.before(place)
            seen = scenario.seen(place, way.answer(args))
            if expected is None:
                expected = seen
            if not seen:
                raise Disagreement(f"{scenario.name}: {way.peer.name} finds nothing")
            if seen != expected:
                otherwise = f"{way.peer.name} answers otherwise than {ways[0].peer.name}"
                raise Disagreement(f"{scenario.name} on {scenario.dialect}: {otherwise}")


def _latencies(
    scenario: Scenario, place: Place, ways: Sequence[Way], effort: Effort
) -> list[WayResult]:
    rounds = min(effort.rounds, scenario.rounds)
    samples = [_after(scenario, place, way.sample) for way in ways]
    calls = effort.calls(scenario)
    taken = compare(
        samples,
        lambda: scenario.draw(place),
        calls=calls,
        rounds=rounds,
        warm_up=max(calls, scenario.warm_up),
    )
    return [_way_result(way, *latencies(each)) for way, each in zip(ways, taken, strict=True)]


def _after(scenario: Scenario, place: Place, sample: Sample) -> Sample:
    before = scenario.before
    if before is None:
        return sample

    def prepared(arguments: Sequence[Args]) -> Sequence[int]:
        taken: list[int] = []
        for args in arguments:
            before(place)
            taken.extend(sample([args]))
        return taken

    return prepared


def _rates(
    scenario: Scenario, place: Place, ways: Sequence[Way], effort: Effort
) -> list[WayResult]:
    drawn = [scenario.draw(place) for _ in range(DRAWN)]
    rounds: list[list[float]] = [[] for _ in ways]
    order = list(range(len(ways)))
    for number in range(min(effort.rounds, scenario.rounds) + 1):
        random.shuffle(order)
        for index in order:
            rate = ways[index].rate
            assert rate is not None  # noqa: S101 - a scenario of clients has no other ways
            counted = rate(drawn, scenario.clients, effort.seconds)
            if number:  # the first is the warm-up
                rounds[index].append(round(counted, 1))
    return [_way_result(way, each) for way, each in zip(ways, rounds, strict=True)]


def _way_result(
    way: Way, rounds: list[float], quantiles: Sequence[float] = (), calls: int = 0
) -> WayResult:
    peer = way.peer
    return WayResult(peer.name, peer.library, peer.gives, rounds, list(quantiles), calls)
