"""The command `rawstore check`: what it writes and how it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
from pathlib import Path

import pytest

from rawstore.check import RULES
from rawstore.cli.commands import rawstore
from tests.check.conftest import Write
from tests.check.shop import FILES, one_dialect
from tests.postgres import Remote


def run(*arguments: str) -> int:
    """Run the command line in this process; its exit code."""
    return rawstore.main(list(arguments), standalone_mode=False)


@pytest.fixture
def broken(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, the working folder's shop, with one mistake."""
    files = one_dialect("sqlite")
    files["sql/sqlite/orders.sql"] = files["sql/sqlite/orders.sql"].replace("INNER", "LEFT")
    folder = write(files)
    monkeypatch.chdir(folder.parent)
    return folder


def test_a_clean_folder_ends_with_0_and_no_word(
    write: Write, pg: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", str(write(FILES)), "--url", pg.url()) == 0
    assert capsys.readouterr() == ("", "")


def test_findings_are_a_line_each_and_end_with_6(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", "./shop") == 6
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("shop/sql/sqlite/orders.sql:12: nullability: list_order_lines: column")


def test_findings_as_json(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "./shop", "--format", "json") == 6
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding.pop("message").startswith("list_order_lines: column customer may be NULL")
    assert finding == {"file": "shop/sql/sqlite/orders.sql", "line": 12, "rule": "nullability"}


def test_several_stores(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "./shop", "minipilot", "--dialect", "sqlite") == 6
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--rules") == 0
    listed = capsys.readouterr().out
    assert [rule for rule in RULES if rule not in listed] == []


def test_without_a_server_it_says_how_to_get_one(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(FILES)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run("check", str(folder)) == 3
    said = capsys.readouterr().err
    assert "pip install 'rawstore[embedded]'" in said
    assert "--url" in said
    assert "--dialect sqlite" in said
    assert run("check", str(folder), "--dialect", "sqlite") == 0


def test_a_server_out_of_reach_ends_with_7(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", str(write(FILES)), "--url", f"postgresql:///x?host={tmp_path}") == 7
    assert "cannot connect" in capsys.readouterr().err


def test_a_url_of_sqlite_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(write(FILES)), "--url", "sqlite://") == 3
    assert "PostgreSQL" in capsys.readouterr().err


def test_nothing_is_left_on_the_server(
    write: Write, pg: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: f"test_{os.getpid()}")
    name = f"rawstore_check_test_{os.getpid()}"
    files = dict(FILES)
    file = "migrations/postgres/0001_create_tables.sql"
    files[file] = files[file].replace("REFERENCES shop.customers", "REFERENCES shop.clients")
    assert run("check", str(write(FILES)), "--url", pg.url()) == 0
    assert run("check", str(write(files)), "--url", pg.url()) == 6
    with pg.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}")  # a name that is free again
        connection.execute(f"DROP DATABASE {name}")


def test_a_dialect_that_the_folder_does_not_speak_is_a_mistake(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", "./shop", "--dialect", "postgres") == 2
    assert "./shop has no query files for postgres" in capsys.readouterr().err


def test_a_folder_without_query_files_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sql" / "sqlite").mkdir(parents=True)
    assert run("check", str(tmp_path)) == 3
    assert "no query files" in capsys.readouterr().err


def test_an_unknown_store_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "minipilto") == 2
    assert "did you mean minipilot" in capsys.readouterr().err
