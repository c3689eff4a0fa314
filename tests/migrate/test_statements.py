"""Telling statements apart, in the cases where a naive splitter goes wrong."""

from __future__ import annotations

import pytest

from rawstore.migrate.statements import (
    Index,
    built_concurrently,
    dropped_concurrently,
    split,
)
from rawstore.scan import Dialect

FUNCTION = """
CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
    PERFORM 'a;b'; -- c;
    RETURN NEW;
END $fn$;
"""
ATOMIC = """
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END;
    SELECT 2;
END;
"""
TRIGGER = """
CREATE TRIGGER t AFTER INSERT ON docs WHEN new.a > 1 BEGIN
    INSERT INTO log VALUES (CASE WHEN 1 THEN 'a;' ELSE 'b' END);
    DELETE FROM log;
END;
"""


@pytest.mark.parametrize(
    ("dialect", "text", "lines"),
    [
        ("postgres", FUNCTION + "SELECT 1;\n", [2, 7]),
        ("postgres", ATOMIC + "SELECT 1;\n", [2, 7]),
        ("postgres", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);SELECT 3", [1, 1]),
        (
            "postgres",
            "/* a; /* b; */ */\nSELECT 'it''s 100%; ok';\nSELECT $a$ $b$ ; $b$ $a$",
            [2, 3],
        ),
        ("postgres", "SELECT 'C:\\';\nSELECT 2;", [1, 2]),
        ("sqlite", TRIGGER + "SELECT 1;\n", [2, 6]),
        ("sqlite", "SELECT 'C:\\';\nSELECT [a;b] FROM `c;d`;", [1, 2]),
        ("sqlite", "-- nothing to do\n", []),
        ("postgres", "", []),
        ("postgres", ";;\nSELECT 1;", [2]),
    ],
)
def test_statements_begin_on_these_lines(dialect: Dialect, text: str, lines: list[int]) -> None:
    assert [statement.line for statement in split(text, dialect)] == lines


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("CREATE INDEX CONCURRENTLY a_idx ON t (a)", Index(None, "a_idx")),
        (
            "create unique index concurrently if not exists A_Idx on only s.t (a)",
            Index("s", "a_idx"),
        ),
        ('CREATE INDEX CONCURRENTLY "A ""x""" ON "S"."T" USING gin (a)', Index("S", 'A "x"')),
        ("CREATE INDEX CONCURRENTLY ON t (a)", None),
        ("CREATE INDEX a_idx ON t (a)", None),
        ("REINDEX INDEX CONCURRENTLY a_idx", None),
    ],
)
def test_the_index_of_a_concurrent_build(text: str, index: Index | None) -> None:
    (statement,) = split(text, "postgres")
    assert built_concurrently(statement) == index


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("DROP INDEX CONCURRENTLY IF EXISTS a_idx", Index(None, "a_idx")),
        ("DROP INDEX CONCURRENTLY IF EXISTS s.a_idx", Index("s", "a_idx")),
        ("DROP INDEX CONCURRENTLY a_idx", None),
    ],
)
def test_the_index_of_a_concurrent_drop(text: str, index: Index | None) -> None:
    (statement,) = split(text, "postgres")
    assert dropped_concurrently(statement) == index
