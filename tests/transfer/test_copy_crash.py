"""A copy that is killed leaves its target as it was, or complete; the next one completes it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

import rawstore
from rawstore.store import Store
from rawstore.tables import Load, Snapshot
from tests.urls import sqlite_url

ROOT = Path(__file__).parents[2]
# Says what is being done, each time that changes, and at last how much memory it took (KB).
COPY = r"""
import re, sys, rawstore
from pathlib import Path
said = None
def tell(what, done, total):
    global said
    if what != said:
        said = what
        print(what, flush=True)
one, other = (rawstore.open("minipilot", url) for url in sys.argv[1:])
with one, other:
    assert one.copy(other, on_progress=tell).equal
# Not ru_maxrss, which begins with that of the parent.
print(*re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()), flush=True)
"""


@contextmanager
def copying(source: str, target: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", COPY, source, target], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def fill(store: Any, count: int) -> None:
    user = store.create_user(name="ann")
    talk = store.create_conversation(user_id=user.id)
    first = store.add_message(talk.id, "user", "words " * 8, role_metadata={"n": [1, 2.5]})
    with Load(store) as load, Snapshot(store) as _:
        messages = next(table for table in load.tables if table.name == "messages")
        names = [column.name for column in messages.columns]
        for start in range(0, count, 1000):
            load.rows(messages, [list(_messages(first, names, start))])


def _messages(first: Any, names: list[str], start: int) -> Iterator[list[Any]]:
    from uuid import UUID

    for number in range(start, start + 1000):
        row = {**first._asdict(), "id": UUID(int=number + 1)}
        yield [row[name] for name in names]


def counts(store: Store) -> list[int]:
    with Snapshot(store) as snapshot:
        return [snapshot.count(table) for table in snapshot.tables]


def is_whole(source: str, target: str) -> bool:
    """Whether the target is complete; it is empty otherwise. The next copy completes it."""
    with (
        rawstore.open("minipilot", source) as one,
        rawstore.open("minipilot", target) as other,
    ):
        other.migrate()
        found = counts(other)
        whole = any(found)
        assert found == (counts(one) if whole else [0] * len(found))
        done = one.copy(other)
        assert done.done == ("equal already" if whole else "copied")
        assert done.equal
        return whole


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return filled(tmp_path_factory.mktemp("source"), 5000)


STAGES = ["messages", pytest.param("verifying users", marks=pytest.mark.slow)]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_killed(
    source: str,
    dialect: str,
    stage: str,
    tmp_path: Path,
    pg_database: Callable[[str | None], str],
) -> None:
    target = pg_database(None) if dialect == "postgres" else sqlite_url(tmp_path / "target.db")
    with copying(source, target) as (process, said):
        while said.readline().strip() != stage:
            assert process.poll() is None
        process.kill()
    wait_until_gone(target)
    assert is_whole(source, target) is (stage != "messages")


def wait_until_gone(target: str) -> None:
    """Wait till the server has ended the transaction of the process that was killed."""
    import psycopg

    if target.startswith("sqlite"):
        return
    with psycopg.connect(target, autocommit=True) as connection:
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        while connection.execute(others).fetchone() != (0,):
            time.sleep(0.02)


def filled(folder: Path, rows: int) -> str:
    url = sqlite_url(folder / "source.db")
    with rawstore.open("minipilot", url) as store:
        store.migrate()
        fill(store, rows)
    return url


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_killed_at_twenty_moments(
    dialect: str, tmp_path: Path, pg_database: Callable[[str | None], str]
) -> None:
    source = filled(tmp_path, 200_000)
    targets = [
        pg_database(None) if dialect == "postgres" else sqlite_url(tmp_path / f"{number}.db")
        for number in range(21)
    ]
    began = time.monotonic()
    with copying(source, targets.pop()) as (_, said):
        said.read()
    takes = time.monotonic() - began
    moments = random.Random(1)
    whole = []
    for target in targets:
        with copying(source, target) as (process, _):
            time.sleep(moments.uniform(0, takes))
            process.send_signal(signal.SIGKILL)
        wait_until_gone(target)
        whole.append(is_whole(source, target))
    assert False in whole  # in the midst; see test_killed for those that come late


@pytest.mark.slow
def test_memory_is_bounded(tmp_path: Path, pg_database: Callable[[str | None], str]) -> None:
    """A million rows, there and back, in 200 MB."""
    there, back = pg_database(None), sqlite_url(tmp_path / "back.db")
    for source, target in ((filled(tmp_path, 1_000_000), there), (there, back)):
        with copying(source, target) as (_, said):
            assert int(said.read().split()[-1]) / 1024 <= 200
