"""Tables as people make them themselves: circles, odd types, keys that replace, rights."""

from __future__ import annotations

import io
import json
import secrets
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

import rawstore
from rawstore.errors import DataError, ForeignKeyViolation
from rawstore.tables import Snapshot
from rawstore.transfer.problems import RowsRefused
from tests.conftest import OpenFolder
from tests.urls import with_options

ONE = {"one.sql": "-- name: one() :scalar int\nSELECT 1;\n"}


def put(folder: Path, **tables: list[dict[str, Any]]) -> Path:
    """A file for each table."""
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def refused(store: Any, source: Any, **options: Any) -> list[str]:
    with pytest.raises(RowsRefused) as raised:
        store.import_(source, **options)
    return [f"{p.table}:{p.place} {p.column or '-'}: {p.reason}" for p in raised.value.problems]


def made(open_folder: OpenFolder, dialect: str, sql: str) -> Any:
    schema = "shop." if dialect == "postgres" else ""
    store: Any = open_folder(ONE, {"0001_create.sql": sql.replace("S.", schema)})
    store.migrate()
    return store


def written(folder: Path, migrations: dict[str, str]) -> Path:
    for dialect, text in migrations.items():
        for place, name, content in (
            ("sql", "one", ONE["one.sql"]),
            ("migrations", "0001_create_all", text),
        ):
            file = folder / "shop" / place / dialect / f"{name}.sql"
            file.parent.mkdir(parents=True)
            file.write_text(content)
    return folder / "shop"


CIRCLE = {
    "postgres": """
CREATE TABLE shop.a (id int PRIMARY KEY, b_id int, self_id int REFERENCES shop.a);
CREATE TABLE shop.b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES shop.a);
CREATE TABLE shop.c (id int PRIMARY KEY, d_id int REFERENCES shop.a DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE shop.a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES shop.b;
""",
    "sqlite": """
CREATE TABLE a (
    id int PRIMARY KEY, b_id int REFERENCES b (id), self_id int REFERENCES a (id)
);
CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a (id));
CREATE TABLE c (
    id int PRIMARY KEY, d_id int REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;
""",
}


def test_a_circle_of_tables(open_folder: OpenFolder, dialect: str, tmp_path: Path) -> None:
    store = made(open_folder, dialect, CIRCLE[dialect])
    rows = put(
        tmp_path / "in",
        a=[{"id": 1, "b_id": 7, "self_id": 2}, {"id": 2}],
        b=[{"id": 7, "a_id": 2}],
        c=[{"id": 1, "d_id": 2}],
    )
    for _ in range(2):
        assert sorted(store.import_(rows)) == [("a", 2, 0), ("b", 1, 0), ("c", 1, 0)]
        store.export(tmp_path / "out", replace=True)
        assert sum(len(file.read_bytes()) for file in (tmp_path / "out").iterdir()) > 100
        store.reset()
        rows = tmp_path / "out"
    for lost in (
        put(tmp_path / "lost", a=[{"id": 1}, {"id": 2, "b_id": 9}], b=[{"id": 7, "a_id": 1}]),
        put(tmp_path / "last", b=[{"id": 7, "a_id": 2}, {"id": 8, "a_id": 9}], a=[{"id": 2}]),
    ):
        for dry_run in (True, False):
            (said,) = refused(store, lost, dry_run=dry_run)
            table = "a" if lost.name == "lost" else "b"
            assert said.startswith(f"{table}:2 -: refers to a row that is not there")
    with pytest.raises((RowsRefused, ForeignKeyViolation), match="not there"):
        store.import_(put(tmp_path / "c", c=[{"id": 1, "d_id": 5}]), dry_run=True)
    with Snapshot(store) as snapshot:
        assert [snapshot.count(table) for table in snapshot.tables] == [0, 0, 0]


def test_a_table_without_rowids_that_refers_to_itself(tmp_path: Path) -> None:
    sql = "CREATE TABLE n (id text PRIMARY KEY, up text REFERENCES n (id)) WITHOUT ROWID;"
    folder = written(tmp_path, {"sqlite": sql})
    with rawstore.open(folder, f"sqlite:///{tmp_path / 'n.db'}") as store:
        store.migrate()
        rows = [{"id": "a", "up": "b"}, {"id": "b"}, {"id": "c", "up": "a"}]
        assert store.import_(put(tmp_path / "in", n=rows)) == [("n", 3, 0)]
        bad = put(tmp_path / "in", n=[{"id": "d"}, {"id": "e", "up": "z"}])
        with pytest.raises(ForeignKeyViolation, match="a row of n refers to one that is not there"):
            store.import_(bad)


def test_no_row_is_replaced(open_folder: OpenFolder, dialect: str, tmp_path: Path) -> None:
    """Whatever SQLite's table says of a conflict."""
    conflict = " ON CONFLICT REPLACE" if dialect == "sqlite" else ""
    store = made(open_folder, dialect, f"CREATE TABLE S.t (k text PRIMARY KEY{conflict}, v text);")
    store.import_(put(tmp_path / "in", t=[{"k": "a", "v": "old"}]))
    new = put(tmp_path / "in", t=[{"k": "a", "v": "new"}])
    (said,) = refused(store, new)
    assert "with this key is there already" in said
    assert store.import_(new, on_conflict="skip") == [("t", 0, 1)]
    store.export(tmp_path / "out")
    assert (tmp_path / "out" / "t.jsonl").read_text() == '{"k":"a","v":"old"}\n'


ODD = """
CREATE TYPE shop.mood AS ENUM ('good', 'bad');
CREATE DOMAIN shop.positive AS int CHECK (value > 0);
CREATE SEQUENCE shop.numbers;
CREATE TABLE shop.odd (
    id bigint PRIMARY KEY DEFAULT nextval('shop.numbers'), price numeric(5, 2), mood shop.mood,
    moods shop.mood[], positive shop.positive, codes varchar(3)[], grid int[], flags bool[],
    prices numeric[], data bytea[], moments timestamptz[], documents jsonb[], span interval,
    place inet, document jsonb
);
"""
VALUES = """
INSERT INTO shop.odd VALUES (
    DEFAULT, 1.5, 'good', '{good,NULL}', 3, '{abc,"x,"}', '{{1,2},{3,NULL}}', '{{t},{f}}',
    '{1.10,NaN}', ARRAY['\\x00ff'::bytea, NULL], '{2026-01-31 12:00+02}',
    ARRAY['{"a": [1]}'::jsonb], '1 day', '10.0.0.1/8',
    '[0.12345678901234567890123, 12345678901234567890.5, 0.1, 1e30]'
)
"""
WRONG = {
    "price": (123456, "a number out of range"),
    "mood": ("ugly", "not in the format of its type"),
    "positive": (-1, "a value that the table does not allow"),
    "codes": (["abcd"], "too long"),
    "grid": ([1, [2]], "not in the format of its type"),
    "flags": ([[1]], "item 0: item 0: expected true or false, got a number"),
    "span": ("long", "not a date or time"),
}


@pytest.fixture
def odd(pg_database: Any, tmp_path: Path) -> Any:
    # The other dialect has nothing to do: the table is still one with rows in it.
    nothing = "-- Nothing to do.\nSELECT 1;\n"
    folder = written(tmp_path, {"postgres": ODD, "sqlite": nothing})
    url = pg_database(None)
    with rawstore.open(folder, url) as store:
        store.migrate()
        with psycopg.connect(url, autocommit=True) as connection:
            yield store, connection


def test_types_that_only_the_server_knows(odd: Any, tmp_path: Path) -> None:
    store, connection = odd
    connection.execute(VALUES)
    without = "SELECT (to_jsonb(odd) - 'document')::text FROM shop.odd"
    before = connection.execute(without).fetchall()
    assert store.export(tmp_path / "out") == [("odd", 1)]
    text = (tmp_path / "out" / "odd.jsonl").read_text()
    assert '"grid":[[1,2],[3,null]],"flags":[[true],[false]]' in text
    assert '"document":[0.12345678901234567890123,12345678901234567890.5,0.1,1' + "0" * 30 in text
    connection.execute("DELETE FROM shop.odd; ALTER SEQUENCE shop.numbers RESTART")
    assert store.import_(tmp_path / "out") == [("odd", 1, 0)]
    assert connection.execute(without).fetchall() == before
    assert connection.execute("SELECT nextval('shop.numbers')").fetchone() == (2,)
    for column, (value, reason) in WRONG.items():
        rows = b"\n".join([b'{"id": 8}', b"", json.dumps({"id": 9, column: value}).encode()])
        (said,) = refused(store, io.BytesIO(rows), table="odd")
        assert said.startswith(f"odd:3 {column}: ")
        assert reason in said


def test_what_json_cannot_say_is_told(store: Any, dialect: str, url: str, tmp_path: Path) -> None:
    talk = store.create_conversation().id
    store.add_message(talk, "user", "x")
    if dialect == "postgres":
        with psycopg.connect(url) as connection:
            deep = "[" * 3000 + "]" * 3000
            if sys.version_info >= (3, 12):
                pytest.skip("as many levels as PostgreSQL takes are read from Python 3.12 on")
            connection.execute("UPDATE minipilot.messages SET role_metadata = %s", (deep,))
        expected = "JSON of too many levels"
    else:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            file.execute("UPDATE messages SET role_metadata = '[1e400]'")
        store.export(tmp_path / "out")
        text = (tmp_path / "out" / "messages.jsonl").read_text()
        assert '"role_metadata":[1' + "0" * 400 + "]" in text
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            file.execute("""UPDATE messages SET role_metadata = '"\\ud800"'""")
        expected = "role_metadata: JSON with a lone surrogate"
    with pytest.raises(DataError, match=f"a row of messages cannot be read: {expected}"):
        store.export(tmp_path / "out", replace=True)


def test_a_role_that_may_not_set_counters(
    open_folder: OpenFolder, dialect: str, empty_url: str, tmp_path: Path
) -> None:
    """It may still import rows that are given their ids."""
    if dialect == "sqlite":
        pytest.skip("SQLite has no roles")
    sql = "CREATE TABLE shop.t (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v text);"
    made(open_folder, dialect, sql)
    role = f"rawstore_{secrets.token_hex(6)}"
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA shop TO {role}")
        connection.execute(f"GRANT SELECT, INSERT ON shop.t TO {role}")
    rows = put(tmp_path / "in", t=[{"v": "a"}, {"v": "b"}])
    with rawstore.open(tmp_path / "shop", with_options(empty_url, user=role)) as clerk:
        assert clerk.import_(rows) == [("t", 2, 0)]
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_target_that_is_read_only_unless_asked(store: Any, dialect: str, url: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite has no such setting")
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    assert store.import_(io.BytesIO(b'{"name": "a"}'), table="users") == [("users", 1, 0)]
