"""From what EXPLAIN gives to the shape that is kept, and to what takes a reason."""

from __future__ import annotations

from typing import Any

import pytest

from rawstore.plans import postgres_shape, sqlite_shape
from rawstore.plans.text import Case, read, write_section


def scan(**more: Any) -> dict[str, Any]:
    found = {"Node Type": "Index Scan", "Index Name": "i", "Relation Name": "t", "Alias": "t"}
    return {**found, "Plan Rows": 100, **more}


def above(kind: str, child: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Node Type": kind, "Plan Rows": 100, **more, "Plans": [child]}


def faults(node: dict[str, Any], rows: float = 100_000) -> tuple[str, ...]:
    return postgres_shape.plan(node, {"t": rows}).faults


@pytest.mark.parametrize(
    ("condition", "shape"),
    [
        ("(id = $1)", "(id = ?)"),
        ("(name = 'O''Brien AND (x = 1)'::text)", "(name = ?)"),
        ("(at >= '2024-01-01 00:00:00+00'::timestamp with time zone)", "(at >= ?)"),
        ("((a = 'x'::text) AND (b = 2))", "((a = ?) AND (b = ?))"),
        ("(v <=> '[1,2]'::public.vector(3))", "(v <=> ?)"),
        ("(t2.c1 = (InitPlan 1).col1)", "(t2.c1 = (InitPlan 1).col1)"),
        ("(\"position\" > '{1,2}'::integer[])", '("position" > ?)'),
    ],
)
def test_values_do_not_show(condition: str, shape: str) -> None:
    lines = postgres_shape.plan(scan(**{"Index Cond": condition}), {}).lines
    assert lines == ("Index Scan using i on t", f"  cond {shape}")


def test_a_sequential_scan_is_a_fault() -> None:
    node = {"Node Type": "Seq Scan", "Relation Name": "t", "Alias": "t", "Plan Rows": 1}
    assert faults(above("Limit", node)) == ("a sequential scan of t",)


def test_a_whole_index_is_a_fault_unless_a_limit_ends_it() -> None:
    assert faults(scan()) == ("all of t, read by i",)
    assert faults(above("Limit", scan())) == ()
    assert faults(above("Limit", above("Aggregate", scan(), Strategy="Plain"))) != ()
    assert faults(scan(**{"Index Cond": "(a = $1)"})) == ()


def test_a_walk_for_the_rows_that_pass_a_filter_is_a_fault() -> None:
    node = above("Limit", scan(Filter="(a = $1)"))
    assert faults(node) == ("a walk along i for the rows of t that pass a filter",)


def test_a_sort_is_a_fault_where_it_is_large() -> None:
    few = scan(**{"Index Cond": "(a = $1)", "Plan Rows": 9_000})
    many = {**few, "Plan Rows": 11_000}
    assert faults(above("Sort", few, **{"Sort Key": ["b"]})) == ()
    assert faults(above("Sort", many, **{"Sort Key": ["b"]})) == ("a sort of a large part of t",)


@pytest.mark.parametrize(
    ("lines", "text", "expected"),
    [
        (["SCAN t"], "SELECT a FROM t LIMIT ?", "a scan of t"),
        (["SCAN t USING INDEX i"], "SELECT a FROM t ORDER BY b LIMIT ?", None),
        (["SCAN t USING INDEX i"], "SELECT a FROM t WHERE TRUE ORDER BY b LIMIT ?", None),
        (["SCAN t USING COVERING INDEX i"], "SELECT count(*) FROM t", "all of t, read by i"),
        (
            ["SCAN t USING INDEX i"],
            "SELECT a FROM t WHERE c = ? ORDER BY b LIMIT ?",
            "a walk along i for the rows of t that pass a filter",
        ),
        (
            ["SEARCH t USING INDEX i (a=?)", "USE TEMP B-TREE FOR ORDER BY"],
            "",
            "a sort of all that is found in t",
        ),
        (
            ["SEARCH t USING INDEX i (a=?)", "USE TEMP B-TREE FOR LAST TERM OF ORDER BY"],
            "",
            None,
        ),
        (["SCAN json_each VIRTUAL TABLE INDEX 1:", "USE TEMP B-TREE FOR ORDER BY"], "", None),
        (
            ["SCAN words VIRTUAL TABLE INDEX 0:M2", "USE TEMP B-TREE FOR ORDER BY"],
            "",
            "a sort of all that is found in words",
        ),
        (["SCAN made"], "WITH made AS (SELECT 1) SELECT a FROM made", None),
        (
            ["SEARCH t USING AUTOMATIC COVERING INDEX (a=?)"],
            "",
            "an index over t, made for each call",
        ),
    ],
)
def test_sqlite(lines: list[str], text: str, expected: str | None) -> None:
    rows = [(number, 0, 0, line) for number, line in enumerate(lines, 1)]
    assert sqlite_shape.plan(rows, text).faults == ((expected,) if expected else ())


def test_versions_of_sqlite_spell_alike() -> None:
    spellings = ("RIGHT PART OF", "LAST TERM OF", "LAST 2 TERMS OF")
    rows = [[(1, 0, 0, f"USE TEMP B-TREE FOR {each} ORDER BY")] for each in spellings]
    assert len({sqlite_shape.plan(each, "").lines for each in rows}) == 1


def test_a_section_is_read_as_it_was_written() -> None:
    one, other, third = ("Limit", "  Sort"), ("Seq Scan on t",), ("Result",)
    section = {
        Case("", "generic"): (one,),
        Case("", "heavy"): (one, other),
        Case("", "light"): (other,),
        Case("a b", "generic"): (third,),
        Case("a b", "heavy"): (third,),
        Case("a b", "light"): (third,),
    }
    text = write_section("list_all (t.sql)", section)
    assert "  a b given, any values:\n    Result\n" in text
    assert "  or heavy:\n    Seq Scan on t\n" in text
    kept = read(f"# A comment.\n\n{text}\nother (t.sql)\n  any values:\n    Result\n")
    assert list(kept) == ["list_all", "other"]
    assert (kept["list_all"].line, kept["list_all"].text) == (3, text)
    assert {case: kept["list_all"].of(case) for case in section} == section
