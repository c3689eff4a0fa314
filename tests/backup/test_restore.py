"""Backup and restore on both dialects: what comes back, and what is refused."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.backup import archive, manifest as manifests
from rawstore.errors import (
    ConfigError,
    DatabaseCorrupt,
    MigrationError,
    RawstoreError,
    StorageFull,
)
from rawstore.tables import Snapshot
from tests.backup.conftest import ACCOUNTS, LATER, is_empty
from tests.urls import sqlite_url

if TYPE_CHECKING:
    from tests.conftest import Dialect

STORES = ("collections", "contextpilot", "duiliocode", "minipilot", "omnimemory")


both = pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
now_and_then = pytest.mark.parametrize(
    "dialect", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)]
)


@pytest.fixture
def dialect() -> Dialect:
    """One is enough for what asks no database; `both` where it does."""
    return "sqlite"


def digests(store: Any) -> dict[str, Any]:
    with Snapshot(store) as snapshot:
        return {table.name: snapshot.digest(table) for table in snapshot.tables}


@both
def test_what_is_restored_is_what_was_backed_up(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path / "backups")
    before = digests(bank)
    assert made.path.parent == tmp_path / "backups"
    assert made.path.name.startswith("bank-")
    assert made.size == made.path.stat().st_size
    bank.move(1, 5)
    done = reopened.restore(made.path)
    assert digests(reopened) == before
    assert done.manifest == made.manifest
    assert (done.pending, done.notes) == ((), ())
    assert {state.state for state in reopened.migrations.status()} == {"applied"}
    assert reopened.open_account(1) == 11, "an id is never given twice"
    assert not list(tmp_path.glob("**/.*unfinished*"))


@both
@pytest.mark.slow
@pytest.mark.parametrize("name", STORES)
def test_each_store_comes_back(
    name: str, dialect: Dialect, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    with rawstore.open(name, elsewhere()) as store, rawstore.open(name, elsewhere()) as other:
        store.migrate()
        made = store.backup(tmp_path / "one.rawbackup")
        assert other.restore(made.path).pending == ()
        assert digests(other) == digests(store)
        assert {state.state for state in other.migrations.status()} == {"applied"}


@both
@pytest.mark.slow
def test_a_search_finds_what_was_restored(
    store: Any, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    chunk = store.upsert_knowledge_chunk(source="book", content="The shop opens at nine.")
    made = store.backup(tmp_path)
    with rawstore.open("minipilot", elsewhere()) as other:
        other.restore(made.path)
        (hit,) = other.search_knowledge_chunks("opened")
        assert hit.id == chunk.id


@now_and_then
def test_a_dry_run_writes_nothing(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    assert reopened.restore(made.path, dry_run=True).manifest.rows == 10
    assert is_empty(reopened)


@now_and_then
def test_a_target_that_is_not_empty_is_refused(bank: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    bank.move(1, 5)
    with pytest.raises(ConfigError, match=r"is not empty|have it open|is there"):
        bank.restore(made.path)
    assert bank.total() == 1005


@both
def test_an_empty_target_may_be_there(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    if reopened.dialect == "sqlite":
        reopened.target.path.touch()
    else:
        session = reopened._engine.borrow()
        session.core.connection.execute("CREATE SCHEMA bank")
        reopened._engine.give(session)
    reopened.restore(made.path)
    assert reopened.total() == 1000
    reopened.drop()
    reopened.close()
    with rawstore.open(bank.source.root, str(reopened.target)) as again:
        again.restore(made.path)
        assert again.total() == 1000


def test_a_backup_is_never_replaced(bank: Any, tmp_path: Path) -> None:
    path = tmp_path / "bank.rawbackup"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="never replaces"):
        bank.backup(path)
    assert path.read_text() == "mine"


@now_and_then
def test_an_older_backup_is_restored_as_it_was(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    folder = bank.source.migrations(bank.dialect)
    (folder / "0002_add_owner.sql").write_text(LATER)
    assert reopened.restore(made.path).pending == ("0002_add_owner",)
    assert reopened.migrate() == ["0002_add_owner"]
    assert reopened.total() == 1000


def test_what_does_not_fit_is_refused(
    bank: Any, reopened: Any, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    made = bank.backup(tmp_path)
    with (
        rawstore.open("minipilot", elsewhere()) as other,
        pytest.raises(ConfigError, match="a backup of bank, not of minipilot"),
    ):
        other.restore(made.path)
    file = bank.source.migrations(bank.dialect) / "0001_create_accounts.sql"
    text = file.read_text()
    file.write_text(f"{text}\n-- edited")
    with pytest.raises(MigrationError, match="0001_create_accounts was edited"):
        reopened.restore(made.path)
    file.rename(file.with_name("0001_create_other.sql"))
    with pytest.raises(MigrationError, match="0001_create_accounts is unknown"):
        reopened.restore(made.path)
    assert is_empty(reopened)


@now_and_then
def test_the_other_dialect_is_refused(bank: Any, tmp_path: Path, pg_database: Any) -> None:
    made = bank.backup(tmp_path)
    for each in ("sqlite", "postgres"):
        folder = bank.source.root / "sql" / each
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "accounts.sql").write_text(ACCOUNTS)
    url = pg_database(None) if bank.dialect == "sqlite" else sqlite_url(tmp_path / "other.db")
    with (
        rawstore.open(bank.source.root, url) as other,
        pytest.raises(ConfigError, match="rawstore copy"),
    ):
        other.restore(made.path)


def rewritten(path: Path, **changes: Any) -> Path:
    """The same backup, sound, with a manifest that says otherwise."""
    changed = path.with_name(f"changed-{path.name}")
    with archive.opened(path) as old, changed.open("w+b") as file:
        manifest = old.check()
        data = old.payload(manifest)
        archive.write_payload(file, manifest.payload.name, manifest.made_at, data)
        archive.finish(file, replace(manifest, **changes))
    return changed


def test_a_format_of_the_future_is_refused(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = rewritten(bank.backup(tmp_path).path, format=2, rawstore="9.9")
    with pytest.raises(ConfigError, match=r"format 2, made by rawstore 9.9"):
        reopened.restore(made)
    assert is_empty(reopened)


@both
def test_rows_that_do_not_come_back_are_told(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    lie = replace(made.manifest.tables[0], rows=11)
    with pytest.raises(DatabaseCorrupt, match="accounts has 10 rows instead of 11"):
        reopened.restore(rewritten(made.path, tables=(lie,)))
    if reopened.dialect == "sqlite":
        assert is_empty(reopened)


@both
@pytest.mark.slow
def test_values_that_do_not_come_back_are_told(
    bank: Any, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    made = bank.backup(tmp_path)
    lie = replace(made.manifest.tables[0], hash="0")
    with (
        rawstore.open(bank.source.root, elsewhere()) as other,
        pytest.raises(DatabaseCorrupt, match="accounts has other values"),
    ):
        other.restore(rewritten(made.path, tables=(lie,)))


@both
def test_a_store_that_was_not_migrated_has_no_backup(reopened: Any, tmp_path: Path) -> None:
    with pytest.raises(RawstoreError, match=r"no migration was applied|does not exist"):
        reopened.backup(tmp_path / "backups")
    assert list((tmp_path / "backups").glob("*")) == []


@now_and_then
@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes are Linux's here")
def test_a_full_disk_leaves_nothing(bank: Any, tmp_path: Path) -> None:
    import resource
    import signal

    folder = tmp_path / "backups"
    first = bank.backup(folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limits[1]))
    try:
        with pytest.raises(StorageFull):
            bank.backup(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert list(folder.iterdir()) == [first.path]
    assert bank.backup(folder).manifest.rows == 10


@now_and_then
def test_async(bank: Any, elsewhere: Callable[[], str], tmp_path: Path) -> None:
    async def run() -> int:
        async with rawstore.open_async(bank.source.root, str(bank.target)) as store:
            made = await store.backup(tmp_path / "backups")
        async with rawstore.open_async(bank.source.root, elsewhere()) as other:
            await other.restore(made.path)
            total: int = await other.total()
            return total

    assert asyncio.run(run()) == 1000


def test_memory(bank: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    with rawstore.open(bank.source.root, "sqlite://") as memory:
        memory.restore(made.path)
        assert memory.open_account(7) == 11
        again = memory.backup(tmp_path / "again.rawbackup")
        assert again.manifest.rows == 11
        with pytest.raises(ConfigError, match="memory is not empty"):
            memory.restore(made.path)


def test_a_manifest_holds_what_it_was_given(bank: Any, tmp_path: Path) -> None:
    manifest = bank.backup(tmp_path).manifest
    assert manifests.from_json(manifest.to_json()) == manifest
    for broken in (b"", b"[]", b"{}", b'{"format": 1}', b'{"format": "1"}', b"\xff"):
        with pytest.raises((ValueError, KeyError)):
            manifests.from_json(broken)
