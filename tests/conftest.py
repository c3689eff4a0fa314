"""Fixtures: databases of both dialects, empty or with minipilot migrated, and stores on them.

PostgreSQL is started when the first test asks for it, once per test process. With
RAWSTORE_TEST_URL the tests use that server instead: they create databases there, drop
them again, and skip what has to stop or freeze a server.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.databases import Lender
from tests.postgres import REMOTE_URL, Remote, Server
from tests.urls import database_name, sqlite_url, with_options

if TYPE_CHECKING:
    from rawstore.store import Store

Dialect = Literal["sqlite", "postgres"]
Colour = Literal["sync", "async"]

settings.register_profile(
    "default",
    deadline=None,
    max_examples=100,
    derandomize="CI" in os.environ,
    # A store serves all examples of a test, and a busy machine is no failure.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=10_000)
settings.load_profile("thorough" if os.environ.get("RAWSTORE_THOROUGH") else "default")


class OpenFolder(Protocol):
    """Write a folder store for the test's dialect and open it; see the fixture."""

    def __call__(
        self,
        files: Mapping[str, str],
        migrations: Mapping[str, str] | None = None,
        *,
        name: str = "shop",
        **options: object,
    ) -> Store: ...


def pytest_sessionstart(session: pytest.Session) -> None:
    """Stop at once, with one line, when RAWSTORE_TEST_URL does not answer."""
    if REMOTE_URL is None or hasattr(session.config, "workerinput"):
        return
    try:
        Remote(REMOTE_URL).connect().close()
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        pytest.exit(f"RAWSTORE_TEST_URL cannot be used: {reason}", returncode=2)


@pytest.fixture(scope="session")
def pg() -> Iterator[Remote]:
    """A server to create databases on; not for stopping."""
    if REMOTE_URL is not None:
        yield Remote(REMOTE_URL)
        return
    with Server() as server:
        yield server


@pytest.fixture
def pg_server(pg: Remote) -> Iterator[Server]:
    """The server, to be stopped, restarted and frozen at will; it is put right after."""
    if not isinstance(pg, Server):
        pytest.skip("stops or freezes the server; RAWSTORE_TEST_URL's is not ours to stop")
    yield pg
    pg.restore()


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """The dialect; a test that uses it, directly or not, runs once for each."""
    value: Dialect = request.param
    return value


@pytest.fixture(scope="session")
def _lender(pg: Remote) -> Iterator[Lender]:
    lender = Lender(pg)
    yield lender
    lender.close()


@pytest.fixture
def pg_database(request: pytest.FixtureRequest) -> Iterator[Callable[[str | None], str]]:
    """A function that lends a PostgreSQL database (empty, or a copy) and returns its URL."""
    lent: list[tuple[str, str | None]] = []

    def lend(template: str | None = None) -> str:
        lender: Lender = request.getfixturevalue("_lender")
        lent.append((lender.borrow(template), template))
        return lent[-1][0]

    yield lend
    for url, template in lent:
        request.getfixturevalue("_lender").give_back(url, template)


@pytest.fixture
def empty_url(dialect: Dialect, tmp_path: Path, pg_database: Callable[[str | None], str]) -> str:
    """The URL of an empty database: a new one, or an SQLite file that is not there yet."""
    if dialect == "sqlite":
        return sqlite_url(tmp_path / "empty.db")
    return pg_database(None)


@pytest.fixture(scope="session")
def _minipilot_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("minipilot") / "migrated.db"
    _migrate_minipilot(sqlite_url(path))
    assert not path.with_name("migrated.db-wal").exists(), "a copy would miss what it holds"
    return path


@pytest.fixture(scope="session")
def _minipilot_database(pg: Remote) -> Iterator[str]:
    url = pg.create_database()
    try:
        _migrate_minipilot(url)
        yield database_name(url)
    finally:
        pg.drop_database(database_name(url))


@pytest.fixture
def url(
    request: pytest.FixtureRequest,
    dialect: Dialect,
    tmp_path: Path,
    pg_database: Callable[[str | None], str],
) -> str:
    """The URL of a database in which minipilot is migrated and every table is empty.

    It is a copy of one that is made once per test process.
    """
    if dialect == "sqlite":
        migrated: Path = request.getfixturevalue("_minipilot_file")
        shutil.copyfile(migrated, tmp_path / "minipilot.db")
        return sqlite_url(tmp_path / "minipilot.db")
    return pg_database(request.getfixturevalue("_minipilot_database"))


@pytest.fixture
def colour(request: pytest.FixtureRequest) -> Colour:
    """The colour of the stores that `store` and `open_folder` open; parametrize it for both.

    An async one looks like a sync one: see `tests.portal`.
    """
    value: Colour = getattr(request, "param", "sync")
    return value


@pytest.fixture
def _open(colour: Colour) -> Iterator[Callable[[str | Path, str], Any]]:
    """A function that opens a store of the test's colour. Closed after the test."""
    import rawstore
    from tests.portal import PortalStore

    with ExitStack() as stack:

        def open_(store: str | Path, url: str) -> Any:
            if colour == "sync":
                return stack.enter_context(rawstore.open(store, url))
            opened = PortalStore(store, url)
            stack.callback(opened.end)
            return opened

        yield open_


@pytest.fixture
def store(url: str, _open: Callable[[str | Path, str], Any]) -> Store:
    """The minipilot store, open on a database of its own."""
    opened: Store = _open("minipilot", url)
    return opened


@pytest.fixture
def open_folder(
    dialect: Dialect, tmp_path: Path, empty_url: str, _open: Callable[[str | Path, str], Any]
) -> OpenFolder:
    """A function that writes a folder store and opens it on the empty database.

    It takes texts by file name: query files, and migrations, which the test runs itself
    (`.migrate()`); further keywords become options of the URL. Closed after the test.
    """

    def open_(
        files: Mapping[str, str],
        migrations: Mapping[str, str] | None = None,
        *,
        name: str = "shop",
        **options: object,
    ) -> Store:
        folder = tmp_path / name
        _write(folder / "sql" / dialect, files)
        _write(folder / "migrations" / dialect, migrations or {})
        opened: Store = _open(folder, with_options(empty_url, **options))
        return opened

    return open_


def _migrate_minipilot(url: str) -> None:
    import rawstore

    with rawstore.open("minipilot", url) as store:
        store.migrate()


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
