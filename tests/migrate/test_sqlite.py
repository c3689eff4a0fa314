"""What only an SQLite file can do wrong."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import datetime

import pytest

from rawstore.errors import DatabaseBusy, DatabaseCorrupt, MigrationError, ReadOnly
from rawstore.migrate import Migrator
from rawstore.target import SqliteTarget
from tests.migrate.conftest import Place


@pytest.fixture
def shop(sqlite_place: Place) -> Place:
    """A place with three migrations, none of them applied."""
    sqlite_place.write_shop()
    return sqlite_place


def migrator(place: Place, target: SqliteTarget) -> Migrator:
    return Migrator(place.folder, target, "shop")


def test_the_file_is_in_wal_mode_and_marked_as_ours(shop: Place) -> None:
    shop.migrator.up()
    assert shop.rows("PRAGMA journal_mode") == [("wal",)]
    assert shop.rows("PRAGMA application_id") == [(0x52415753,)]


def test_the_files_folder_is_made_by_up_only(shop: Place) -> None:
    shop.url = f"sqlite:///{shop.file.parent / 'deep' / 'er' / 'shop.db'}"
    shop.migrator.status()
    assert not shop.file.parent.parent.exists()
    shop.migrator.up()
    assert shop.file.exists()


def test_a_writer_that_takes_long_is_waited_for(shop: Place) -> None:
    shop.migrator.up("0001")
    with closing(
        sqlite3.connect(shop.file, isolation_level=None, check_same_thread=False)
    ) as writer:
        writer.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(1.0, writer.execute, ("COMMIT",))
        timer.start()
        assert len(shop.migrator.up()) == 2
        timer.join()


def test_a_writer_that_never_ends_is_busy_after_the_time_given(shop: Place) -> None:
    shop.migrator.up("0001")
    with closing(sqlite3.connect(shop.file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(DatabaseBusy):
            migrator(shop, SqliteTarget(shop.file, busy_timeout=0.5)).up()
        assert 0.4 < time.monotonic() - started < 2
    assert len(shop.migrator.up()) == 2


def test_sqlite3_adapts_datetimes_as_before(shop: Place) -> None:
    adapters, converters = dict(sqlite3.adapters), dict(sqlite3.converters)
    shop.migrator.up()
    shop.migrator.down()
    assert (sqlite3.adapters, sqlite3.converters) == (adapters, converters)


def test_orphans_are_refused_and_undone(shop: Place) -> None:
    shop.migrator.up()
    shop.write("0004_add_orphan", "INSERT INTO orders (id, user_id) VALUES (1, 99);", "SELECT 1;")
    with pytest.raises(MigrationError, match="1 of orders without their users"):
        shop.migrator.up()
    assert shop.rows("SELECT count(*) FROM orders") == [(0,)]


def test_a_table_that_is_made_anew_keeps_the_rows_that_refer_to_it(shop: Place) -> None:
    shop.migrator.up()
    shop.write(
        "0004_create_items",
        "CREATE TABLE items (order_id integer REFERENCES orders (id) ON DELETE CASCADE);\n"
        "INSERT INTO users (id) VALUES (1);\nINSERT INTO orders VALUES (2, 1);\n"
        "INSERT INTO items VALUES (2);\n",
    )
    shop.write(
        "0005_change_orders",
        "CREATE TABLE new_orders (id integer PRIMARY KEY, user_id integer, note text);\n"
        "INSERT INTO new_orders (id, user_id) SELECT id, user_id FROM orders;\n"
        "DROP TABLE orders;\nALTER TABLE new_orders RENAME TO orders;\n",
    )
    shop.migrator.up()
    assert shop.rows("SELECT order_id FROM items") == [(2,)]
    assert shop.rows("PRAGMA foreign_key_check") == []


def test_orphans_that_were_there_before_are_named(shop: Place) -> None:
    shop.migrator.up()
    shop.execute("INSERT INTO orders (id, user_id) VALUES (1, 99)")
    path = shop.write("0004_add_age", "ALTER TABLE users ADD COLUMN age integer;", "SELECT 1;")
    with pytest.raises(MigrationError, match=r"1 of orders without their users") as caught:
        shop.migrator.up()
    assert str(path) in str(caught.value)
    assert shop.migrator.status()[-1].state == "pending"
    path.write_text("DELETE FROM orders;\n" + path.read_text())
    assert shop.migrator.up() == ["0004_add_age"]


def test_a_file_of_another_application_is_refused(shop: Place) -> None:
    shop.execute("PRAGMA application_id = 7", "CREATE TABLE theirs (a)")
    with pytest.raises(MigrationError, match="another application"):
        shop.migrator.up()
    assert shop.tables() == {"theirs"}
    assert shop.rows("PRAGMA journal_mode") == [("delete",)]


def test_a_file_that_is_no_database(shop: Place) -> None:
    shop.file.write_bytes(b"no database at all, only words" * 100)
    for command in shop.migrator.status, shop.migrator.up:
        with pytest.raises(DatabaseCorrupt, match="not a database"):
            command()


def test_a_read_only_target_is_refused_at_once_if_there_is_work(shop: Place) -> None:
    shop.migrator.up("0001")
    read_only = migrator(shop, SqliteTarget(shop.file, read_only=True))
    with pytest.raises(ReadOnly, match="read-only"):
        read_only.up()
    shop.migrator.up()
    assert read_only.up() == []
    assert [state.state for state in read_only.status()] == ["applied"] * 3


def test_moments_sort_as_text(shop: Place) -> None:
    shop.migrator.up()
    moments = [m for (m,) in shop.rows("SELECT applied_at_utc FROM _yoyo_migration ORDER BY 1")]
    assert all(len(m) == 26 and datetime.fromisoformat(m) for m in moments)
    assert moments == [
        m for (m,) in shop.rows("SELECT applied_at FROM rawstore_migration ORDER BY 1")
    ]


def test_status_beside_a_writer_does_not_wait(shop: Place) -> None:
    shop.migrator.up("0001")
    with closing(sqlite3.connect(shop.file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        assert [s.state for s in shop.migrator.status()] == ["applied", "pending", "pending"]
        assert time.monotonic() - started < 1


def test_a_run_of_another_process_is_waited_for_and_then_given_up(shop: Place) -> None:
    from rawstore.migrate.sqlite import SqliteDatabase

    heard: list[str] = []
    with SqliteDatabase(SqliteTarget(shop.file), None).lock(0, heard.append):
        with pytest.raises(DatabaseBusy, match=r"shop\.db\.migrate\.lock"):
            shop.migrator.up(wait=0.3, on_progress=heard.append)
        assert len(heard) == 1
    assert len(shop.migrator.up(wait=0)) == 3
