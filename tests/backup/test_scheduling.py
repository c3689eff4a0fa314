"""Backups at intervals, whatever the clock does and whatever is in the folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from rawstore.backup import Run, backups, listing, make, prune, schedule, scheduling
from rawstore.errors import ConfigError
from tests.backup.test_restore import rewritten

if TYPE_CHECKING:
    from tests.conftest import Dialect

HOUR = timedelta(hours=1)
AHEAD = timedelta()


class Clock(datetime):
    """The time of day, so much ahead as the test says."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + AHEAD


@pytest.fixture
def dialect() -> Dialect:
    return "sqlite"


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """A function that sets the clock."""
    for module in (scheduling, make, listing):
        monkeypatch.setattr(module, "datetime", Clock)
    monkeypatch.setattr(scheduling, "_LOOK", 0.01)
    return lambda ahead: monkeypatch.setitem(globals(), "AHEAD", ahead)


def run(bank: Any, folder: Path, *steps: Callable[[], Any], **options: Any) -> list[Run]:
    """A schedule of an hour; after each run one of the steps is taken, after the last it ends."""
    runs: list[Run] = []
    stop = threading.Event()
    left = [*steps, stop.set]

    def step(each: Run) -> None:
        runs.append(each)
        left.pop(0)()

    schedule(bank, folder, every=3600, stop=stop, on_run=step, **options)
    return runs


def test_a_clock_that_is_set(bank: Any, tmp_path: Path, turn: Callable[[timedelta], None]) -> None:
    folder = tmp_path / "backups"
    runs = run(bank, folder, lambda: turn(24 * HOUR), lambda: turn(-24 * HOUR), lambda: turn(-HOUR))
    assert [each.error for each in runs] == [None] * 4
    turn(2 * HOUR - HOUR / 2)
    assert scheduling.next_run(bank, folder, 3600) == pytest.approx(
        Clock.now(runs[0].next_at.tzinfo), abs=HOUR / 60
    ), "what a wrong clock has dated is not waited for"


def test_what_was_just_made_stays_when_the_clock_was_set_back(
    bank: Any, tmp_path: Path, turn: Callable[[timedelta], None]
) -> None:
    folder = tmp_path / "backups"
    turn(24 * HOUR)
    future = [bank.backup(folder).path for _ in range(2)]
    turn(timedelta())
    for hours in (2, 4):
        (done,) = run(bank, folder, keep=1)
        made = [] if done.backup is None else [done.backup.path]
        assert sorted(folder.glob("*.rawbackup")) == sorted([*made, *future])
        turn(hours * HOUR)


def test_what_is_damaged_does_not_count(bank: Any, tmp_path: Path) -> None:
    made = [bank.backup(tmp_path).path for _ in range(3)]
    for path in made[1:]:
        path.write_bytes(path.read_bytes()[:-2000])
    assert prune(tmp_path, bank, 1) == []
    assert [each.path for each in backups(tmp_path) if each.problem is None] == made[:1]


def test_the_other_dialect_is_left_alone(bank: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    other = rewritten(made.path, dialect="postgres", engine="PostgreSQL 18", program="pg_dump 18")
    made.path.unlink()
    bank.backup(tmp_path)
    assert prune(tmp_path, bank, 1) == []
    assert other.exists()


def test_nothing_is_removed_after_a_run_that_failed(bank: Any, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    made = [bank.backup(folder).path for _ in range(2)]
    bank.close()
    bank.target.path.rename(tmp_path / "away")
    for path in made:
        path.touch()
    stop = threading.Event()
    runs: list[Run] = []

    def end(each: Run) -> None:
        runs.append(each)
        stop.set()

    error = schedule(bank, folder, every=1e-6, keep=1, stop=stop, on_run=end)
    assert error is runs[0].error
    assert error is not None
    assert sorted(folder.glob("*.rawbackup")) == made


@pytest.mark.parametrize("every", [0, -1, 1e300, float("inf"), float("nan")])
def test_an_interval_that_is_none(bank: Any, tmp_path: Path, every: float) -> None:
    with pytest.raises(ConfigError, match="an interval is"):
        schedule(bank, tmp_path, every=every, stop=threading.Event(), on_run=print)
