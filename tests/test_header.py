"""Headers and rows: what they declare, and what is wrong with them."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

import rawstore
from rawstore.batch import Batch, Result
from rawstore.header import RESERVED
from rawstore.store import Store
from rawstore.stream import Stream
from rawstore.transaction import Transaction
from tests.query_files import Mistake, check_mistake, mistakes, query

MISTAKES: dict[str, Mistake] = {
    "no name": ("-- name:\nSELECT 1", 1, "needs a name"),
    "name begins with a digit": ("-- name: 1q :one\nSELECT 1", 1, "needs a name: '1q :one'"),
    "name is a keyword": ("-- name: class :one\nSELECT 1", 1, "'class' cannot be a Python name"),
    "name is private": ("-- name: _q :one\nSELECT 1", 1, "'_q' is private"),
    "name is a method of Store": ("\n-- name: migrate :exec\nSELECT 1", 2, "is a method of Store"),
    "name with dashes is a method": ("-- name: batch-class\nSELECT 1", 1, "method of Store"),
    "name that Python folds": ("-- name: ﬁnd :one\nSELECT 1", 1, "cannot be a Python name"),
    "two names": ("-- name: a b :one\nSELECT 1", 1, "unexpected 'b :one' after a"),
    "unknown kind": ("-- name: q :none\nSELECT 1", 1, "unknown kind :none; known are :one :many"),
    "no kind": ("-- name: q :\nSELECT 1", 1, "unknown kind :;"),
    "unknown suffix": ("-- name: q%\nSELECT 1", 1, "unexpected '%' after q; write a kind"),
    "bracket closes a parenthesis": ("-- name: q(a int] :one\nSELECT :a", 1, "never closed"),
    "empty parameter": ("-- name: q(a int,, b int) :one\nSELECT :a, :b", 1, "between two commas"),
    "unreadable parameter": (
        "-- name: q(a int int) :one\nSELECT :a",
        1,
        "cannot read parameter 'a int int'",
    ),
    "parameter twice": ("-- name: q(a int, a int) :one\nSELECT :a", 1, "a is declared twice"),
    "parameter is a keyword": ("-- name: q(from int) :one\nSELECT :from", 1, "'from' cannot be a"),
    "parameter is private": (
        "-- name: q(_a int) :one\nSELECT :_a",
        1,
        "'_a' cannot be a parameter's",
    ),
    "parameter is self": ("-- name: q(self int) :one\nSELECT :self", 1, "'self' cannot be a"),
    "unknown type": ("-- name: q(a color) :one\nSELECT :a", 1, "unknown type 'color'; known are"),
    "size where none is": ("-- name: q(a int(4)) :one\nSELECT :a", 1, "int takes no size"),
    "size zero": ("-- name: q(a vector(0)) :one\nSELECT :a", 1, "the size of vector is 1 to 16000"),
    "default of no literal": (
        "-- name: q(a int = now()) :one\nSELECT :a",
        1,
        "a default is null, true",
    ),
    "default would be code": (
        "-- name: q(a text = __import__('os').getcwd()) :one\nSELECT :a",
        1,
        "the default of parameter a is",
    ),
    "default NaN": ("-- name: q(a float = NaN) :one\nSELECT :a", 1, "a default is null, true"),
    "default of another type": (
        "-- name: q(a int = 'x') :one\nSELECT :a",
        1,
        "a is not int: expected an int",
    ),
    "default out of range": ("-- name: q(a int = 3000000000) :one\nSELECT :a", 1, "int of 32 bits"),
    "default null but not nullable": (
        "-- name: q(a int = null) :one\nSELECT :a",
        1,
        "no ?; add it",
    ),
    "required after optional": (
        "-- name: q(a int = 1, b int) :one\nSELECT :a, :b",
        1,
        "b has no default but follows a",
    ),
    "unknown row": ("-- name: q :one User\nSELECT 1", 1, "unknown row 'User'; declare it"),
    "unknown row beside others": (
        "-- row: A(a int)\n-- name: q :one B\nSELECT 1",
        2,
        "unknown row 'B'; known are A",
    ),
    "unknown scalar type": ("-- name: q :scalar User\nSELECT 1", 1, "unknown type 'User'"),
    "row for a count": (
        "-- row: A(a int)\n-- name: q :affected A\nSELECT 1",
        2,
        "returns no rows; take 'A'",
    ),
    "row of no columns": ("-- row: A()\n", 1, "row A has no columns"),
    "row without a type": ("\n-- row: A(a)\n", 2, "row A: cannot read 'a'"),
    "row of an unknown type": ("-- row: A(a color)\n", 1, "unknown type 'color'"),
    "row with a column twice": ("-- row: A(a int, a int)\n", 1, "two columns a"),
    "row with a keyword": ("-- row: A(class int)\n", 1, "'class' cannot be a field's name"),
    "row with a private column": ("-- row: A(_a int)\n", 1, "'_a' cannot be a field's name"),
    "row without parentheses": ("-- row: A\n", 1, "write -- row: Name(column type"),
    "row named as a type": ("-- row: integer(a int)\n", 1, "'integer' cannot name a row"),
    "row with a tail": ("-- row: A(a int) :one\n", 1, "unexpected ':one' behind row A"),
    "row as a single parameter": (
        "-- row: A(a int)\n-- name: q(a A) :one\nSELECT :a",
        2,
        "write A[]",
    ),
    "parameters of a script": (
        "-- name: q(a int) :script\nDELETE FROM t",
        1,
        "takes no parameters",
    ),
    "parameters of aiosql's script": ("-- name: q(a)#\nDELETE FROM t", 1, "takes no parameters"),
}


@mistakes(MISTAKES)
def test_a_mistake_is_told_with_its_line(mistake: Mistake) -> None:
    check_mistake(mistake)


@pytest.mark.parametrize(
    ("header", "signature"),
    [
        ("q", "q() :many"),
        ("get-it (b , a) $", "get_it(b, a) :scalar"),
        ("q(a int, b text?) :affected", "q(a int, b text?) :affected"),
        ("q ( a  int ? = null ,b bigint=5 )  :scalar  text?", None),
        ("q(a text = 'it''s, (b)') :exec", 'q(a text = "it\'s, (b)") :exec'),
        ("q(a float = -1.5e3, b float = 1) :exec", "q(a float = -1500.0, b float = 1) :exec"),
        ("q(a numeric = 1.10) :exec", "q(a numeric = 1.10) :exec"),
        ("q(a bool = true, b bool = false) :exec", "q(a bool = true, b bool = false) :exec"),
        ('q(a json = {"k": [1, "}"]}) :exec', 'q(a json = {"k": [1, "}"]}) :exec'),
        ("q(a text[] = []) :exec", "q(a text[] = []) :exec"),
        ("q(a uuid[]?, b vector(3)) :exec", "q(a uuid[]?, b vector(3)) :exec"),
        ("q(a integer, b varchar(9)) :exec", "q(a int, b text(9)) :exec"),
        ("q(a Pair[] = []) :many Pair", "q(a Pair[] = []) :many Pair"),
        ("q(a = 5) :exec", "q(a = 5) :exec"),
        ("q :scalar int[]", "q() :scalar int[]"),
        ("größe(a int) :exec", "größe(a int) :exec"),
    ],
)
def test_a_header_says_what_a_call_takes_and_gives(header: str, signature: str | None) -> None:
    found = declared(header)
    assert found == (signature or "q(a int? = null, b bigint = 5) :scalar text?")
    assert declared(found) == found, "a signature is a header again"


def declared(header: str) -> str:
    """The signature of a query that uses what its header declares, which is a, or a and b."""
    listed = header.partition("(")[2]
    used = "".join(f", :{name}" for name in "ab" if re.search(rf"(^|, ?|,| ){name}\b", listed))
    return query(f"-- row: Pair(a int, b text)\n-- name: {header}\nSELECT 1{used};\n").signature


NAMES = st.sampled_from(["a", "b1", "user_id", "größe", "limit_", "名前"])
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"))
JSON = st.recursive(
    st.booleans() | st.integers() | st.text("ab'\"\\(){}[],:é"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("a'\"("), inner, max_size=3)
    ),
)
DEFAULTS: dict[str, st.SearchStrategy[object]] = {
    "text": LINE,
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=3),
    "text?": st.none(),
    "json": JSON,
}
PARAMS = st.one_of([st.tuples(st.just(name), values) for name, values in DEFAULTS.items()])


@given(st.dictionaries(NAMES, PARAMS, max_size=4))
def test_defaults_come_back_as_they_were_written(params: dict[str, tuple[str, object]]) -> None:
    listed = ", ".join(
        f"{name} {declared} = {literal(default)}" for name, (declared, default) in params.items()
    )
    used = ", ".join(f":{name}" for name in params) or "1"
    found = query(f"-- name: q({listed}) :one\nSELECT {used};\n").params
    assert [(param.name, param.default) for param in found] == [
        (name, default) for name, (_, default) in params.items()
    ]
    assert [type(param.default) for param in found] == [type(value) for _, value in params.values()]


def literal(default: object) -> str:
    if isinstance(default, str):
        return "'{}'".format(default.replace("'", "''"))
    return f"{default:f}" if isinstance(default, Decimal) else json.dumps(default)


def test_rows_name_columns_types_and_what_may_be_null() -> None:
    text = (
        "-- row: R(a uuid, b text?, c vector(3)? , d text[],e integer)\n-- name: q :one R\nSELECT 1"
    )
    row = query(text).row
    assert row is not None
    assert str(row) == "R(a uuid, b text?, c vector(3)?, d text[], e int)"
    assert [column.nullable for column in row.columns] == [False, True, True, False, False]
    assert row.line == 1


def test_no_query_can_hide_a_method() -> None:
    with rawstore.open("minipilot", "sqlite:///:memory:") as store:
        names = {*dir(Store), *vars(store)}
        with store.transaction() as transaction:
            names |= {*dir(Transaction), *vars(transaction)}
    names |= {*dir(Batch), *vars(Batch()), *dir(Result), *vars(Result("q")), *dir(Stream)}
    assert {name for name in names if not name.startswith("_")} <= RESERVED
