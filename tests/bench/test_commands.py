"""The commands, as somebody types them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

import rawstore
from bench.__main__ import main
from bench.export import export
from bench.load import load
from bench.peers.pgbench import program
from bench.results import Results, read, save
from rawstore.errors import ConfigError
from tests.urls import sqlite_url


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_run_and_its_report(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bench.db")
    figures = tmp_path / "run.json"
    # `run` is what is done where no command is named.
    printed = run("--url", url, "--quick", "--scenario", "list-100", "--json", figures)
    assert "list-100, sqlite: A list of 100 rows" in printed
    found = read(figures)
    assert [each.scenario for each in found.scenarios] == ["list-100"]
    assert found.conditions["quick"]
    assert str(tmp_path) not in figures.read_text()
    run("report", figures, "-o", tmp_path / "report.html")
    assert "A list of 100 rows" in (tmp_path / "report.html").read_text()


def test_an_open_loop_joins_a_run(
    pg_database: Callable[[None], str], noted: dict[str, Any], tmp_path: Path
) -> None:
    figures = tmp_path / "run.json"
    save(Results(noted), figures)
    options = ("--rate", "200", "--seconds", "0.1", "--workers", "2", "--json", figures)
    printed = run("open-loop", "--url", pg_database(None), *options)
    assert "rawstore, store, 200 a second" in printed
    found = read(figures)
    assert found.conditions == noted
    assert [each.way for each in found.open_loop] == ["rawstore, store", "psycopg pool, autocommit"]
    assert {each.calls for each in found.open_loop} == {20}


def test_a_store_of_somebody_is_left_alone(pg_database: Callable[[None], str]) -> None:
    url = pg_database(None)
    with rawstore.open("collections", url) as store:
        store.migrate()
        printed = run("--url", url, "--quick", "--scenario", "search-words")
        assert "search-words was left out: the schema collections exists" in printed
        assert store.migrate() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--scenario", "nosuch"], "there are point-read, "),
        (["run", "--url", "sqlite://"], "name a file, not memory"),
        (["run", "--url", "postgresql://localhost:1/nosuch"], "the database does not answer"),
        (["run", "--pin", "4000"], "there is no CPU 4000"),
    ],
)
def test_a_mistake_is_said(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert said in " ".join(result.output.split())


def test_pgbench_runs_every_script(pg_database: Callable[[None], str], tmp_path: Path) -> None:
    url = pg_database(None)
    load("minipilot", url, 1000)
    with rawstore.open("minipilot", url) as store:
        before = store.list_users(limit=1000)
        scripts = export(store, tmp_path / "scripts")
        assert {script.stem.split("-")[0] for script in scripts} == {q.name for q in store.queries}
        keywords = conninfo_to_dict(url)
        where = {f"PG{key.upper()}": str(keywords[key]) for key in ("host", "port", "user")}
        where |= {"PGDATABASE": str(keywords["dbname"]), "PGBENCH": str(program())}
        for script in scripts:
            done = subprocess.run(
                [script.with_suffix(".sh"), "--transactions=1"],
                env={**os.environ, **where},
                capture_output=True,
                text=True,
                check=True,
            )
            assert "actually processed: 1/1" in done.stdout, script
        assert store.list_users(limit=1000) == before
        with pytest.raises(ConfigError, match="scripts exists"):
            export(store, tmp_path / "scripts")
    assert f"./{scripts[0].stem}.sh" in (tmp_path / "scripts" / "README.md").read_text()


def test_scripts_are_of_postgres(tmp_path: Path) -> None:
    with (
        rawstore.open("minipilot", sqlite_url(tmp_path / "a.db")) as store,
        pytest.raises(ConfigError, match="PostgreSQL"),
    ):
        export(store, tmp_path / "scripts")
