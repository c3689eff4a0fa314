"""Each scenario runs, its ways agree, and every figure to reach is of ways that there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.run import Disagreement, Effort, Places, agree, measured
from bench.scenario import Scenario, opened
from bench.scenarios import SCENARIOS
from bench.targets import targets
from tests.postgres import Remote
from tests.urls import database_name, sqlite_url

Run = dict[str, Places]


@pytest.fixture(scope="module")
def places(pg: Remote, tiny: Effort, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    url = pg.create_database()
    file = sqlite_url(tmp_path_factory.mktemp("bench") / "bench.db")
    with Places(url, {}, tiny) as postgres, Places(file, {}, tiny) as sqlite:
        yield {"postgres": postgres, "sqlite": sqlite}
    pg.drop_database(database_name(url))


@pytest.mark.parametrize(
    "scenario", SCENARIOS, ids=lambda scenario: f"{scenario.name}-{scenario.dialect}"
)
def test_a_scenario_is_measured(scenario: Scenario, places: Run, tiny: Effort) -> None:
    place = places[scenario.dialect].of(scenario)
    found = measured(replace(scenario, warm_up=1), place, tiny)
    assert found.skipped == {}
    assert [way.name for way in found.ways] == [peer.name for peer in scenario.peers]
    assert all(min(way.rounds) > 0 for way in found.ways)
    assert list(found.statements) == list(scenario.statements)


def test_ways_that_answer_otherwise_are_not_timed(places: Run) -> None:
    scenario = replace(SCENARIOS[0], seen=lambda _, answer: str(type(answer)))
    place = places["postgres"].of(scenario)
    with opened(scenario, place) as (ways, _), pytest.raises(Disagreement, match="psycopg"):
        agree(scenario, place, ways)


def test_an_empty_answer_is_not_timed(places: Run) -> None:
    scenario = replace(SCENARIOS[0], seen=lambda _, answer: answer[:0])
    place = places["postgres"].of(scenario)
    with opened(scenario, place) as (ways, _), pytest.raises(Disagreement, match="nothing"):
        agree(scenario, place, ways)


def test_each_figure_to_reach_is_of_ways_that_there_are() -> None:
    known: dict[tuple[str, str], list[str]] = {
        (scenario.name, scenario.dialect): [peer.name for peer in scenario.peers]
        for scenario in SCENARIOS
    }
    for target in targets():
        assert target.ours in known[target.scenario, target.dialect]
        assert target.against in known[target.scenario, target.dialect]


def test_names_are_told_apart() -> None:
    names = [(scenario.name, scenario.dialect) for scenario in SCENARIOS]
    assert len(set(names)) == len(names)


def test_the_package_does_not_need_the_bench() -> None:
    root = Path(__file__).parents[2] / "rawstore"
    users = [file.name for file in root.rglob("*.py") if "from bench" in file.read_text()]
    assert users == ["filled.py"]  # which says that there is none where it is not installed
