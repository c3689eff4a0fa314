"""Deploys that are killed, stopped or started all at once: another deploy is all that is needed.

The full figures (160 deploys at once, 50 kills) are marked slow; a few of each run always.
"""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rawstore.scan import Dialect
from tests.migrate.conftest import Place
from tests.postgres import Server
from tests.urls import database_name, sqlite_url

ROOT = Path(__file__).parents[2]
PROCESSES = 8
# A statement of about 60 ms.
PAUSE = {
    "postgres": "SELECT pg_sleep(0.06);\n",
    "sqlite": "INSERT INTO busy WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n "
    "WHERE n < 150000) SELECT max(n) FROM n;\n",
}
ENDLESS = {
    "postgres": "SELECT pg_sleep(60);\n",
    "sqlite": "INSERT INTO busy WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n "
    "WHERE n < 1000000000) SELECT max(n) FROM n;\n",
}


class Deploy:
    """A process that has everything imported and waits for the URL to migrate."""

    def __init__(self, place: Place, **environment: str) -> None:
        self._url = place.url
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.migrate.deploy", str(place.folder)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, url: str | None = None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{url or self._url}\n")
        self.process.stdin.flush()

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ends(self) -> int:
        """Wait for the end of a process that has been killed; return how."""
        return self.process.wait(20)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def deploying(place: Place, **environment: str) -> Iterator[Deploy]:
    deploy = Deploy(place, **environment)
    try:
        assert deploy.says() == "ready"
        yield deploy
    finally:
        deploy.close()


def write_chain(place: Place) -> list[str]:
    """Write six migrations that take about a third of a second; return their ids."""
    pause = PAUSE[place.dialect]
    place.write("0001_create_busy", "CREATE TABLE busy (n {id});\n" + pause, "DROP TABLE busy;")
    place.write_shop(2, pause)
    place.write("0005_fill_users", "INSERT INTO users (id) VALUES (1);\n" + pause, "SELECT 1;")
    index = "CREATE INDEX users_email_idx ON users (email);\n"
    if place.dialect == "postgres":
        index = "-- transactional: false\n" + index.replace(
            "INDEX", "INDEX CONCURRENTLY IF NOT EXISTS"
        )
    place.write("0006_index_email", index)
    return [state.id for state in place.migrator.status()]


@pytest.fixture
def chain(place: Place) -> Place:
    """A place with six migrations, none of them applied."""
    write_chain(place)
    return place


@pytest.fixture
def new_url(
    dialect: Dialect, tmp_path: Path, pg_database: Callable[[str | None], str]
) -> Callable[[], str]:
    """A function that makes another empty database."""
    if dialect == "postgres":
        return lambda: pg_database(None)
    numbers = iter(range(1000))
    return lambda: sqlite_url(tmp_path / f"other{next(numbers)}.db")


def clean_schema(place: Place, new_url: Callable[[], str]) -> object:
    clean = Place(place.dialect, place.folder, new_url())
    clean.migrator.up()
    return clean.schema(), clean.rows("SELECT id FROM users")


def redeploy(place: Place) -> object:
    """Deploy again, which must be all that it takes, and take little more than its work."""
    started = time.monotonic()
    place.migrator.up(wait=5)
    assert time.monotonic() - started < 2.5
    assert place.marked() == [state.id for state in place.migrator.status()]
    assert {state.state for state in place.migrator.status()} == {"applied"}
    return place.schema(), place.rows("SELECT id FROM users")


# The first two commits make the history's tables, the others are those of the six files.
@pytest.mark.parametrize(
    ("moment", "commit"),
    [
        ("before-commit", 1),
        ("before-commit", 3),
        ("after-commit", 3),
        ("before-commit", 8),
        ("after-commit", 8),
    ],
)
def test_killed_around_a_commit(
    chain: Place, new_url: Callable[[], str], moment: str, commit: int
) -> None:
    clean = clean_schema(chain, new_url)
    with deploying(chain, RAWSTORE_KILL=f"{moment} {commit}") as deploy:
        deploy.start()
        assert deploy.ends() == -signal.SIGKILL
    assert redeploy(chain) == clean


def kill_at_random(place: Place, new_url: Callable[[], str], number: int, times: int) -> None:
    clean = clean_schema(place, new_url)
    for _ in range(times):
        place.url = new_url()
        with deploying(place) as deploy:
            deploy.start()
            time.sleep(random.uniform(0, 0.6))
            deploy.process.send_signal(number)
            assert deploy.ends() == -number
        assert redeploy(place) == clean


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_at_any_moment(chain: Place, new_url: Callable[[], str], number: int) -> None:
    kill_at_random(chain, new_url, number, 2)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_at_fifty_moments(chain: Place, new_url: Callable[[], str], number: int) -> None:
    kill_at_random(chain, new_url, number, 50)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_a_long_statement_rolls_back_and_ends_the_process(
    place: Place, number: int
) -> None:
    place.write("0001_create_busy", "CREATE TABLE busy (n {id});\n")
    place.write("0002_fill_it", "CREATE TABLE half (n {id});\n" + ENDLESS[place.dialect])
    with deploying(place) as deploy:
        deploy.start()
        time.sleep(0.7)
        deploy.process.send_signal(number)
        started = time.monotonic()
        assert deploy.ends() == -number
        assert time.monotonic() - started < 1.5
    assert place.tables() == {"busy"}
    (place.folder / "0002_fill_it.sql").write_text("SELECT 1;")
    assert place.migrator.up(wait=0.6) == ["0002_fill_it"]


def at_once(place: Place, new_url: Callable[[], str], rounds: int) -> None:
    """Release the processes together on an empty database, again and again."""
    ids = write_chain(place)
    with ExitStack() as stack:
        deploys = [stack.enter_context(deploying(place)) for _ in range(PROCESSES)]
        for _ in range(rounds):
            place.url = new_url()
            for deploy in deploys:
                deploy.start(place.url)
            assert [deploy.says() for deploy in deploys] == ["ok"] * PROCESSES
            assert [(e.id, e.operation) for e in place.migrator.history()] == [
                (migration, "apply") for migration in ids
            ]


def test_eight_deploys_at_once(place: Place, new_url: Callable[[], str]) -> None:
    at_once(place, new_url, 2)


@pytest.mark.slow
def test_a_hundred_and_sixty_deploys_at_once(place: Place, new_url: Callable[[], str]) -> None:
    at_once(place, new_url, 20)


def test_a_long_migration_is_waited_for_longer_than_yoyo_would(
    place: Place,
) -> None:
    """Stock yoyo gives up after 10 s; here the wait is an argument, which `deploy` sets to 60 s."""
    place.write("0001_create_busy", "CREATE TABLE busy (n {id});\n" + PAUSE[place.dialect] * 15)
    with ExitStack() as stack:
        deploys = [stack.enter_context(deploying(place)) for _ in range(3)]
        for deploy in deploys:
            deploy.start()
        assert [deploy.says() for deploy in deploys] == ["ok"] * 3


def test_a_user_without_a_name_or_an_environment(
    request: pytest.FixtureRequest, place: Place, tmp_path: Path
) -> None:
    if os.geteuid():
        pytest.skip("needs root, to become somebody without a passwd entry")
    if place.dialect == "postgres":  # the socket's folder is not open to everybody
        server: Server = request.getfixturevalue("pg_server")
        place.url = server.url(database_name(place.url), tcp=True)
    place.write_shop()
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o711)
    with deploying(place, RAWSTORE_UID="54321") as deploy:
        deploy.start()
        assert deploy.says() == "ok"
    assert {entry.username for entry in place.migrator.history()} == {"uid 54321"}


def restart_in_mid_migration(server: Server, place: Place, rounds: int) -> None:
    place.write("0001_create_busy", "CREATE TABLE busy (n {id});\n" + PAUSE["postgres"] * 10)
    for _ in range(rounds):
        place.url = server.create_database()
        with deploying(place) as deploy:
            deploy.start()
            time.sleep(random.uniform(0.05, 0.5))
            server.restart("immediate")
            assert deploy.says().startswith(("ConnectionLost", "ok"))
        assert place.migrator.up() in ([], ["0001_create_busy"])
        assert place.marked() == ["0001_create_busy"]


def test_a_server_restart_in_mid_migration(pg_server: Server, pg_place: Place) -> None:
    restart_in_mid_migration(pg_server, pg_place, 1)


@pytest.mark.slow
def test_ten_server_restarts_in_mid_migration(pg_server: Server, pg_place: Place) -> None:
    restart_in_mid_migration(pg_server, pg_place, 10)
