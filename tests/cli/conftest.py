"""The command line, run in this process and, where that matters, in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result

from rawstore.cli.commands import rawstore

ROOT = Path(__file__).parents[2]
VARIABLES = (
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    *("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PATH"),
    "PYTHONIOENCODING",
)


class Cli(Protocol):
    """Run `rawstore` with these arguments."""

    def __call__(self, *args: str | Path, stdin: str | bytes | None = None) -> Result: ...


class Shell(Protocol):
    """Run `rawstore` in a process of its own; further keywords are variables."""

    def __call__(
        self, *args: str | Path, stdin: bytes = b"", **env: str
    ) -> subprocess.CompletedProcess[bytes]: ...


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and none of our variables set."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def cli() -> Cli:
    def run(*args: str | Path, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(rawstore, [str(arg) for arg in args], input=stdin)
        assert "Traceback" not in result.output
        assert "internal" not in result.stderr
        return result

    return run


@pytest.fixture
def shell(workdir: Path) -> Shell:
    def run(
        *args: str | Path, stdin: bytes = b"", **env: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "rawstore", *map(str, args)],
            check=False,
            input=stdin,
            capture_output=True,
            cwd=workdir,
            env={**os.environ, "PYTHONPATH": str(ROOT), **env},
            timeout=60,
        )

    return run
