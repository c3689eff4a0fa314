"""`rawstore health` and `rawstore wait`: what they say, and their exit codes."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path

import pytest

from .conftest import Cli

CANARY = "hunTER2canary"
REFUSED = f"postgresql://u:{CANARY}@localhost:1/none"


def test_a_healthy_store(cli: Cli, url: str, dialect: str) -> None:
    result = cli("health", "minipilot", "--url", url)
    assert result.exit_code == 0
    assert result.stdout.startswith("minipilot: healthy\n")
    for fact in ("database", "server", "migrations"):
        assert f"\n  {fact:<11}  " in result.stdout
    more = {"sqlite": "journal wal, file ", "postgres": " used, "}
    assert more[dialect] in result.stdout
    facts = json.loads(cli("health", "minipilot", "--url", url, "--format", "json").stdout)
    assert (facts["status"], facts["healthy"], facts["problems"]) == ("healthy", True, [])
    assert facts["seconds"] > 0


def test_problems_for_programs(cli: Cli, url: str) -> None:
    cli("migrate", "down", "minipilot", "--url", url)
    result = cli("health", "minipilot", "--url", url, "--format", "json")
    assert result.exit_code == 1
    facts = json.loads(result.stdout)
    assert (facts["status"], facts["healthy"]) == ("behind", False)
    text = "1 migration is pending: rawstore migrate up minipilot"
    assert facts["problems"] == [{"code": "behind", "text": text}]


@pytest.mark.parametrize("command", ["health", "wait"])
def test_out_of_reach(cli: Cli, command: str) -> None:
    limit = ["--timeout", "10ms"] if command == "wait" else []
    result = cli(command, "minipilot", "--url", REFUSED, *limit)
    assert result.exit_code == 7
    assert "down: cannot connect to postgresql://u:***@localhost:1/none" in result.output
    assert CANARY not in result.output


def test_frozen_is_out_of_reach(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:{CANARY}@127.0.0.1:{silent.getsockname()[1]}/none"
        result = cli("health", "minipilot", "--url", url, "--deadline", "50ms")
    assert result.exit_code == 7
    assert result.stdout.startswith("minipilot: not healthy (frozen)\n")
    assert "frozen: no answer within 0.05 s" in result.stdout
    assert CANARY not in result.output


def test_integrity_and_replication_on_request(cli: Cli, url: str, dialect: str) -> None:
    result = cli("health", "minipilot", "--url", url, "--integrity", "--max-lag", "5s")
    if dialect == "sqlite":
        assert result.exit_code == 0
        assert "integrity ok" in result.stdout
    else:
        assert result.exit_code == 1
        assert "minipilot: not healthy (lagging)" in result.stdout
        assert "integrity is not checked on PostgreSQL" in result.stdout


@pytest.mark.parametrize(
    "args",
    [
        ["health", "minipilot", "--max-lag", "soon"],
        ["health", "minipilot", "--deadline", "-1s"],
        ["wait", "minipilot", "--for", "ever"],
        ["wait"],
    ],
    ids=" ".join,
)
def test_mistakes(cli: Cli, args: list[str]) -> None:
    assert cli(*args).exit_code == 2


# -- wait


def test_waiting_for_what_is_there(cli: Cli, url: str) -> None:
    for aim in ("reachable", "migrated", "healthy"):
        result = cli("wait", "minipilot", "--url", url, "--for", aim)
        assert (result.exit_code, result.output) == (0, "")
    result = cli("wait", "minipilot", "--url", url, "--format", "json")
    assert json.loads(result.stdout)["status"] == "healthy"


def test_waiting_says_for_what(cli: Cli, url: str) -> None:
    cli("migrate", "down", "minipilot", "--url", url)
    wanted = ["wait", "minipilot", "--url", url, "--for", "migrated", "--timeout", "300ms"]
    result = cli(*wanted)
    assert result.exit_code == 7
    first, last = result.stderr.splitlines()  # once, however often it has looked
    assert first == (
        "waiting for minipilot: behind: 1 migration is pending: rawstore migrate up minipilot"
    )
    assert last.startswith("rawstore: error: minipilot is not migrated after 0.3 s: behind: ")


def test_waiting_in_vain(cli: Cli, workdir: Path) -> None:
    url = f"sqlite:///{workdir}/x.db"
    assert cli("wait", "minipilot", "--url", url).exit_code == 0  # migrate would make it
    result = cli("wait", "minipilot", "--url", url, "--for", "healthy", "--timeout", "0")
    assert result.exit_code == 7
    assert "rawstore: error: minipilot is not healthy after 0 s: down: " in result.stderr


def test_waiting_ends_at_once_where_it_cannot_help(cli: Cli, workdir: Path) -> None:
    assert cli("wait", "minipilot", "--url", f"postgresql://u:{CANARY}@h:x/y").exit_code == 3
    (workdir / "x.db").write_bytes(_somebody_elses())
    result = cli("wait", "minipilot", "--url", "sqlite:///x.db")
    assert result.exit_code == 3
    assert "belongs to another application" in result.stderr


def _somebody_elses() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA application_id = 7")
    connection.execute("CREATE TABLE theirs (id integer)")
    serialized = connection.serialize()
    connection.close()
    return serialized
