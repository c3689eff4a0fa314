"""Locks: who waits for whom, for how long, and what is said when it was too long."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.engines.sqlite import READERS
from rawstore.errors import (
    DatabaseBusy,
    ParameterError,
    ReadOnly,
    StatementTimeout,
    TransactionAborted,
)
from tests.engines.conftest import eventually, in_threads, on_sqlite, within, write_shop

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop

pytestmark = on_sqlite

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("released", flush=True)
"""


@contextmanager
def held(store: Any, how: str = "BEGIN IMMEDIATE") -> Iterator[subprocess.Popen[str]]:
    """Another process holds the file's lock."""
    command = [sys.executable, "-c", HOLD, str(store.target.path), how]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            if not holder.stdin.closed:
                holder.stdin.close()
            holder.wait(10)


@pytest.mark.parametrize("how", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_lock_of_another_process(open_shop: OpenShop, how: str) -> None:
    store = open_shop(timeout=0.4)
    store.add(1)
    with held(store, how):
        writes: list[Callable[[], Any]] = [
            lambda: store.add(2),
            lambda: store.add_each([(2, "a")]),
            lambda: store.run(lambda tx: tx.add(2)),
        ]
        for write in writes:
            with within(0.7, least=0.4), pytest.raises(DatabaseBusy, match="write lock"):
                write()
        assert store.get(1) is not None  # readers are not in the way of a writer
        with store.transaction(read_only=True) as tx:
            assert tx.count_items() == 1
    store.add(2)
    assert store.count_items() == 2


def test_the_error_names_the_query(open_shop: OpenShop) -> None:
    store = open_shop(timeout=0)
    with held(store):
        with pytest.raises(DatabaseBusy) as caught:
            store.add(1)
        assert (caught.value.query, caught.value.code) == ("shop.add", "SQLITE_BUSY")
        with pytest.raises(DatabaseBusy) as caught, store.transaction() as tx:
            tx.add(1)
        assert caught.value.query == "shop.add"


def test_a_lock_that_is_released_in_time(open_shop: OpenShop) -> None:
    store = open_shop(timeout=5)
    with held(store) as holder:
        assert holder.stdin is not None
        threading.Timer(0.3, holder.stdin.close).start()
        with within(1.5, least=0.25):
            store.add(1)
    assert store.count_items() == 1


def test_a_whole_transaction_is_refused_when_its_begin_is(open_shop: OpenShop) -> None:
    store = open_shop(timeout=0.1)
    with held(store), pytest.raises(TransactionAborted), store.transaction() as tx:
        with pytest.raises(DatabaseBusy), tx.transaction() as inner:
            inner.add(1)
        tx.add(2)
    store.add(3)
    assert [row.id for row in store.list_items()] == [3]


def test_a_thread_in_its_own_way(open_shop: OpenShop) -> None:
    store = open_shop()  # 30 s: it must not wait for what only it can release
    with store.transaction() as tx:
        tx.add(1)
        with within(0.1), pytest.raises(DatabaseBusy, match="this thread has a transaction"):
            store.add(2)
        with within(0.1), pytest.raises(DatabaseBusy), store.transaction() as other:
            other.add(2)
        assert store.count_items() == 0
    store.add(2)
    assert store.count_items() == 2


def test_a_thread_in_the_way_of_another(open_shop: OpenShop) -> None:
    store = open_shop(timeout=0.3)
    problems: list[Exception] = []

    def write() -> None:
        with within(0.5, least=0.3):
            try:
                store.add(2)
            except DatabaseBusy as error:
                problems.append(error)

    with store.transaction() as tx:
        tx.add(1)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(problems) == 1
    assert "not free within 0.3 s" in str(problems[0])


def test_read_modify_write_loses_nothing(shop: Any) -> None:
    shop.add(1, "0")

    def increment(tx: Any) -> None:
        tx.change(1, str(int(tx.get(1).text) + 1))

    def work(_: int) -> None:
        for _ in range(100):
            shop.run(increment, retries=0)

    in_threads(8, work)
    assert shop.get(1).text == "800"


def test_sixty_four_threads_of_every_kind(shop: Any) -> None:
    def work(number: int) -> None:
        for n in range(5):
            key = number * 100 + n
            shop.add(key)
            assert shop.get(key).id == key
            assert next(shop.stream_items()) is not None
            with shop.transaction() as tx:
                tx.change(key, "changed")
            with shop.batch() as batch:
                one, other = batch.get(key), batch.change(key, "again")
            assert (one.result().text, other.result()) == ("changed", 1)

    in_threads(64, work)
    assert shop.count_items() == 320
    assert len(shop._engine._readers) <= READERS
    eventually(lambda: len(shop._engine._sessions) <= READERS + 1)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_dying_threads_leave_no_connection(shop: Any) -> None:
    for _ in range(5):
        in_threads(8, lambda n: shop.get(n))
    before = descriptors()
    for _ in range(100):
        thread = threading.Thread(target=lambda: (shop.get(1), next(shop.count_to(10))))
        thread.start()
        thread.join()
    eventually(lambda: descriptors() <= before + 8)


def test_opened_and_closed_a_hundred_times(open_shop: OpenShop) -> None:
    open_shop(statement_timeout=5).one()
    before, threads = descriptors(), threading.active_count()
    for _ in range(100):
        with open_shop(statement_timeout=5) as store:
            store.one()
    eventually(lambda: threading.active_count() <= threads)
    assert descriptors() <= before + 2  # SQLite puts a close off while another has a lock


# -- time limits


def test_a_stream_is_not_limited_as_a_whole(open_shop: OpenShop) -> None:
    """Each chunk has the limit, however many there are."""
    store = open_shop(statement_timeout=0.3)
    stream = store.count_to(10**9)
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        next(stream)
    stream.close()


SLOW = """
-- name: slow(top int) :scalar int
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < :top
)

SELECT count(*)
FROM numbers;

-- name: slow_stream(top int) :stream
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < :top
)

SELECT count(*) AS n
FROM numbers;

-- name: slow_each(top int) :batch
INSERT INTO items (id, text)
SELECT :top, (
    WITH RECURSIVE numbers (n) AS (
        SELECT 1
        UNION ALL
        SELECT n + 1
        FROM numbers
        WHERE n < :top
    )

    SELECT count(*)
    FROM numbers
);

-- name: slow_script() :script
INSERT INTO items (id, text)
VALUES (77, 'x');
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1
    FROM numbers
    WHERE n < 1000000000
)

SELECT count(*)
FROM numbers;
"""


@pytest.fixture
def slow(tmp_path: Path, open_shop: OpenShop) -> Any:
    write_shop(tmp_path, "sqlite", slow=SLOW)
    return open_shop(statement_timeout=0.3)


ENDLESS = 10**9


def in_a_transaction(store: Any) -> None:
    with store.transaction() as tx:
        tx.add(1)
        tx.slow(ENDLESS)


def in_a_batch(store: Any) -> None:
    with store.batch() as batch:
        call = batch.slow(ENDLESS)
    call.result()


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.slow(ENDLESS),
        lambda store: next(store.slow_stream(ENDLESS)),
        lambda store: store.slow_each([1, ENDLESS]),
        lambda store: store.slow_script(),
        in_a_transaction,
        in_a_batch,
    ],
    ids=["call", "stream", "each", "script", "transaction", "batch"],
)
def test_a_statement_that_takes_too_long(slow: Any, call: Any) -> None:
    for _ in range(2):
        with within(0.5, least=0.3), pytest.raises(StatementTimeout) as caught:
            call(slow)
        assert caught.value.code == "SQLITE_INTERRUPT"
        assert caught.value.query is not None
        assert slow.count_items() == 0
        assert slow.slow(1000) == 1000
        slow.add(5)
        slow.delete_items()


def test_a_limit_that_comes_close_hits_no_other_call(slow: Any) -> None:
    """Calls that end as their time runs out; the interrupt must not reach the next."""
    for _ in range(3):
        with suppress(StatementTimeout):
            slow.slow(700_000)
        for _ in range(200):
            assert slow.one() == 1


# -- memory


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Any]:
    with rawstore.open(write_shop(tmp_path, "sqlite"), "sqlite://") as store:
        store.migrate()
        yield store


def test_a_session_in_memory_shares_the_connection(memory: Any) -> None:
    with memory.session() as session:
        session.add(1, "a")
        assert session.get(1) == memory.get(1) == (1, "a")
        with session.transaction() as tx:
            tx.add(2)
        assert session.count_items() == memory.count_items() == 2


def test_a_refused_stream_in_memory_loses_no_write(memory: Any) -> None:
    with pytest.raises(ParameterError):
        next(memory.count_to("many"))
    memory.add(1)
    assert memory.count_items() == 1


def test_every_kind_in_memory(memory: Any) -> None:
    memory.add(1, "a")
    assert memory.add_each([(2, "b"), (3, "c")]) == 2
    assert memory.add_all([(4, "d")]) == [(4, "d")]
    assert [row.id for row in memory.list_items()] == [1, 2, 3, 4]
    stream = memory.stream_items()
    assert next(stream).id == 1
    memory.add(5)  # the stream does not hold the only connection
    assert [row.id for row in stream] == [2, 3, 4]
    with memory.batch() as batch:
        one, count = batch.get(1), batch.count_items()
    assert (one.result().text, count.result()) == ("a", 5)
    with memory.transaction() as tx:
        tx.delete_items()
        with pytest.raises(ZeroDivisionError), tx.transaction() as inner:
            inner.add(1)
            raise ZeroDivisionError
        assert tx.count_items() == 0
    with pytest.raises(ReadOnly), memory.transaction(read_only=True) as tx:
        tx.add(1)
    memory.add(1)
    assert memory.health().healthy


def test_threads_in_memory(memory: Any) -> None:
    def work(number: int) -> None:
        for n in range(50):
            memory.add(number * 100 + n)
            assert memory.get(number * 100 + n) is not None
            assert sum(1 for _ in memory.count_to(10)) == 10

    in_threads(8, work)
    assert memory.count_items() == 400


def test_two_stores_in_memory_are_two(tmp_path: Path, memory: Any) -> None:
    with rawstore.open(tmp_path / "shop", "sqlite://") as other:
        other.migrate()
        other.add(1)
        assert memory.count_items() == 0


# -- more than one thing at once


def test_a_stream_is_open_while_others_write(shop: Any, open_shop: OpenShop) -> None:
    shop.add_each([(n, "x") for n in range(3000)])
    other = open_shop()
    stream = shop.stream_items()
    for n in range(3):
        next(stream)
        shop.add(10_000 + n)
        other.add(20_000 + n)
    assert len(list(stream)) == 2997
    assert shop.count_items() == 3006


@pytest.mark.parametrize("in_a", ["call", "transaction"])
def test_an_error_in_the_middle_undoes_all_of_it(shop: Any, tmp_path: Path, in_a: str) -> None:
    write_shop(
        tmp_path,
        "sqlite",
        broken="-- name: broken() :script\nINSERT INTO items VALUES (1, 'a');\n"
        "INSERT INTO items VALUES (2, 'b');\nINSERT INTO items VALUES (1, 'c');\n",
    )
    with rawstore.open(tmp_path / "shop", str(shop.target)) as store:
        for call in ("broken", "add_each"):
            arguments = [[(1, "a"), (2, "b"), (1, "c")]] if call == "add_each" else []
            with pytest.raises(rawstore.RawstoreError):
                if in_a == "call":
                    getattr(store, call)(*arguments)
                else:
                    with store.transaction() as tx:
                        getattr(tx, call)(*arguments)
            assert store.count_items() == 0
            store.add(9)
            store.delete_items()
