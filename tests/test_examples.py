"""Each script in examples/ prints what its docstring says, on a new database and once more."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


def expected(script: Path) -> str:
    """The lines below `$ python …` in the docstring, to its next empty line."""
    doc = ast.get_docstring(ast.parse(script.read_text()), clean=False) or ""
    _, found, rest = doc.partition(f"    $ python examples/{script.name}\n")
    assert found, f"{script.name} does not say how it is run"
    return dedent(rest.partition("\n\n")[0]).rstrip("\n")


def test_there_are_examples() -> None:
    assert len(SCRIPTS) >= 2


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_prints_what_it_says(script: Path, empty_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, script, empty_url],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stderr, done.returncode) == ("", 0)
        assert done.stdout.rstrip("\n") == expected(script)
