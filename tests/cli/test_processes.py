"""What only a process of its own shows: pipes, signals, encodings, completion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import rawstore

from .conftest import ROOT, Shell


@pytest.fixture
def filled(workdir: Path) -> str:
    """A minipilot database with more users than a pipe holds."""
    url = f"sqlite:///{workdir / 'filled.db'}"
    with rawstore.open("minipilot", url) as store:
        store.migrate()
        with store.transaction() as tx:
            for number in range(1000):
                tx.create_user(name=f"é{number} " * 20)
    return url


def start(*args: str, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "rawstore", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "table"])
def test_head_may_close_the_pipe(form: str, filled: str) -> None:
    listing = ("run", "minipilot", "list_users", "limit=1000", "--url", filled, "--format", form)
    with start(*listing) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_an_interrupt_is_no_traceback(workdir: Path) -> None:
    # The command waits for the rest of a value on stdin.
    waiting = start("run", "minipilot", "create_user", "name=-", "--url", "sqlite:///x.db", "-v")
    with waiting as process:
        assert process.stderr
        line = process.stderr.readline()
        assert b"said by the url argument" in line
        process.send_signal(signal.SIGINT)
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 130


@pytest.mark.parametrize("form", ["jsonl", "csv", "table"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_output_encoding(form: str, encoding: str, shell: Shell, filled: str) -> None:
    run = shell(
        *("run", "minipilot", "list_users", "limit=1", "--url", filled, "--format", form),
        PYTHONIOENCODING=encoding,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    shown = run.stdout.decode(encoding)
    assert ("é999" in shown) or ("\\u00e9999" in shown) or ("\\xe9999" in shown)


def test_arguments_that_are_no_text(workdir: Path, filled: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "rawstore",
            "run",
            "minipilot",
            "create_user",
            b"name=\xff",
            "--url",
            filled,
        ],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 5
    assert b"expected text without lone surrogates" in run.stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["mig"], ["migrate"]),
        (["migrate", "st"], ["status"]),
        (["migrate", "up", "mini"], ["minipilot"]),
        (["migrate", "to", "minipilot", "0002"], ["0002_create_users"]),
        (["run", "mini"], ["minipilot"]),
        (["run", "minipilot", "list_u"], ["list_users"]),
        (["queries", "minipilot", "list_u"], ["list_users"]),
        (["run", "minipilot", "list_users", ""], ["limit=", "offset="]),
        (["run", "minipilot", "list_users", "limit=3", ""], ["offset="]),
        (["run", "minipilot", "list_users", "--for"], ["--format"]),
        (["run", "minipilot", "list_users", "--format", "j"], ["json", "jsonl"]),
        (["run", "nosuch", "list"], []),
    ],
)
def test_completion(typed: list[str], offered: list[str], shell: Shell) -> None:
    run = shell(
        _RAWSTORE_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(["rawstore", *typed]),
        COMP_CWORD=str(len(typed)),
    )
    assert run.stderr == b""
    assert [line.partition(",")[2] for line in run.stdout.decode().split()] == offered


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion_scripts(kind: str, shell: Shell) -> None:
    script = shell(_RAWSTORE_COMPLETE=f"{kind}_source").stdout
    assert b"_RAWSTORE_COMPLETE" in script


def test_a_full_disk_behind_stdout(filled: str) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "rawstore", "run", "minipilot", "list_users", "--url", filled],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert run.returncode == 74
    assert run.stderr == b"rawstore: error: cannot write: No space left on device\n"


def test_a_closed_stdout(filled: str) -> None:
    command = [sys.executable, "-m", "rawstore", "run", "minipilot", "list_users", "--url", filled]
    run = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        check=False,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (run.returncode, run.stderr) == (0, b"")


def test_a_folder_that_may_not_be_written(shell: Shell, workdir: Path) -> None:
    (workdir / "shop" / "sql" / "sqlite").mkdir(parents=True)
    (workdir / "shop" / "migrations").write_text("a file where the folder should be")
    run = shell("migrate", "new", "./shop", "create orders")
    assert run.returncode == 74
    assert run.stderr.startswith(b"rawstore: error: ")
    assert run.stderr.endswith(b"shop/migrations/sqlite: Not a directory\n")
