"""Whether a list's order is total and its length bounded, and whether a tenant is held to."""

from __future__ import annotations

import pytest

from rawstore.scan import Dialect
from tests.check.cases import statements
from tests.check.conftest import CheckQueries

TABLES = """
CREATE TABLE users (
    id bigint PRIMARY KEY, name text NOT NULL, email text UNIQUE, team bigint NOT NULL
);
CREATE TABLE orders (
    id bigint PRIMARY KEY, user_id bigint NOT NULL, number bigint NOT NULL,
    CONSTRAINT orders_key UNIQUE (user_id, number)
);
"""
TENANTS = """
CREATE TABLE users (
    tenant text NOT NULL, id bigint NOT NULL, name text NOT NULL, PRIMARY KEY (tenant, id)
);
CREATE TABLE orders (
    tenant text NOT NULL, id bigint NOT NULL, user_id bigint NOT NULL, PRIMARY KEY (tenant, id)
);
"""


@pytest.mark.parametrize(
    ("rule", "tables", "good", "bad"),
    [
        ("many-without-order", TABLES, "total", "by_chance"),
        ("many-without-limit", TABLES, "bounded", "unbounded"),
        ("tenant-predicate", TENANTS, "held", "beyond"),
    ],
    ids=["order", "limit", "tenant"],
)
def test_a_rule_finds_those_that_break_it_and_no_others(
    check_queries: CheckQueries,
    dialect: Dialect,
    rule: str,
    tables: str,
    good: str,
    bad: str,
) -> None:
    wanted: dict[str, set[str]] = {each: set() for each in statements(good)}
    wanted |= {each: {rule} for each in statements(bad)}
    if dialect == "sqlite":
        tables = tables.replace(");", ") STRICT;").replace("bigint", "integer")
    kind = "one" if rule == "tenant-predicate" else "many"
    queries = {_query(n, each, kind): each for n, each in enumerate(wanted)}

    found = check_queries(tables, queries)

    told = {rule, "not-understood", "does-not-prepare"}
    assert [(each, found[each]) for each in wanted if found[each] & told != wanted[each]] == []


def test_without_a_common_leading_key_there_is_no_tenant(
    check_queries: CheckQueries, dialect: Dialect
) -> None:
    tables = TABLES if dialect == "postgres" else TABLES.replace("bigint", "integer")
    query = "-- name: one(id bigint) :one\nSELECT name FROM users WHERE id = :id;\n"
    assert check_queries(tables, {query: "one"}) == {"one": set()}


def _query(number: int, statement: str, kind: str) -> str:
    types = {"id": "bigint", "n": "int", "maybe": "int?", "tenant": "text"}
    params = ", ".join(f"{name} {type_}" for name, type_ in types.items() if _uses(statement, name))
    if statement.startswith(("INSERT", "UPDATE", "DELETE")) and "RETURNING" not in statement:
        kind = "affected"
    return f"-- name: q{number}({params}) :{kind}\n{statement};\n"


def _uses(statement: str, name: str) -> bool:
    return f":{name} " in f"{statement} ".replace(",", " ").replace(")", " ")
