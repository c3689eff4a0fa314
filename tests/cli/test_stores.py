"""The commands for a store as a whole: config, queries, health, drop, reset."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path

import pytest

import rawstore

from .conftest import ROOT, Cli, Shell

CANARY = "hunTER2canary"


def test_config_says_which_source_won(
    cli: Cli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(*args: str) -> list[str]:
        (found,) = json.loads(cli("config", "minipilot", "--format", "json", *args).stdout)
        return [found["dialect"], found["database"], found["said by"]]

    assert shown() == ["sqlite", "sqlite:///data/maveric_minipilot.db", "the store's default file"]
    (workdir / ".env").write_text("DB_PATH=dotenv.db\n")
    assert shown() == ["sqlite", "sqlite:///dotenv.db", "DB_PATH in .env"]
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{CANARY}@localhost/app")
    assert shown() == ["postgres", "postgresql://u:***@localhost/app", "DATABASE_URL"]
    assert shown("--url", "sqlite://") == ["sqlite", "sqlite://", "the url argument"]


def test_config_lists_every_store(cli: Cli) -> None:
    listed = cli("config").stdout
    assert "minipilot" in listed
    assert "sqlite:///data/maveric_minipilot.db" in listed


def test_url_may_stand_before_the_command(cli: Cli) -> None:
    assert (
        "sqlite:///before.db" in cli("--url", "sqlite:///before.db", "config", "minipilot").stdout
    )


def test_verbose_logs_where_the_data_is(shell: Shell) -> None:
    url = f"postgresql://u:{CANARY}@localhost:1/app"
    run = shell("-v", "health", "minipilot", DATABASE_URL=url)
    assert b"u:***@localhost:1/app, said by DATABASE_URL" in run.stderr
    assert CANARY.encode() not in run.stdout + run.stderr


def test_queries_lists_stores_and_queries(cli: Cli) -> None:
    assert "minipilot" in cli("queries").stdout
    listed = cli("queries", "minipilot", "--format", "jsonl").stdout.splitlines()
    (query,) = (q for q in map(json.loads, listed) if q["name"] == "get_user_by_email")
    assert query["signature"] == "get_user_by_email(email text) :one User"
    assert query["params"][0]["required"] is True
    table = cli("queries", "minipilot").stdout
    assert "get_user_by_email(email)" in table
    assert f"{query['file']}:{query['line']}" in table


@pytest.mark.parametrize(("dialect", "mark"), [("sqlite", "?"), ("postgres", "$1")])
def test_queries_shows_every_variant(dialect: str, mark: str, cli: Cli) -> None:
    shown = cli("queries", "minipilot", "list_all_conversations", "--dialect", dialect).stdout
    assert f"{dialect}, " in shown
    assert f"sql/{dialect}/minipilot/conversations.sql:" in shown
    assert "list_all_conversations(status text? = null, limit int = 100, offset int = 0)" in shown
    assert "row Conversation(id uuid, " in shown
    bare, conditional = shown.split("-- status given\n")
    assert "-- none of the conditions given" in bare
    assert "status =" not in bare.partition("-- none")[2]
    assert f"status = {mark}" in conditional
    data = cli("queries", "minipilot", "list_all_conversations", "--format", "json").stdout
    assert [v["conditions"] for v in json.loads(data)["variants"]] == [[], ["status"]]


def test_queries_shows_what_is_sent_for_many_items(cli: Cli, workdir: Path) -> None:
    file = workdir / "shop" / "sql" / "postgres" / "things.sql"
    file.parent.mkdir(parents=True)
    file.write_text("-- name: put(id int) :batch\nINSERT INTO things (id) VALUES (:id);\n")
    shown = cli("queries", "shop", "put", "--dialect", "postgres").stdout
    bulk = (
        "/* shop.put */ INSERT INTO things (id) SELECT item.p1\nFROM unnest($1::int[]) AS item (p1)"
    )
    assert f"\n-- many items at once\n{bulk}\n" in shown
    data = cli("queries", "shop", "put", "--dialect", "postgres", "--format", "json").stdout
    assert json.loads(data)["bulk"] == bulk


def test_queries_follow_the_configured_dialect(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/none")
    assert "/postgres/" in cli("queries", "minipilot", "list_users").stdout
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    assert "/sqlite/" in cli("queries", "minipilot", "list_users").stdout


def test_queries_shows_a_querys_policy(cli: Cli, workdir: Path) -> None:
    file = workdir / "shop" / "sql" / "sqlite" / "things.sql"
    file.parent.mkdir(parents=True)
    lines = ("-- name: things() :many", "-- All things.", "-- timeout: 250ms", "-- read: replica")
    file.write_text("\n".join([*lines, "SELECT 1 AS id;\n"]))
    shown = cli("queries", "shop", "things").stdout.splitlines()
    assert shown[0] == "shop.things, sqlite, shop/sql/sqlite/things.sql:1"
    assert {"things() :many", "timeout 0.25 s", "read replica", "All things."} <= set(shown)
    as_csv = cli("queries", "shop", "things", "--format", "csv").stdout
    assert as_csv.startswith("store,name,dialect,kind,signature,")


def test_a_folder_without_a_dialect(cli: Cli, workdir: Path) -> None:
    (workdir / "shop" / "sql").mkdir(parents=True)
    result = cli("migrate", "check", "shop")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "neither sql/sqlite/ nor sql/postgres/" in result.stderr


def test_a_bad_query_file(cli: Cli, workdir: Path) -> None:
    file = workdir / "shop" / "sql" / "sqlite" / "things.sql"
    file.parent.mkdir(parents=True)
    file.write_text("\n-- name: things() :manny\nSELECT 1;\n")
    result = cli("queries", "./shop")
    assert (result.exit_code, result.stdout) == (4, "")
    assert f"{file}:2: unknown kind :manny" in result.stderr


@pytest.mark.parametrize("folder", ["./none", "./plain"])
def test_a_folder_that_is_no_store(folder: str, cli: Cli, workdir: Path) -> None:
    (workdir / "plain").mkdir()
    result = cli("queries", folder)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "sql/" in result.stderr


def test_health(cli: Cli, url: str, dialect: str) -> None:
    result = cli("health", "minipilot", "--url", url)
    assert result.exit_code == 0
    assert result.stdout.startswith("minipilot: healthy\n")
    assert {"sqlite": "SQLite 3.", "postgres": "PostgreSQL "}[dialect] in result.stdout
    facts = json.loads(cli("health", "minipilot", "--url", url, "--format", "json").stdout)
    assert facts["healthy"] is True
    assert facts["migrations"]["pending"] == 0


def test_health_with_migrations_pending(cli: Cli, url: str) -> None:
    cli("migrate", "down", "minipilot", "--url", url)
    result = cli("health", "minipilot", "--url", url)
    assert result.exit_code == 1
    assert "1 migration is pending: rawstore migrate up minipilot" in result.stdout


def test_health_of_a_server_that_is_not_there(cli: Cli) -> None:
    url = f"postgresql://u:{CANARY}@localhost:1/none"
    for args in (["minipilot"], []):
        result = cli("health", *args, "--url", url)
        assert result.exit_code == 7
        assert "minipilot: not healthy" in result.stdout
        assert CANARY not in result.output
    listed = json.loads(cli("health", "--url", url, "--format", "json").stdout)
    assert [each["healthy"] for each in listed] == [False] * len(listed)


@pytest.mark.parametrize("command", ["drop", "reset"])
def test_drop_and_reset_ask(command: str, cli: Cli, url: str) -> None:
    with rawstore.open("minipilot", url) as store:
        user = store.create_user(name="kept")
        refused = cli(command, "minipilot", "--url", url)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "give --yes" in refused.stderr
        assert store.get_user_by_id(user.id) == user

    done = cli(command, "minipilot", "--url", url, "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    status = cli("migrate", "status", "minipilot", "--url", url, "--format", "json").stdout
    wanted = {"drop": {"pending"}, "reset": {"applied"}}[command]
    assert {each["state"] for each in json.loads(status)} == wanted
    cli("migrate", "up", "minipilot", "--url", url)
    assert cli("run", "minipilot", "list_users", "--url", url).stdout == ""


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 1), (b"\x04", 1)])
def test_drop_takes_an_answer_on_a_terminal(answer: bytes, code: int, url: str) -> None:
    shown, exit_code = on_terminal("drop", "minipilot", "--url", url, answer=answer)
    assert exit_code == code
    assert b"Drop everything of minipilot in " in shown
    assert (b"dropped minipilot" in shown) == (code == 0)
    assert (b"rawstore: error: aborted" in shown) == (code == 1)


def test_a_terminal_gets_a_table(cli: Cli, url: str) -> None:
    listing = ("run", "minipilot", "list_users", "--url", url)
    cli("run", "minipilot", "create_user", "name=Jo", "--url", url)
    shown, exit_code = on_terminal(*listing)
    assert exit_code == 0
    assert "─────".encode() in shown
    assert b"Jo" in shown
    assert cli(*listing).stdout.startswith('{"id": ')


def on_terminal(*args: str, answer: bytes | None = None) -> tuple[bytes, int]:
    """Run a command on a terminal of its own; return what it shows, and its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child becomes the command
        os.environ.update(PYTHONPATH=str(ROOT), TERM="dumb")
        os.execv(sys.executable, [sys.executable, "-m", "rawstore", *args])  # noqa: S606
    shown = b""
    while answer and b"[y/N]" not in shown and (chunk := _read(terminal)):
        shown += chunk
    if answer:
        os.write(terminal, answer)
    while chunk := _read(terminal):
        shown += chunk
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1024)
    except OSError:  # what Linux gives at the end
        return b""
