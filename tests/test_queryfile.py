"""A file as a whole: where its queries begin, and what is never closed."""

from __future__ import annotations

from hypothesis import given, strategies as st

from rawstore.errors import QueryFileError
from rawstore.parse import parse
from tests.query_files import FILE, Mistake, check_mistake, mistakes, queries, refused

MISTAKES: dict[str, Mistake] = {
    "no header": (
        "\n-- doc\nSELECT 1;\n-- name: q :one\nSELECT 1",
        3,
        "SQL before the first header",
    ),
    "header misspelt": ("-- nmae: q :one\nSELECT 1", 2, "start with -- name:"),
    "later header misspelt": (
        "-- name: q :one\nSELECT 1;\n-- Name: r\nSELECT 2",
        4,
        "second statement",
    ),
    "parenthesis left open": (
        "\n-- name: q(a int :one\nSELECT :a",
        2,
        "parenthesis of this declaration",
    ),
    "parenthesis open to the next header": (
        "-- name: q(a int\n-- name: r() :one\nSELECT 1",
        1,
        "never closed",
    ),
    "parenthesis open to the end": ("-- name: q(a int", 1, "never closed"),
    "open string": (
        "-- name: q :one\nSELECT\n  'abc\n",
        3,
        "this string is never closed; close it",
    ),
    "open string before a header": (
        "-- name: q :one\nSELECT 'abc;\n\n-- name: r :one\nSELECT 'x';\n-- don't\n",
        2,
        "this string runs over the next header",
    ),
    "open name": ('-- name: q :one\nSELECT 1\nAS "abc\n', 3, "this quoted name is never closed"),
    "open comment": ("-- name: q :one\nSELECT 1\n/* abc\n", 3, "this comment is never closed"),
    "open dollar quote": ("-- name: q :one\nSELECT\n\n$x$ abc $$\n", 4, "dollar-quoted string"),
    "NUL": ("-- name: q :one\nSELECT 1\n, '\0'", 3, "a NUL character"),
}


@mistakes(MISTAKES)
def test_a_mistake_is_told_with_its_line(mistake: Mistake) -> None:
    check_mistake(mistake)


def test_a_bracket_that_sqlite_never_sees_closed() -> None:
    error = refused("-- name: q :one\nSELECT 1 AS [abc\n", "sqlite")
    assert (error.line, error.reason) == (2, "this quoted name is never closed; close it")


def test_a_file_of_comments_has_no_queries() -> None:
    assert queries("-- nothing\n/* at all */\n") == {}
    assert queries("") == {}


@given(st.text(st.sampled_from("-:name q()ai\nSELCT1;'\"$/*?=,[]\x00")))
def test_any_text_is_queries_or_a_query_file_error(text: str) -> None:
    for dialect in ("sqlite", "postgres"):
        try:
            found = parse(f"-- name: q(a int? = null) :one\n{text}", FILE, dialect, "shop")
        except QueryFileError as error:
            told = error.line
        else:
            assert found
            continue
        assert 1 <= told <= text.count("\n") + 2
