"""`Store.health()` on SQLite: each fault is a real one, and has its verdict."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import ConnectionLost
from rawstore.health import sqlite as sqlite_health
from rawstore.health.migrations import Migrations
from rawstore.health.verdict import Asked, Findings
from tests.engines.conftest import on_sqlite, write_shop
from tests.engines.test_health import examine
from tests.mounts import small_disk
from tests.urls import sqlite_url

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop

pytestmark = on_sqlite

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody with fewer rights")


def open_at(folder: Path, file: Path, options: str = "") -> Any:
    return rawstore.open(write_shop(folder, "sqlite"), sqlite_url(file) + options)


@contextmanager
def nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody reaches: tmp_path is for its owner alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


# -- down


def test_a_missing_file(tmp_path: Path) -> None:
    with open_at(tmp_path, tmp_path / "x.db") as store:
        found = examine(store)
        assert (found.status, found.server) == ("down", None)
        assert "does not exist; create it with" in found.problems[0].text
        assert not (tmp_path / "x.db").exists()
        assert store.wait(timeout=0).status == "down"  # nothing to wait for: migrating makes it
        with pytest.raises(ConnectionLost, match="not migrated after 0 s: down: "):
            store.wait(timeout=0, until="migrated")


def test_a_missing_folder(tmp_path: Path) -> None:
    with open_at(tmp_path, tmp_path / "nowhere" / "x.db") as store:
        assert examine(store).status == "down"


def test_a_store_without_migrations_makes_its_file(tmp_path: Path) -> None:
    (tmp_path / "plain" / "sql" / "sqlite").mkdir(parents=True)
    query = tmp_path / "plain" / "sql" / "sqlite" / "q.sql"
    query.write_text("-- name: one() :scalar int\nSELECT 1;\n")
    with rawstore.open(tmp_path / "plain", sqlite_url(tmp_path / "x.db")) as store:
        found = examine(store)
        assert found.healthy
        assert "the first call creates it" in found.warnings[-1]
        assert not (tmp_path / "x.db").exists()
    with rawstore.open(tmp_path / "plain", sqlite_url(tmp_path / "no" / "x.db")) as store:
        assert examine(store).status == "down"


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    with open_at(tmp_path, tmp_path) as store:
        found = examine(store)
    assert found.status == "down"
    assert "it is a folder" in found.problems[0].text


@needs_root
def test_no_permission(shop: Any) -> None:
    with nobody():
        found = examine(shop)
    assert found.status == "down"
    assert "Permission denied" in found.problems[0].text


# -- frozen


_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_process_keeps_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_health, "PATIENCE", 0.05)
    store = open_at(tmp_path, tmp_path / "x.db")
    store.migrate()
    command = [sys.executable, "-c", _HOLD, str(tmp_path / "x.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = examine(store)
        holder.communicate()
    assert found.status == "frozen"
    assert "keeps even readers out" in found.problems[0].text
    assert examine(store).healthy


def test_a_busy_file_is_healthy(shop: Any, open_shop: OpenShop) -> None:
    with open_shop().transaction() as tx:
        tx.add(1)
        assert examine(shop).healthy
    with shop.transaction() as tx:
        tx.add(2)
        assert examine(shop).healthy


# -- full


def test_a_limit_on_the_size_of_files(shop: Any) -> None:
    size = shop.target.path.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1, before[1]))
    try:
        found = examine(shop)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.status == "full"
    assert "ulimit -f" in found.problems[0].text
    assert examine(shop).healthy


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2**20) as disk:
        store = open_at(tmp_path, disk / "x.db")
        store.migrate()
        assert examine(store).healthy
        with (
            (disk / "ballast").open("wb", buffering=0) as ballast,
            pytest.raises(OSError, match="No space"),
        ):
            while True:
                ballast.write(b"x" * 4096)
        found = examine(store)
        assert found.status == "full"
        (disk / "ballast").unlink()
        found = examine(store)
        assert found.healthy
        assert "0 MB are free on the disk" in found.warnings
        store.close()


# -- read-only


@needs_root
@pytest.mark.parametrize("writable", [True, False])
def test_a_read_only_file_or_folder(public: Path, *, writable: bool) -> None:
    with open_at(public, public / "x.db") as store:
        store.migrate()
        public.chmod(0o777 if writable else 0o755)
        (public / "x.db").chmod(0o644 if writable else 0o666)
        with nobody():
            found = examine(store)
            assert found.status == "read-only"
            assert "read-only" in found.problems[0].text
    with open_at(public, public / "x.db", "?mode=ro") as store:
        assert examine(store).healthy  # as it was asked for


# -- damaged


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("hello world\n" * 100)
    with open_at(tmp_path, tmp_path / "x.db") as store:
        found = examine(store)
    assert found.status == "damaged"
    assert "not a database" in found.problems[0].text


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Any]:
    """A store of some pages, all of them in its file."""
    with open_at(tmp_path, tmp_path / "x.db") as store:
        store.migrate()
        store.add_each([(n, "x" * 1000) for n in range(200)])
    with open_at(tmp_path, tmp_path / "x.db") as store:
        yield store


def test_a_damaged_page(filled: Any) -> None:
    assert examine(filled).storage["integrity"] == "ok"
    with filled.target.path.open("r+b") as file:
        file.seek(-4096 * 10, os.SEEK_END)
        file.write(b"\xff" * 4096)
    assert examine(filled, integrity=True).status == "damaged"
    with rawstore.open(filled.source.root, str(filled.target)) as another:
        assert examine(another).status == "damaged"
        assert examine(another).status == "damaged"


def test_a_truncated_file(filled: Any) -> None:
    os.truncate(filled.target.path, filled.target.path.stat().st_size // 2)
    assert examine(filled).status == "damaged"


def test_what_belongs_to_another_application(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as other, other:
        other.execute("PRAGMA application_id = 7")
    other.close()
    with open_at(tmp_path, tmp_path / "x.db") as store:
        assert examine(store).status == "misconfigured"


# -- on request, and warnings


def test_rows_without_their_parents(shop: Any) -> None:
    with closing(sqlite3.connect(shop.target.path)) as connection, connection:
        connection.execute("CREATE TABLE parts (item_id integer REFERENCES items (id))")
        connection.execute("INSERT INTO parts (item_id) VALUES (7)")
    connection.close()
    assert examine(shop).healthy
    found = examine(shop, integrity=True)
    assert found.status == "inconsistent"
    assert found.problems[0].text == "rows without their parents: 1, parts without items"
    assert found.storage["integrity"] == "ok"


def test_a_check_of_integrity_that_takes_too_long(shop: Any) -> None:
    shop.add_each([(n, "text") for n in range(5000)])
    # So short that the first look at the clock, after some thousand steps, comes too late.
    asked = Asked(integrity=True, deadline=1e-6)
    found = Findings()
    folder = shop.source.migrations("sqlite")
    sqlite_health.SqliteProbe(shop.target, Migrations(folder, shop.name)).examine(asked, found)
    assert [problem.code for problem in found.problems] == ["unchecked"]
    assert found.storage["integrity"] == "unknown"
    # Whoever asks has gone by then, or has not.
    assert examine(shop, integrity=True, deadline=1e-6).status in ("unchecked", "frozen")
    assert examine(shop).healthy


def test_a_large_wal(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_health, "LARGE_WAL", 4096)
    shop.add(1)
    found = examine(shop)
    assert found.healthy
    assert any("a reader that never ends" in warning for warning in found.warnings)
    assert found.storage["wal"] > 4096


def test_a_database_in_memory(tmp_path: Path) -> None:
    with rawstore.open(write_shop(tmp_path, "sqlite"), "sqlite://") as store:
        assert examine(store).status == "behind"
        store.migrate()
        assert examine(store).healthy
        with store.transaction():
            found = examine(store)
        assert found.healthy
        assert found.migrations == {}
        assert "a transaction is open" in found.warnings[-1]


@pytest.mark.parametrize(
    ("version", "warned"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)]
)
def test_the_wal_reset_bug(
    shop: Any,
    version: tuple[int, int, int],
    warned: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", version)
    found = examine(shop)
    assert found.healthy
    assert any("WAL-reset" in warning for warning in found.warnings) is warned
