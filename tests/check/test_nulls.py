"""What may be NULL: claims that hold are accepted, and those that do not are found."""

from __future__ import annotations

import re
import sqlite3

from rawstore.scan import Dialect
from tests.check.cases import statements
from tests.check.conftest import CheckQueries

TABLES = """
CREATE TABLE users (
    id bigint PRIMARY KEY, name text NOT NULL, email text UNIQUE, joined bigint NOT NULL
);
CREATE TABLE orders (
    id bigint PRIMARY KEY, user_id bigint NOT NULL, total bigint NOT NULL, note text
);
"""

TYPES = {
    "id": "bigint",
    "text": "text",
    "texts": "text[]",
    "json": "json",
    "maybe": "text?",
    "maybe_id": "bigint?",
}
_NEWER = ("RIGHT JOIN", "FULL JOIN")  # than SQLite 3.38
_FUNCTION = """
CREATE FUNCTION shop.maybe(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS 'SELECT 1';
"""


def test_true_claims_are_proven_and_no_others(
    check_queries: CheckQueries, dialect: Dialect
) -> None:
    never = statements("never_null") + statements(f"never_null_{dialect}")
    maybe = statements("maybe_null") + statements(f"maybe_null_{dialect}")
    tried = [each for each in never + maybe if _is_known(each, dialect)]
    tables = TABLES + _FUNCTION
    if dialect == "sqlite":
        tables = TABLES.replace(");", ") STRICT;").replace("bigint", "integer")

    found = check_queries(tables, {_query(n, each): each for n, each in enumerate(tried)})

    wanted = {each: {"nullability"} if each in maybe else set() for each in tried}
    assert [(each, found[each]) for each in tried if found[each] != wanted[each]] == []
    assert len(tried) == len(wanted) > 80


def _is_known(statement: str, dialect: Dialect) -> bool:
    newer = dialect == "sqlite" and sqlite3.sqlite_version_info < (3, 39)
    return not newer or not any(join in statement for join in _NEWER)


def _query(number: int, statement: str) -> str:
    used = set(re.findall(r"(?<!:):(\w+)", statement))
    params = ", ".join(f"{name} {kind}" for name, kind in TYPES.items() if name in used)
    row = f"-- row: Found{number}(value any)"
    return f"{row}\n\n-- name: q{number}({params}) :one Found{number}\n{statement};\n"
