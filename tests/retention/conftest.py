"""Stores to prune and erase, on both dialects, and raw SQL to make their rows old."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any, Protocol

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import rawstore

# Fixtures: databases that are migrated once per test process.
from tests.conformance.conftest import (  # noqa: F401
    _migrated_database,
    _migrated_file,
    migrated_url,
)

LONG_AGO = "2020-01-01T00:00:00.000000Z"


class Raw(Protocol):
    """Run SQL that both dialects know on a store's database; its rows, if it has any."""

    def __call__(self, store: Any, statement: str) -> list[tuple[Any, ...]]: ...


@pytest.fixture
def opened(
    migrated_url: Callable[[str], str],  # noqa: F811
) -> Iterator[Callable[[str], Any]]:
    """A function that opens a store of this name, empty. Closed after the test."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(rawstore.open(name, migrated_url(name)))


@pytest.fixture
def raw() -> Raw:
    """See `Raw`."""

    def run(store: Any, statement: str) -> list[tuple[Any, ...]]:
        if store.dialect == "sqlite":
            with closing(sqlite3.connect(store.target.path)) as file, file:
                return file.execute(statement).fetchall()
        options = f"-c search_path={store.name},public"
        with psycopg.connect(make_conninfo(**store.target.conninfo), options=options) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    return run
