from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.urls import with_options
from tests.vectors.shop import TABLE, Shop, opened


@pytest.fixture
def url(pg_database: Callable[[str | None], str]) -> str:
    """The URL of a PostgreSQL database with pgvector and the table, empty."""
    url = pg_database(None)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE EXTENSION vector; {TABLE}")
    return url


@pytest.fixture
def shop(url: str, tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path, url) as store, psycopg.connect(url, autocommit=True) as connection:
        yield Shop(store, url, connection)


@pytest.fixture
def role_url(url: str) -> Iterator[str]:
    """The URL for a role that may read and write, and owns nothing."""
    name = f"rawstore_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA shop TO {name}")
        connection.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA shop TO {name}")
        yield with_options(url, user=name)
        connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
