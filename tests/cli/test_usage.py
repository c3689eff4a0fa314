"""Help, versions, and mistakes on the command line."""

from __future__ import annotations

import re

import click
import pytest

from rawstore.cli import errors
from rawstore.cli.commands import rawstore
from rawstore.errors import RawstoreError

from .conftest import Cli, Shell

CANARY = "hunTER2canary"


def commands(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [path]
    for name, command in group.commands.items():
        sub = commands(command, *path, name) if isinstance(command, click.Group) else None
        found += sub or [(*path, name)]
    return found


def found(path: tuple[str, ...]) -> click.Command:
    command: click.Command = rawstore
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


@pytest.mark.parametrize("path", commands(rawstore), ids=" ".join)
def test_help_shows_no_secret(
    path: tuple[str, ...], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "RAWSTORE_URL", "DB_PASSWORD", "PGPASSWORD"):
        monkeypatch.setenv(name, f"postgresql://u:{CANARY}@h/db")
    result = cli("--url", f"postgresql://u:{CANARY}@h/db", *path, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: rawstore")
    assert CANARY not in result.output
    # One sentence a command in the list of its group, none cut off.
    lists = "Commands:" if path else "Set up:"
    listed = result.output.partition(lists)[2].partition("Exit codes")[0]
    assert bool(listed) == isinstance(found(path), click.Group)
    assert "..." not in listed


def test_version(shell: Shell) -> None:
    from rawstore import __version__

    assert shell("--version").stdout.decode() == f"rawstore {__version__}\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nosuch"], "; see rawstore --help"),
        (["migrat"], "No such command 'migrat'"),
        (["migrate", "upp"], "; see rawstore migrate --help"),
        (["run"], "Missing argument 'STORE'; see rawstore run --help"),
        (["run", "minipilot"], "Missing argument 'QUERY'"),
        (["run", "minipilot", "list_users", "--formt", "csv"], "No such option"),
        (["run", "minipilot", "list_users", "--format", "xml"], "'xml' is not one of"),
        (["run", "minipilit", "list_users"], "no store 'minipilit': did you mean minipilot?"),
        (["run", "zzz", "list_users"], "no store 'zzz': there are collections"),
        (["queries", "minipilot", "list_userz"], "no query 'list_userz'; did you mean list_users?"),
        (["queries", "minipilot", "zzzz"], "no query 'zzzz'; see rawstore queries minipilot"),
        (["migrate", "up", "minipilot", "--wait", "soon"], "'soon' is no duration such as"),
    ],
)
def test_mistakes_are_one_line(args: list[str], message: str, cli: Cli) -> None:
    result = cli(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(r"rawstore: error: [^\n]+\n", result.stderr)
    assert message in result.stderr


def test_no_command_shows_the_help(cli: Cli) -> None:
    result = cli()
    assert result.exit_code == 2
    assert "Usage: rawstore" in result.stderr


def all_errors(kind: type[RawstoreError]) -> set[type[RawstoreError]]:
    return {kind}.union(*(all_errors(sub) for sub in kind.__subclasses__()))


def test_every_error_has_a_documented_exit_code() -> None:
    documented = {int(code) for code in re.findall(r"^ +(\d+) ", errors.EXIT_CODES, re.M)}
    for kind in all_errors(RawstoreError):
        code = errors.code_of(kind.__new__(kind))
        assert code in documented
        assert code > 2


def test_a_bad_url_is_a_configuration_error(cli: Cli) -> None:
    result = cli("config", "minipilot", "--url", f"postgresql://u:{CANARY}@h:x/db")
    assert result.exit_code == 3
    assert result.stderr.startswith("rawstore: error: the database URL's host")
    assert CANARY not in result.output


def test_our_own_mistakes_show_no_values(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise KeyError(CANARY)

    assert errors.guarded(broken) == 70
    message = capsys.readouterr().err
    assert re.fullmatch(r"rawstore: error: internal: KeyError at test_usage\.py:\d+; .+\n", message)
