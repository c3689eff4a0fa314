"""What each kind of query gives back, through a folder store of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import (
    CheckViolation,
    NotNullViolation,
    ParameterError,
    QueryFileError,
    TooManyRows,
    UndefinedObject,
    UniqueViolation,
)

if TYPE_CHECKING:
    from tests.conftest import Dialect, OpenFolder

MIGRATION = """
CREATE TABLE items (
    id integer NOT NULL CONSTRAINT items_pkey PRIMARY KEY,
    name text NOT NULL CONSTRAINT items_name_check CHECK (name <> ''),
    price integer
);
"""
QUERIES = """
-- row: Item(id int, name text, price int?)

-- name: add_item(id int, name text?, price int? = null) :one Item
INSERT INTO items (id, name, price)
VALUES (:id, :name, :price)
RETURNING id, name, price;

-- name: get_item(id int) :one Item
SELECT id, name, price
FROM items
WHERE id = :id;

-- name: get_item_by_name(name text) :one Item
SELECT id, name, price
FROM items
WHERE name = :name
ORDER BY id;

-- name: list_items() :many Item
SELECT id, name, price
FROM items
ORDER BY id;

-- name: list_prices() :many
-- No declared row: it has the columns as they come.
SELECT name, price AS cost
FROM items
ORDER BY id;

-- name: count_items() :scalar bigint
SELECT count(*)
FROM items;

-- name: price_of(id int) :scalar int?
SELECT price
FROM items
WHERE id = :id;

-- name: prices() :scalar int?
SELECT price
FROM items
ORDER BY id;

-- name: raise_prices(by int) :affected
UPDATE items
SET price = price + :by;

-- name: rename_item(id int, name text) :exec
UPDATE items
SET name = :name
WHERE id = :id;

-- name: stream_items() :stream Item
SELECT id, name, price
FROM items
ORDER BY id;

-- name: put_items(id int, name text?, price int? = null) :batch
INSERT INTO items (id, name, price)
VALUES (:id, :name, :price);

-- name: make_items(id int, name text?, price int? = null) :batch Item
INSERT INTO items (id, name, price)
VALUES (:id, :name, :price)
RETURNING id, name, price;

-- name: start_over() :script
DELETE FROM items WHERE id > 0;
INSERT INTO items (id, name) VALUES (1, 'first; -- :not_a_parameter');
INSERT INTO items (id, name) VALUES (2, 'second');
"""


@pytest.fixture
def shop(open_folder: OpenFolder) -> Any:
    opened: Any = open_folder({"items.sql": QUERIES}, {"0001_create_items.sql": MIGRATION})
    assert opened.migrate() == ["0001_create_items"]
    return opened


def fill(shop: Any, count: int) -> list[Any]:
    shop.put_items([(n, f"item {n}", n) for n in range(1, count + 1)])
    items: list[Any] = shop.list_items()
    return items


def test_one_is_a_row_or_none(shop: Any) -> None:
    item = shop.add_item(1, "Tea", 3)
    assert (type(item).__name__, item._fields) == ("Item", ("id", "name", "price"))
    assert item == (1, "Tea", 3)
    assert shop.get_item(1) == item
    assert type(shop.get_item(1)) is type(item)
    assert shop.get_item(2) is None


def test_a_second_row_is_too_many_for_one(shop: Any) -> None:
    shop.put_items([(1, "Tea"), (2, "Tea"), (3, "Milk")])
    with pytest.raises(TooManyRows) as caught:
        shop.get_item_by_name("Tea")
    assert caught.value.query == "shop.get_item_by_name"
    assert shop.get_item_by_name("Milk").id == 3


def test_too_many_rows_do_not_abort_a_transaction(shop: Any) -> None:
    shop.put_items([(1, "Tea"), (2, "Tea")])
    with shop.transaction() as tx:
        with pytest.raises(TooManyRows):
            tx.get_item_by_name("Tea")
        tx.add_item(3, "Milk")
    assert shop.count_items() == 3


def test_many_is_a_list_of_rows(shop: Any) -> None:
    assert shop.list_items() == []
    rows = fill(shop, 3)
    assert type(rows) is list
    assert rows == [(1, "item 1", 1), (2, "item 2", 2), (3, "item 3", 3)]
    assert [row.name for row in rows] == ["item 1", "item 2", "item 3"]


def test_a_row_that_is_not_declared_has_the_columns_as_they_come(shop: Any) -> None:
    fill(shop, 1)
    (row,) = shop.list_prices()
    assert row._fields == ("name", "cost")
    assert (row.name, row.cost) == ("item 1", 1)


def test_scalar_is_a_value_or_none(shop: Any) -> None:
    assert shop.count_items() == 0
    shop.add_item(1, "Tea", 3)
    shop.add_item(2, "Milk")
    assert shop.count_items() == 2
    assert shop.price_of(1) == 3
    assert shop.price_of(2) is None
    assert shop.price_of(3) is None


def test_a_second_row_is_too_many_for_scalar(shop: Any) -> None:
    fill(shop, 2)
    with pytest.raises(TooManyRows) as caught:
        shop.prices()
    assert caught.value.query == "shop.prices"


def test_affected_is_a_count(shop: Any) -> None:
    assert shop.raise_prices(1) == 0
    fill(shop, 3)
    assert shop.raise_prices(10) == 3
    assert [item.price for item in shop.list_items()] == [11, 12, 13]


def test_exec_is_none(shop: Any) -> None:
    fill(shop, 1)
    assert shop.rename_item(1, "Tea") is None
    assert shop.rename_item(2, "Milk") is None
    assert [item.name for item in shop.list_items()] == ["Tea"]


def test_stream_gives_the_rows_of_many(shop: Any) -> None:
    assert list(shop.stream_items()) == []
    rows = fill(shop, 5)
    streamed = shop.stream_items()
    assert isinstance(streamed, Iterator)
    assert list(streamed) == rows


def test_batch_without_a_row_is_a_count(shop: Any) -> None:
    assert shop.put_items([(1, "Tea", 3), (2, "Milk")]) == 2
    assert shop.list_items() == [(1, "Tea", 3), (2, "Milk", None)]


def test_batch_with_a_row_gives_the_rows_in_order(shop: Any) -> None:
    rows = shop.make_items([(2, "Milk"), (1, "Tea", 3)])
    assert rows == [(2, "Milk", None), (1, "Tea", 3)]
    assert [row.name for row in rows] == ["Milk", "Tea"]


def test_batch_items_are_tuples_dicts_or_rows(shop: Any) -> None:
    assert shop.put_items([(1, "Tea"), {"name": "Milk", "id": 2}]) == 2
    rows = shop.list_items()
    shop.start_over()
    shop.raise_prices(1)
    again = [row._replace(id=row.id + 10) for row in rows]
    assert shop.put_items(again) == 2
    assert shop.list_items()[2:] == again


def test_batch_takes_any_iterable(shop: Any) -> None:
    assert shop.put_items((n, f"item {n}") for n in range(1, 2001)) == 2000
    assert shop.count_items() == 2000
    assert len(shop.make_items((n, "more") for n in range(3001, 5001))) == 2000


def test_batch_of_nothing_is_nothing(shop: Any) -> None:
    assert shop.put_items([]) == 0
    assert shop.make_items([]) == []


@pytest.mark.parametrize("method", ["put_items", "make_items"])
def test_a_batch_is_all_or_nothing(shop: Any, method: str) -> None:
    put = getattr(shop, method)
    with pytest.raises(UniqueViolation) as caught:
        put([(1, "Tea"), (2, "Milk"), (1, "Tea")])
    assert caught.value.query == f"shop.{method}"
    with pytest.raises(CheckViolation) as checked:
        put([(1, "Tea"), (2, "")])
    assert checked.value.constraint == "items_name_check"
    with pytest.raises(ParameterError) as refused:
        put([(1, "Tea"), (2, "a\0b")])
    assert (refused.value.query, refused.value.parameter) == (f"shop.{method}", "items[1]")
    assert refused.value.expected.startswith("name: ")
    assert shop.list_items() == []
    assert put([(1, "Tea")])


def test_a_batch_item_of_the_wrong_shape_is_refused(shop: Any) -> None:
    wrong: list[object] = [
        (1,),
        (1, "Tea", 3, 4),
        {"id": 1},
        {"id": 1, "name": "Tea", "colour": "green"},
        1,
        "ab",
        None,
    ]
    for item in wrong:
        with pytest.raises(ParameterError) as caught:
            shop.put_items([(7, "Milk"), item])
        assert (caught.value.query, caught.value.parameter) == ("shop.put_items", "items[1]")
    assert shop.list_items() == []


def test_a_batch_whose_items_fail_to_come_writes_nothing(shop: Any) -> None:
    def items() -> Iterator[tuple[int, str]]:
        yield 1, "Tea"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shop.put_items(items())
    assert shop.list_items() == []


def test_script_runs_its_statements_in_order(shop: Any) -> None:
    fill(shop, 5)
    assert shop.start_over() is None
    assert [item[:2] for item in shop.list_items()] == [
        (1, "first; -- :not_a_parameter"),
        (2, "second"),
    ]


def test_a_script_in_a_transaction_is_undone_with_it(shop: Any) -> None:
    rows = fill(shop, 3)
    with pytest.raises(ZeroDivisionError), shop.transaction() as tx:
        tx.start_over()
        assert tx.count_items() == 2
        raise ZeroDivisionError
    assert shop.list_items() == rows


def test_a_script_that_fails_leaves_nothing_behind(open_folder: OpenFolder) -> None:
    half = """
-- name: half() :script
INSERT INTO items (id, name) VALUES (1, 'Tea');
INSERT INTO items (id, name) VALUES (1, 'Tea again');
"""
    files = {"items.sql": QUERIES, "scripts.sql": half}
    shop: Any = open_folder(files, {"0001_create_items.sql": MIGRATION})
    shop.migrate()
    with pytest.raises(UniqueViolation) as caught:
        shop.half()
    assert caught.value.query == "shop.half"
    assert shop.list_items() == []
    assert shop.add_item(1, "Tea").id == 1


def test_violations_have_their_classes(shop: Any) -> None:
    shop.add_item(1, "Tea")
    with pytest.raises(UniqueViolation):
        shop.add_item(1, "Milk")
    with pytest.raises(NotNullViolation) as caught:
        shop.add_item(2, None)
    assert caught.value.query == "shop.add_item"
    with pytest.raises(CheckViolation) as checked:
        shop.add_item(2, "")
    assert checked.value.constraint == "items_name_check"
    assert shop.count_items() == 1


def test_a_missing_table_is_an_undefined_object(open_folder: OpenFolder) -> None:
    create = f"-- name: create() :script\n{MIGRATION}"
    shop: Any = open_folder({"items.sql": QUERIES, "create.sql": create})
    with pytest.raises(UndefinedObject, match="migrat") as caught:
        shop.count_items()
    assert caught.value.query == "shop.count_items"
    shop.create()
    assert shop.count_items() == 0


OWN_FILES = """
-- name: double(number int) :scalar int
SELECT :number * 2;
"""


def test_an_own_folder_takes_five_lines(tmp_path: Any, dialect: Dialect, empty_url: str) -> None:
    import rawstore

    (tmp_path / "mine" / "sql" / dialect).mkdir(parents=True)
    (tmp_path / "mine" / "sql" / dialect / "sums.sql").write_text(OWN_FILES)
    store: Any
    with rawstore.open(tmp_path / "mine", empty_url) as store:
        assert store.double(21) == 42
        assert store.name == "mine"


def test_a_name_of_stores_own_is_refused(open_folder: OpenFolder) -> None:
    for name in ("transaction", "close", "_private", "class", "run"):
        with pytest.raises(QueryFileError) as caught:
            open_folder({"bad.sql": f"-- name: {name}() :scalar int\nSELECT 1;\n"})
        assert (caught.value.file.name, caught.value.line) == ("bad.sql", 1)
        assert name in caught.value.reason
