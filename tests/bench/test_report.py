"""Figures are kept as JSON, and a report is made of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bench import growth_results, report, summary
from bench.growth_results import Growth
from bench.results import PARTS, OpenLoopResult, Results, ScenarioResult, WayResult, read, save
from bench.targets import Target, lines, reached
from rawstore.errors import ConfigError


def way(name: str, *rounds: float, library: str = "rawstore") -> WayResult:
    middle = sorted(rounds)[len(rounds) // 2]
    return WayResult(name, library, "row", list(rounds), [middle * (1 + p) for p in PARTS], 100)


@pytest.fixture
def run(noted: dict[str, Any]) -> Results:
    reads = ScenarioResult(
        "point-read",
        "postgres",
        "Point <read>",
        "us",
        {"get_user": "SELECT 1 < 2"},
        [
            way("rawstore, store.session()", 20, 21, 22),
            way("psycopg, connection.execute", 40, 42, 44, library="psycopg"),
        ],
        {"another": "not installed"},
    )
    counted = [
        ScenarioResult(
            f"threads-{clients}",
            "postgres",
            "Threads",
            "calls/s",
            {},
            [
                WayResult("rawstore, store", "rawstore", "row", [100.0, 101.0]),
                WayResult("psycopg pool, autocommit", "psycopg", "row", [50.0, 51.0]),
            ],
            {},
            clients,
        )
        for clients in (1, 16)
    ]
    waited = OpenLoopResult("postgres", "rawstore, store", 500.0, 499.0, 16, 10, list(PARTS))
    return Results(noted, [reads, *counted], [waited])


def test_json_keeps_everything(run: Results, tmp_path: Path) -> None:
    save(run, tmp_path / "run.json")
    assert read(tmp_path / "run.json") == run


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0}'])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(ConfigError, match=r"other\.json is no result"):
        read(tmp_path / "other.json")


def test_the_report_has_everything_and_loads_nothing(run: Results) -> None:
    grown = Growth("minipilot", "sqlite", "list_users", "any", [10_000, 100_000], [10.0, 12.0])
    page = report.html([run], [grown])
    for each in run.scenarios:
        assert each.scenario in page
    for text in (
        "Point &lt;read&gt;",
        "not installed",
        "Latency under load",
        "list_users",
        "no pgvector",
    ):
        assert text in page
    assert page.count("<svg") == 4  # a distribution, calls per second, under load, growth
    assert not re.search(r"https?:|url\((?!#)|@import|<link|<script|(src|href)=\"(?!#)", page)


def test_figures_are_held_against_the_targets(run: Results) -> None:
    found = dict(lines([run]))
    point, threads = (
        next(
            (target, reached)
            for target, reached in found.items()
            if target.scenario == name and target.against == against
        )
        for name, against in (
            ("point-read", "psycopg, connection.execute"),
            ("threads-16", "psycopg pool, autocommit"),
        )
    )
    assert point[0].limit == "≤ 0.62"
    assert str(point[1][0]) == "0.50 (0.50 to 0.50)"
    assert threads[0].limit == "≥ 1.4"
    assert [each.met for each in (*point[1], *threads[1]) if each] == [True, True]
    assert sum(each == [None] for each in found.values()) == len(found) - 2


def test_a_difference_is_in_milliseconds(run: Results) -> None:
    ours, theirs = "psycopg, connection.execute", "rawstore, store.session()"
    target = Target("point-read", "postgres", ours, theirs, at_most_ms_more=0.01)
    found = reached(target, run)
    assert found is not None
    assert str(found) == "0.02 (0.02 to 0.02) ms"
    assert not found.met
    assert target.limit == "≤ + 0.01 ms"


def test_the_readme_gets_its_table(run: Results, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- figures -->old<!-- end of figures -->\nafter\n")
    for _ in range(2):
        summary.write_readme(readme, [run])
        text = readme.read_text()
        assert text.startswith("before\n<!-- figures -->\n\na processor, 2 cores, 4 GiB")
        assert text.endswith("<!-- end of figures -->\nafter\n")
        assert "old" not in text
        assert "| scenario | against | to reach | held to one CPU |" in text
        assert "| ≤ 0.62 | 0.50 (0.50 to 0.50) |" in text


def test_a_readme_without_a_place_is_refused(run: Results, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    with pytest.raises(ConfigError, match="figures"):
        summary.write_readme(tmp_path / "README.md", [run])


def test_growth_is_found_alone_or_among_other_things(tmp_path: Path) -> None:
    entry = {
        "store": "minipilot",
        "dialect": "sqlite",
        "query": "list_users",
        "sample": "any",
        "rows": [10, 100],
        "p50_us": [1.0, 3.0],
        "more": "than is needed",
    }
    file = tmp_path / "growth.json"
    for found in ([entry], {"machine": "one", "results": [entry]}):
        file.write_text(json.dumps(found))
        assert growth_results.is_growth(found)
        (read_back,) = growth_results.read(file)
        assert read_back.ratio == 3.0
    file.write_text("{}")
    with pytest.raises(ConfigError, match="no figures"):
        growth_results.read(file)
