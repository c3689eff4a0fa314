"""The volumes: each store, the same rows on both dialects, and the schema as it was migrated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

import rawstore
from bench.load import VOLUMES, load
from bench.load.__main__ import main
from rawstore.errors import ConfigError
from rawstore.scan import Dialect
from rawstore.source import shipped
from tests.urls import sqlite_url

ROWS = 1000
SCHEMA = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text LIKE %(s)s
UNION ALL
SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint
UNION ALL
SELECT concat_ws(' ', tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1
"""


def schema(store: str, url: str) -> list[str]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            found = file.execute("SELECT sql FROM sqlite_master WHERE sql > '' ORDER BY 1")
            return [row[0] for row in found.fetchall()]
    with psycopg.connect(url) as server:
        return [row[0] for row in server.execute(SCHEMA, {"s": f"{store}.%"}).fetchall()]


def test_every_store_has_a_volume() -> None:
    assert set(VOLUMES) == set(shipped())


@pytest.mark.parametrize("store", VOLUMES)
def test_a_load_leaves_the_schema_as_it_was(store: str, empty_url: str) -> None:
    with rawstore.open(store, empty_url) as opened:
        opened.migrate()
    before = schema(store, empty_url)
    load(store, empty_url, ROWS)
    assert schema(store, empty_url) == before


def lists(url: str) -> list[object]:
    with rawstore.open("minipilot", url) as store:
        users = store.list_users(limit=2000)
        heaviest = max(
            users, key=lambda user: len(store.list_conversations_for_user(user.id, limit=2000))
        )
        owned = store.list_conversations_for_user(heaviest.id, limit=2000)
        found = store.search_knowledge_chunks("water", limit=2000)
        everything = store.list_all_conversations(limit=2000)
        return [users, owned, everything, sorted(hit.id for hit in found)]


def test_both_dialects_get_the_same_rows(
    tmp_path: Path, pg_database: object, empty_url: str, dialect: Dialect
) -> None:
    load("minipilot", empty_url, ROWS)
    load("minipilot", sqlite_url(tmp_path / "other.db"), ROWS)
    found = lists(empty_url)
    assert found == lists(sqlite_url(tmp_path / "other.db"))
    users, owned, everything, hits = found
    assert isinstance(owned, list)
    assert isinstance(everything, list)
    assert len(everything) == ROWS
    assert 0.4 * ROWS < len(owned) < 0.6 * ROWS
    assert users
    assert hits


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    for seed in (1, 2):
        load("minipilot", sqlite_url(tmp_path / f"{seed}.db"), ROWS, seed=seed)
    assert lists(sqlite_url(tmp_path / "1.db")) != lists(sqlite_url(tmp_path / "2.db"))


def test_what_holds_rows_is_not_filled(empty_url: str) -> None:
    load("omnimemory", empty_url, ROWS)
    with pytest.raises(ConfigError, match="tool_sessions is not empty"):
        load("omnimemory", empty_url, ROWS)


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "made.db")
    result = CliRunner().invoke(main, ["omnimemory", "--url", url, "--rows", "1000"])
    assert result.exit_code == 0
    assert "tool_operations: 1000 rows" in result.output
