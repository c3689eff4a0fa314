"""`rawstore export` and `rawstore import`, on both dialects."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rawstore
from rawstore.store import Store

from .conftest import Cli, Shell

ROOT = Path(__file__).parents[2]


@pytest.fixture
def to(url: str) -> tuple[str, str]:
    """The option that names the test's database, in which minipilot is migrated and empty."""
    return "--url", url


def rows(store: Store) -> int:
    return len(store.list_users())  # type: ignore[attr-defined]


def test_there_and_back(cli: Cli, store: Store, to: tuple[str, str], workdir: Path) -> None:
    ann = store.create_user(email="ann@example.com", name="Zoë")  # type: ignore[attr-defined]
    store.create_conversation(user_id=ann.id, title="talk")  # type: ignore[attr-defined]
    done = cli("export", "minipilot", "out", *to, "--format", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    counts = {each["table"]: each["rows"] for each in json.loads(done.stdout)}
    assert counts == {"users": 1, "conversations": 1, "messages": 0, "knowledge_chunks": 0}
    assert {f"{name}.jsonl" for name in counts} == {file.name for file in Path("out").iterdir()}

    store.delete_user(ann.id)  # type: ignore[attr-defined]
    dry = cli("import", "minipilot", "out", *to, "--dry-run")
    assert (dry.exit_code, dry.stderr) == (0, "dry run: nothing was kept\n")
    assert rows(store) == 0
    done = cli("import", "minipilot", "out", *to, "--format", "csv")
    assert done.stdout.splitlines()[0] == "table,rows,skipped"
    assert {"users,1,0", "conversations,1,0", "messages,0,0"} <= set(done.stdout.splitlines())
    assert store.get_user_by_email("ann@example.com") == ann  # type: ignore[attr-defined]

    again = cli("import", "minipilot", "out", *to)
    assert (again.exit_code, again.stdout) == (5, "")
    assert "out/users.jsonl:1: a row with this key is there already" in again.stderr
    skipped = cli("import", "minipilot", "out", *to, "--on-conflict", "skip", "--format", "jsonl")
    assert '{"table": "users", "rows": 0, "skipped": 1}' in skipped.stdout.splitlines()


def test_what_is_wrong(cli: Cli, store: Store, to: tuple[str, str]) -> None:
    Path("users.jsonl").write_text('{"name": "a"}\n{"nam": "secret\x1b"}\n{"email": 5}\n')
    refused = cli("import", "minipilot", "users.jsonl", *to)
    assert (refused.exit_code, refused.stdout) == (5, "")
    assert refused.stderr.splitlines() == [
        "rawstore: error: nothing was imported; 2 problems:",
        "  users.jsonl:2:16: not JSON: invalid control character",
        "  users.jsonl:3: column 'email': expected text as a string, got a number",
    ]
    assert rows(store) == 0


def test_standard_input_and_output(cli: Cli, store: Store, to: tuple[str, str]) -> None:
    body = '[{"name": "Ann"},\n {"name": "Zoë \u2028"}]'.encode()
    users = ("--table", "users")
    done = cli("import", "minipilot", "-", *users, *to, "--format", "json", stdin=body)
    assert json.loads(done.stdout) == [{"table": "users", "rows": 2, "skipped": 0}]
    done = cli("export", "minipilot", "-", *users, *to)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout_bytes.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["Ann", "Zoë \u2028"]
    bad = cli("import", "minipilot", "-", *users, *to, stdin=body[:-1])
    assert bad.exit_code == 5
    assert "<stdin>:2:" in bad.stderr
    assert rows(store) == 2


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_pipe(shell: Shell, store: Store, url: str) -> None:
    env = {"DATABASE_URL": url}
    done = shell("import", "minipilot", "-", "--table", "users", stdin=b'{"name": "Ann"}', **env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rows(store) == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_closed_input_and_a_full_disk(url: str, store: Store, workdir: Path) -> None:
    rawstore = f"{sys.executable} -m rawstore"
    row = '{"name": "%s"}' % ("x" * 20_000)
    store.import_(io.BytesIO(row.encode()), table="users")
    for script, code, said in [
        (f"{rawstore} import minipilot - --table users <&-", 2, "standard input is closed"),
        (f"ulimit -f 8; {rawstore} export minipilot out", 74, "cannot write: File too large"),
    ]:
        env = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["bash", "-c", script], check=False, capture_output=True, env=env)
        assert (done.returncode, done.stdout) == (code, b""), done.stderr
        assert said in done.stderr.decode()
    assert list((workdir / "out").iterdir()) == []


def test_mistakes(cli: Cli, to: tuple[str, str], workdir: Path) -> None:
    for arguments, code, said in [
        (("export", "minipilot", "-"), 2, "give --table"),
        (("import", "minipilot", "-"), 2, "give --table"),
        (("export", "minipilot", "out", "--table", "user"), 3, "did you mean users?"),
        (("import", "minipilot", "user.jsonl"), 74, "No such file"),
        (("import", "minipilot", "users.jsonl"), 74, "users.jsonl: No such file or directory"),
        (("import", "minipilot", "users.jsonl", "--on-conflict", "replace"), 2, "replace"),
    ]:
        done = cli(*arguments, *to)
        assert (done.exit_code, done.stdout) == (code, ""), done.stderr
        assert said in done.stderr
    done = cli("import", "minipilot", "nosuch", *to)
    assert (done.exit_code, done.stdout) == (74, "")
    assert "nosuch: No such file or directory" in done.stderr
    (workdir / "out").mkdir()
    done = cli("import", "minipilot", "out", "--table", "user", *to)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "did you mean users?" in done.stderr
    (workdir / "out" / "users.jsonl").touch()
    done = cli("export", "minipilot", "out", *to)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "--replace" in done.stderr
    assert cli("export", "minipilot", "out", "--replace", *to).exit_code == 0
    (workdir / "file").touch()
    done = cli("export", "minipilot", "file", *to)
    assert (done.exit_code, done.stdout) == (74, "")


def test_before_the_migrations(cli: Cli, empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).touch()
    Path("users.jsonl").write_text("{}")
    for arguments in (("export", "minipilot", "out"), ("import", "minipilot", "users.jsonl")):
        done = cli(*arguments, "--url", empty_url)
        assert (done.exit_code, done.stdout) == (8, "")
        assert "migrate up" in done.stderr


def test_a_folder_of_ones_own(cli: Cli, workdir: Path, dialect: str, empty_url: str) -> None:
    table = "shop.things" if dialect == "postgres" else "things"
    for kind, text in {
        "sql": f"-- name: things() :many\nSELECT id, name FROM {table} ORDER BY id LIMIT 9;\n",
        "migrations": f"CREATE TABLE {table} (id integer PRIMARY KEY, name text NOT NULL);\n",
    }.items():
        file = workdir / "shop" / kind / dialect / "0001_create_things.sql"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    to = ("--url", empty_url)
    cli("migrate", "up", "./shop", *to)
    Path("things.json").write_text('[{"id": 2, "name": "b"}, {"id": 1, "name": "a"}]')
    assert cli("import", "./shop", "things.json", *to).exit_code == 0
    assert cli("export", "./shop", "out", *to).exit_code == 0
    with rawstore.open(workdir / "shop", empty_url) as store:
        assert [tuple(row) for row in store.things()] == [(1, "a"), (2, "b")]
