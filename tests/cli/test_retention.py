"""`rawstore prune`, `erase` and `export-subject`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import rawstore

from .conftest import ROOT, Cli

THINGS = """
-- name: delete_things_before(cutoff timestamptz, limit int = 100) :affected
-- prune: things, by at
DELETE FROM things
WHERE id IN (SELECT old.id FROM things AS old WHERE old.at < :cutoff ORDER BY old.id LIMIT :limit);
"""
SCHEMA = """
CREATE TABLE things (id integer NOT NULL PRIMARY KEY, at text NOT NULL);
INSERT INTO things (id, at)
WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 5000)
SELECT id, '2020-01-01T00:00:00.000000Z' FROM n;
"""


@pytest.fixture
def things(workdir: Path) -> list[str]:
    """STORE --url URL of a folder with 5000 old things."""
    for name, text in {
        "sql/sqlite/things.sql": THINGS,
        "migrations/sqlite/0001_create_things.sql": SCHEMA,
    }.items():
        path = workdir / "shop" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    url = f"sqlite:///{workdir / 'shop.db'}"
    with rawstore.open(workdir / "shop", url) as store:
        store.migrate()
    return [str(workdir / "shop"), "--url", url]


@pytest.fixture
def history(workdir: Path) -> list[str]:
    """STORE --url URL of a store in which ann has written."""
    url = f"sqlite:///{workdir / 'history.db'}"
    with rawstore.open("duiliocode", url) as store:
        store.migrate()
        store.set_preference("@ann", "theme", "dark")
        store.save_message("@ann", "s", "user", "hello")
    return ["duiliocode", "--url", url]


def test_prune_counts_asks_and_deletes(things: list[str], cli: Cli) -> None:
    counted = cli("prune", *things, "--older-than", "30d", "--dry-run", "--format", "json")
    assert counted.exit_code == 0
    assert json.loads(counted.stdout) == [
        {"table": "things", "before": 5000, "deleted": None, "after": None}
    ]
    asked = cli("prune", *things, "--older-than", "30d")
    assert asked.exit_code == 2
    assert "give --yes" in asked.stderr
    done = cli("prune", *things, "--before", "2021-01-01", "--yes", "--format", "jsonl")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "table": "things",
        "before": 5000,
        "deleted": 5000,
        "after": 0,
    }


@pytest.mark.parametrize(
    "options",
    [[], ["--older-than", "0d"], ["--older-than", "30"], ["--before", "2999-01-01"],
     ["--older-than", "1d", "--before", "2020-01-01"], ["--older-than", "1d", "--batch", "0"],
     ["--older-than", "1d", "--pause", "-1s"]],
)  # fmt: skip
def test_a_cutoff_or_pace_that_cannot_be_is_a_usage_error(
    options: list[str], things: list[str], cli: Cli
) -> None:
    result = cli("prune", *things, *options, "--yes")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_who_has_to_be_said_where_a_store_has_tenants(workdir: Path, cli: Cli) -> None:
    url = f"sqlite:///{workdir / 'c.db'}"
    assert cli("migrate", "up", "collections", "--url", url).exit_code == 0
    place = ("collections", "--older-than", "30d", "--yes", "--url", url)
    missing = cli("prune", *place)
    assert missing.exit_code == 3
    assert "one user_id at a time" in missing.stderr
    assert cli("prune", *place, "--user", "ann").exit_code == 0


@contextmanager
def started(*args: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "rawstore", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as process:
        yield process


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]
)
def test_a_signal_ends_it_after_a_portion_and_it_goes_on_later(
    number: signal.Signals, things: list[str], cli: Cli
) -> None:
    slowly = ("--older-than", "30d", "--yes", "--batch", "100", "--pause", "100ms")
    with started("prune", *things, *slowly, "--format", "json") as process:
        with rawstore.open(Path(things[0]), things[2]) as store:
            while store.prune("30d", dry_run=True).tables[0].before == 5000:
                assert process.poll() is None
                time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    (row,) = json.loads(out)
    assert 0 < row["deleted"] < 5000
    assert row["after"] == 5000 - row["deleted"]
    rest = cli("prune", *things, "--older-than", "30d", "--yes", "--format", "json")
    assert json.loads(rest.stdout)[0]["deleted"] == row["after"]


def test_erase_tells_what_it_did_and_what_it_did_not_look_into(
    history: list[str], workdir: Path, cli: Cli
) -> None:
    store, *place = history
    counted = cli("erase", store, "@ann", *place, "--dry-run", "--format", "json")
    assert json.loads(counted.stdout) == [
        {"query": "export_history", "rows": 1},
        {"query": "list_preferences", "rows": 1},
    ]
    done = cli("erase", store, "@ann", *place, "--export", "ann", "--yes", "--format", "json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == [
        {"query": "delete_user_history", "rows": 1},
        {"query": "delete_user_preferences", "rows": 1},
    ]
    assert done.stderr == "not looked into: system_metrics\n"
    assert "hello" in (workdir / "ann" / "duiliocode.json").read_text()
    again = cli("erase", store, "@ann", *place, "--yes")
    assert again.exit_code == 0
    assert "nothing was there" in again.stderr


def test_a_store_that_knows_no_persons_says_so(workdir: Path, cli: Cli) -> None:
    for command in (
        ("erase", "omnimemory", "ann", "--yes"),
        ("export-subject", "omnimemory", "ann"),
    ):
        result = cli(*command, "--url", f"sqlite:///{workdir / 'o.db'}")
        assert result.exit_code == 3
        assert "it knows no persons" in result.stderr
    assert cli("erase", "minipilot", "no-uuid", "--yes").exit_code == 5


def test_export_subject_writes_to_stdout_or_a_folder(
    history: list[str], workdir: Path, cli: Cli
) -> None:
    store, *place = history
    document = json.loads(cli("export-subject", store, "@ann", *place).stdout)
    assert [len(part["rows"]) for part in document["parts"]] == [1, 1]
    written = cli("export-subject", store, "@ann", "ann", *place, "--format", "jsonl")
    assert written.stdout.split() == ["ann/export_history.jsonl", "ann/list_preferences.jsonl"]
    assert json.loads((workdir / "ann" / "list_preferences.jsonl").read_text())["value"] == "dark"
    again = cli("export-subject", store, "@ann", "ann", *place, "--format", "jsonl")
    assert again.exit_code == 74
    assert "is there already" in again.stderr
