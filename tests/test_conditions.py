"""`-- if` lines: the static texts they make, and where they may not stand."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, strategies as st

from rawstore.scan import Dialect
from tests.query_files import Mistake, check_mistake, mistakes, query

CONDITIONS = """
-- name: q(a int, b text? = null, c int? = null, d int? = null) :many
SELECT a
FROM t -- all of them
WHERE
    a = :a
    AND b = :b -- if :b
    AND (c = :c OR c > :a)   -- if :c
    AND EXISTS ( --if :b
        SELECT 1 FROM u WHERE u.b = :b -- if :b
    ) --  if  :b
    AND d IS NULL -- if :d
;
"""


def test_conditions_are_compiled_to_static_texts() -> None:
    found = query(CONDITIONS)
    assert [variant.conditions for variant in found.variants] == [
        (),
        ("b",),
        ("c",),
        ("b", "c"),
        ("d",),
        ("b", "d"),
        ("c", "d"),
        ("b", "c", "d"),
    ]
    assert found.variants[0].text == "/* shop.q */ SELECT a\nFROM t\nWHERE\n    a = $1"
    assert found.variants[2].text.endswith("a = $1\n    AND (c = $2 OR c > $1)")
    assert found.variants[2].order == (0, 2)
    assert query(CONDITIONS, "sqlite").variants[2].order == (0, 2, 0)
    full = re.sub(r" *-- *(if|all).*", "", CONDITIONS).split(":many\n")[1].rstrip(";\n")
    full = full.replace(":a", "$1").replace(":b", "$2").replace(":c", "$3")
    assert found.variants[-1].text == f"/* shop.q */ {full}"


LINES = st.lists(
    st.tuples(
        st.sampled_from(
            ["AND a = :a", "AND b < :b", "AND c LIKE ':a%'", "AND :a = :b", "AND 1 = 1"]
        ),
        st.sampled_from([None, "a", "b", "c"]),
    ),
    max_size=8,
)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@given(lines=LINES)
def test_a_variant_is_the_file_without_the_lines_of_what_is_not_given(
    dialect: Dialect, lines: list[tuple[str, str | None]]
) -> None:
    written = [f"{line} -- if :{given}" if given else line for line, given in lines]
    head = "-- name: q(a int? = null, b int? = null, c int? = null) :many\n"
    first = "SELECT :a, :b, :c"
    found = query("\n".join([head + first, *written, ";"]), dialect)
    conditional = list(dict.fromkeys(given for _, given in lines if given))
    assert len(found.variants) == 1 << len(conditional)
    for variant in found.variants:
        kept = [line for line, given in lines if given is None or given in variant.conditions]
        expected = "\n".join([first, *kept])
        assert with_names(variant.text, variant.order, dialect) == expected
        if dialect == "postgres":
            numbers = {int(number) for number in re.findall(r"\$(\d+)", variant.text)}
            assert numbers == set(range(1, len(variant.order) + 1))
        else:
            assert variant.text.count("?") == len(variant.order)


def with_names(text: str, order: tuple[int, ...], dialect: Dialect) -> str:
    """The text with its parameters' names back in their places."""
    text = text.removeprefix("/* shop.q */ ")
    if dialect == "postgres":
        return re.sub(r"\$(\d+)", lambda match: f":{'abc'[order[int(match[1]) - 1]]}", text)
    values = iter(order)
    return re.sub(r"\?", lambda _: f":{'abc'[next(values)]}", text)


def test_six_conditions_make_64_variants() -> None:
    names = "abcdef"
    header = ", ".join(f"{name} int? = null" for name in names)
    lines = "\n".join(f"AND {name} = :{name} -- if :{name}" for name in names)
    found = query(f"-- name: q({header}) :many\nSELECT 1 WHERE true\n{lines}")
    assert {variant.conditions for variant in found.variants} == {
        tuple(name for name, given in zip(names, bits, strict=True) if given)
        for bits in product((False, True), repeat=6)
    }


def test_a_condition_need_not_be_a_value() -> None:
    text = "-- name: q(newest bool? = null) :many\nSELECT 1\nORDER BY a DESC -- if :newest\n"
    plain, ordered = query(text).variants
    assert (plain.text, ordered.text) == (
        "/* shop.q */ SELECT 1",
        "/* shop.q */ SELECT 1\nORDER BY a DESC",
    )
    assert ordered.order == ()


MANY_IFS = "".join(f"AND x{n} = :x{n} -- if :x{n}\n" for n in range(7))
MANY_PARAMS = ", ".join(f"x{n} int? = null" for n in range(7))
MISTAKES: dict[str, Mistake] = {
    "undeclared condition": (
        "-- name: q() :one\nSELECT 1\nWHERE a -- if :b\n",
        3,
        "parameter :b is not declared",
    ),
    "too many conditions": (
        f"\n-- name: q({MANY_PARAMS}) :many\nSELECT 1 WHERE true\n{MANY_IFS}",
        2,
        "7 `-- if` parameters make 128 variants; at most 6",
    ),
    "condition on what is never null": (
        "-- name: q(a int) :many\nSELECT 1 WHERE true\nAND a = :a -- if :a\n",
        3,
        "can never be false: declare it a int? = null",
    ),
    "condition alone on its line": (
        "-- name: q(a int? = null) :many\nSELECT 1 WHERE a = :a\n-- if :a\n",
        3,
        "stands alone: put it at the end of a line",
    ),
    "condition above the statement": (
        "-- name: q(a int? = null) :many\n-- if :a\nSELECT :a",
        2,
        "stands alone",
    ),
    "condition with more words": (
        "-- name: q(a int? = null) :many\nSELECT 1\n, :a -- if :a is given\n",
        3,
        "write -- if :param and nothing else",
    ),
    "condition behind the semicolon": (
        "-- name: q(a int? = null) :many\nSELECT 1\nWHERE a = :a; -- if :a\n",
        3,
        "behind the semicolon",
    ),
    "condition on a line that begins in a string": (
        "-- name: q(a int? = null) :many\nSELECT '\n' = :a -- if :a\n",
        3,
        "its line begins inside a string or comment",
    ),
    "condition on a line that begins in a comment": (
        "-- name: q(a int? = null) :many\nSELECT 1 /*\n*/ = :a -- if :a\n",
        3,
        "its line begins inside a string or comment",
    ),
    "condition leaves a parenthesis": (
        "-- name: q(a int? = null) :many\nSELECT 1\nWHERE (a = :a -- if :a\n)",
        3,
        "open and close different parentheses",
    ),
    "condition on every line": (
        "-- name: q(a int? = null) :many\nSELECT :a -- if :a\n;",
        2,
        "without them nothing is left",
    ),
    "condition in a batch": (
        "-- name: q(a int? = null) :batch\nUPDATE t SET b = 1 WHERE true\nAND a = :a -- if :a\n",
        3,
        "in a :batch, which has one text",
    ),
    "condition in a script": ("-- name: q#\nDELETE FROM t\nWHERE a -- if :a\n", 3, "in a :script"),
}


@mistakes(MISTAKES)
def test_a_mistake_is_told_with_its_line(mistake: Mistake) -> None:
    check_mistake(mistake)
