"""A store's rows from any database into any other: equal, or refused with a reason."""

from __future__ import annotations

import pickle
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

import rawstore
from rawstore.errors import ConfigError, ConnectionLost, DatabaseBusy, MigrationError
from rawstore.transfer.outcome import TargetNotEmpty, UnfitRows
from tests.tables.shipped import check_tables
from tests.transfer import shop
from tests.transfer.filled import FILL, TEXT
from tests.urls import sqlite_url, with_options

Lend = Callable[[str | None], str]


@contextmanager
def migrated(name: str | Path, url: str) -> Iterator[Any]:
    with rawstore.open(name, url) as store:
        store.migrate()
        yield store


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.executescript(statement)
        connection.commit()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop.write(tmp_path)


@pytest.fixture
def things(folder: Path, tmp_path: Path) -> Iterator[Any]:
    """The store of one's own, filled, in a file."""
    with migrated(folder, sqlite_url(tmp_path / "shop.db")) as store:
        run_sql(tmp_path / "shop.db", shop.THINGS, shop.OTHERS)
        yield store


LISTS: dict[str, Callable[[Any], list[Any]]] = {
    "collections": lambda store: [
        store.list_items(TEXT),
        store.list_analyses("i1", "ann"),
        store.list_categories("ann"),
        [hit.id for hit in store.search_items("c2", "ann")],
        store.search_similar([0.5] * 1024, "ann")[0].id,
    ],
    "contextpilot": lambda store: [
        store.list_contexts(include_superseded=True),
        store.list_messages(store.list_conversations()[0].id),
        [hit.id for hit in store.search_contexts([1.0] * 384)],
    ],
    "duiliocode": lambda store: [
        store.list_preferences("ann"),
        store.get_conversation_history("ann", "s1"),
        store.recent_messages("ann"),
        store.get_metrics(),
        len(store.search_history("ann", "null")),
    ],
    "minipilot": lambda store: [
        store.list_users(),
        store.list_all_conversations(),
        store.list_messages_for_conversation(store.list_all_conversations()[-1].id),
        store.list_all_knowledge_chunks(),
    ],
    "omnimemory": lambda store: [
        store.list_sessions(),
        store.list_operations(),
        store.savings(),
    ],
}


# Other tests copy minipilot too; contextpilot has nothing that the others and `shop` lack.
DEAR = ("contextpilot", "minipilot")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in DEAR)) for name in FILL]
)
def test_shipped_stores(name: str, tmp_path: Path, pg_database: Lend) -> None:
    """From a file to a server and back to a file, which is then as the first; and they go on."""
    with (
        migrated(name, sqlite_url(tmp_path / "a.db")) as file,
        rawstore.open(name, pg_database(None)) as server,
        migrated(name, sqlite_url(tmp_path / "b.db")) as back,
    ):
        before = schema(tmp_path / "b.db")
        FILL[name](file)
        if name == "collections":  # what no trigger would make of it
            run_sql(tmp_path / "a.db", "UPDATE items SET latest_category = 'x' WHERE id = 'i2'")
        for source, target in ((file, server), (server, back)):
            done = source.copy(target)
            assert done.done == "copied"
            assert done.equal
        check_tables(name, file, server)
        assert LISTS[name](back) == LISTS[name](server)
        assert file.verify(back).equal
        assert back.copy(server).done == "equal already"
        assert file.copy(back, replace=True).equal  # with what files have for themselves
        assert LISTS[name](back) == LISTS[name](file)
        assert schema(tmp_path / "b.db") == before
        if name in ("contextpilot", "duiliocode", "omnimemory"):  # their ids do not clash
            FILL[name](server)
            FILL[name](back)


def schema(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute("SELECT type, name, sql FROM sqlite_master"), key=str)


def test_own_store_everywhere(things: Any, folder: Path, tmp_path: Path, pg_database: Lend) -> None:
    with (
        rawstore.open(folder, pg_database(None)) as server,
        rawstore.open(folder, sqlite_url(tmp_path / "back.db")) as file,
        rawstore.open(folder, "sqlite://") as memory,
        rawstore.open(folder, pg_database(None)) as again,
    ):
        places = (things, server, file, memory, again)
        for source, target in pairwise(places):
            assert source.copy(target).equal
            assert target.get_left(1) == things.get_left(1)
            assert target.list_parts() == things.list_parts()
            assert sorted(map(str, target.list_notes())) == sorted(map(str, things.list_notes()))
            assert target.get_thing(3) == things.get_thing(3)
        assert things.verify(again).equal
        assert {place.name_thing("next").id for place in places} == {41}


BAD = {
    "NUL in text": ("code", "'a' || char(0)", "NUL"),
    "no UTF-8": ("code", "CAST(x'61ff' AS text)", "no UTF-8"),
    "lone surrogate": ("code", "CAST(x'eda080' AS text)", "no UTF-8"),
    "too long": ("code", "'éééééé'", "6 characters"),
    "blob for text": ("code", "x'61'", "blob"),
    "smallint": ("small", "32768", "out of range"),
    "int": ("number", "-2147483649", "out of range"),
    "bigint": ("big", "9223372036854775808", "float"),
    "text for int": ("number", "'seven'", "text where int"),
    "text for float": ("real", "'one'", "text where float"),
    "bool": ("yes", "2", "0 and 1"),
    "uuid": ("uid", "'01a20244-b85b-7605-a8b8-ecaf320f9a3'", "no UUID"),
    "timestamp": ("at", "'yesterday'", "no timestamp"),
    "month 13": ("at", "'2026-13-01T00:00:00.000000Z'", "no timestamp"),
    "naive timestamp": ("at", "'2026-01-02T03:04:05'", "time zone"),
    "date": ("day", "'2026-02-30'", "no date"),
    "numeric": ("price", "'1,5'", "no number"),
    "infinite numeric": ("price", "'Infinity'", "finite"),
    "text for bytes": ("data", "'words'", "text where bytes"),
    "JSON": ("doc", "'{'", "JSON"),
    "JSON NaN": ("doc", "'[NaN]'", "NaN"),
    "JSON Infinity": ("doc", "'{\"a\": -Infinity}'", "Infinity"),
    "JSON NUL": ("doc", "'[\"\\u0000\"]'", "NUL"),
    "JSON surrogate": ("doc", "'[\"\\ud800\"]'", "surrogate"),
    "JSON number": ("doc", "'1e200000'", "numeric's range"),
    "dimensions": ("vec", "x'0000803f000000c0'", "dimensions"),
    "odd vector": ("vec", "x'0000803f0000'", "multiple of four"),
    "NaN in vector": ("vec", "x'0000c07f000000c0cdcccc3d'", "finite"),
    "array": ("tags", "'[1]'", "str"),
    "no array": ("tags", "'5'", "no list"),
    "object for an array": ("tags", "'{\"a\": 1}'", "no list"),
    "text for an array": ("tags", "'\"abc\"'", "no list"),
    "year 0 in UTC": ("at", "'0001-01-01T00:00:00+05:00'", "years 1 to 9999"),
    "nanoseconds": ("at", "'2026-01-02T03:04:05,1234567Z'", "finer"),
    "JSON digits": ("doc", "'0e-99999'", "numeric's range"),
}


def test_rows_that_cannot_go(things: Any, folder: Path, tmp_path: Path, shop_server: str) -> None:
    ids = {case: 100 + number for number, case in enumerate(BAD)}
    inserts = [
        f"INSERT INTO things (id, {column}) VALUES ({ids[case]}, {value});"
        for case, (column, value, _) in BAD.items()
    ]
    run_sql(tmp_path / "shop.db", f"BEGIN; {' '.join(inserts)} COMMIT")
    with rawstore.open(folder, shop_server) as server:
        with pytest.raises(UnfitRows) as raised:
            things.copy(server)
        assert server.list_parts() == []
        planned = things.copy(server, dry_run=True)
    found = {row.key: row for row in raised.value.rows}
    assert len(found) == len(BAD) == raised.value.total
    for case, (column, value, reason) in BAD.items():
        row = found[f"id={ids[case]}"]
        assert (row.table, row.column) == ("things", column), case
        assert reason in row.reason, case
        assert value.strip("'") not in row.reason
        assert f"things id={ids[case]}: {column}: " in str(raised.value)
    assert planned.unfit == raised.value.rows
    assert pickle.loads(pickle.dumps(raised.value)).rows == planned.unfit  # noqa: S301


@pytest.fixture(scope="module")
def shop_server(pg: Any) -> Iterator[str]:
    """A database for what is refused: it stays empty."""
    url = pg.create_database()
    yield url
    pg.drop_database(url.partition("?")[0].rpartition("/")[2])


def test_all_that_cannot_go_is_counted(
    things: Any, folder: Path, tmp_path: Path, shop_server: str
) -> None:
    run_sql(
        tmp_path / "shop.db",
        "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 5999)"
        " INSERT INTO things (id, small) SELECT i, i * 100 FROM n",
        "INSERT INTO notes VALUES (CAST(x'ff' AS text))",
        "INSERT INTO parts (a, b, thing_id) VALUES ('orphan', 1, 12345)",
    )
    with rawstore.open(folder, shop_server) as server, pytest.raises(UnfitRows) as raised:
        things.copy(server)
    found = raised.value
    assert found.total == 5002
    assert len(found.rows) == 100
    assert found.rows[0].key == "rowid=5"
    with rawstore.open(folder, shop_server) as server:
        run_sql(tmp_path / "shop.db", "DELETE FROM things WHERE id > 999", "DELETE FROM notes")
        with pytest.raises(UnfitRows, match=r"parts .*: thing_id: refers to a row of things"):
            things.copy(server)


BEYOND = {
    "infinity": ("at", "'infinity'", "infinity"),
    "before Christ": ("at", "'0044-03-15 00:00Z BC'", "before the year 1"),
    "far away": ("at", "'10000-01-01 00:00Z'", "after 9999"),
    "date infinity": ("day", "'-infinity'", "infinity"),
    "NaN": ("real", "'NaN'", "NaN"),
    "numeric NaN": ("price", "'NaN'", "NaN"),
}


def test_rows_that_sqlite_cannot_take(folder: Path, pg_database: Lend) -> None:
    url = pg_database(None)
    with migrated(folder, url) as server, rawstore.open(folder, "sqlite://") as memory:
        with psycopg.connect(url, autocommit=True) as connection:
            for column, value, _ in BEYOND.values():
                connection.execute(f"INSERT INTO shop.things ({column}) VALUES ({value})")
        with pytest.raises(UnfitRows) as raised:
            server.copy(memory)
    found = {row.key: row for row in raised.value.rows}
    assert len(found) == len(BEYOND)
    for number, (column, _, reason) in enumerate(BEYOND.values(), 1):
        assert found[f"id={number}"].column == column
        assert reason in found[f"id={number}"].reason


def test_a_target_that_holds_other_rows(things: Any, folder: Path, pg_database: Lend) -> None:
    url = pg_database(None)
    with rawstore.open(folder, url) as server:
        server.migrate()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER TABLE shop.things ALTER id RESTART 100")
        mine = server.name_thing("mine").id
        with pytest.raises(TargetNotEmpty, match=r"things 1\)") as raised:
            things.copy(server)
        assert raised.value.tables == {"things": 1}
        assert server.get_thing(mine).code == "mine"
        planned = things.copy(server, replace=True, dry_run=True)
        assert (planned.done, planned.deleted) == ("would copy", 1)
        assert server.get_thing(mine).code == "mine"
        done = things.copy(server, replace=True)
        assert (done.equal, done.deleted) == (True, 1)
        assert server.get_thing(mine) is None
        assert server.name_thing("next").id == 101  # an id is not given twice


def test_replace_in_sqlite(things: Any, folder: Path, tmp_path: Path) -> None:
    with migrated(folder, sqlite_url(tmp_path / "other.db")) as other:
        for _ in range(100):
            other.name_thing("mine")
        assert things.copy(other, replace=True).equal
        assert other.name_thing("next").id == 101  # an id is not given twice


def test_dry_run_writes_nothing(things: Any, folder: Path, tmp_path: Path) -> None:
    with rawstore.open(folder, sqlite_url(tmp_path / "new.db")) as other:
        planned = things.copy(other, dry_run=True)
    assert (planned.done, planned.rows, planned.migrated) == (
        "would copy",
        13,
        ("0001_create_all",),
    )
    assert not (tmp_path / "new.db").exists()


def test_refusals(things: Any, folder: Path, tmp_path: Path) -> None:
    with rawstore.open("minipilot", "sqlite://") as other:
        with pytest.raises(ConfigError, match="two stores"):
            things.copy(other)
        with pytest.raises(ConfigError, match="two stores"):
            things.verify(other)
    with (
        rawstore.open(folder, sqlite_url(tmp_path / "shop.db")) as same,
        pytest.raises(ConfigError, match="one database"),
    ):
        things.copy(same)
    with rawstore.open(folder, sqlite_url(tmp_path / "nothing.db")) as missing:
        with pytest.raises((MigrationError, ConnectionLost), match="does not exist"):
            missing.copy(things)
        with pytest.raises(ConnectionLost, match="does not exist"):
            missing.verify(things)
    assert not (tmp_path / "nothing.db").exists()


def test_a_source_behind_or_edited(things: Any, folder: Path, tmp_path: Path) -> None:
    with rawstore.open(folder, sqlite_url(tmp_path / "new.db")) as other:
        migration = folder / "migrations/sqlite/0002_add_more.sql"
        migration.write_text("-- Add more.\nCREATE TABLE more (id integer PRIMARY KEY);\n")
        with pytest.raises(MigrationError, match=r"0002_add_more.*rawstore migrate up"):
            things.copy(other)
        migration.unlink()
        first = folder / "migrations/sqlite/0001_create_all.sql"
        first.write_text(f"{shop.SQLITE}\n-- edited\n")
        with pytest.raises(MigrationError, match="was edited"):
            things.copy(other)


def test_a_column_that_only_the_source_has(folder: Path, tmp_path: Path, pg_database: Lend) -> None:
    """One that a query gives back is refused by name; one that is the dialect's own is told."""
    sqlite = folder / "migrations/sqlite"
    (sqlite / "0002_add_color.sql").write_text(
        "-- Add color.\nALTER TABLE things ADD COLUMN color text;\n"
        "ALTER TABLE things ADD COLUMN helper text;\n"
    )
    (folder / "migrations/postgres/0002_add_color.sql").write_text("-- Add color.\nSELECT 1;\n")
    (folder / "sql/sqlite/things.sql").write_text(
        "-- name: get_color(id bigint) :scalar text?\nSELECT color FROM things WHERE id = :id;\n\n"
        "-- name: set_color(id bigint, color text) :affected\n"
        "UPDATE things SET color = :color WHERE id = :id;\n"
    )
    with (
        migrated(folder, sqlite_url(tmp_path / "a.db")) as file,
        migrated(folder, pg_database(None)) as server,
    ):
        with pytest.raises(MigrationError, match=r"column things\.color"):
            file.copy(server)
        (folder / "sql/sqlite/things.sql").unlink()
    with (
        migrated(folder, sqlite_url(tmp_path / "a.db")) as file,
        migrated(folder, pg_database(None)) as server,
    ):
        assert {"column things.color", "column things.helper"} <= set(file.copy(server).left_out)


def test_two_copies_at_once(things: Any, folder: Path, pg_database: Lend) -> None:
    url = pg_database(None)
    outcomes: list[Any] = []

    def run() -> None:
        with rawstore.open(folder, url) as server:
            try:
                outcomes.append(things.copy(server).done)
            except DatabaseBusy:
                outcomes.append("refused")

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("copied") == 1
    assert len(outcomes) == 2
    with rawstore.open(folder, url) as server:
        assert things.verify(server).equal


def test_a_source_that_is_written_meanwhile(tmp_path: Path, pg_database: Lend) -> None:
    """One moment of it is copied: each conversation with all of its messages."""
    stop = threading.Event()
    with (
        migrated("minipilot", sqlite_url(tmp_path / "a.db")) as file,
        rawstore.open("minipilot", pg_database(None)) as server,
    ):

        def write() -> None:
            while not stop.is_set():
                with file.transaction() as tx:
                    talk = tx.create_conversation()
                    for number in range(3):
                        tx.add_message(talk.id, "user", str(number))

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        try:
            while len(file.list_all_conversations()) < 5:
                pass
            done = file.copy(server)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        counts = {table.table: table.target_rows for table in done.tables}
        assert done.equal
        assert counts["messages"] == 3 * counts["conversations"] > 0


def test_a_read_only_source(things: Any, folder: Path, tmp_path: Path) -> None:
    things.close()
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for options in ({"mode": "ro"}, {"mode": "ro", "immutable": 1}):
        url = with_options(sqlite_url(path), **options)
        with rawstore.open(folder, url) as frozen, rawstore.open(folder, "sqlite://") as memory:
            assert frozen.copy(memory).equal
            assert memory.get_left(1).changes == 41


def test_a_role_that_owns_nothing(things: Any, folder: Path, pg: Any, pg_database: Lend) -> None:
    """It needs no more than to read and write: triggers then run, and the difference is told."""
    url = pg_database(None)
    with rawstore.open(folder, url) as owner:
        owner.migrate()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS clerk")
            connection.execute("CREATE ROLE clerk LOGIN")
            connection.execute("GRANT USAGE ON SCHEMA shop TO clerk")
            connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA shop TO clerk")
            connection.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA shop TO clerk")
            connection.execute("ALTER TABLE shop.lefts DROP CONSTRAINT lefts_right_id_fkey")
        try:
            with rawstore.open(folder, with_options(url, user="clerk")) as clerk:
                found = {table.table: table for table in things.copy(clerk).tables}
        finally:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("DROP OWNED BY clerk")
                connection.execute("DROP ROLE clerk")
    assert not found["lefts"].equal
    assert [(each.key, each.what) for each in found["lefts"].differences] == [("id=1", "different")]
    assert found["things"].equal


async def _async_copy(one: Any, other: Any) -> Any:
    async with one, other:
        await one.migrate()
        await one.create_user(name="a")
        done = await one.copy(other)
        return done, await other.verify(one), await other.list_users()


@pytest.mark.parametrize("target", ["sqlite://", "file"])
def test_async(target: str, tmp_path: Path) -> None:
    import asyncio

    url = sqlite_url(tmp_path / "a.db") if target == "file" else target
    one = rawstore.open_async("minipilot", "sqlite://")
    other = rawstore.open_async("minipilot", url)
    done, found, users = asyncio.run(_async_copy(one, other))
    assert done.equal
    assert found.equal
    assert [user.name for user in users] == ["a"]


@pytest.mark.parametrize("place", ["memory", "sqlite", "postgres"])
def test_an_async_store_is_not_copied_into_itself(
    place: str, tmp_path: Path, pg_database: Callable[[str | None], str]
) -> None:
    import asyncio

    async def copied(url: str) -> None:
        async with rawstore.open_async("minipilot", url) as store:
            await store.migrate()
            for refused in (store.copy, store.verify):
                with pytest.raises(ConfigError, match="one database"):
                    await refused(store)

    file = sqlite_url(tmp_path / "a.db")
    asyncio.run(copied({"memory": "sqlite://", "sqlite": file}.get(place) or pg_database(None)))


def test_progress_is_told(things: Any, folder: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    with rawstore.open(folder, "sqlite://") as memory:
        things.copy(memory, on_progress=lambda *what: told.append(what))
    assert ("checking things", 4, 4) in told
    assert ("things", 4, 4) in told
    assert ("verifying things", 4, 4) in told
