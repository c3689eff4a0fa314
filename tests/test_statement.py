"""What a statement does, and what may not stand in a query."""

from __future__ import annotations

import pytest

from rawstore.query import Kind
from rawstore.scan import Dialect
from tests.query_files import Mistake, check_mistake, mistakes, query


@pytest.mark.parametrize(
    ("sql", "writes", "returns_rows"),
    [
        ("SELECT a FROM t", False, True),
        ("(SELECT 1) UNION SELECT 2", False, True),
        ("VALUES (1)", False, True),
        ("WITH a AS (SELECT 1) SELECT 1", False, True),
        ("SELECT updated_at, deleted, t.update FROM inserts AS into_", False, True),
        ("SELECT 'INSERT INTO t', \"DELETE FROM\" FROM t -- UPDATE t", False, True),
        ("SELECT replace(a, 'x', 'y') FROM t", False, True),
        ("SELECT a FROM t FOR UPDATE", True, True),
        ("SELECT a FROM t FOR NO KEY UPDATE SKIP LOCKED", True, True),
        ("SELECT a FROM t FOR KEY SHARE OF t", True, True),
        ("SELECT a INTO u FROM t", True, False),
        ("insert into t values (1)", True, False),
        ("INSERT /* x */ INTO t VALUES (1) RETURNING a", True, True),
        ("UPDATE t SET a = 1", True, False),
        ('UPDATE "t" SET a = 1', True, False),
        ("DELETE\nFROM t", True, False),
        ("WITH a AS (DELETE FROM t RETURNING a) SELECT a FROM a", True, True),
        ("WITH a AS (SELECT 1) UPDATE t SET a = 1", True, False),
        ("MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE", True, False),
        ("REPLACE INTO t VALUES (1)", True, False),
        ("NOTIFY a", True, False),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_whether_a_statement_writes(
    sql: str, *, writes: bool, returns_rows: bool, dialect: Dialect
) -> None:
    found = query(f"-- name: q :exec\n{sql};\n", dialect)
    assert (found.writes, found.returns_rows) == (writes, returns_rows)


def test_a_script_may_hold_anything_but_transactions() -> None:
    trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN\n    DELETE FROM u; -- x\nEND;"
    text = f"-- name: q :script\n-- Doc.\nCREATE TABLE t (a int);\n{trigger}\n"
    found = query(text, "sqlite")
    assert found.variants[0].text == f"CREATE TABLE t (a int);\n{trigger}".replace(" -- x", "")
    assert (found.kind, found.writes, found.params) == (Kind.SCRIPT, True, ())


MISTAKES: dict[str, Mistake] = {
    "empty body": (
        "-- name: a :one\nSELECT 1;\n\n-- name: q :one\n-- doc\n",
        4,
        "query q is empty",
    ),
    "only a semicolon": ("-- name: q :one\n;\n", 1, "query q is empty"),
    "only a comment": ("-- name: q :one\n/* SELECT 1 */\n", 1, "query q is empty"),
    "second statement": (
        "-- name: q :one\nSELECT 1;\n\n  SELECT 2;\n",
        4,
        "a second statement in query q",
    ),
    "second statement behind a comment": (
        "-- name: q :one\nSELECT 1; -- one\n/* two */ SELECT 2;\n",
        3,
        "second statement",
    ),
    "DDL": (
        "-- name: q :exec\n-- doc\n\ncreate table t (a int)",
        4,
        "CREATE in query q: put it into a",
    ),
    "DDL behind a comment": ("-- name: q :exec\n/* x */ DROP TABLE t", 2, "DROP in query q"),
    "transaction control": (
        "-- name: q :exec\nCOMMIT",
        2,
        "COMMIT in a query; transactions are opened",
    ),
    "transaction control in a script": (
        "-- name: q :script\nDELETE FROM t;\n  begin;\nDELETE FROM t;\nEND;",
        3,
        "BEGIN in a query",
    ),
    "END of no body": ("-- name: q :script\nDELETE FROM t;\nEND;", 3, "END in a query"),
    "parameter in a script": (
        "-- name: q :script\nDELETE FROM t;\nDELETE FROM t WHERE a = :a",
        3,
        "parameter :a",
    ),
    "another library's placeholder": (
        "-- name: q :one\nSELECT 1,\n  $1",
        3,
        "placeholder $1: write",
    ),
    "stream that writes": (
        "\n-- name: q :stream\nDELETE FROM t RETURNING a",
        2,
        "query q is a :stream that writes",
    ),
    "rows of a write without RETURNING": (
        "\n-- name: q :one\nUPDATE t SET a = 1",
        2,
        "query q is :one but UPDATE gives no rows; add RETURNING",
    ),
    "aiosql's select of a write": ("-- name: q\ninsert into t values (1)", 1, "gives no rows"),
    "rows of a batch without RETURNING": (
        "-- row: A(a int)\n-- name: q(a int) :batch A\nDELETE FROM t WHERE a = :a",
        2,
        "DELETE gives no rows",
    ),
}


@mistakes(MISTAKES)
def test_a_mistake_is_told_with_its_line(mistake: Mistake) -> None:
    check_mistake(mistake)


@mistakes(
    {
        "question mark": ("-- name: q :one\nSELECT ?", 2, "placeholder ?: write parameters as"),
        "at": ("-- name: q :one\nSELECT 1,\n@x", 3, "placeholder @x"),
        "dollar": ("-- name: q :one\nSELECT 1,\n$x", 3, "placeholder $x"),
        "number": ("-- name: q :one\nSELECT 1,\n:1", 3, "placeholder :1"),
    }
)
def test_placeholders_that_only_sqlite_knows(mistake: Mistake) -> None:
    check_mistake(mistake, "sqlite")
