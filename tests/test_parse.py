"""Query files to queries: what each part of the grammar means, and what every mistake says."""

from __future__ import annotations

import pytest

from rawstore.query import Kind
from rawstore.scan import Dialect
from tests.query_files import FILE, Mistake, check_mistake, mistakes, queries, query


def sent(text: str, dialect: Dialect = "postgres") -> str:
    """The text of the full variant, without the leading comment."""
    found = query(text, dialect).variants[-1].text
    assert found.startswith("/* shop.q */ ")
    return found.removeprefix("/* shop.q */ ")


# -- the text


def test_the_statement_is_sent_as_it_stands() -> None:
    text = "-- name: q(a int) :one\n\nSELECT\n    a,\n\n    b\nFROM t\nWHERE a = :a;\n\n"
    assert sent(text) == "SELECT\n    a,\n\n    b\nFROM t\nWHERE a = $1"
    assert sent(text, "sqlite") == "SELECT\n    a,\n\n    b\nFROM t\nWHERE a = ?"


def test_comments_leave_neither_lines_nor_spaces() -> None:
    text = """
-- name: q(a int) :many
-- Doc.
SELECT -- the columns
    a,   -- one
    -- a whole line with :a and don't
    b /* kept :a */
FROM t   -- :a

    -- the last condition
WHERE a = :a -- and the end
-- behind it
;
-- behind the semicolon
"""
    assert sent(text) == "SELECT\n    a,\n    b /* kept :a */\nFROM t\n\nWHERE a = $1"


def test_a_hint_above_the_statement_stays() -> None:
    assert sent("-- name: q :many\n/*+ seqscan(t) */ SELECT 1") == "/*+ seqscan(t) */ SELECT 1"


def test_strings_stay_whatever_is_in_them() -> None:
    sql = "SELECT ' -- if :a', '-- name: b()', '\n-- :a\n', $$ ; $$, ';' % 5"
    assert sent(f"-- name: q :many\n{sql};\n") == sql


def test_the_semicolon_may_be_missing_or_alone() -> None:
    found = queries("-- name: a :one\nSELECT 1\n-- name: b :one\nSELECT 2\n;\n;;\n")
    assert [each.variants[0].text for each in found.values()] == [
        "/* shop.a */ SELECT 1",
        "/* shop.b */ SELECT 2",
    ]


def test_postgresql_numbers_each_parameter_once_and_sqlite_each_occurrence() -> None:
    text = "-- name: q(a int, b int, c int) :one\nSELECT :c, :a, :b, :a\n"
    postgres, sqlite = query(text).variants[0], query(text, "sqlite").variants[0]
    assert (postgres.text, postgres.order) == ("/* shop.q */ SELECT $3, $1, $2, $1", (0, 1, 2))
    assert (sqlite.text, sqlite.order) == ("/* shop.q */ SELECT ?, ?, ?, ?", (2, 0, 1, 0))


def test_a_query_knows_its_place_and_documentation() -> None:
    text = "-- A file.\n\n-- name: a :one\n-- First.\n--\n--  Second.\nSELECT 1;\n-- no doc\n\n\n"
    found = queries(f"{text}-- name: b :one\n\n-- Its doc.\nSELECT 2 -- not this\n")
    assert [(each.line, each.doc, each.file) for each in found.values()] == [
        (3, "First.\n\nSecond.", FILE),
        (11, "Its doc.", FILE),
    ]


def test_a_long_header_goes_on_while_its_parenthesis_is_open() -> None:
    text = """
-- row: Pair(a int,
--     b text?)
-- name: q(
--     a int,
--     b text = 'x, (y)', c json = {"(": "\\")"}
-- ) :one Pair
-- Doc.
SELECT :a::int AS a, :b || :c AS b;
"""
    found = query(text)
    assert found.signature == 'q(a int, b text = "x, (y)", c json = {"(": "\\")"}) :one Pair'
    assert (str(found.row), found.doc, found.line) == ("Pair(a int, b text?)", "Doc.", 4)


def test_rows_may_stand_anywhere_in_the_file() -> None:
    text = "-- name: q :one R\nSELECT 1 AS a,\n-- row: R(a int, b int)\n    2 AS b;\n"
    assert str(query(text).row) == "R(a int, b int)"
    assert sent(text) == "SELECT 1 AS a,\n    2 AS b"


def test_policies_are_kept_and_are_no_documentation() -> None:
    text = "-- name: q :one\n-- timeout: {}\n-- Doc.\n-- read: replica\nSELECT 1"
    for written, seconds in (("250ms", 0.25), ("2s", 2), ("1.5 s", 1.5), ("1min", 60)):
        found = query(text.format(written))
        assert (found.timeout, found.read, found.doc) == (seconds, "replica", "Doc.")
    assert (query("-- name: q\nSELECT 1").timeout, query("-- name: q\nSELECT 1").read) == (
        None,
        None,
    )


def test_reasons_for_the_checks_are_kept_and_are_no_documentation() -> None:
    text = """
-- name: q :many
-- Doc.
-- order: the table has one row
-- not null: total: a count never is
-- not null: other: nor this
SELECT count(*) AS total, 1 AS other
-- all: here it is a comment
FROM t
"""
    assert query(text).reasons == {
        "order": "the table has one row",
        "not null total": "a count never is",
        "not null other": "nor this",
    }
    assert query(text).doc == "Doc."


def test_a_limit_may_not_be_negative_and_is_an_integer() -> None:
    text = "-- name: q(a int, b bigint, c int) :many\nSELECT :c LIMIT :a OFFSET (:b)"
    assert [(param.name, param.bound) for param in query(text).params] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]
    (untyped,) = query("-- name: q\nSELECT 1 FETCH FIRST :n ROWS ONLY").params
    assert (str(untyped), untyped.bound) == ("n bigint?", True)


# -- aiosql's files


AIOSQL = """
-- Blogs, in the manner of aiosql's own tests.

-- name: get-all-blogs
-- Fetch all fields for every blog.
select * from blogs;

-- name: get_blog(blogid)^
select title from blogs where blogid = :blogid;

-- name: count-blogs$
select count(*) from blogs where title like 'b%' and 10 % 3 = 1;

-- name: publish_blog(userid, title)<!
insert into blogs (userid, title) values (:userid, :title);

-- name: publish-a-blog<!
insert into blogs (userid, title) values (:userid, :title) returning blogid, title;

-- name: publish-new-blog<!
insert into blogs (userid, title) values (:userid, :title) returning max(blogid, 0);

-- name: remove-blog(blogid) !
delete from blogs where blogid = :blogid;

-- name: bulk-publish*!
insert into blogs (userid, title) values (:userid, :title);

-- name: create-schema()#
create table blogs (blogid int);
insert into blogs values (1);

-- name: search ( title , published )
select title from blogs where title = :title and published = :published -- see :foo, don't
    and ':quoted' = '' and title = :title;
"""


@pytest.mark.parametrize(
    ("name", "kind", "params"),
    [
        ("get_all_blogs", Kind.MANY, []),
        ("get_blog", Kind.ONE, ["blogid"]),
        ("count_blogs", Kind.SCALAR, []),
        ("publish_a_blog", Kind.ONE, ["userid", "title"]),
        ("publish_new_blog", Kind.SCALAR, ["userid", "title"]),
        ("remove_blog", Kind.AFFECTED, ["blogid"]),
        ("bulk_publish", Kind.BATCH, ["userid", "title"]),
        ("create_schema", Kind.SCRIPT, []),
        ("search", Kind.MANY, ["title", "published"]),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_aiosql_files_load(name: str, kind: Kind, params: list[str], dialect: Dialect) -> None:
    found = queries(AIOSQL, dialect)[name]
    assert (found.kind, [param.name for param in found.params]) == (kind, params)
    assert all(param.required and param.nullable for param in found.params)


def test_aiosqls_insert_without_returning_gives_sqlites_new_key() -> None:
    sqlite, postgres = (queries(AIOSQL, d)["publish_blog"] for d in ("sqlite", "postgres"))
    assert sqlite.kind is Kind.SCALAR
    assert sqlite.variants[0].text.endswith("values (?, ?)\nRETURNING rowid")
    assert postgres.kind is Kind.AFFECTED
    assert postgres.variants[0].text.endswith("values ($1, $2)")


def test_aiosqls_comments_are_documentation() -> None:
    assert queries(AIOSQL)["get_all_blogs"].doc == "Fetch all fields for every blog."


# -- mistakes


MISTAKES: dict[str, Mistake] = {
    "undeclared parameter": (
        "-- name: q() :one\nSELECT 1,\n  :b",
        3,
        ":b is not declared in the header",
    ),
    "undeclared though another begins so": (
        "-- name: q(bc int) :one\nSELECT :bc,\n  :b",
        3,
        "parameter :b is not declared",
    ),
    "unused parameter": (
        "\n-- name: q(a int, b int) :one\nSELECT :a",
        2,
        "b is declared but never used",
    ),
    "glued parameter": ("-- name: q(n int) :many\nSELECT 1 LIMIT:n", 1, "put a space before :n"),
    "row twice": ("-- row: A(a int)\n\n-- row: A(b int)\n", 3, "row A is declared twice"),
    "malformed timeout": (
        "-- name: q :one\n-- timeout: 5 hours\nSELECT 1",
        2,
        "write for example 250ms",
    ),
    "timeout of nothing": (
        "-- name: q :one\n-- timeout: 0s\nSELECT 1",
        2,
        "write for example 250ms",
    ),
    "timeout twice": (
        "-- name: q :one\n-- timeout: 1s\n-- timeout: 2s\nSELECT 1",
        3,
        "given twice",
    ),
    "timeout below the statement": (
        "-- name: q :one\nSELECT 1\n-- timeout: 1s\n",
        3,
        "stands below the SQL",
    ),
    "read from elsewhere": (
        "-- name: q :one\n-- read: master\nSELECT 1",
        2,
        "only replica is known",
    ),
    "write on a replica": (
        "-- name: q :exec\n-- read: replica\nDELETE FROM t",
        1,
        "writes, which no replica can",
    ),
    "reason without words": ("-- name: q :one\n-- order:\nSELECT 1", 2, "gives no reason"),
    "not null of no column": ("-- name: q :one\n-- not null: why\nSELECT 1", 2, "not null: column"),
    "not null twice": (
        "-- name: q :one\n-- not null: a: x\n-- not null: a: y\nSELECT 1",
        3,
        "-- not null a: is given twice",
    ),
    "limit of another type": (
        "-- name: q(n text) :many\nSELECT 1\nLIMIT :n",
        3,
        "declare it n int",
    ),
}


@mistakes(MISTAKES)
def test_a_mistake_is_told_with_its_line(mistake: Mistake) -> None:
    check_mistake(mistake)
