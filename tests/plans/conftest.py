"""minipilot as a folder of its own, on a database of 10 000 rows in either dialect."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.load import load
from rawstore.scan import Dialect
from tests.postgres import Remote
from tests.urls import database_name, sqlite_url

ROOT = Path(__file__).parents[2]
ROWS = 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of minipilot's files that a test may change; no plans are kept in it."""
    made = tmp_path / "minipilot"
    for kind in ("sql", "migrations"):
        for dialect in ("sqlite", "postgres"):
            shutil.copytree(ROOT / kind / dialect / "minipilot", made / kind / dialect)
    (made / "plans").mkdir()
    shutil.copy(ROOT / "plans" / "minipilot.sql", made / "plans")
    return made


@pytest.fixture(scope="session")
def _full_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "full.db"
    load("minipilot", sqlite_url(path), ROWS)
    return path


@pytest.fixture(scope="session")
def _full_database(pg: Remote) -> Iterator[str]:
    url = pg.create_database()
    try:
        load("minipilot", url, ROWS)
        yield database_name(url)
    finally:
        pg.drop_database(database_name(url))


@pytest.fixture
def full_url(request: pytest.FixtureRequest, dialect: Dialect, tmp_path: Path) -> Iterator[str]:
    """A copy of a database that is full; not one that is lent, which would come back empty."""
    if dialect == "sqlite":
        shutil.copy(request.getfixturevalue("_full_file"), tmp_path / "full.db")
        yield sqlite_url(tmp_path / "full.db")
        return
    template: str = request.getfixturevalue("_full_database")
    server: Remote = request.getfixturevalue("pg")
    url = server.create_database(template)
    yield url
    server.drop_database(database_name(url))
