"""A store of accounts whose balances always have the same sum, and a place to restore it to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from tests.urls import sqlite_url

if TYPE_CHECKING:
    from tests.conftest import Dialect, OpenFolder

ACCOUNTS = """
-- name: open_account(balance int) :scalar int
INSERT INTO accounts (balance) VALUES (:balance) RETURNING id;

-- name: move(id int, amount int) :affected
UPDATE accounts SET balance = balance + :amount WHERE id = :id;

-- name: total() :scalar int
SELECT CAST(sum(balance) AS bigint) FROM accounts;

-- name: count_accounts() :scalar int
SELECT count(*) FROM accounts;
"""
TABLE = {
    "sqlite": """
        CREATE TABLE accounts (
            id integer PRIMARY KEY AUTOINCREMENT,
            balance integer NOT NULL
        ) STRICT;
    """,
    "postgres": """
        CREATE TABLE accounts (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            balance bigint NOT NULL
        );
    """,
}
LATER = "ALTER TABLE accounts ADD COLUMN owner text;"


@pytest.fixture
def bank(open_folder: OpenFolder, dialect: Dialect) -> Any:
    """A store with ten accounts of a hundred each."""
    store: Any = open_folder(
        {"accounts.sql": ACCOUNTS}, {"0001_create_accounts.sql": TABLE[dialect]}, name="bank"
    )
    store.migrate()
    for _ in range(10):
        store.open_account(100)
    return store


@pytest.fixture
def elsewhere(
    dialect: Dialect, tmp_path: Path, pg_database: Callable[[str | None], str]
) -> Callable[[], str]:
    """A function that gives the URL of another empty database."""
    made: list[str] = []

    def url() -> str:
        if dialect == "sqlite":
            made.append(sqlite_url(tmp_path / f"elsewhere{len(made)}.db"))
        else:
            made.append(pg_database(None))
        return made[-1]

    return url


@pytest.fixture
def reopened(bank: Any, elsewhere: Callable[[], str]) -> Any:
    """The same store on an empty database."""
    with rawstore.open(bank.source.root, elsewhere()) as store:
        yield store


def is_empty(store: Any) -> bool:
    """Whether nothing was restored: no file, or no schema."""
    if store.dialect == "sqlite":
        folder: Path = store.target.path.parent
        left = folder.glob(f"*{store.target.path.name}*")
        return [path for path in left if not path.name.endswith(".migrate.lock")] == []
    session = store._engine.borrow()
    try:
        found = session.core.connection.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (store.schema,)
        )
        return found.fetchone() is None
    finally:
        store._engine.give(session)
