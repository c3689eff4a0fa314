"""Where contextpilot's data is, and what its migrations need of a server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

import rawstore
from rawstore.errors import MigrationError, PermissionDenied
from tests.postgres import Remote
from tests.urls import with_options


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, in an environment that says nothing of a database."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATABASE_URL_FILE", "DB_HOST", "CONTEXTPILOT_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_in_memory_everything_works_and_nothing_is_kept(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTPILOT_USE_DATABASE", "false")
    monkeypatch.setenv("CONTEXTPILOT_DATABASE_URL", "sqlite:///./contextpilot.db")
    store: Any
    with rawstore.open("contextpilot") as store:
        assert store.migrate()
        old, new = (
            store.add_context("file", name, "text", embedding=[1.0, 2.0]) for name in ("a", "b")
        )
        store.supersede_context(old.id, new.id)
        assert [hit.id for hit in store.search_contexts([1.0, 2.0])] == [new.id]
        talk = store.create_conversation("t", "p", "m")
        store.add_message(talk.id, "user", "Hello!", tokens=2)
        assert store.conversation_tokens(talk.id) == 2
    with rawstore.open("contextpilot") as store:
        store.migrate()
        assert store.count_contexts(include_superseded=True) == 0
    assert list(elsewhere.iterdir()) == []


def test_the_stores_own_url_may_carry_a_timeout(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEXTPILOT_DATABASE_URL", "sqlite:///./contextpilot.db?timeout=30")
    store: Any
    with rawstore.open("contextpilot") as store:
        store.migrate()
        store.add_context("file", "a", "A")
    assert (elsewhere / "contextpilot.db").exists()


def test_migrations_can_be_taken_back_one_by_one_and_applied_again(empty_url: str) -> None:
    store: Any
    with rawstore.open("contextpilot", empty_url) as store:
        applied = store.migrate()
        for _ in range(2):
            for migration in reversed(applied):
                assert store.migrations.down() == [migration]
            assert store.migrate() == applied
        assert store.add_context("file", "a", "A", embedding=[1.0]).embedding == [1.0]


@pytest.fixture
def empty(pg_database: Callable[[str | None], str]) -> str:
    return pg_database(None)


def test_a_role_that_may_not_create_the_extension_is_told_who_can(empty: str, pg: Remote) -> None:
    with psycopg.connect(empty, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA contextpilot")
        admin.execute("DROP ROLE IF EXISTS rawstore_plain")
        admin.execute("CREATE ROLE rawstore_plain LOGIN")
        admin.execute("GRANT ALL ON SCHEMA contextpilot TO rawstore_plain")
        store: Any
        try:
            with rawstore.open("contextpilot", as_role(empty, "rawstore_plain")) as store:
                with pytest.raises(PermissionDenied, match=r"CREATE EXTENSION vector.*superuser"):
                    store.migrate()
                admin.execute(
                    "CREATE EXTENSION vector"
                )  # as its hint says; no right is needed then
                assert len(store.migrate()) == len(store.migrations.status()) - 1
                store.add_context("file", "a", "A", embedding=[1.0] * 384)
                assert len(store.search_contexts([1.0] * 384)) == 1
        finally:
            admin.execute("DROP SCHEMA contextpilot CASCADE")
            admin.execute("DROP OWNED BY rawstore_plain")
            admin.execute("DROP ROLE rawstore_plain")


def as_role(url: str, role: str) -> str:
    return with_options(url, user=role)


def test_an_extension_in_another_schema_is_refused(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA extensions")
        admin.execute("CREATE EXTENSION vector SCHEMA extensions")
        with rawstore.open("contextpilot", empty) as store:
            with pytest.raises(MigrationError, match="ALTER EXTENSION vector SET SCHEMA public"):
                store.migrate()
            admin.execute("ALTER EXTENSION vector SET SCHEMA public")
            assert len(store.migrate()) == len(store.migrations.status()) - 1


def test_an_extension_that_is_too_old_is_refused(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION vector")
        admin.execute("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
        with (
            rawstore.open("contextpilot", empty) as store,
            pytest.raises(MigrationError, match=r"older than 0\.8: ALTER EXTENSION vector UPDATE"),
        ):
            store.migrate()


def test_eight_deploys_at_once_make_one_schema(empty: str) -> None:
    def deploy(_: int) -> list[str]:
        with rawstore.open("contextpilot", empty) as store:
            return store.migrate()

    with ThreadPoolExecutor(8) as threads:
        applied = list(threads.map(deploy, range(8)))
    with rawstore.open("contextpilot", empty) as store:
        all_of_them = len(store.migrations.status())
    assert sorted(map(len, applied)) == [0] * 7 + [all_of_them]
