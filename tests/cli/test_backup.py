"""`rawstore backup`, `backups`, `restore` and `recover`; the schedule in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rawstore.backup import backups
from tests.cli.conftest import ROOT, Cli
from tests.postgres import Server
from tests.urls import database_name, sqlite_url


@pytest.fixture
def chat(store: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Minipilot with a user in it, where DATABASE_URL says."""
    store.create_user(email="ann@example.com", name="Ann")
    monkeypatch.setenv("DATABASE_URL", str(store.target))
    return store


def made(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.rawbackup"))


def test_there_and_back(
    chat: Any, cli: Cli, workdir: Path, pg_database: Callable[[str | None], str]
) -> None:
    done = cli("backup", "minipilot", "--format", "json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert (facts["store"], facts["dialect"], facts["rows"]) == ("minipilot", chat.dialect, 1)
    assert made(workdir / "backups") == [workdir / facts["file"]]
    url = sqlite_url(workdir / "new.db") if chat.dialect == "sqlite" else pg_database(None)
    for options, said in (["--dry-run"], "can be restored: 1 rows"), ([], "restored and verified"):
        done = cli("restore", "minipilot", facts["file"], "--url", url, *options)
        assert (done.exit_code, said in done.stdout) == (0, True), done.output
    assert "ann@example.com" in cli("run", "minipilot", "list_users", "--url", url).stdout
    done = cli("restore", "minipilot", facts["file"], "--url", url)
    assert done.exit_code == 3
    assert "is not empty" in done.stderr or "is there" in done.stderr


@pytest.mark.parametrize("dialect", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_the_list_and_a_damaged_one(chat: Any, cli: Cli, workdir: Path) -> None:
    assert cli("backups").exit_code == 3
    for name in ("old", "new"):
        done = cli("backup", "minipilot", f"backups/{name}.rawbackup")
        assert done.stdout.startswith(f"wrote backups/{name}.rawbackup: 1 rows, ")
    done = cli("backups", "--format", "json")
    assert done.exit_code == 0
    listed = json.loads(done.stdout)
    assert [Path(each["file"]).stem for each in listed] == ["old", "new"]
    assert [each["state"] for each in listed] == ["ok", "ok"]
    assert {each["schema"] for each in listed} == {"0006_add_knowledge_search"}
    damaged = workdir / "backups" / "new.rawbackup"
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    done = cli("backups")
    assert done.exit_code == 1
    assert "damaged" in done.stdout
    assert "checksum is wrong" in done.stderr
    assert cli("backups", "--no-check").exit_code == 0
    assert cli("backups", str(damaged)).exit_code == 1
    assert cli("restore", "minipilot", damaged, "--url", "sqlite:///other.db").exit_code == 8
    assert not (workdir / "other.db").exists()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_keep(chat: Any, cli: Cli, workdir: Path) -> None:
    (workdir / "backups").mkdir()
    foreign = workdir / "backups" / "broken.rawbackup"
    foreign.write_bytes(b"")
    for _ in range(3):
        assert cli("backup", "minipilot").exit_code == 0
    oldest, *rest = made(workdir / "backups")[1:]
    done = cli("backup", "minipilot", "--keep", "3", "--dry-run")
    assert done.stdout.splitlines()[1:] == [f"would remove {oldest.relative_to(workdir)}"]
    assert len(made(workdir / "backups")) == 4
    done = cli("backup", "minipilot", "--keep", "3")
    assert f"removed {oldest.relative_to(workdir)}" in done.stderr
    left = made(workdir / "backups")
    assert oldest not in left
    assert set(rest) <= set(left)
    assert foreign in left, "what is no backup is not ours to remove"
    assert cli("backup", "minipilot", "one.rawbackup", "--keep", "3").exit_code == 2
    assert cli("backup", "minipilot", "--keep", "0").exit_code == 2
    assert cli("backup", "minipilot", "--every", "0s").exit_code == 2
    assert cli("backup", "minipilot", "new.d/").exit_code == 2, "it looks like a file's name"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_recover(chat: Any, cli: Cli, workdir: Path) -> None:
    chat.close()
    done = cli("recover", chat.target.path, "new.db", "--format", "json")
    assert done.exit_code == 0, done.output
    saved = {each["table"]: each["saved"] for each in json.loads(done.stdout)}
    assert saved == {"conversations": 0, "knowledge_chunks": 0, "messages": 0, "users": 1}
    done = cli("recover", chat.target.path, "new.db")
    assert done.exit_code == 3
    assert "exists" in done.stderr


# -- the schedule


class Schedule:
    """`rawstore backup --every …` in a process of its own."""

    def __init__(self, folder: Path, url: str, *options: str) -> None:
        self.folder = folder
        self.log = folder.parent / "schedule.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rawstore", "backup", "minipilot", str(folder), *options],
                env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": url},
                stdout=log,
                stderr=log,
            )

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for it, while the process lives."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.told()
            assert time.monotonic() < deadline, self.told()
            time.sleep(0.02)

    def told(self) -> str:
        return self.log.read_text()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def scheduled(folder: Path, url: str, *options: str) -> Iterator[Schedule]:
    schedule = Schedule(folder, url, *options)
    try:
        yield schedule
    finally:
        schedule.process.kill()
        schedule.process.wait()


def more_than(count: int, folder: Path) -> bool:
    return len(made(folder)) > count


def no_leftovers(folder: Path) -> bool:
    return not list(folder.glob(".*.unfinished*"))


@pytest.mark.slow
def test_a_schedule_keeps_so_many_and_ends_when_told(chat: Any, workdir: Path) -> None:
    folder = workdir / "backups"
    with scheduled(folder, str(chat.target), "--every", "100ms", "--keep", "2") as schedule:
        schedule.until(lambda: schedule.told().count("removed ") >= 1)
        assert schedule.end() == 0, schedule.told()
    assert "next backup at " in schedule.told()
    assert no_leftovers(folder)
    listed = backups(folder)
    assert len(listed) in (2, 3)  # told to end between a backup and what goes for it
    assert [each.problem for each in listed] == [None] * len(listed)


@pytest.mark.slow
class TestFaults:
    """What a schedule must survive."""

    def test_it_waits_until_the_newest_is_old_enough(self, chat: Any, workdir: Path) -> None:
        folder = workdir / "backups"
        chat.backup(folder)
        with scheduled(folder, str(chat.target), "--every", "1h") as schedule:
            time.sleep(2)
            assert schedule.process.poll() is None
            assert schedule.end(signal.SIGINT) == 0
        assert len(made(folder)) == 1

    def test_a_server_that_is_away(
        self, chat: Any, workdir: Path, pg_server: Server, request: pytest.FixtureRequest
    ) -> None:
        if chat.dialect != "postgres":
            pytest.skip("a server is PostgreSQL's")
        folder = workdir / "backups"
        with scheduled(folder, str(chat.target), "--every", "300ms", "--keep", "3") as schedule:
            schedule.until(lambda: len(made(folder)) >= 1)
            pg_server.stop("immediate")
            schedule.until(lambda: "backup failed" in schedule.told())
            kept = made(folder)
            assert kept
            pg_server.start()
            schedule.until(lambda: made(folder)[-1] > kept[-1])
            pg_server.stop("immediate")
            failures = schedule.told().count("backup failed")
            schedule.until(lambda: schedule.told().count("backup failed") > failures)
            assert schedule.end() == 7, "the last run failed"
        assert no_leftovers(folder)
        pg_server.start()
        assert all(each.problem is None for each in backups(folder))

    def test_a_file_that_is_away(self, chat: Any, workdir: Path) -> None:
        if chat.dialect != "sqlite":
            pytest.skip("a file is SQLite's")
        chat.close()
        path, folder = chat.target.path, workdir / "backups"
        path.rename(path.with_name("away"))
        with scheduled(folder, str(chat.target), "--every", "200ms") as schedule:
            schedule.until(lambda: schedule.told().count("backup failed") >= 2)
            path.with_name("away").rename(path)
            schedule.until(lambda: len(made(folder)) >= 1)
            assert schedule.end() == 0
        assert no_leftovers(folder)

    def test_a_folder_that_cannot_be_written(self, chat: Any, workdir: Path) -> None:
        """For root as well: a file stands where the folder was."""
        folder = workdir / "backups"
        with scheduled(folder, str(chat.target), "--every", "200ms", "--keep", "1") as schedule:
            schedule.until(lambda: len(made(folder)) >= 1)
            away = folder.with_name("away")
            folder.rename(away)
            folder.touch()
            schedule.until(lambda: "backup failed" in schedule.told())
            kept = made(away)
            assert len(kept) >= 1
            folder.unlink()
            away.rename(folder)
            schedule.until(lambda: made(folder)[-1].name > kept[-1].name)
            assert schedule.end() == 0

    def test_two_on_one_folder(self, chat: Any, workdir: Path) -> None:
        folder, url = workdir / "backups", str(chat.target)
        with scheduled(folder, url, "--every", "1h") as first:
            first.until(lambda: len(made(folder)) == 1)
            with scheduled(folder, url, "--every", "1h") as second:
                assert second.process.wait(60) == 7
                assert "another process makes the backups" in second.told()
            assert first.end() == 0
        assert len(made(folder)) == 1

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
    def test_ended_at_any_moment_no_half_backup_is_left(
        self, chat: Any, workdir: Path, number: signal.Signals
    ) -> None:
        folder, url = workdir / "backups", str(chat.target)
        with chat.transaction() as tx:
            for i in range(2000):
                tx.create_user(email=f"{i}@example.com", name="x" * 500)
        for moment in range(7):
            begun = len(made(folder))
            with scheduled(folder, url, "--every", "10ms") as schedule:
                schedule.until(partial(more_than, begun, folder))
                time.sleep(0.013 * moment)
                code = schedule.end(number)
            assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0), schedule.told()
            if number != signal.SIGKILL:
                assert no_leftovers(folder)
            assert [each.problem for each in backups(folder)] == [None] * len(made(folder))
        chat.backup(folder)
        assert no_leftovers(folder), "what was killed is cleaned by the next"


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(10))
def test_a_restore_that_is_killed_leaves_nothing_half(
    chat: Any,
    workdir: Path,
    moment: int,
    pg: Any,
    pg_database: Callable[[str | None], str],
) -> None:
    with chat.transaction() as tx:
        for i in range(2000):
            tx.create_user(email=f"{i}@example.com", name="x" * 500)
    file = chat.backup(workdir / "backups").path
    url = sqlite_url(workdir / "new.db") if chat.dialect == "sqlite" else pg_database(None)
    command = [sys.executable, "-m", "rawstore", "restore", "minipilot", str(file), "--url", url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        time.sleep(0.4 + 0.08 * moment)
        process.kill()
    if chat.dialect == "postgres":
        deadline = time.monotonic() + 10
        while pg.backends(database_name(url)) and time.monotonic() < deadline:
            time.sleep(0.05)
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    # Either it is complete, and then refused, or there is nothing, and now it is.
    assert done.returncode in (0, 3), done.stderr
    if done.returncode == 3:
        assert b"is not empty" in done.stderr
    import rawstore

    with rawstore.open("minipilot", url) as store:
        assert len(store.list_users(limit=5000)) == 2001
