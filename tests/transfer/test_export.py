"""Rows as JSON lines: the same in both dialects, all of one moment, and back without a loss."""

from __future__ import annotations

import io
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

import rawstore
from rawstore.errors import ConfigError, DataError, ParameterError, UndefinedObject
from rawstore.store import Store
from rawstore.tables import Column, Digest, Load, Snapshot
from rawstore.transfer.export import export_table, file_name
from rawstore.transfer.jsonvalues import writer
from rawstore.types import parse_type
from tests.conftest import OpenFolder
from tests.transfer.filled import FILL
from tests.urls import sqlite_url

ROOT = Path(__file__).parents[2]


def digests(store: Store) -> dict[str, Digest]:
    with Snapshot(store) as snapshot:
        return {table.name: snapshot.digest(table) for table in snapshot.tables}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@contextmanager
def migrated(name: str | Path, url: str) -> Iterator[Any]:
    with rawstore.open(name, url) as store:
        store.migrate()
        yield store


FULL = [pytest.param(name, marks=pytest.mark.slow) for name in FILL if name != "omnimemory"]


@pytest.mark.parametrize("name", ["omnimemory", *FULL])
def test_there_and_back(
    name: str, tmp_path: Path, pg_database: Callable[[str | None], str]
) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    with (
        migrated(name, pg_database(None)) as server,
        migrated(name, sqlite_url(tmp_path / "file.db")) as file,
    ):
        FILL[name](server)
        counts = server.export(there)
        assert [tuple(each) for each in counts] == [
            (table, digest.rows) for table, digest in digests(server).items()
        ]
        file.import_(there)
        assert digests(file) == digests(server)
        file.export(back)
        assert contents(back) == contents(there)
        with Load(server) as load:
            load.clear(load.tables)
        server.import_(back)
        assert digests(server) == digests(file)


TYPES = {
    "postgres": """
CREATE TABLE things (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT things_pkey PRIMARY KEY,
    price numeric, day date, data bytea, ok boolean, ratio double precision, small smallint,
    moment timestamptz, other uuid, tags text[], moments timestamptz[], document jsonb
);""",
    "sqlite": """
CREATE TABLE things (
    id integer CONSTRAINT things_pkey PRIMARY KEY AUTOINCREMENT,
    price text, day text, data blob, ok integer, ratio real, small integer,
    moment text, other text, tags text, moments text, document text
) STRICT;""",
}
COLUMNS = (
    "price numeric?, day date?, data bytes?, ok bool?, ratio float?, small smallint?, "
    "moment timestamptz?, other uuid?, tags text[]?, moments timestamptz[]?, document json?"
)
THINGS = f"""
-- row: Thing(id bigint, {COLUMNS})

-- name: things() :many Thing
SELECT id, price, day, data, ok, ratio, small, moment, other, tags, moments, document
FROM TABLE_NAME
ORDER BY id
LIMIT 100;

-- name: add({COLUMNS}) :affected
INSERT INTO TABLE_NAME
(price, day, data, ok, ratio, small, moment, other, tags, moments, document)
VALUES (:price, :day, :data, :ok, :ratio, :small, :moment, :other, :tags, :moments, :document);
"""
MOMENT = datetime(2026, 1, 31, 12, 30, 59, 123456, tzinfo=UTC)
THING: dict[str, Any] = {
    "price": Decimal("-12345678901234567890.123456789012345678900"),
    "day": date(1, 1, 1),
    "data": bytes(range(256)),
    "ok": True,
    "ratio": math.inf,
    "small": -(2**15),
    "moment": MOMENT,
    "other": UUID(int=5),
    "tags": ["a,b", '"', None, "{}", "", "null", "\\"],
    "moments": [MOMENT, None],
    "document": [{"b": 1, "a": 1.10}],
}


@pytest.fixture
def things(open_folder: OpenFolder, dialect: str) -> Any:
    """A store of a table with a column of each type, in the dialect of the test."""
    table = "shop.things" if dialect == "postgres" else "things"
    files = {"things.sql": THINGS.replace("TABLE_NAME", table)}
    store = open_folder(files, {"0001_create_things.sql": TYPES[dialect]})
    store.migrate()
    return store


def test_each_type(things: Any, tmp_path: Path) -> None:
    things.add(**THING)
    things.add(**dict.fromkeys(THING))
    things.add(**{**dict.fromkeys(THING), "ratio": 5e-324, "data": b"", "tags": []})
    before = things.things()
    things.export(tmp_path)
    first, second, third = (tmp_path / "things.jsonl").read_text("utf-8").splitlines()
    assert json.loads(first) == {
        "id": 1,
        "price": "-12345678901234567890.123456789012345678900",
        "day": "0001-01-01",
        "data": b64encode(bytes(range(256))).decode(),
        "ok": True,
        "ratio": "Infinity",
        "small": -32768,
        "moment": "2026-01-31T12:30:59.123456Z",
        "other": "00000000-0000-0000-0000-000000000005",
        "tags": ["a,b", '"', None, "{}", "", "null", "\\"],
        "moments": ["2026-01-31T12:30:59.123456Z", None],
        "document": [{"a": 1.1, "b": 1}],
    }
    assert json.loads(second) == {"id": 2, **dict.fromkeys(THING)}
    assert '"ratio":5e-324' in third
    things.reset()
    things.import_(tmp_path)
    assert things.things() == before
    things.add(**dict.fromkeys(THING))
    assert things.things()[-1].id == 4


def test_what_is_not_of_its_type(things: Any, tmp_path: Path, empty_url: str) -> None:
    """A time that Python does not know on PostgreSQL; on SQLite text that is no time."""
    things.add(**dict.fromkeys(THING))
    if empty_url.startswith("sqlite"):
        with closing(sqlite3.connect(empty_url.removeprefix("sqlite:///"))) as file, file:
            file.execute("UPDATE things SET moment = 'soon'")
        things.export(tmp_path)
        assert '"moment":"soon"' in (tmp_path / "things.jsonl").read_text()
        with pytest.raises(ParameterError, match=r"jsonl:1: column 'moment': expected a moment"):
            things.import_(tmp_path)
        return
    with psycopg.connect(empty_url) as connection:
        connection.execute("UPDATE shop.things SET ratio = 'NaN', price = 'NaN'")
    things.export(tmp_path)
    things.reset()
    things.import_(tmp_path)
    with psycopg.connect(empty_url) as connection:
        found = connection.execute("SELECT ratio::text, price::text FROM shop.things")
        assert found.fetchall() == [("NaN", "NaN")]
        connection.execute("UPDATE shop.things SET moment = 'infinity'")
    with pytest.raises(DataError, match=r"row of things cannot be read: .*infinity"):
        things.export(tmp_path, replace=True)


def test_what_has_no_form_in_json() -> None:
    columns = [
        Column(name, parse_type(name), nullable=True)
        for name in ("float", "vector", "numeric", "json", "any")
    ]
    line = writer(columns, strict=True)
    row = [math.nan, [0.1, -0.0, 1.0, -10.0], Decimal("1E+5"), {"b": -0.0, "a": "-0.0,"}, b"\0"]
    assert line(row) == (
        '{"float":"NaN","vector":[0.1,-0.0,1,-10],"numeric":"100000",'
        '"json":{"a":"-0.0,","b":0.0},"any":{"base64":"AA=="}}'
    )
    loose = writer(columns[:1], strict=False)
    assert loose(["text where a number should be"]) == '{"float":"text where a number should be"}'


def test_the_names_of_files() -> None:
    assert file_name("users") == "users.jsonl"
    assert file_name("../a b%") == "%2E.%2Fa b%25.jsonl"


def test_one_moment(store: Any, tmp_path: Path) -> None:
    store.create_user(email="before@example.com")

    def write(what: str, done: int, total: int | None) -> None:
        if (what, done) == ("users", 0):
            store.create_user(email="meanwhile@example.com")
            store.create_conversation(title="meanwhile")

    counts = dict(store.export(tmp_path / "out", on_progress=write))
    assert (counts["users"], counts["conversations"]) == (1, 0)
    assert (tmp_path / "out" / "conversations.jsonl").read_bytes() == b""


def test_a_file_is_not_overwritten_unasked(store: Any, tmp_path: Path) -> None:
    store.create_user()
    (tmp_path / "users.jsonl").write_text("mine")
    with pytest.raises(ConfigError, match=r"users\.jsonl: there already"):
        store.export(tmp_path)
    assert contents(tmp_path).get("users.jsonl") == b"mine"
    assert not (tmp_path / "messages.jsonl").exists()
    store.export(tmp_path, tables=["users"], replace=True)
    assert json.loads((tmp_path / "users.jsonl").read_bytes())["name"] is None
    assert not (tmp_path / "messages.jsonl").exists()


def test_what_stands_in_the_way_is_seen_before_anything_is_replaced(
    store: Any, tmp_path: Path
) -> None:
    (tmp_path / "users.jsonl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"users\.jsonl: there already"):
        store.export(tmp_path)
    (tmp_path / "users.jsonl").unlink()
    (tmp_path / "messages.jsonl").mkdir()
    (tmp_path / "users.jsonl").write_text("old")
    with pytest.raises(IsADirectoryError, match="messages"):
        store.export(tmp_path, replace=True)
    assert (tmp_path / "users.jsonl").read_text() == "old"


def test_what_fails_leaves_nothing(store: Any, tmp_path: Path) -> None:
    store.create_user()

    def stop(what: str, done: int, total: int | None) -> None:
        if what == "messages":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.export(tmp_path / "out", on_progress=stop)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_a_kill_leaves_no_half_file(store: Any, tmp_path: Path, url: str) -> None:
    for _ in range(3):
        store.create_user()
    out = tmp_path / "out"
    kill = (
        "import os, signal, rawstore\n"
        "def kill(what, done, total):\n"
        "    if done: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"rawstore.open('minipilot', {url!r}).export({str(out)!r}, on_progress=kill)"
    )
    ended = subprocess.run([sys.executable, "-c", kill], check=False, cwd=ROOT, env=os.environ)
    assert ended.returncode == -signal.SIGKILL
    assert list(out.glob("[!.]*")) == []
    store.export(out)
    assert len((out / "users.jsonl").read_bytes().splitlines()) == 3


def test_one_table_to_a_stream(store: Any) -> None:
    store.create_user(name="Ann")
    stream = io.BytesIO()
    assert export_table(store, "users", stream) == ("users", 1)
    assert json.loads(stream.getvalue())["name"] == "Ann"
    with pytest.raises(ConfigError, match="no table 'user': did you mean users"):
        export_table(store, "user", stream)


def test_before_the_migrations(empty_url: str, tmp_path: Path) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).touch()
    with (
        rawstore.open("minipilot", empty_url) as store,
        pytest.raises(UndefinedObject, match="migrate up"),
    ):
        store.export(tmp_path / "out")
    assert not (tmp_path / "out").exists()
