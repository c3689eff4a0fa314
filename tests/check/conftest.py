"""Folder stores to check, and the servers to check them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from rawstore import source
from rawstore.check import Finding, check
from rawstore.scan import Dialect
from tests.postgres import Remote

Files = Mapping[str, str]
Write = Callable[[Files], Path]
CheckFolder = Callable[[Path], list[Finding]]


class CheckQueries(Protocol):
    """Check queries over some tables; see the fixture."""

    def __call__(self, tables: str, queries: Mapping[str, str]) -> dict[str, set[str]]: ...


@pytest.fixture
def check_folder(pg: Remote) -> CheckFolder:
    """A function that checks a folder store, on the dialects it has files for."""

    def run(folder: Path) -> list[Finding]:
        return check(source.find(folder), ("sqlite", "postgres"), pg.url())

    return run


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes files by their path in the folder store shop; its folder."""

    def write_(files: Files) -> Path:
        for name, text in files.items():
            path = tmp_path / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "shop"

    return write_


@pytest.fixture
def check_queries(dialect: Dialect, write: Write, check_folder: CheckFolder) -> CheckQueries:
    """A function that checks queries, given with a label each: the rules each breaks, by label.

    The tables are made in the store's schema.
    """

    def run(tables: str, queries: Mapping[str, str]) -> dict[str, set[str]]:
        lines = {}
        text = ""
        for query, label in queries.items():
            lines[text.count("\n") + 1] = label
            text += f"{query}\n"
        folder = write(
            {
                f"migrations/{dialect}/0001_create_tables.sql": f"-- Create tables.\n{tables}",
                f"sql/{dialect}/queries.sql": text,
            }
        )
        found: dict[str, set[str]] = {label: set() for label in queries.values()}
        for finding in check_folder(folder):
            label = lines[max(line for line in lines if line <= finding.line)]
            found[label].add(finding.rule)
        return found

    return run
