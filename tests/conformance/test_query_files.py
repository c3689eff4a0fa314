"""Query files at work: static variants, defaults, policies, and the list of what is there."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import ParameterError, QueryFileError

if TYPE_CHECKING:
    from tests.conftest import Dialect, OpenFolder

MIGRATION = """
CREATE TABLE items (id integer NOT NULL PRIMARY KEY, colour text NOT NULL, size integer);
"""
ITEMS = """
-- Items of the shop.

-- row: Item(id int, colour text, size int?)

-- name: add_item(id int, colour text = 'it''s red', size int? = null) :one Item
-- Put an item on the shelf.
-- Its colour is red unless told.
INSERT INTO items (id, colour, size)
VALUES (:id, :colour, :size)
RETURNING id, colour, size;

-- name: find_items(colour text? = null, at_least int? = null, at_most int? = null) :many Item
SELECT id, colour, size
FROM items
WHERE id > 0
    AND colour = :colour -- if :colour
    AND size >= :at_least -- if :at_least
    AND size <= :at_most -- if :at_most
ORDER BY id;
"""
MORE = """
-- name: nothing_special(text text) :scalar text
-- timeout: 250ms
-- read: replica
SELECT ':text -- if :text' || '?' || '%s' || '$1' /* :text */ -- :text
    || CAST(:text AS text) AS ":text";

-- name: defaults(a int = -1, b float = 1.5, c text = '', d bool = true, e text? = null) :one
SELECT
    CAST(:a AS integer) AS a,
    CAST(:b AS real) AS b,
    CAST(:c AS text) AS c,
    CASE WHEN :d THEN 'yes' ELSE 'no' END AS d,
    CAST(:e AS text) AS e;

-- name: twice(n int) :scalar int
SELECT CAST(:n AS integer) + CAST(:n AS integer);
"""


@pytest.fixture
def shop(open_folder: OpenFolder) -> Any:
    files = {"items.sql": ITEMS, "more/more.sql": MORE}
    opened: Any = open_folder(files, {"0001_create_items.sql": MIGRATION})
    opened.migrate()
    return opened


def test_a_condition_keeps_its_line_where_the_parameter_is_given(shop: Any) -> None:
    items = [
        shop.add_item(number, colour, size)
        for number, (colour, size) in enumerate(product(("red", "blue"), (None, 0, 1, 2)), 1)
    ]
    for colour, low, high in product((None, "red", "grey"), (None, 0, 1), (None, 0, 1)):
        expected = [
            item
            for item in items
            if (colour is None or item.colour == colour)
            and (low is None or (item.size is not None and item.size >= low))
            and (high is None or (item.size is not None and item.size <= high))
        ]
        assert shop.find_items(colour, low, high) == expected
        assert shop.find_items(at_most=high, colour=colour, at_least=low) == expected


def test_zero_and_the_empty_text_are_given(shop: Any) -> None:
    shop.add_item(1, "", 0)
    shop.add_item(2, "red", 1)
    assert [item.id for item in shop.find_items(colour="")] == [1]
    assert [item.id for item in shop.find_items(at_most=0)] == [1]


def test_every_combination_is_a_static_text(shop: Any) -> None:
    variants = shop.queries["find_items"].variants
    assert sorted(variant.conditions for variant in variants) == [
        (),
        ("at_least",),
        ("at_least", "at_most"),
        ("at_most",),
        ("colour",),
        ("colour", "at_least"),
        ("colour", "at_least", "at_most"),
        ("colour", "at_most"),
    ]
    assert len({variant.text for variant in variants}) == 8
    for variant in variants:
        assert ("colour =" in variant.text) == ("colour" in variant.conditions)
        assert ("size >=" in variant.text) == ("at_least" in variant.conditions)
        assert ("size <=" in variant.text) == ("at_most" in variant.conditions)
    assert len(shop.queries["add_item"].variants) == 1


def test_defaults_are_literals(shop: Any) -> None:
    assert shop.add_item(1) == (1, "it's red", None)
    assert shop.defaults() == (-1, 1.5, "", "yes", None)
    assert shop.defaults(e="e", d=False, a=7) == (7, 1.5, "", "no", "e")


def test_what_looks_like_a_parameter_is_none(shop: Any) -> None:
    assert shop.nothing_special("x") == ":text -- if :text?%s$1x"


def test_a_parameter_may_stand_twice(shop: Any) -> None:
    assert shop.twice(21) == 42


def test_an_unknown_query_names_near_ones(shop: Any) -> None:
    assert "add_item" in shop.queries
    assert "add_items" not in shop.queries
    with pytest.raises(KeyError, match="add_item"):
        shop.queries["add_items"]


def test_the_queries_are_listed(shop: Any, dialect: Dialect) -> None:
    assert [query.name for query in shop.queries] == [
        "add_item",
        "find_items",
        "nothing_special",
        "defaults",
        "twice",
    ]
    query = shop.queries["add_item"]
    assert (query.name, query.store, query.kind) == ("add_item", "shop", "one")
    assert query.doc == "Put an item on the shelf.\nIts colour is red unless told."
    assert query.file.parts[-3:] == ("sql", dialect, "items.sql")
    assert (
        query.line
        == ITEMS.splitlines().index(
            "-- name: add_item(id int, colour text = 'it''s red', size int? = null) :one Item"
        )
        + 1
    )
    assert [param.name for param in query.params] == ["id", "colour", "size"]
    assert [param.required for param in query.params] == [True, False, False]
    assert query.row
    assert query.row.name == "Item"
    assert [column.name for column in query.row.columns] == ["id", "colour", "size"]


def test_policies_are_kept(shop: Any) -> None:
    special, plain = shop.queries["nothing_special"], shop.queries["twice"]
    assert (special.timeout, special.read) == (0.25, "replica")
    assert (plain.timeout, plain.read) == (None, None)
    assert special.doc == ""


def test_the_database_sees_whose_query_it_runs(shop: Any) -> None:
    for query in shop.queries:
        for variant in query.variants:
            assert variant.text.startswith(f"/* shop.{query.name} */ ")


def test_methods_carry_the_documentation(shop: Any) -> None:
    method = shop.add_item
    assert method.__name__ == "add_item"
    assert "Its colour is red unless told." in (method.__doc__ or "")


def test_queries_complete_in_a_shell(shop: Any) -> None:
    assert {query.name for query in shop.queries} <= set(dir(shop))
    assert "transaction" in dir(shop)


def test_aiosql_files_load(open_folder: OpenFolder) -> None:
    text = """
-- name: get_colour^
select colour, id from items where id = :id;

-- name: count_items$
-- How many there are.
select count(*) from items;

-- name: list_items
select id from items where colour like '%e%' order by id;

-- name: insert_item!
insert into items (id, colour) values (:id, :colour);

-- name: insert_many*!
insert into items (id, colour) values (:id, :colour);

-- name: returning_item<!
insert into items (id, colour) values (:id, :colour) returning id;

-- name: wipe#
delete from items;
delete from items;
"""
    shop: Any = open_folder({"items.sql": text}, {"0001_create_items.sql": MIGRATION})
    shop.migrate()
    shop.insert_item(id=1, colour="red")
    shop.insert_many([{"id": 2, "colour": "blue"}, {"id": 3, "colour": "gold"}])
    assert shop.get_colour(id=1).colour == "red"
    assert shop.get_colour(id=9) is None
    assert shop.count_items() == 3
    assert [row.id for row in shop.list_items()] == [1, 2]
    shop.returning_item(id=4, colour="grey")
    assert shop.count_items() == 4
    shop.wipe()
    assert shop.count_items() == 0


BAD_FILES = [
    ("-- name: q(a int) :one\nSELECT 1;\n", 1, "a"),
    ("-- name: q() :one\nSELECT :b;\n", 2, "b"),
    ("-- name: q() :one\n\n", 1, "q"),
    ("-- name: q() :none\nSELECT 1;\n", 1, "none"),
    ("-- name: q() :one Item\nSELECT 1;\n", 1, "Item"),
    ("-- name: q() :one\nSELECT 1;\nSELECT 2;\n", 3, "statement"),
    ("-- name: q() :exec\nDROP TABLE items;\n", 2, "DROP"),
    ("-- name: q() :one\nSELECT 1;\n-- name: q() :one\nSELECT 1;\n", 3, "q"),
    ("-- name: q(a colour) :one\nSELECT :a;\n", 1, "colour"),
    ("-- name: q(a int = now()) :one\nSELECT :a;\n", 1, "default"),
    ("-- name: q() :one\nSELECT 'open;\n", 2, "closed"),
]


def test_a_bad_file_says_where_and_what(open_folder: OpenFolder) -> None:
    for text, line, said in BAD_FILES:
        with pytest.raises(QueryFileError) as caught:
            open_folder({"bad.sql": text})
        assert (caught.value.file.name, caught.value.line) == ("bad.sql", line)
        assert said in caught.value.reason


def test_a_limit_may_not_be_negative_in_a_folder_of_ones_own(
    open_folder: OpenFolder,
) -> None:
    text = """
-- name: page(size int, start int) :many
SELECT n
FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbers
ORDER BY n
LIMIT :size OFFSET :start;
"""
    shop: Any = open_folder({"page.sql": text})
    assert [row.n for row in shop.page(2, 1)] == [2, 3]
    for arguments, named in (((-1, 0), "size"), ((1, -1), "start")):
        with pytest.raises(ParameterError) as caught:
            shop.page(*arguments)
        assert caught.value.parameter == named
