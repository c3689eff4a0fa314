"""A store's tables in both dialects: what of them moves, in one snapshot, in one transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

import rawstore
from rawstore.errors import ConnectionLost, DatabaseBusy, ForeignKeyViolation, UniqueViolation
from rawstore.tables import Load, Snapshot, Table
from rawstore.tables.model import Reference, parents_first
from tests.conftest import OpenFolder
from tests.transfer import shop
from tests.transfer.filled import fill_minipilot
from tests.urls import sqlite_url, with_options


def test_equal_rows_have_equal_digests(pg_database: Callable[..., str], tmp_path: Path) -> None:
    folder = shop.write(tmp_path)
    with (
        rawstore.open(folder, sqlite_url(tmp_path / "a.db")) as file,
        rawstore.open(folder, pg_database(None)) as server,
    ):
        file.migrate()
        server.migrate()
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            connection.executescript(shop.THINGS + shop.OTHERS)
            connection.execute("UPDATE things SET doc = NULL")  # 1e400, and null: as NULL
            connection.commit()
        with Snapshot(file) as snapshot, Load(server) as load:
            for table in load.tables:  # a circle of foreign keys, and a trigger
                (mine,) = (each for each in snapshot.tables if each.name == table.name)
                load.rows(mine, snapshot.rows(mine))
        digests = []
        for store in (file, server):
            with Snapshot(store) as snapshot:
                digests.append({table.name: snapshot.digest(table) for table in snapshot.tables})
        assert digests[0] == digests[1]
        server.name_thing("more")
        with Snapshot(server) as snapshot:
            (things,) = (each for each in snapshot.tables if each.name == "things")
            assert snapshot.digest(things) != digests[0]["things"]


def test_what_is_odd_comes_as_it_is_stored(tmp_path: Path) -> None:
    folder = shop.write(tmp_path)
    with rawstore.open(folder, sqlite_url(tmp_path / "a.db")) as file:
        file.migrate()
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            connection.execute("INSERT INTO things (doc, small, uid) VALUES ('{', 'x', 'u')")
            connection.commit()
        with Snapshot(file) as snapshot:
            (things,) = (table for table in snapshot.tables if table.name == "things")
            names = [column.name for column in things.columns]
            row = dict(zip(names, next(snapshot.rows(things))[0], strict=True))
            assert snapshot.digest(things).rows == 1
    assert (row["doc"], row["small"], row["uid"]) == ("{", "x", "u")


def test_a_snapshot_stays_as_it_is(store: Any) -> None:
    fill_minipilot(store)
    with Snapshot(store) as snapshot:
        users = snapshot.tables[0]
        before = snapshot.digest(users)
        store.create_user(name="later")
        assert snapshot.digest(users) == before
        assert snapshot.count(users) == 2
    with Snapshot(store) as snapshot:
        assert snapshot.count(users) == 3


@pytest.mark.parametrize("dialect", ["postgres"])
def test_reading_may_stop_early(store: Any, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO minipilot.users (name) SELECT repeat('x', 500)"
            " FROM generate_series(1, 20000)"
        )
    with Snapshot(store) as snapshot:
        users = snapshot.tables[0]
        for portion in snapshot.rows(users):
            assert len(portion) < 20000
            break
        assert snapshot.digest(users).rows == 20000


def test_a_load_is_all_or_nothing(store: Any) -> None:
    fill_minipilot(store)
    with Snapshot(store) as snapshot:
        users, *_ = snapshot.tables
        rows = next(snapshot.rows(users))
    with pytest.raises(UniqueViolation), Load(store) as load:
        load.rows(users, [[row] for row in [(rows[0][0].__class__(int=1), *rows[1][1:]), *rows]])
    with pytest.raises(ValueError, match="email"), Load(store) as load:
        load.rows(users, [[(rows[0][0], None, None, 7, *rows[0][4:])]])
    with pytest.raises(KeyError), Load(store):
        raise KeyError
    assert len(store.list_users()) == 2


def test_a_load_checks_foreign_keys_at_its_end(store: Any) -> None:
    fill_minipilot(store)
    with Snapshot(store) as snapshot:
        messages = snapshot.tables[-1]
        row = next(snapshot.rows(messages))[0]
    uuid = type(row[0])
    with pytest.raises(ForeignKeyViolation), Load(store) as load:
        load.rows(messages, [[(uuid(int=1), uuid(int=2), *row[2:])]])


def test_nobody_writes_during_a_load(store: Any, url: str) -> None:
    with Load(store) as load:
        assert load.count(load.tables[0]) == 0
        limits = {"timeout": 0.1} if url.startswith("sqlite") else {"lock_timeout": "100ms"}
        with (
            rawstore.open("minipilot", with_options(url, **limits)) as other,
            pytest.raises(DatabaseBusy),
        ):
            other.create_user(name="meanwhile")


def test_no_file_is_made(tmp_path: Path) -> None:
    with (
        rawstore.open("minipilot", sqlite_url(tmp_path / "no.db")) as store,
        pytest.raises(ConnectionLost, match="does not exist"),
        Snapshot(store),
    ):
        pass
    assert not (tmp_path / "no.db").exists()


def test_memory_waits_for_the_snapshot() -> None:
    with rawstore.open("minipilot", "sqlite://") as store:
        store.migrate()
        with Snapshot(store) as snapshot:
            thread = threading.Thread(target=store.create_user)
            thread.start()
            assert snapshot.count(snapshot.tables[0]) == 0
        thread.join()
        assert len(store.list_users()) == 1


def test_partitions_come_through_their_root(pg_database: Callable[..., str]) -> None:
    url = pg_database(None)
    with rawstore.open("omnimemory", url) as store:
        store.migrate()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                'CREATE TABLE omnimemory.logs (at int, line text COLLATE "C", mood'
                " varchar(4)[]) PARTITION BY RANGE (at)"
            )
            for low in (0, 10):
                connection.execute(
                    f"CREATE TABLE omnimemory.logs_{low} PARTITION OF omnimemory.logs"
                    f" FOR VALUES FROM ({low}) TO ({low + 10})"
                )
            connection.execute(
                "INSERT INTO omnimemory.logs VALUES (1, 'a', '{x}'), (11, 'b', NULL)"
            )
        with Snapshot(store) as snapshot:
            (logs,) = (table for table in snapshot.tables if table.name.startswith("logs"))
            assert logs.name == "logs"
            assert snapshot.count(logs) == 2


@pytest.mark.parametrize("dialect", ["postgres"])
def test_types_that_are_text_elsewhere(open_folder: OpenFolder) -> None:
    """A type that query files do not know travels as its text."""
    store: Any = open_folder(
        {"a.sql": "-- name: count_odd() :scalar bigint\nSELECT count(*) FROM shop.odd;\n"},
        {
            "0001_create_odd.sql": "-- Create odd.\n"
            "CREATE TYPE shop.mood AS ENUM ('glad', 'sad');\n"
            "CREATE DOMAIN shop.few AS smallint CHECK (VALUE < 9);\n"
            "CREATE TABLE shop.odd (id serial PRIMARY KEY, m shop.mood, i interval, a inet,\n"
            "few shop.few, f real, n numeric(9, 2), c char(3), t timestamp, j json, ms shop.few[]);"
        },
    )
    store.migrate()
    odd = (
        1,
        *("glad", "3 days 04:05:06", "10.0.0.1/32"),
        *(7, 0.5, Decimal("1.50"), "ab "),
    )
    with Load(store) as load:
        (table,) = load.tables
        names = [column.name for column in table.columns]
        values = dict(zip(["id", "m", "i", "a", "few", "f", "n", "c"], odd, strict=True))
        load.rows(table, [[tuple(values.get(name) for name in names)]])
    with Snapshot(store) as snapshot:
        assert next(snapshot.rows(table)) == [(*odd, None, None, None)]
        digest = snapshot.digest(table)
        rows = next(snapshot.rows(table))
    with Load(store) as load:
        load.clear(load.tables)
        load.rows(table, [rows])
    with Snapshot(store) as snapshot:
        assert snapshot.digest(table) == digest


def test_parents_come_first() -> None:
    def table(name: str, *parents: str) -> Table:
        references = tuple(Reference(("x",), parent, ("id",)) for parent in parents)
        return Table(name, (), references=references)

    tables = (table("a", "c", "a"), table("b", "a", "elsewhere"), table("c"))
    assert [each.name for each in parents_first(tables)] == ["c", "a", "b"]
    circle = parents_first((table("a", "b"), table("b", "c"), table("c", "a"), table("d", "a")))
    names = [each.name for each in circle]
    assert sorted(names) == ["a", "b", "c", "d"]
    assert names.index("a") < names.index("d")
