"""Headers and rows: what they declare, and what is wrong with them."""

from __future__ import annotations

from tests.query_files import Mistake, check_mistake, mistakes

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
