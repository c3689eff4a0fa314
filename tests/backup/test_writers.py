"""A backup under eight writers is one moment: money moves, and the sum stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

import rawstore

WRITERS = 8


def work(bank: Any, number: int, moved: list[int], stop: threading.Event, pause: float) -> None:
    random = Random(number)
    with rawstore.open(bank.source.root, str(bank.target)) as store:
        while not stop.wait(pause):
            amount, (source, target) = random.randint(1, 50), random.sample(range(1, 11), 2)
            changes = sorted([(source, -amount), (target, amount)])

            def move(tx: Any, changes: Any = changes) -> None:
                for account, by in changes:
                    tx.move(account, by)

            store.run(move)
            moved[number] += 1


@contextmanager
def writers(bank: Any, pause: float) -> Iterator[list[int]]:
    """Eight threads that move money between accounts; yields how many moves each has made."""
    stop = threading.Event()
    moved = [0] * WRITERS
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(work, bank, each, moved, stop, pause) for each in range(WRITERS)]
        try:
            wait_until(lambda: sum(moved) >= WRITERS or any(each.done() for each in running))
            yield moved
        finally:
            stop.set()
        for each in running:
            each.result()


def has_grown(moved: list[int], before: int) -> bool:
    return sum(moved) > before


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("rounds", "pause"), [(1, 0.005), pytest.param(10, 0.0, marks=pytest.mark.slow)]
)
def test_a_backup_under_writers_is_one_moment(
    bank: Any, reopened: Any, tmp_path: Path, rounds: int, pause: float
) -> None:
    made = []
    with writers(bank, pause) as moved:
        for _ in range(rounds):
            before = sum(moved)
            made.append(bank.backup(tmp_path / "backups"))
            wait_until(partial(has_grown, moved, before))
            assert sum(moved) > before, "they stopped for it"
    assert bank.total() == 1000
    assert len({each.manifest.tables[0].hash for each in made}) == rounds, "nothing was written"
    for each in made:
        # The counts and hashes of the manifest are of the same moment as the rows.
        reopened.restore(each.path)
        assert reopened.total() == 1000
        reopened.drop()
        reopened.close()
        if reopened.dialect == "sqlite":
            reopened.target.path.unlink()
        reopened = rawstore.open(bank.source.root, str(reopened.target))
    reopened.close()
