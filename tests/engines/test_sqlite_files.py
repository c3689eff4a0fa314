"""Files that are not what they should be: each ends in a clear error, and no file is harmed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import rawstore
from rawstore.engines.sqlite import APPLICATION_ID
from rawstore.errors import (
    ConfigError,
    ConnectionLost,
    DatabaseCorrupt,
    DatabaseError,
    RawstoreError,
    ReadOnly,
    UndefinedObject,
)
from tests.engines.conftest import on_sqlite, write_shop
from tests.urls import sqlite_url

pytestmark = on_sqlite

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_shop(tmp_path, "sqlite")


@pytest.fixture
def file(tmp_path: Path, folder: Path) -> Path:
    """A migrated database with a hundred rows, closed."""
    path = tmp_path / "shop.db"
    with rawstore.open(folder, sqlite_url(path)) as store:
        store.migrate()
        store.add_each([(n, "x" * 500) for n in range(100)])
    return path


@pytest.fixture
def store(folder: Path, file: Path) -> Iterator[Any]:
    with rawstore.open(folder, sqlite_url(file)) as opened:
        yield opened


def test_a_missing_file_is_not_made(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "missing.db"
    with rawstore.open(folder, sqlite_url(path)) as store:
        for call in (store.one, store.count_items, lambda: store.add(1)):
            with pytest.raises(ConnectionLost, match=r"missing\.db does not exist; create it with"):
                call()
        assert not path.exists()
        store.migrate()
        assert store.count_items() == 0


def test_a_missing_folder(tmp_path: Path, folder: Path) -> None:
    url = sqlite_url(tmp_path / "no" / "such" / "x.db")
    with (
        rawstore.open(folder, url) as store,
        pytest.raises(ConnectionLost, match="does not exist"),
    ):
        store.one()


def test_an_empty_file_is_not_migrated(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with rawstore.open(folder, sqlite_url(path)) as store:
        with pytest.raises(UndefinedObject, match="are the migrations applied"):
            store.count_items()
        store.migrate()
        assert store.count_items() == 0


@pytest.mark.parametrize("content", [b"hello world\n" * 1000, b"SQLite format 2\0" * 100])
def test_a_file_that_is_no_database(tmp_path: Path, folder: Path, content: bytes) -> None:
    path = tmp_path / "text.db"
    path.write_bytes(content)
    with rawstore.open(folder, sqlite_url(path)) as store:
        for call in (store.one, store.count_items, lambda: store.add(1)):
            with pytest.raises(DatabaseError) as caught:
                call()
            assert isinstance(caught.value, DatabaseCorrupt)
            assert "text.db" in str(caught.value)
    assert path.read_bytes() == content


def test_a_truncated_file(folder: Path, file: Path) -> None:
    whole = file.read_bytes()
    refused = 0
    for size in range(len(whole) // 10, len(whole), len(whole) // 10):
        file.write_bytes(whole[:size])
        with rawstore.open(folder, sqlite_url(file)) as store:
            try:
                rows = store.list_items()
            except DatabaseCorrupt:
                refused += 1
            else:
                assert len(rows) == 100
        file.with_name("shop.db-wal").unlink(missing_ok=True)
    assert refused >= 5


def test_a_folder_in_the_files_place(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "folder.db"
    path.mkdir()
    with (
        rawstore.open(folder, sqlite_url(path)) as store,
        pytest.raises(ConnectionLost, match=r"folder\.db: it is a folder"),
    ):
        store.one()


def test_another_applications_file(file: Path, folder: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID ^ 1}")
    connection.close()
    with rawstore.open(folder, sqlite_url(file)) as store:
        for call in (store.one, lambda: store.add(1)):
            with pytest.raises(ConfigError, match="belongs to another application"):
                call()


def test_our_own_application_id_is_welcome(file: Path, folder: Path) -> None:
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA application_id").fetchone() in ((0,), (APPLICATION_ID,))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.close()
    with rawstore.open(folder, sqlite_url(file)) as store:
        assert store.count_items() == 100


@pytest.mark.parametrize(
    "name", ["with space.db", "per%cent.db", "quest?ion.db", "ha#sh.db", "ü.db"]
)
def test_a_file_with_an_unusual_name(tmp_path: Path, folder: Path, name: str) -> None:
    url = f"sqlite:///{quote(str(tmp_path / name))}"
    with rawstore.open(folder, url) as store:
        store.migrate()
        store.add(1)
    assert (tmp_path / name).exists()


# -- read-only


def attempts(folder: Path, url: str) -> list[str]:
    """Read, write and read as a user whom file permissions bind, which root is not; what came."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir("/")
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(write, "\n".join(attempt(folder, url)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read().splitlines()
    os.waitpid(pid, 0)
    return said


def attempt(folder: Path, url: str) -> Iterator[str]:
    with rawstore.open(folder, url) as store:
        for call in (store.count_items, lambda: store.add(1000), store.count_items):
            try:
                yield str(call())
            except RawstoreError as error:
                yield type(error).__name__


@pytest.fixture
def public(file: Path, folder: Path) -> Iterator[Path]:
    """The file, in a place where anybody can read it."""
    with tempfile.TemporaryDirectory(prefix="rawstore-files-", dir="/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        shutil.copytree(folder, place / "shop")
        shutil.copyfile(file, place / "shop.db")
        yield place
        for path in place.rglob("*"):
            path.chmod(0o755)


def test_a_read_only_file(public: Path) -> None:
    (public / "shop.db").chmod(0o444)
    public.chmod(0o777)
    said = attempts(public / "shop", sqlite_url(public / "shop.db"))
    assert said == ["100", "ReadOnly", "100"]


def test_a_read_only_folder(public: Path) -> None:
    (public / "shop.db").chmod(0o444)
    public.chmod(0o555)
    url = sqlite_url(public / "shop.db")
    refused = {"ReadOnly", "ConnectionLost"}  # a reader too has to make the -shm file
    assert set(attempts(public / "shop", url)) <= refused
    assert attempts(public / "shop", f"{url}?mode=ro&immutable=1") == ["100", "ReadOnly", "100"]


def test_a_file_that_may_not_be_read(public: Path) -> None:
    (public / "shop.db").chmod(0o000)
    said = attempts(public / "shop", sqlite_url(public / "shop.db"))
    assert said == ["ConnectionLost"] * 3


def test_a_store_opened_read_only(file: Path, folder: Path) -> None:
    with rawstore.open(folder, f"{sqlite_url(file)}?mode=ro") as store:
        assert store.count_items() == 100
        with pytest.raises(ReadOnly) as caught:
            store.add(1000)
        assert caught.value.query == "shop.add"
        with pytest.raises(ReadOnly), store.transaction() as tx:
            tx.add(1000)
        assert len(list(store.stream_items())) == 100
        assert store.count_items() == 100


# -- a full disk

FULL = """
import resource, signal, sys
from pathlib import Path
import rawstore
from rawstore.errors import StorageFull

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder, path = Path(sys.argv[1]), Path(sys.argv[2])
with rawstore.open(folder, f"sqlite:///{path}") as store:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for way in range(int(sys.argv[3])):
        before = store.count_items()
        sizes = [p.stat().st_size for p in path.parent.glob(path.name + "*") if p.is_file()]
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes) + 30_000, hard))
        acknowledged, failed = 0, 0
        try:
            while failed < 3:
                try:
                    if way % 3 == 0:
                        store.add(before + acknowledged, "y" * 3000)
                    elif way % 3 == 1:
                        with store.transaction() as tx:
                            tx.add(before + acknowledged, "y" * 3000)
                            tx.add(-1 - before - acknowledged, "y" * 3000)
                    else:
                        keys = before + acknowledged, -1 - before - acknowledged
                        store.add_each([(key, "y" * 3000) for key in keys])
                    acknowledged += 1 if way % 3 == 0 else 2
                except StorageFull:
                    failed += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert store.count_items() == before + acknowledged, (way, before, acknowledged)
        assert store.delete_items() == before + acknowledged
        store.add_each([(n, "x") for n in range(50)])
print("ok")
"""


@pytest.mark.parametrize("rounds", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_a_full_disk(file: Path, folder: Path, rounds: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder), str(file), str(rounds)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == "ok", done.stderr
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


# -- what a connection is set to


def settings(connection: sqlite3.Connection) -> dict[str, Any]:
    names = ("foreign_keys", "journal_mode", "synchronous", "busy_timeout", "query_only")
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


def connections(store: Any) -> list[sqlite3.Connection]:
    """A writer and two readers, each given back."""
    engine = store._engine
    sessions = [engine.borrow(), engine.borrow(writes=False), engine.borrow(writes=False)]
    for session in sessions:
        engine.give(session)
    assert len({id(session) for session in sessions}) == 3
    return [session.connection for session in sessions]


def test_the_settings_of_each_connection(store: Any) -> None:
    for connection in connections(store):
        assert settings(connection) == {
            "foreign_keys": 1,
            "journal_mode": "wal",
            "synchronous": 2,
            "busy_timeout": 30000,
            "query_only": 0,
        }


def test_the_settings_of_the_url(file: Path, folder: Path) -> None:
    url = f"{sqlite_url(file)}?synchronous=normal&timeout=1.5"
    with rawstore.open(folder, url) as store:
        for connection in connections(store):
            assert settings(connection)["synchronous"] == 1
            assert settings(connection)["busy_timeout"] == 1500


def test_a_pragma_is_not_left_to_the_next_caller(file: Path, folder: Path) -> None:
    (folder / "sql" / "sqlite" / "pragmas.sql").write_text(
        "-- name: unsafe() :exec\nPRAGMA foreign_keys = OFF;\n\n"
        "-- name: unsafe_script() :script\nPRAGMA query_only = ON;\nPRAGMA cell_size_check = ON;\n"
    )
    for url in (sqlite_url(file), "sqlite://"):
        with rawstore.open(folder, url) as store:
            store.unsafe()
            store.unsafe_script()
            session = store._engine.borrow()
            found = settings(session.connection)
            store._engine.give(session)
            assert (found["foreign_keys"], found["query_only"]) == (1, 0)
