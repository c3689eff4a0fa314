"""Queries as methods: real signatures, real errors, compiled when first used and once."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Sequence
from types import FunctionType
from typing import Any

import pytest

from rawstore.methods import methods_class
from rawstore.query import Query, Variant
from rawstore.registry import Registry
from tests.query_files import FILE, queries

TEXT = """
-- name: find(user_id uuid, status text? = null, limit int = 100) :many
-- What is found.
SELECT 1 WHERE a = :user_id
    AND b = :status -- if :status
LIMIT :limit;

-- name: pair(b int, a int) :one
SELECT :a, :b, :a;

-- name: nothing :scalar
SELECT 1;

-- name: many(a int) :stream
SELECT :a;

-- name: put(a int, b int) :batch
INSERT INTO t VALUES (:a, :b);

-- name: clean :script
DELETE FROM t;
DELETE FROM u;
"""


class Calls:
    """Returns what a method hands over."""

    def _call(self, variant: Variant, values: Sequence[Any]) -> Any:
        return "call", variant.conditions, values

    def _stream(self, variant: Variant, values: Sequence[Any]) -> Any:
        return "stream", variant.query.name, values

    def _each(self, query: Query, items: Any) -> Any:
        return "each", query.name, items

    def _script(self, variant: Variant) -> Any:
        return "script", variant.query.name


def methods(dialect: str = "postgres") -> type:
    registry = Registry("shop", "sqlite", FILE.parent, queries(TEXT, "sqlite"))
    if dialect == "postgres":
        registry = Registry("shop", "postgres", FILE.parent, queries(TEXT))
    return methods_class(registry)


def shop(dialect: str = "postgres") -> Any:
    return type("Shop", (methods(dialect), Calls), {})()


def test_signatures_are_those_of_the_file() -> None:
    store = shop()
    assert str(inspect.signature(store.find)) == "(user_id, status=None, limit=100)"
    assert str(inspect.signature(store.pair)) == "(b, a)"
    assert str(inspect.signature(store.nothing)) == "()"
    assert str(inspect.signature(store.put)) == "(items)"
    assert str(inspect.signature(store.clean)) == "()"


def test_arguments_by_position_and_by_keyword() -> None:
    store = shop()
    assert store.find("u") == ("call", (), ("u", 100))
    assert store.find("u", "s", 5) == ("call", ("status",), ("u", "s", 5))
    assert store.find(limit=5, user_id="u") == ("call", (), ("u", 5))
    assert store.find("u", status="") == ("call", ("status",), ("u", "", 100))
    assert store.nothing() == ("call", (), ())


def test_values_stand_in_the_order_of_the_placeholders() -> None:
    assert shop("postgres").pair(a=1, b=2) == ("call", (), (2, 1))
    assert shop("sqlite").pair(a=1, b=2) == ("call", (), (1, 2, 1))
    assert shop("sqlite").find("u", "s", 5) == ("call", ("status",), ("u", "s", 5))


def test_each_kind_has_its_own_way() -> None:
    store = shop()
    assert store.many(1) == ("stream", "many", (1,))
    assert store.put([1]) == ("each", "put", [1])
    assert store.clean() == ("script", "clean")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda store: store.find("u", nmae=1), "find() got an unexpected keyword argument 'nmae'"),
        (lambda store: store.find(), "find() missing 1 required positional argument"),
        (lambda store: store.nothing(1), "nothing() takes 1 positional argument but 2 were given"),
        (lambda store: store.find("u", user_id="u"), "find() got multiple values for argument"),
    ],
)  # fmt: skip
def test_wrong_arguments_name_the_query(call: Any, said: str) -> None:
    with pytest.raises(TypeError) as caught:
        call(shop())
    assert str(caught.value).startswith(f"shop.{said}")


def test_a_method_documents_itself() -> None:
    method = shop().find
    assert method.__name__ == "find"
    assert method.__doc__ == (
        "What is found.\n\n"
        "find(user_id uuid, status text? = null, limit int = 100) :many\n"
        "shop.sql:2"
    )
    assert shop().nothing.__doc__ == "nothing() :scalar\nshop.sql:11"


def test_methods_are_listed_and_compiled_when_first_used() -> None:
    made = methods()
    assert {"find", "pair", "nothing", "many", "put", "clean"} <= set(dir(made))
    assert not isinstance(vars(made)["find"], FunctionType)
    first = made.find  # type: ignore[attr-defined]
    assert vars(made)["find"] is first is made.find  # type: ignore[attr-defined]
    assert isinstance(first, FunctionType)
    assert not isinstance(vars(made)["pair"], FunctionType)


def test_classes_that_share_the_methods_compile_them_once() -> None:
    made = methods()
    store: Any = type("Store", (made, Calls), {})()
    transaction: Any = type("Transaction", (made, Calls), {})()
    assert store.find.__func__ is transaction.find.__func__


def test_threads_get_one_and_the_same_function() -> None:
    made = methods()
    started = threading.Barrier(8)
    found: list[object] = []

    def look() -> None:
        started.wait()
        found.append(made.find)  # type: ignore[attr-defined]

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_no_parameter_name_gets_in_the_way_of_the_code() -> None:
    names = ["items", "variant", "query", "values", "type", "list", "None_", "is_not", "cls", "d"]
    header = ", ".join(f"{name} int? = null" for name in names)
    lines = "\n".join(f"AND :{name} -- if :{name}" for name in names[:6])
    used = ", ".join(f":{name}" for name in names)
    found = queries(f"-- name: q({header}) :many\nSELECT {used} WHERE true\n{lines}")
    store: Any = type(
        "Shop", (methods_class(Registry("shop", "postgres", FILE, found)), Calls), {}
    )()
    assert store.q(*range(10)) == ("call", tuple(names[:6]), tuple(range(10)))
    assert store.q(values=1) == ("call", ("values",), (*[None] * 3, 1, *[None] * 6))
