"""One text, with each driver's placeholders."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.statement import Statement
from rawstore.parse import parse
from rawstore.scan import Dialect

TEXT = """
-- name: find(name text, least int) :many
SELECT sku FROM shop.products
WHERE name LIKE :name || '%' AND stock > :least;

-- name: find_again(name text) :many
SELECT sku FROM shop.products WHERE name = :name OR sku = :name
"""


def statements(dialect: Dialect) -> tuple[Statement, Statement]:
    first, second = parse(TEXT, Path("shop.sql"), dialect, "shop")
    return Statement.of(first), Statement.of(second)


def test_postgres() -> None:
    find, again = statements("postgres")
    where = "SELECT sku FROM shop.products\nWHERE name LIKE "
    assert find.text == f"{where}$1 || '%' AND stock > $2"
    assert find.percent == f"{where}%s || '%%' AND stock > %s"
    assert find.percent_named == f"{where}%(name)s || '%%' AND stock > %(least)s"
    assert find.named == f"{where}:name || '%' AND stock > :least"
    assert again.named.endswith("name = :name OR sku = :name")
    with pytest.raises(ValueError, match="used twice"):
        _ = again.percent


def test_sqlite() -> None:
    find, again = statements("sqlite")
    assert find.text.endswith("LIKE ? || '%' AND stock > ?")
    assert find.named.endswith("LIKE :name || '%' AND stock > :least")
    assert again.names == ("name", "name")
    assert again.named.endswith("name = :name OR sku = :name")
