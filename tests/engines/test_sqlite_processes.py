"""Many processes on one file, and processes that are killed: nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engines.conftest import on_sqlite

pytestmark = on_sqlite

ROOT = Path(__file__).parents[2]


def worker(store: Any, number: int, threads: int, seconds: float) -> subprocess.Popen[str]:
    arguments = (store.source.root, store.target, number, threads, seconds)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engines.sqlite_worker", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def acknowledged(process: subprocess.Popen[str]) -> tuple[set[int], list[str]]:
    """The numbers it told of, and whatever else it said; a line cut short by a kill is dropped."""
    text, _ = process.communicate()
    lines = text.split("\n")[:-1]
    return {int(line) for line in lines if line.isdigit()}, [
        line for line in lines if not line.isdigit()
    ]


@pytest.mark.parametrize("seconds", [2.5, pytest.param(10, marks=pytest.mark.slow)])
def test_eight_processes_of_eight_threads(shop: Any, seconds: float) -> None:
    workers = [worker(shop, number, 8, seconds) for number in range(8)]
    told: set[int] = set()
    for process in workers:
        numbers, problems = acknowledged(process)
        assert problems == []
        assert process.returncode == 0
        assert numbers
        told |= numbers
    assert {row.id for row in shop.stream_items()} == told
    check(shop)


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_while_it_writes(shop: Any, rounds: int) -> None:
    random_ = random.Random(rounds)
    told: set[int] = set()
    for number in range(rounds):
        process = worker(shop, number, 4, 30)
        assert process.stdout is not None
        first = process.stdout.readline()  # it is at work
        time.sleep(random_.uniform(0.0, 0.3))
        process.kill()
        numbers, problems = acknowledged(process)
        assert problems == []
        told |= numbers | {int(first)}
        start = time.monotonic()
        stored = {row.id: row.text for row in shop.stream_items()}
        assert time.monotonic() - start < 1.0
        assert told <= stored.keys()
        pairs = sorted(key for key, text in stored.items() if text == "pair")
        assert all(other == one + 1 for one, other in zip(pairs[::2], pairs[1::2], strict=True)), (
            "half a transaction"
        )
        shop.add(-1 - number)
    check(shop)


def check(shop: Any) -> None:
    session = shop._engine.borrow()
    try:
        assert session.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        shop._engine.give(session)
