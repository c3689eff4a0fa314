"""Texts of query files, parsed; and the mistakes in them, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from rawstore.errors import QueryFileError
from rawstore.parse import parse
from rawstore.query import Query
from rawstore.scan import Dialect

FILE = Path("shop.sql")
ABOVE = "-- Others.\n-- name: other(a int) :one\n-- Doc\nSELECT :a, 'x\ny';\n\n"

Mistake = tuple[str, int, str]
"""The text of a file, the line that is wrong, and a part of what is said."""


def queries(text: str, dialect: Dialect = "postgres") -> dict[str, Query]:
    """The queries of a file, by name."""
    return {query.name: query for query in parse(text, FILE, dialect, "shop")}


def query(text: str, dialect: Dialect = "postgres") -> Query:
    """The only query of a file."""
    (found,) = parse(text, FILE, dialect, "shop")
    return found


def mistakes(cases: Mapping[str, Mistake]) -> pytest.MarkDecorator:
    """Run a test for each mistake, under its name."""
    return pytest.mark.parametrize("mistake", cases.values(), ids=cases)


def refused(text: str, dialect: Dialect = "postgres") -> QueryFileError:
    """The error of a file that does not load."""
    with pytest.raises(QueryFileError) as caught:
        parse(text, FILE, dialect, "shop")
    return caught.value


def check_mistake(mistake: Mistake, dialect: Dialect = "postgres") -> None:
    """The error names the file and the line, also below other queries, and says what it is."""
    text, line, part = mistake
    error = refused(text, dialect)
    assert str(error) == f"shop.sql:{line}: {error.reason}"
    assert part in error.reason
    if "SQL before the first header" not in error.reason:
        assert refused(ABOVE + text, dialect).line == line + ABOVE.count("\n")
