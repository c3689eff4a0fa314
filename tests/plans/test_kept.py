"""The plans that are kept for the shipped stores."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from rawstore.cli.commands import rawstore
from rawstore.plans.text import read
from rawstore.query import Kind
from rawstore.scan import Dialect
from rawstore.source import find, shipped


@pytest.mark.parametrize("store", shipped())
def test_every_query_has_its_plans(store: str, dialect: Dialect) -> None:
    source = find(store)
    kept = read((source.root / "plans" / dialect / f"{store}.txt").read_text())
    queries = [query.name for query in source.load(dialect) if query.kind is not Kind.SCRIPT]
    assert list(kept) == queries


@pytest.mark.parametrize("store", shipped())
def test_sqlites_plans_hold(store: str) -> None:
    result = CliRunner().invoke(rawstore, ["plans", "verify", store, "--dialect", "sqlite"])
    assert (result.exit_code, result.output) == (0, "")
