"""What a copy could lose or change without a word: it is kept, or refused by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

import rawstore
from rawstore.errors import ConfigError, ForeignKeyViolation, PermissionDenied
from rawstore.tables.model import Column
from rawstore.transfer.narrow import narrowness
from rawstore.transfer.outcome import UnfitRows
from rawstore.types import Type
from tests.urls import database_name, sqlite_url, with_options

Lend = Callable[[str | None], str]

WIDE = """
-- Create all.
CREATE TYPE shop.mood AS ENUM ('glad', 'sad "x"');
CREATE TABLE shop.arrays (
    id integer PRIMARY KEY, i integer[], f double precision[], n numeric[], t timestamptz[],
    d date[], j jsonb[], w text[], m shop.mood[], v interval[], r int4range[], at timestamptz,
    day date, c char(4), ms timestamp(3), f4 real, during tstzrange, js json, ts tsvector
);
CREATE TABLE shop."Things" (
    "Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "select" text, a integer, "A" integer,
    "we ird""%s" text, parent bigint REFERENCES shop."Things" ("Id")
);
CREATE TABLE shop.things (id bigint PRIMARY KEY, v text);
CREATE TABLE shop.base (id integer, v text);
CREATE TABLE shop.child (extra text) INHERITS (shop.base);
CREATE TABLE shop.circle (
    id integer PRIMARY KEY, o integer REFERENCES shop.circle (id) DEFERRABLE INITIALLY DEFERRED
);
"""
ROWS = """
INSERT INTO shop.arrays (id, i, f, n, t, d, j, w, m, v, r, at, day, c, ms, f4, during, js, ts)
VALUES (
    1, '[0:1]={1,2}', '{NaN,-0,Infinity,5e-324}', '{123456789012345678901234567890.12345,NaN}',
    '{infinity,"0044-03-15 BC"}', '{-infinity,10000-01-01}',
    ARRAY['{"a": 1}', '"5"', 'null', NULL, '5']::jsonb[], '{{a,b},{c,NULL}}', '{"sad \\"x\\""}',
    '{1 mon 2 days}', '{"[1,2)",empty}', 'infinity', '-infinity', 'ab', '2026-01-01 00:00:00.123',
    '0.1', '[2026-01-02,2026-02-03)', '{"a":1,"a":2}', 'a:1 b:2'
);
INSERT INTO shop.arrays (id, t, at, day, c, f4, i) VALUES
(2, NULL, '0044-03-15 01:02:03.000004Z BC', '0044-03-15 BC', '', '3.4e38', '{}'),
(3, '{2026-01-01}', '294276-12-31 23:59:59.999999Z', '5874897-12-31', NULL, '1e-45', '{NULL}'),
(4, NULL, '4714-11-24 00:00Z BC', '4714-11-24 BC', NULL, 'NaN', NULL),
(5, NULL, '-infinity', '0001-12-31 BC', NULL, '-0', NULL);
INSERT INTO shop."Things" ("select", a, "A", "we ird""%s", parent)
VALUES ('x', 1, 2, ' y  ', 2), ('', NULL, 3, NULL, 1);
INSERT INTO shop.things VALUES (5, 'five');
INSERT INTO shop.base VALUES (1, 'b');
INSERT INTO shop.child VALUES (2, 'c', 'e');
INSERT INTO shop.circle VALUES (1, 2), (2, 1);
"""
TABLES = ("arrays", '"Things"', "things", "base", "child", "circle")


def write(folder: Path, sqlite: str, postgres: str, queries: str = "") -> Path:
    """Write a store of one's own; `@` stands for the schema in its queries."""
    queries = queries or "-- name: get_one() :scalar int\nSELECT 1;\n"
    files = {
        "sql/sqlite/all.sql": queries.replace("@", ""),
        "sql/postgres/all.sql": queries.replace("@", "shop."),
        "migrations/sqlite/0001_create_all.sql": sqlite,
        "migrations/postgres/0001_create_all.sql": postgres,
    }
    for name, text in files.items():
        path = folder / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "shop"


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="module")
def wide(pg: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A store whose tables hold what is hard to keep, on a server with settings of its own."""
    sqlite = "-- Create all.\nCREATE TABLE arrays (id integer PRIMARY KEY, t text, d text);\n"
    folder = write(tmp_path_factory.mktemp("wide"), sqlite, WIDE)
    url = pg.create_database()
    name = database_name(url)
    with rawstore.open(folder, url) as store:
        store.migrate()
    run(
        url,
        ROWS,
        f"ALTER DATABASE {name} SET datestyle = 'German'",
        f"ALTER DATABASE {name} SET intervalstyle = 'sql_standard'",
        f"ALTER DATABASE {name} SET bytea_output = 'escape'",
    )
    yield folder, url
    pg.drop_database(name)


def texts(url: str) -> dict[str, Any]:
    found = {}
    with psycopg.connect(url) as connection:
        connection.execute("SET datestyle = 'ISO'")
        connection.execute("SET intervalstyle = 'postgres'")
        for table in TABLES:
            statement = f"SELECT x::text FROM ONLY shop.{table} AS x ORDER BY 1"
            found[table] = connection.execute(statement).fetchall()
    return found


def test_between_servers(wide: tuple[Path, str], pg_database: Lend) -> None:
    folder, url = wide
    other = pg_database(None)
    with rawstore.open(folder, url) as source, rawstore.open(folder, other) as target:
        done = source.copy(target)
        assert (done.equal, done.left_out) == (True, ())
        assert texts(other) == texts(url)
        assert source.copy(target).done == "equal already"
        run(other, "UPDATE shop.arrays SET i = '{1,2}' WHERE id = 1")
        assert not source.verify(target).equal


def test_arrays_that_sqlite_cannot_take(wide: tuple[Path, str]) -> None:
    folder, url = wide
    with (
        rawstore.open(folder, url) as source,
        rawstore.open(folder, "sqlite://") as target,
        pytest.raises(UnfitRows) as raised,
    ):
        source.copy(target)
    assert [row[:3] for row in raised.value.rows] == [("arrays", "id=1", name) for name in "td"]
    assert all("infinity" in row.reason for row in raised.value.rows)


def test_rows_that_a_policy_hides(wide: tuple[Path, str]) -> None:
    folder, url = wide
    run(
        url,
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "GRANT USAGE ON SCHEMA shop TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO reader",
        "ALTER TABLE shop.arrays ENABLE ROW LEVEL SECURITY",
    )
    try:
        with (
            rawstore.open(folder, with_options(url, user="reader")) as source,
            rawstore.open(folder, "sqlite://") as target,
        ):
            target.migrate()
            with pytest.raises(PermissionDenied, match="row-level security"):
                source.verify(target)
    finally:
        run(
            url,
            "ALTER TABLE shop.arrays DISABLE ROW LEVEL SECURITY",
            "DROP OWNED BY reader",
            "DROP ROLE reader",
        )


def test_one_database_by_two_ways(wide: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = wide
    ways = [(url, with_options(url, application_name="other"))]
    with rawstore.open(folder, sqlite_url(tmp_path / "a.db")) as store:
        store.migrate()
    (tmp_path / "symbolic.db").symlink_to(tmp_path / "a.db")
    (tmp_path / "hard.db").hardlink_to(tmp_path / "a.db")
    (tmp_path / "folder").mkdir()
    ways += [
        (sqlite_url(tmp_path / "a.db"), f"sqlite:///{tmp_path}/{name}")
        for name in ("symbolic.db", "hard.db", "folder/../a.db")
    ]
    for one, other in ways:
        with rawstore.open(folder, one) as source, rawstore.open(folder, other) as target:
            for tool in (source.copy, source.verify):
                with pytest.raises(ConfigError, match="one database"):
                    tool(target)


QUERIES = """
-- name: list_parents() :many
-- unordered: an example. check: ignore order
SELECT parent FROM @nodes LIMIT 10;

-- name: add_text(body text) :exec
INSERT INTO @texts (body) VALUES (:body);
"""
SQLITE = """
-- Create all.
CREATE TABLE nodes ( -- without AUTOINCREMENT
    parent integer PRIMARY KEY REFERENCES nodes (parent), helper text, rest
);
CREATE VIRTUAL TABLE texts USING fts5(body);
"""
POSTGRES = """
-- Create all.
CREATE TABLE shop.nodes (parent bigint PRIMARY KEY REFERENCES shop.nodes (parent));
CREATE TABLE shop.texts (body text);
"""


def test_between_files(tmp_path: Path) -> None:
    """What PostgreSQL lacks goes from file to file; what does not go is named."""
    folder = write(tmp_path, SQLITE, POSTGRES, QUERIES)
    with (
        rawstore.open(folder, sqlite_url(tmp_path / "a.db")) as source,
        rawstore.open(folder, sqlite_url(tmp_path / "b.db")) as target,
    ):
        source.migrate()
        target.migrate()
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            rows = [(1, "x", b"\xff"), (2, None, 1.5), (3, "z", "a\0b"), (4, "", 2**62)]
            connection.executemany("INSERT INTO nodes VALUES (?, ?, ?)", rows)
            connection.execute("INSERT INTO texts VALUES ('only here')")
            connection.commit()
        done = source.copy(target)
        assert (done.equal, done.left_out) == (True, ("table texts",))
        with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
            assert connection.execute("SELECT * FROM nodes ORDER BY parent").fetchall() == rows
            connection.execute("CREATE TABLE old (node integer REFERENCES nodes (parent))")
            connection.execute("INSERT INTO nodes VALUES (9, 'mine', NULL)")
            connection.execute("INSERT INTO old VALUES (9)")
            connection.commit()
        with pytest.raises(ForeignKeyViolation, match="old refers"):
            source.copy(target, replace=True)
        with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
            assert connection.execute("SELECT count(*) FROM nodes").fetchone() == (5,)


def test_a_trigger_that_writes_elsewhere(tmp_path: Path, pg_database: Lend) -> None:
    """It does what is not among the rows, so it runs."""
    folder = write(tmp_path, SQLITE, POSTGRES, QUERIES)
    url = pg_database(None)
    with (
        rawstore.open(folder, sqlite_url(tmp_path / "a.db")) as source,
        rawstore.open(folder, url) as target,
    ):
        source.migrate()
        target.migrate()
        run(
            url,
            "CREATE SCHEMA audit",
            "CREATE TABLE audit.log (parent bigint)",
            "CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN INSERT INTO audit.log VALUES (NEW.parent); RETURN NULL; END$$",
            "CREATE TRIGGER noted AFTER INSERT ON shop.nodes"
            " FOR EACH ROW EXECUTE FUNCTION shop.note()",
        )
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            connection.execute("INSERT INTO nodes (parent) VALUES (7)")
            connection.commit()
        assert source.copy(target).equal
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT parent FROM audit.log").fetchall() == [(7,)]


# A column's type, a value as text, and whether the column keeps it.
STORED = [
    *(("numeric(5,2)", value) for value in ("1.23", "1.230", "1.234", "999.99", "1000", "0.000")),
    *(("numeric(3,-2)", value) for value in ("1200", "1250", "99900", "100000")),
    *(("real", value) for value in ("0.5", "0.1", "1e38", "1e-46", "-0.0")),
    *(("timestamp(3) with time zone", f"2026-01-01 00:00:00.{end}Z") for end in ("123", "1234")),
    *(("character(4)", value) for value in ("abcd", "abc", "éééé", "abc ")),
]
COMPARED = {"numeric": "numeric", "real": "float", "timestamp": "timestamptz", "character": "text"}


def test_columns_that_would_change_a_value(pg: Any) -> None:
    """As a server says."""
    from datetime import datetime
    from decimal import Decimal

    from rawstore.tables.cells import packer

    read: dict[str, Callable[[str], Any]] = {
        "numeric": Decimal,
        "real": float,
        "timestamp": datetime.fromisoformat,
        "character": str,
    }
    with pg.connect() as connection:
        for stored, text in STORED:
            kind = stored.partition("(")[0].split()[0]
            declared = Type(COMPARED[kind])
            check = narrowness(Column("c", declared, nullable=True, stored=stored))
            assert check is not None
            reason = check(packer(declared)(read[kind](text)))
            server = {"float": "float8", "text": "varchar"}.get(declared.name, declared.name)
            assert (reason is None) == _is_kept(connection, text, stored, server), (stored, text)
    assert narrowness(Column("c", Type("text"), nullable=True, stored="text")) is None


def _is_kept(connection: Any, text: str, stored: str, wide: str) -> bool:
    cast = f"SELECT %s::text::{wide}::{stored}"
    same = f"{cast}::{wide} = %s::text::{wide}" if wide != "varchar" else f"{cast} || '' = %s"
    if stored.startswith("character"):
        same = "SELECT octet_length(%s::text::character(4)) = octet_length(%s)"
    try:
        return bool(connection.execute(same, (text, text)).fetchone()[0])
    except psycopg.DataError:
        return False
