"""A small store with what the faults need: a table, slow statements, streams, batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest

import rawstore
from tests.urls import database_name, with_options

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import Dialect
    from tests.postgres import Remote

ITEMS = """
-- row: Item(id int, text text)

-- name: add(id int, text text = "x") :exec
INSERT INTO items (id, text)
VALUES (:id, :text);

-- name: add_each(id int, text text) :batch
INSERT INTO items (id, text)
VALUES (:id, :text);

-- name: add_all(id int, text text) :batch Item
INSERT INTO items (id, text)
VALUES (:id, :text)
RETURNING id, text;

-- name: get(id int) :one Item
SELECT id, text
FROM items
WHERE id = :id;

-- name: list_items() :many Item
SELECT id, text
FROM items
ORDER BY id;

-- name: count_items() :scalar int
SELECT count(*)
FROM items;

-- name: stream_items() :stream Item
SELECT id, text
FROM items
ORDER BY id;

-- name: change(id int, text text) :affected
UPDATE items
SET text = :text
WHERE id = :id;

-- name: delete_items() :affected
DELETE FROM items;

-- name: one() :scalar int
SELECT 1;

-- name: count_to(top int) :stream
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < :top
)

SELECT n
FROM numbers;
"""
POSTGRES_ONLY = """
-- name: sleep(seconds float) :exec
SELECT pg_sleep(:seconds);

-- name: backend() :scalar int
SELECT pg_backend_pid();

-- name: sleep_at_the_end(seconds float) :many
SELECT
    n,
    repeat('x', 1000) AS text,
    pg_sleep(CASE WHEN n = 20000 THEN CAST(:seconds AS float8) ELSE 0 END)
FROM generate_series(1, 20000) AS numbers (n);

-- name: sleep_each(seconds float) :batch
SELECT pg_sleep(:seconds);
"""
TABLE = {
    "sqlite": "CREATE TABLE items (id integer PRIMARY KEY, text text NOT NULL) STRICT;",
    "postgres": "CREATE TABLE items (id integer PRIMARY KEY, text text NOT NULL);",
}


class OpenShop(Protocol):
    def __call__(self, **options: object) -> Any: ...


def write_shop(folder: Path, dialect: Dialect, **more: str) -> Path:
    """Write the store's folder; `more` are further query files, or replace these."""
    files = {"items": ITEMS}
    if dialect == "postgres":
        files["postgres"] = POSTGRES_ONLY
    for name, text in (files | more).items():
        file = folder / "shop" / "sql" / dialect / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    migration = folder / "shop" / "migrations" / dialect / "0001_create_items.sql"
    migration.parent.mkdir(parents=True, exist_ok=True)
    migration.write_text(TABLE[dialect])
    return folder / "shop"


@pytest.fixture
def open_shop(dialect: Dialect, tmp_path: Path, empty_url: str) -> Iterator[OpenShop]:
    """A function that opens the shop, migrated, with options of the URL."""
    folder = write_shop(tmp_path, dialect)
    with rawstore.open(folder, empty_url) as first:
        first.migrate()
    opened: list[Any] = []

    def open_(**options: object) -> Any:
        opened.append(rawstore.open(folder, with_options(empty_url, **options)))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def shop(open_shop: OpenShop) -> Any:
    """The shop, migrated and empty."""
    return open_shop()


uses_dialect = pytest.mark.usefixtures("dialect")
on_postgres = [uses_dialect, pytest.mark.parametrize("dialect", ["postgres"], indirect=True)]
on_sqlite = [uses_dialect, pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)]
Test = TypeVar("Test", bound=Callable[..., None])


def marked(marks: Sequence[pytest.MarkDecorator]) -> Callable[[Test], Test]:
    """One test with these marks, where the others of its file have not got them."""

    def mark(test: Test) -> Test:
        for one in marks:
            test = one(test)
        return test

    return mark


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work` in threads; the first exception of any of them is raised here."""
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(work, range(count)))


@contextmanager
def within(seconds: float, *, least: float = 0.0) -> Iterator[None]:
    """The block takes from `least` to `seconds`, whether it ends well or not."""
    start = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - start
        assert least <= took <= seconds, f"took {took:.2f} s"


def eventually(check: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until `check()` is true."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def backends(server: Remote, store: Any) -> list[int]:
    """The server's processes for this store's database."""
    return server.backends(database_name(str(store.target)))


@contextmanager
def direct(server: Remote, store: Any) -> Iterator[psycopg.Connection]:
    """A connection to the store's database, for what is done behind its back."""
    with server.connect(database_name(str(store.target))) as connection:
        yield connection


class Busy:
    """Threads that call `work` again and again until they are stopped; their errors are kept."""

    def __init__(self, count: int, work: Callable[[], Any]) -> None:
        self.done = 0
        self.errors: list[Exception] = []
        self._work = work
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def __enter__(self) -> Busy:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._work()
            except Exception as error:
                with self._lock:
                    self.errors.append(error)
            else:
                with self._lock:
                    self.done += 1

    def wait_for(self, calls: int) -> None:
        """Return once so many more calls have been done."""
        goal = self.done + calls
        eventually(lambda: self.done >= goal, 30)
