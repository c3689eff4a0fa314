"""What a project's own tables may look like, and that a recovery says nothing that is not so."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import rawstore
from rawstore.backup import Recovery, contents, recover
from rawstore.errors import ConfigError
from tests.urls import sqlite_url

NOTES = "CREATE TABLE notes (id integer PRIMARY KEY AUTOINCREMENT, note text NOT NULL);"
TWO = "INSERT INTO notes (note) VALUES ('abcd'), ('efgh');"
Own = Callable[..., Path]


@pytest.fixture
def own(tmp_path: Path) -> Own:
    """A function that makes `own.db` by one migration and then executes a script."""

    def make(migration: str, script: str = "", before: str = "") -> Path:
        folder, path = tmp_path / "own" / "migrations" / "sqlite", tmp_path / "own.db"
        queries = tmp_path / "own" / "sql" / "sqlite" / "own.sql"
        for each in (folder, queries.parent):
            each.mkdir(parents=True)
        queries.write_text("-- name: one() :scalar int\nSELECT 1;\n")
        (folder / "0001_create.sql").write_text(migration)
        execute(path, before)
        with rawstore.open(folder.parent.parent, sqlite_url(path)) as store:
            store.migrate()
        execute(path, script)
        return path

    return make


def execute(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(script)


def query(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def recovered(path: Path) -> Recovery:
    return recover(path, path.with_name("new.db"), path.with_name("own"))


def is_equal(done: Recovery, path: Path) -> bool:
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(done.path)) as new:
        return contents.sqlite_contents(old) == contents.sqlite_contents(new)


def flip(path: Path, at: int, mask: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= mask
    path.write_bytes(data)


SHAPES = {
    "quoted names": (
        'CREATE TABLE "Tä ""b" ("A b" text, "c" integer);',
        'INSERT INTO "Tä ""b" VALUES (1, 2), (1, 2);',
    ),
    "expressions": (
        """CREATE TABLE t (
            id integer PRIMARY KEY, v text, w text NOT NULL DEFAULT 'd',
            upper text GENERATED ALWAYS AS (upper(v)) STORED, lower text AS (lower(v)) VIRTUAL
        );
        CREATE INDEX t_lower ON t (lower(v)) WHERE id > 1;""",
        "INSERT INTO t (v) VALUES ('Aa'), ('Bb'), (NULL);",
    ),
    "without rowid": (
        """CREATE TABLE t (b text, a integer, c integer, PRIMARY KEY (a)) WITHOUT ROWID;
        CREATE INDEX t_c ON t (c);""",
        "INSERT INTO t VALUES ('q', 50, 1), ('r', 60, 2);",
    ),
    "rows of the migrations": (
        f"{NOTES}\nINSERT INTO notes VALUES (1, 'first'), (2, 'second');",
        "UPDATE notes SET note = 'changed' WHERE id = 1; DELETE FROM notes WHERE id = 2;",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_tables_of_every_shape_come_back(own: Own, shape: str) -> None:
    path = own(*SHAPES[shape])
    done = recovered(path)
    assert is_equal(done, path)
    assert done.complete, done


@pytest.mark.parametrize("size", [512, 65536])
def test_pages_of_every_size(own: Own, size: int) -> None:
    rows = "INSERT INTO notes SELECT value, hex(zeroblob(value * 71 % 4000)) FROM json_each(:all);"
    path = own(NOTES, before=f"PRAGMA page_size = {size}; PRAGMA auto_vacuum = 1; VACUUM;")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(rows, {"all": json.dumps(list(range(1, 200)))})
    done = recovered(path)
    assert is_equal(done, path)
    assert done.complete, done


def test_no_id_is_given_again_though_no_row_has_it(own: Own) -> None:
    path = own(NOTES, f"{TWO} DELETE FROM notes;")
    assert query(recovered(path).path, "SELECT name, seq FROM sqlite_sequence") == [("notes", 2)]


def test_orphans_of_a_table_without_row_ids(own: Own) -> None:
    path = own(
        """CREATE TABLE parents (id integer PRIMARY KEY);
        CREATE TABLE children (
            key text PRIMARY KEY,
            parent integer REFERENCES parents,
            other integer REFERENCES parents
        ) WITHOUT ROWID;""",
        "INSERT INTO parents VALUES (1);"
        "INSERT INTO children VALUES ('a', 1, 1), ('b', 7, 8), ('c', 1, 7), ('d', NULL, NULL);",
    )
    done = recovered(path)
    assert query(done.path, "SELECT key FROM children ORDER BY key") == [("a",), ("d",)]
    (report,) = [table for table in done.tables if table.name == "children"]
    assert (report.saved, report.orphans) == (2, 2)
    assert done.rejected is not None
    kept = [json.loads(line) for line in done.rejected.read_text().splitlines()]
    assert [each["row"]["key"] for each in kept] == ["b", "c"]


@pytest.mark.parametrize("options", ["", ", content=''"])
def test_rows_of_a_full_text_table_alone_are_told(own: Own, options: str) -> None:
    path = own(
        f"{NOTES}\nCREATE VIRTUAL TABLE found USING fts5(note{options});",
        f"{TWO} INSERT INTO found (rowid, note) VALUES (1, 'only here');",
    )
    done = recovered(path)
    assert query(done.path, "SELECT count(*) FROM notes") == [(2,)]
    assert "not brought back: all rows of found" in done.notes
    assert not done.complete


def test_a_full_text_table_that_triggers_fill_is_filled(own: Own) -> None:
    path = own(
        f"""{NOTES}
        CREATE VIRTUAL TABLE found USING fts5(note);
        CREATE TRIGGER note AFTER INSERT ON notes BEGIN
            INSERT INTO found (rowid, note) VALUES (new.id, new.note);
        END;""",
        TWO,
    )
    done = recovered(path)
    assert query(done.path, "SELECT rowid FROM found WHERE found MATCH 'efgh'") == [(2,)]
    assert done.complete, done


def test_tables_of_others_are_told(own: Own) -> None:
    path = own(NOTES, f"{TWO} CREATE TABLE mine (a); INSERT INTO mine VALUES (1);")
    done = recovered(path)
    assert "not brought back: all rows of mine" in done.notes
    assert not done.complete


def test_a_file_of_a_newer_version_is_told(own: Own) -> None:
    path = own(NOTES, f"{TWO} ALTER TABLE notes ADD COLUMN late text; UPDATE notes SET late = 'x';")
    execute(
        path,
        "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
        " VALUES ('x', '0002_late', '2025-01-01')",
    )
    done = recovered(path)
    assert "the file has migrations that are unknown here: 0002_late" in done.notes
    assert done.rejected is not None
    kept = [json.loads(line)["row"] for line in done.rejected.read_text().splitlines()]
    assert kept[0] == {"id": 1, "note": "abcd", "(value 3)": "x"}
    assert not done.complete


@pytest.mark.parametrize("at", [20, 59], ids=["reserved bytes", "encoding"])
def test_one_bit_of_the_header_costs_nothing(own: Own, at: int) -> None:
    path = own(NOTES, f"{TWO} PRAGMA journal_mode = DELETE;")
    flip(path, at, 2)
    done = recovered(path)
    assert query(done.path, "SELECT note FROM notes") == [("abcd",), ("efgh",)]


def test_a_file_in_utf16(own: Own) -> None:
    path = own(
        NOTES,
        "INSERT INTO notes (note) VALUES ('äß€😀');",
        before="PRAGMA encoding = 'UTF-16be'; CREATE TABLE x (a); DROP TABLE x;",
    )
    assert query(recovered(path).path, "SELECT note FROM notes") == [("äß€😀",)]


def test_a_transaction_that_was_under_way_is_told(own: Own) -> None:
    path = own(NOTES, f"{TWO} PRAGMA journal_mode = DELETE;")
    dying = f"""
import os, sqlite3
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN")
connection.execute("UPDATE notes SET note = hex(zeroblob(5000))")
connection.executemany("INSERT INTO notes (note) VALUES (?)", [("x" * 3000,)] * 50)
os.kill(os.getpid(), {int(signal.SIGKILL)})
"""
    subprocess.run([sys.executable, "-c", dying], check=False)
    assert path.with_name("own.db-journal").stat().st_size
    done = recovered(path)
    assert any("a transaction was under way" in note for note in done.notes)
    assert not done.complete


@pytest.mark.parametrize("suffix", ["-wal", "-journal", ".rejected.jsonl"])
def test_what_stands_beside_the_new_file_is_refused(own: Own, suffix: str) -> None:
    """A log of another file would be played into the new one."""
    path = own(NOTES, TWO)
    path.with_name(f"new.db{suffix}").write_bytes(b"mine")
    with pytest.raises(ConfigError, match=f"new.db{suffix} exists"):
        recovered(path)
    assert not path.with_name("new.db").exists()


def test_an_empty_file_and_one_that_is_none(own: Own) -> None:
    path = own(NOTES)
    for data in (b"", b"no database", b"SQLite format 3\0"):
        path.write_bytes(data)
        done = recovered(path)
        assert [(table.name, table.saved, table.ranges) for table in done.tables] == [
            ("notes", 0, "any")
        ]
        assert not done.complete
        done.path.unlink()


@pytest.mark.parametrize("kind", ["text", "blob"])
def test_a_page_of_zeros_is_no_text(own: Own, kind: str) -> None:
    """Lost sectors read as zeros; in a blob they may be what was written."""
    path = own(f"CREATE TABLE notes (id integer PRIMARY KEY, note {kind});")
    with closing(sqlite3.connect(path)) as connection, connection:
        for row in ("a" * 9000, "b" * 9000):
            connection.execute(f"INSERT INTO notes (note) VALUES (CAST(? AS {kind}))", (row,))
    execute(path, "PRAGMA journal_mode = DELETE;")
    data = path.read_bytes()
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    (last,) = [n for n, page in enumerate(pages) if page.startswith(b"\0\0\0\0bb")]
    path.write_bytes(b"".join([*pages[:last], bytes(4096), *pages[last + 1 :]]))
    done = recovered(path)
    assert [table.saved for table in done.tables] == [1 if kind == "text" else 2]
    assert done.complete is False
    doubt = "1 rows have a page of nothing but zeros, which may have been lost"
    assert (doubt in done.notes) == (kind == "blob")
