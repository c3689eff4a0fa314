"""Transactions nested at will, on both dialects at once, against a dict that is copied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

import rawstore
from rawstore.errors import DatabaseError, TransactionAborted, UniqueViolation
from tests.engines.conftest import write_shop
from tests.urls import sqlite_url

if TYPE_CHECKING:
    from tests.postgres import Remote

KEYS = st.integers(0, 4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.sampled_from("abc")),
        st.tuples(st.just("change"), KEYS, st.sampled_from("abc")),
        st.tuples(st.just("clash"), KEYS),
        st.tuples(st.just("wrong value")),
        st.tuples(st.just("get"), KEYS),
        st.tuples(st.just("list")),
        st.tuples(st.just("stream")),
        st.tuples(st.just("batch"), KEYS, KEYS),
        st.tuples(st.just("each"), st.lists(KEYS, unique=True, min_size=1, max_size=3)),
        st.tuples(st.just("begin")),
        st.tuples(st.just("commit")),
        st.tuples(st.just("fail")),
    ),
    max_size=40,
)
DEEPEST = 6


class Undo(Exception):
    """Leaves a block."""


class Level:
    """An open block: what is in the table while it lasts, and whether a statement failed in it."""

    def __init__(self, rows: dict[int, str]) -> None:
        self.rows = rows
        self.failed = False


class Model:
    """What must happen. `outcome` is a value, or the name of an error."""

    def __init__(self) -> None:
        self.levels = [Level({})]

    @property
    def rows(self) -> dict[int, str]:
        return self.levels[-1].rows

    def step(self, step: tuple[Any, ...]) -> Any:
        name, *arguments = step
        if name in ("begin", "commit", "fail"):
            return getattr(self, name)()
        if self.levels[-1].failed and name != "stream":
            return "TransactionAborted"
        outcome = getattr(self, name.replace(" ", "_"))(*arguments)
        if outcome in ("UniqueViolation",) and len(self.levels) > 1:
            self.levels[-1].failed = True
        return outcome

    def begin(self) -> str:
        if len(self.levels) > DEEPEST:
            return "too deep"
        if self.levels[-1].failed:
            return "TransactionAborted"
        self.levels.append(Level(dict(self.rows)))
        return "begun"

    def commit(self) -> str:
        if len(self.levels) == 1:
            return "outside"
        level = self.levels.pop()
        if level.failed:
            return "TransactionAborted"
        self.levels[-1].rows = level.rows
        return "committed"

    def fail(self) -> str:
        if len(self.levels) == 1:
            return "outside"
        self.levels.pop()
        return "undone"

    def put(self, key: int, text: str) -> Any:
        if key in self.rows:
            return "UniqueViolation"
        self.rows[key] = text
        return None

    def change(self, key: int, text: str) -> int:
        if key not in self.rows:
            return 0
        self.rows[key] = text
        return 1

    def clash(self, key: int) -> Any:
        if key in self.rows:
            return "UniqueViolation"
        return None

    def wrong_value(self) -> str:
        return "ParameterError"

    def get(self, key: int) -> str | None:
        return self.rows.get(key)

    def list(self) -> list[tuple[int, str]]:
        return sorted(self.rows.items())

    def stream(self) -> Any:
        if self.levels[-1].failed:
            return "TransactionAborted"
        return sorted(self.rows.items())

    def batch(self, first: int, second: int) -> Any:
        if first in self.rows:
            if len(self.levels) > 1:
                self.levels[-1].failed = True
                return ["UniqueViolation", "TransactionAborted"]
            return ["UniqueViolation", self.rows.get(second)]
        self.rows[first] = "batch"
        return [None, self.rows.get(second)]

    def each(self, keys: Any) -> Any:
        if any(key in self.rows for key in keys):
            return "UniqueViolation"
        self.rows.update(dict.fromkeys(keys, "each"))
        return len(keys)


class Real:
    """The same on a store."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.stack: list[tuple[Any, Any]] = []

    @property
    def here(self) -> Any:
        return self.stack[-1][1] if self.stack else self.store

    def step(self, step: tuple[Any, ...]) -> Any:
        name, *arguments = step
        try:
            return getattr(self, name.replace(" ", "_"))(*arguments)
        except (DatabaseError, ValueError) as error:
            return type(error).__name__

    def begin(self) -> str:
        if len(self.stack) >= DEEPEST:
            return "too deep"
        block = self.here.transaction()
        self.stack.append((block, block.__enter__()))
        return "begun"

    def commit(self) -> str:
        if not self.stack:
            return "outside"
        self.stack.pop()[0].__exit__(None, None, None)
        return "committed"

    def fail(self) -> str:
        if not self.stack:
            return "outside"
        block, _ = self.stack.pop()
        error = Undo()
        with suppress(Undo):
            assert not block.__exit__(Undo, error, None)
        return "undone"

    def put(self, key: int, text: str) -> Any:
        return self.here.add(key, text)

    def change(self, key: int, text: str) -> Any:
        return self.here.change(key, text)

    def clash(self, key: int) -> Any:
        self.here.add(key, "clash")
        self.here.remove(key)

    def wrong_value(self) -> Any:
        return self.here.add("not a number")

    def get(self, key: int) -> Any:
        row = self.here.get(key)
        return row and row.text

    def list(self) -> Any:
        return [tuple(row) for row in self.here.list_items()]

    def stream(self) -> Any:
        return [tuple(row) for row in self.here.stream_items()]

    def batch(self, first: int, second: int) -> Any:
        with self.here.batch() as batch:
            calls = [batch.add(first, "batch"), batch.get(second)]
        outcomes = []
        for call in calls:
            try:
                value = call.result()
            except DatabaseError as error:
                value = type(error).__name__
            outcomes.append(getattr(value, "text", value))
        return outcomes

    def each(self, keys: Any) -> Any:
        return self.here.add_each([(key, "each") for key in keys])

    def end(self) -> None:
        while self.stack:
            self.fail()
        self.store.delete_items()


@pytest.fixture(scope="module")
def stores(pg: Remote, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    folder = tmp_path_factory.mktemp("model")
    url = pg.create_database()
    remove = "-- name: remove(id int) :affected\nDELETE FROM items\nWHERE id = :id;\n"
    with ExitStack() as stack:
        opened = []
        for dialect, where in (("sqlite", sqlite_url(folder / "model.db")), ("postgres", url)):
            write_shop(folder, dialect, remove=remove)  # type: ignore[arg-type]
            store = stack.enter_context(rawstore.open(folder / "shop", where))
            store.migrate()
            opened.append(store)
        yield opened
    pg.drop_database(url.rpartition("/")[2].partition("?")[0])


@given(steps=STEPS)
def test_both_dialects_do_what_the_model_does(
    stores: list[Any], steps: list[tuple[Any, ...]]
) -> None:
    for store in stores:
        model, real = Model(), Real(store)
        try:
            for number, step in enumerate(steps):
                wanted, got = model.step(step), real.step(step)
                assert got == wanted, f"{store.dialect}, step {number}: {step}"
            while real.stack:
                assert real.step(("commit",)) == model.commit(), store.dialect
            assert real.list() == model.list(), store.dialect
        finally:
            real.end()


@pytest.mark.parametrize("failing", range(6))
def test_five_levels_with_a_failure_at_each(stores: list[Any], failing: int) -> None:
    """What is done at the failing level and further in is undone; all around it stays."""
    for store in stores:
        store.delete_items()

        def descend(block: Any, level: int) -> None:
            block.add(level)
            if level < 5:
                try:
                    with block.transaction() as inner:
                        descend(inner, level + 1)
                except (UniqueViolation, TransactionAborted):
                    pass
            if level == failing:
                block.add(level)

        try:
            with store.transaction() as tx:
                descend(tx, 0)
        except UniqueViolation:
            assert failing == 0
        assert [row.id for row in store.list_items()] == list(range(failing))
