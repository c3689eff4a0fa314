"""`rawstore run`, on both dialects."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from ..conftest import OpenFolder
from .conftest import Cli

ONE_OF_EACH = """\
-- row: Thing(id int, label text?, data bytes?)
-- name: make(id int, label text? = null, data bytes? = null) :one Thing
INSERT INTO things (id, label, data) VALUES (:id, :label, :data) RETURNING id, label, data;
-- name: things(least int = 0) :many Thing
SELECT id, label, data FROM things WHERE id >= :least ORDER BY id;
-- name: each_thing() :stream Thing
SELECT id, label, data FROM things ORDER BY id;
-- name: unnamed() :many
SELECT id AS number, label FROM things ORDER BY id;
-- name: thing_count() :scalar bigint
SELECT count(*) FROM things;
-- name: label_of(id int) :scalar text?
SELECT label FROM things WHERE id = :id;
-- name: forget(id int) :affected
DELETE FROM things WHERE id = :id;
-- name: touch(id int) :exec
UPDATE things SET label = 'touched' WHERE id = :id;
-- name: make_many(id int, label text? = null) :batch
INSERT INTO things (id, label) VALUES (:id, :label);
"""
TABLE = {
    "sqlite": "CREATE TABLE things (id integer PRIMARY KEY, label text, data blob);",
    "postgres": "CREATE TABLE things (id int PRIMARY KEY, label text, data bytea);",
}


@pytest.fixture
def shop(open_folder: OpenFolder, dialect: str) -> list[str]:
    """The arguments that lead to a migrated folder store: the folder, and the URL."""
    store = open_folder({"things.sql": ONE_OF_EACH}, {"0001_create_things.sql": TABLE[dialect]})
    store.migrate()
    return [str(store.source.root), "--url", shown_url(store.target)]


def shown_url(target: object) -> str:
    url = str(target)
    assert "***" not in url, "the test servers have no password"
    return url


def test_a_built_in_store(cli: Cli, url: str) -> None:
    made = cli(
        "run", "minipilot", "create_user", "email=é@example.com", "name=John Doe", "--url", url
    )
    assert made.exit_code == 0
    user = json.loads(made.stdout)
    assert (user["email"], user["name"], user["external_id"]) == ("é@example.com", "John Doe", None)
    assert set(user) == {"id", "external_id", "name", "email", "created_at", "updated_at"}
    found = cli("run", "minipilot", "get_user_by_id", f"user_id={user['id']}", "--url", url)
    assert json.loads(found.stdout) == user


def test_kinds(cli: Cli, shop: list[str]) -> None:
    def run(*args: str) -> str:
        result = cli("run", *shop, *args)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    assert run("make", "id=1", "label=one") == '{"id": 1, "label": "one", "data": null}\n'
    assert run("make", "id=2", r"data=\x00ff") == '{"id": 2, "label": null, "data": "\\\\x00ff"}\n'
    assert run("make_many", 'items=[{"id": 3}, {"id": 4, "label": "four"}]') == "2\n"
    assert run("thing_count") == "4\n"
    assert run("label_of", "id=1") == '"one"\n'
    assert run("label_of", "id=1", "--format", "table") == "one\n"
    assert run("label_of", "id=9") == "null\n"
    assert [json.loads(line)["id"] for line in run("things", "least=2").splitlines()] == [2, 3, 4]
    assert run("each_thing") == run("things")
    assert json.loads(run("unnamed").splitlines()[0]) == {"number": 1, "label": "one"}
    assert run("touch", "id=3") == ""
    assert run("forget", "id=3") == "1\n"
    assert run("forget", "id=3", "--format", "csv") == "affected\n0\n"


FIRST = '{"id": 1, "label": "one", "data": null}'
SECOND = '{"id": 2, "label": null, "data": null}'


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("json", f"[\n{FIRST},\n{SECOND}\n]\n"),
        ("jsonl", f"{FIRST}\n{SECOND}\n"),
        ("csv", "id,label,data\n1,one,\n2,,\n"),
        ("table", "id   label   data\n─────────────────\n1    one     null\n2    null    null\n"),
    ],
    ids=["json", "jsonl", "csv", "table"],
)
def test_formats(form: str, wanted: str, cli: Cli, shop: list[str]) -> None:
    cli("run", *shop, "make_many", 'items=[{"id": 1, "label": "one"}, {"id": 2}]')
    for query in ("things", "each_thing"):
        assert cli("run", *shop, query, "--format", form).stdout == wanted


@pytest.mark.parametrize(
    ("form", "one", "many"),
    [
        ("json", "null\n", "[]\n"),
        ("jsonl", "", ""),
        ("csv", "id,external_id,name,email,created_at,updated_at\n", None),
    ],
)
def test_nothing_found(form: str, one: str, many: str | None, cli: Cli, url: str) -> None:
    to = ("--url", url, "--format", form)
    assert cli("run", "minipilot", "get_user_by_email", "email=x", *to).stdout == one
    listed = cli("run", "minipilot", "list_users", *to).stdout
    assert listed == (one if many is None else many)


def test_csv_can_be_read_back(cli: Cli, url: str) -> None:
    name = 'comma, "quote"\nand line'
    cli("run", "minipilot", "create_user", f"name={name}", "--url", url)
    listed = cli("run", "minipilot", "list_users", "--url", url, "--format", "csv").stdout
    (user,) = csv.DictReader(io.StringIO(listed))
    assert user["name"] == name


def test_values_from_files_and_stdin(cli: Cli, url: str, workdir: Path) -> None:
    (workdir / "notes.txt").write_text("from a file")
    (workdir / "chunks.json").write_text('[{"source": "s", "content": "c", "external_id": "1"}]')
    to = ("--url", url)
    upsert = ("run", "minipilot", "upsert_knowledge_chunk", "source=s")
    assert '"from a file"' in cli(*upsert, "content=@notes.txt", *to).stdout
    assert '"from stdin"' in cli(*upsert, "content=-", *to, stdin="from stdin").stdout
    assert '"content": "-"' in cli(*upsert, 'content:="-"', *to).stdout
    bulk = cli("run", "minipilot", "bulk_upsert_knowledge_chunks", "chunks=@chunks.json", *to)
    assert json.loads(bulk.stdout)["external_id"] == "1"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["create_usr"], 2, "has no query 'create_usr'; did you mean create_user?"),
        (["create_user", "emial=x"], 2, "has no parameter 'emial'; did you mean email?"),
        (["create_user", "email"], 2, "write a value as name=value"),
        (["get_user_by_id"], 2, "needs user_id: get_user_by_id(user_id uuid) :one User"),
        (["get_user_by_id", "user_id=canary"], 5, "parameter 'user_id': expected a UUID"),
        (["list_users", "limit=canary"], 5, "parameter 'limit': expected a whole number"),
        (["list_users", "limit=-1"], 5, "parameter 'limit': expected 0 or more"),
        (["list_users", "limit:=null"], 5, "parameter 'limit': may not be None"),
        (["create_user", "email=a\0canary"], 5, "parameter 'email': expected text without NUL"),
        (["create_user", "email=taken"], 8, "unique violation"),
    ],
)
def test_errors(args: list[str], code: int, message: str, cli: Cli, url: str) -> None:
    cli("run", "minipilot", "create_user", "email=taken", "--url", url)
    result = cli("run", "minipilot", *args, "--url", url)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("rawstore: error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert "canary" not in result.stderr


def test_a_store_that_is_not_migrated(cli: Cli, empty_url: str) -> None:
    result = cli("run", "minipilot", "list_users", "--url", empty_url)
    assert result.exit_code in (7, 8)
    assert result.stderr.count("\n") == 1
    assert "rawstore migrate up" in result.stderr
