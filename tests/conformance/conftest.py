"""Stores other than minipilot, migrated once per test process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

import rawstore
from tests.conftest import Dialect
from tests.postgres import Remote
from tests.urls import database_name, sqlite_url

_TABLES = """
SELECT schemaname, tablename
FROM pg_tables
WHERE schemaname = %s AND tablename !~ 'yoyo|rawstore'
"""


def _migrate(store: str, url: str) -> None:
    with rawstore.open(store, url) as opened:
        opened.migrate()


# What holds for every store, whichever its colour; the stores' own contracts say nothing of that.
BOTH_COLOURS = frozenset(
    "batches kinds query_files retries sessions streams threads transactions".split()
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the suites of `BOTH_COLOURS` on async stores too."""
    suite = metafunc.module.__name__.rpartition(".test_")[2]
    if suite in BOTH_COLOURS and "colour" in metafunc.fixturenames:
        metafunc.parametrize("colour", ["sync", "async"], indirect=True)


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    @cache
    def migrated(store: str) -> Path:
        path = tmp_path_factory.mktemp(store) / "migrated.db"
        _migrate(store, sqlite_url(path))
        assert not path.with_name("migrated.db-wal").exists(), "a copy would miss what it holds"
        return path

    return migrated


@pytest.fixture(scope="session")
def _migrated_database(pg: Remote) -> Iterator[Callable[[str], str]]:
    urls: list[str] = []

    @cache
    def migrated(store: str) -> str:
        urls.append(pg.create_database())
        _migrate(store, urls[-1])
        return urls[-1]

    yield migrated
    for url in urls:
        pg.drop_database(database_name(url))


@pytest.fixture
def migrated_url(
    request: pytest.FixtureRequest, dialect: Dialect, tmp_path: Path
) -> Callable[[str], str]:
    """A function: the URL of a database in which this store is migrated and every table is empty.

    On PostgreSQL tests share a database, one after another: they leave its schema as it is.
    """

    def url(store: str) -> str:
        if dialect == "sqlite":
            path = tmp_path / f"{store}.db"
            shutil.copyfile(request.getfixturevalue("_migrated_file")(store), path)
            return sqlite_url(path)
        migrated: str = request.getfixturevalue("_migrated_database")(store)
        with psycopg.connect(migrated, autocommit=True) as connection:
            tables = connection.execute(_TABLES, (store,)).fetchall()
            names = sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
            connection.execute("SET lock_timeout = '10s'")
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(names))
        return migrated

    return url
