"""Cost against growth: every query is called, what it writes is undone, and the rule is as told.

How long anything takes is not tested here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

import rawstore
from bench.growth import LIMIT, Result, compare, kind_of, reason
from bench.growth.__main__ import main
from bench.growth.cases import cases
from bench.growth.timing import quantile, side_by_side
from bench.load import load
from rawstore import Store
from rawstore.errors import ConfigError
from rawstore.scan import Dialect
from rawstore.source import find, shipped
from tests.conftest import OpenFolder
from tests.urls import sqlite_url

ROWS = 1200  # samples look a thousand rows back


@pytest.fixture(params=shipped())
def filled(request: pytest.FixtureRequest, empty_url: str) -> Iterator[Store]:
    """Each store in turn, with a few rows."""
    load(request.param, empty_url, ROWS)
    with rawstore.open(request.param, empty_url) as store:
        yield store


def contents(store: Store, url: str) -> dict[str, list[str]]:
    """The rows of every table."""
    if store.dialect == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            lines = list(file.iterdump())
        return {"file": [line for line in lines if "sqlite_sequence" not in line]}
    with psycopg.connect(url) as server:
        tables = server.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", [store.name]
        ).fetchall()
        return {
            table: sorted(
                row for (row,) in server.execute(f"SELECT t::text FROM {store.name}.{table} AS t")
            )
            for (table,) in tables
        }


def test_every_query_is_called_in_every_variant_and_changes_nothing(
    filled: Store, empty_url: str
) -> None:
    before = contents(filled, empty_url)
    called: dict[str, list[str]] = {query.name: [] for query in filled.queries}
    for result in compare([filled, filled], [ROWS, ROWS], seconds=0):
        called[result.query].append(result.sample)
        assert len(result.p50_us) == len(result.p90_us) == len(result.returned) == 2
    for query in filled.queries:
        samples = called[query.name]
        assert len(set(samples)) == len(samples)
        given = {sample.partition(" with ")[2] for sample in samples}
        assert given == {", ".join(variant.conditions) for variant in query.variants}
    assert contents(filled, empty_url) == before


def test_pages_have_as_many_rows_at_every_volume(tmp_path: Path) -> None:
    urls = [sqlite_url(tmp_path / f"{rows}.db") for rows in (ROWS, 2 * ROWS)]
    for url, rows in zip(urls, (ROWS, 2 * ROWS), strict=True):
        load("duiliocode", url, rows)
    with (
        rawstore.open("duiliocode", urls[0]) as small,
        rawstore.open("duiliocode", urls[1]) as large,
    ):
        found = list(compare([small, large], [ROWS, 2 * ROWS], seconds=0))
    history = [each for each in found if each.query == "get_conversation_history"]
    assert {each.sample for each in history} == {"heavy", "former", "light"}
    assert all(len(set(each.returned)) == 1 for each in history)
    assert max(each.returned[0] for each in history) > 1


@pytest.mark.parametrize("store", shipped())
def test_every_search_and_aggregate_may_grow_and_says_why(store: str, dialect: Dialect) -> None:
    for query in find(store).load(dialect):
        if kind_of(query) in ("search", "aggregate"):
            assert reason(query), (
                f"{query.file}:{query.line}: {query.name} has no -- growth: reason"
            )


def test_kinds(dialect: Dialect) -> None:
    queries = [query for store in shipped() for query in find(store).load(dialect)]
    kinds = {query.full_name: kind_of(query) for query in queries}
    assert kinds["minipilot.get_user_by_email"] == "point"
    assert kinds["minipilot.list_messages_after"] == "page"
    assert kinds["duiliocode.list_preferences"] == "page"
    assert kinds["minipilot.search_knowledge_chunks_by_source"] == "page"
    assert kinds["minipilot.search_knowledge_chunks"] == "search"
    assert kinds["contextpilot.search_contexts"] == "search"
    assert kinds["collections.count_items"] == "aggregate"
    assert kinds["duiliocode.metric_summary"] == "aggregate"
    assert kinds["minipilot.bulk_upsert_knowledge_chunks"] == "write"
    assert kinds["minipilot.delete_user"] == "write"


def result(*p50: float) -> Result:
    rows = [10 ** (4 + index) for index in range(len(p50))]
    once = [1] * len(p50)
    return Result("shop", "sqlite", "list", "any", "page", None, rows, once, p50, p50)


def test_the_largest_volume_may_take_twice_the_smallest() -> None:
    assert (result(10, 50, 20).ratio, result(10, 50, 20).holds) == (LIMIT, True)
    assert (result(10, 15, 20.2).ratio, result(10, 15, 20.2).holds) == (2.02, False)
    assert result(10, 5).ratio == 0.5


def test_times_are_taken_by_turns() -> None:
    turns: list[int] = []

    def call(number: int) -> float:
        turns.append(number)
        return 0.001

    times = side_by_side([lambda: call(0), lambda: call(1)], seconds=0.01)
    assert len(times[0]) == len(times[1]) > 1
    half = len(turns) // 2
    assert set(turns[:half]) == set(turns[half:]) == {0, 1}


def test_what_is_slower_than_its_time_is_timed_once() -> None:
    assert side_by_side([lambda: 0.5, lambda: 3.0], seconds=1) == [[0.5], [3.0]]


def test_quantiles_are_in_microseconds() -> None:
    times = [number / 1_000_000 for number in range(1, 101)]
    assert (quantile(times, 0.5), quantile(times, 0.9), quantile([0.5], 0.9)) == (51, 91, 500_000)


def test_a_parameter_without_a_sample_is_named(open_folder: OpenFolder) -> None:
    store = open_folder({"things.sql": "-- name: double(number int) :scalar int\nSELECT :number;"})
    with pytest.raises(ConfigError, match=r"shop\.double: no sample has a value for number"):
        cases([store])


def test_a_query_of_another_kind_is_not_passed_over(open_folder: OpenFolder) -> None:
    store = open_folder({"things.sql": "-- name: forget() :exec\nDELETE FROM things;"})
    with pytest.raises(ConfigError, match=r"shop\.forget: no way to time a :exec query"):
        cases([store])


def test_the_command_saves_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "growth.json"
    options = [
        "--store",
        "duiliocode",
        "--rows",
        "1200,2400",
        "--seconds",
        "0",
        "--json",
        str(file),
    ]
    run = CliRunner().invoke(main, options)
    assert run.exit_code == 0, run.output
    assert "duiliocode, postgres" in run.stderr
    saved = json.loads(file.read_text())
    assert saved.keys() == {"machine", "python", "sqlite", "postgres", "limit", "results"}
    assert {each["dialect"] for each in saved["results"]} == {"sqlite", "postgres"}
    get = next(each for each in saved["results"] if each["query"] == "get_preference")
    assert (get["store"], get["kind"], get["rows"]) == ("duiliocode", "point", [1200, 2400])
    assert get["ratio"] == round(get["p50_us"][1] / get["p50_us"][0], 2)
    assert get["holds"] == (get["ratio"] <= saved["limit"])


@pytest.mark.parametrize("rows", ["1000", "10,many", "0,5", "7,7"])
def test_one_volume_is_no_growth(rows: str) -> None:
    run = CliRunner().invoke(main, ["--rows", rows])
    assert run.exit_code == 2
    assert "write two numbers of rows or more" in run.stderr
