"""`rawstore config`: which database, who says so, and every option in force."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cli, Shell

CANARY = "hunTER2canary"
SERVER = f"postgresql://u:{CANARY}@db.example.org/app"


@pytest.fixture(autouse=True)
def no_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSSLMODE", "OMNIMEMORY_DB_TYPE"):
        monkeypatch.delenv(name, raising=False)


def as_json(cli: Cli, *args: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(cli("config", *args, "--format", "json").stdout)
    return found[0]


def test_every_option_in_force(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_LOCK_TIMEOUT", "2s")
    found = as_json(cli, "minipilot", "--url", f"{SERVER}?pool_max=3&echo=on")
    assert found.keys() == {"store", "dialect", "database", "said by", "tls", "options", "notes"}
    assert found["tls"].startswith("verified: ")
    options = {name: (each["value"], each["said by"]) for name, each in found["options"].items()}
    assert options.pop("sslrootcert")[1] == "default"
    assert options == {
        "pool_min": (1, "default"),
        "pool_max": (3, "the URL"),
        "pool_timeout": (5.0, "default"),
        "connect_timeout": (5.0, "default"),
        "statement_timeout": (30.0, "default"),
        "lock_timeout": (2.0, "DB_LOCK_TIMEOUT"),
        "prepare": (True, "default"),
        "sslmode": ("verify-full", "default"),
        "echo": (True, "the URL"),
        "stats": (True, "default"),
        "slow": (None, "default"),
    }


def test_options_as_a_table(cli: Cli) -> None:
    shown = cli("config", "minipilot", "--url", "sqlite:///a.db?timeout=250ms").stdout
    lines = [line.split() for line in shown.splitlines()]
    assert [
        "minipilot",
        "sqlite",
        "sqlite:///a.db?timeout=0.25",
        *"the url argument".split(),
    ] in lines
    assert ["busy_timeout", "0.25", "s", "the", "URL"] in lines
    assert ["statement_timeout", "none", "default"] in lines
    assert ["echo", "off", "default"] in lines
    assert "TLS" not in shown


@pytest.mark.parametrize("store", [["minipilot"], []])
def test_weakened_tls_is_said(store: list[str], cli: Cli) -> None:
    said = "minipilot: TLS is weakened by sslmode=require: the server's certificate is not checked"
    assert said in cli("config", *store, "--url", f"{SERVER}?sslmode=require").stdout
    verified = cli("config", *store, "--url", SERVER).stdout
    assert "weakened" not in verified
    assert ("TLS is verified" in verified) == bool(store)


def test_what_is_not_used_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", SERVER)
    monkeypatch.setenv("DB_PATH", CANARY)
    shown = cli("config").stdout
    assert "omnimemory: DATABASE_URL is set, but not used: OMNIMEMORY_DB_TYPE is not pos" in shown
    assert "minipilot: DB_PATH is set, but not used: DATABASE_URL comes first" in shown
    assert CANARY not in shown
    note = "DATABASE_URL is set, but not used: OMNIMEMORY_DB_TYPE is not postgresql"
    assert as_json(cli, "omnimemory")["notes"] == [note]


def test_formats_for_programs(cli: Cli) -> None:
    lines = cli("config", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["store"] for line in lines][:2] == ["collections", "contextpilot"]
    (row,) = csv.DictReader(
        io.StringIO(cli("config", "minipilot", "--format", "csv", "--url", SERVER).stdout)
    )
    assert json.loads(row["options"])["pool_max"]["value"] == 10
    assert CANARY not in str(row)


def test_a_folder_of_ones_own(cli: Cli, workdir: Path) -> None:
    (workdir / "shop" / "sql" / "sqlite").mkdir(parents=True)
    assert as_json(cli, "./shop")["database"] == "sqlite:///data/shop.db"


def test_a_mistake_in_a_variable(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_POOL_MAX", CANARY)
    result = cli("config", "minipilot")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "rawstore: error: DB_POOL_MAX must be a whole number\n"


def test_a_url_by_standard_input(shell: Shell) -> None:
    run = shell("config", "minipilot", stdin=SERVER.encode(), DATABASE_URL_FILE="/dev/stdin")
    assert b"u:***@db.example.org" in run.stdout
    assert CANARY.encode() not in run.stdout + run.stderr
