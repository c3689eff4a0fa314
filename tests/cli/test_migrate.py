"""`rawstore migrate …`, on both dialects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rawstore
from rawstore.cli import stores

from .conftest import Cli

IDS = stores.migration_ids("minipilot")


def states(cli: Cli, url: str) -> dict[str, str]:
    shown = cli("migrate", "status", "minipilot", "--url", url, "--format", "json").stdout
    return {each["id"]: each["state"] for each in json.loads(shown)}


def run_ids(output: str) -> list[str]:
    return [line.partition(":")[0] for line in output.splitlines()]


def test_up_and_down(cli: Cli, empty_url: str) -> None:
    to = ("--url", empty_url)
    assert set(states(cli, empty_url).values()) == {"pending"}

    dry = cli("migrate", "up", "minipilot", "--dry-run", *to)
    assert dry.stdout.splitlines() == [f"{each}: would run" for each in IDS]
    assert set(states(cli, empty_url).values()) == {"pending"}

    assert run_ids(cli("migrate", "up", "minipilot", "--to", IDS[1], *to).stdout) == IDS[:2]
    done = cli("migrate", "up", "minipilot", *to)
    assert (done.exit_code, run_ids(done.stdout)) == (0, IDS[2:])
    assert set(states(cli, empty_url).values()) == {"applied"}

    again = cli("migrate", "up", "minipilot", *to)
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "nothing to do\n")

    assert run_ids(cli("migrate", "down", "minipilot", *to).stdout) == IDS[:-2:-1]
    assert run_ids(cli("migrate", "down", "minipilot", "-n", "2", *to).stdout) == IDS[-2:-4:-1]
    assert run_ids(cli("migrate", "to", "minipilot", IDS[-2], *to).stdout) == IDS[-3:-1]
    assert [each for each, state in states(cli, empty_url).items() if state == "pending"] == IDS[
        -1:
    ]


def test_history(cli: Cli, empty_url: str) -> None:
    to = ("--url", empty_url)
    cli("migrate", "up", "minipilot", *to)
    cli("migrate", "down", "minipilot", *to)
    shown = cli("migrate", "history", "minipilot", *to, "--format", "jsonl").stdout
    entries = [json.loads(line) for line in shown.splitlines()]
    assert [(each["id"], each["operation"]) for each in entries] == [
        *((each, "apply") for each in IDS),
        (IDS[-1], "rollback"),
    ]
    assert all(each["username"] and each["at"] for each in entries)


def test_an_unknown_migration(cli: Cli, empty_url: str) -> None:
    result = cli("migrate", "to", "minipilot", "9999_nothing", "--url", empty_url)
    assert (result.exit_code, result.stdout) == (6, "")
    assert "9999_nothing" in result.stderr


def test_an_edited_migration(cli: Cli, empty_url: str, dialect: str, workdir: Path) -> None:
    folder = workdir / "shop"
    file = folder / "migrations" / dialect / "0001_create_things.sql"
    file.parent.mkdir(parents=True)
    file.write_text("CREATE TABLE things (id int);\n")
    (folder / "sql" / dialect).mkdir(parents=True)
    (folder / "sql" / dialect / "things.sql").write_text(
        "-- name: things() :many\nSELECT id FROM things;\n"
    )
    assert cli("migrate", "up", "./shop", "--url", empty_url).exit_code == 0
    file.write_text("CREATE TABLE things (id int, more int);\n")
    status = cli("migrate", "status", "./shop", "--url", empty_url)
    assert "changed" in status.stdout
    health = cli("health", "./shop", "--url", empty_url)
    assert health.exit_code == 1
    assert "shop: not healthy" in health.stdout
    up = cli("migrate", "up", "./shop", "--url", empty_url)
    assert up.exit_code == 6
    assert "0001_create_things" in up.stderr


def test_new_writes_twins(cli: Cli, workdir: Path) -> None:
    for dialect in ("sqlite", "postgres"):
        (workdir / "shop" / "sql" / dialect).mkdir(parents=True)
    made = cli("migrate", "new", "./shop", "create", "orders")
    assert made.exit_code == 0
    paths = [Path(line) for line in made.stdout.splitlines()]
    assert {path.name for path in paths} == {
        "0001_create_orders.sql",
        "0001_create_orders.rollback.sql",
    }
    assert {path.parent for path in paths} == {
        workdir / "shop" / "migrations" / dialect for dialect in ("sqlite", "postgres")
    }
    assert all(path.is_file() for path in paths)
    assert "0002_add_index" in cli("migrate", "new", "shop", "add-index").stdout


def test_new_keeps_to_the_dialects_there_are(cli: Cli, workdir: Path) -> None:
    (workdir / "shop" / "sql" / "sqlite").mkdir(parents=True)
    made = cli("migrate", "new", "shop", "create orders")
    assert {Path(line).parent.name for line in made.stdout.splitlines()} == {"sqlite"}
    assert not (workdir / "shop" / "migrations" / "postgres").exists()


def test_check(cli: Cli, workdir: Path) -> None:
    fine = cli("migrate", "check")
    assert (fine.exit_code, fine.output) == (0, "")
    folder = workdir / "shop" / "migrations" / "sqlite"
    folder.mkdir(parents=True)
    (workdir / "shop" / "sql").mkdir()
    (folder / "0001_create_things.sql").write_text("CREATE TABLE things (id int);\nCOMMIT;\n")
    bad = cli("migrate", "check", "./shop")
    assert bad.exit_code == 6
    assert f"{folder}/0001_create_things.sql:2: " in bad.stdout


@pytest.mark.parametrize("command", ["status", "history", "up", "down"])
def test_a_server_that_is_not_there(command: str, cli: Cli) -> None:
    result = cli("migrate", command, "minipilot", "--url", "postgresql://localhost:1/none")
    assert (result.exit_code, result.stdout) == (7, "")
    assert result.stderr.startswith(
        "rawstore: error: cannot connect to postgresql://localhost:1/none"
    )
    assert result.stderr.count("\n") == 1


def test_what_the_command_line_does_the_library_sees(cli: Cli, empty_url: str) -> None:
    cli("migrate", "up", "minipilot", "--url", empty_url)
    with rawstore.open("minipilot", empty_url) as store:
        assert store.migrate() == []
