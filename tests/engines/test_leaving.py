"""However a block is left, its connection comes back; and what is closed says so."""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import ConfigError, DatabaseError, TransactionAborted, UniqueViolation
from tests.engines.conftest import in_threads

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop


@pytest.fixture
def single(open_shop: OpenShop, dialect: str) -> Any:
    """A store on which one connection that is not given back would be missed."""
    return open_shop(**({"pool_max": 1} if dialect == "postgres" else {"timeout": 0.5}))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_block_left_by_an_exception(single: Any, error: type[BaseException]) -> None:
    for _ in range(3):
        with pytest.raises(error), single.transaction() as tx:
            tx.add(1)
            raise error
        with pytest.raises(error), single.transaction() as tx, tx.transaction() as inner:
            inner.add(1)
            raise error
        with pytest.raises(error), single.batch() as batch:
            batch.add(1)
            raise error
        assert single.count_items() == 0


def test_a_generator_that_is_dropped_in_a_transaction(single: Any) -> None:
    def numbers() -> Generator[int, None, None]:
        with single.transaction() as tx:
            tx.add(1)
            yield 1
            yield 2

    for _ in range(3):
        running = numbers()
        next(running)
        running.close()
        running = numbers()
        next(running)
        del running
        gc.collect()
        assert single.count_items() == 0


def test_a_stream_that_is_dropped(single: Any) -> None:
    for _ in range(3):
        next(single.count_to(5000))
        gc.collect()
        single.add(1)
        single.delete_items()


def test_a_stream_dropped_with_a_cycle_in_another_thread(single: Any) -> None:
    class Holder:
        def __init__(self, stream: Any) -> None:
            self.me = self
            self.stream = stream

    for _ in range(3):
        stream = single.count_to(5000)
        next(stream)
        Holder(stream)
        del stream
        collector = threading.Thread(target=gc.collect)
        collector.start()
        collector.join()
        single.add(1)
        single.delete_items()


def test_interleaved_streams(shop: Any) -> None:
    streams = [shop.count_to(top) for top in (2500, 1500, 10)]
    seen: list[list[int]] = [[], [], []]
    going = set(range(3))
    while going:
        for number in list(going):
            row = next(streams[number], None)
            if row is None:
                going.discard(number)
            else:
                seen[number].append(row.n)
    assert seen == [list(range(1, top + 1)) for top in (2500, 1500, 10)]


def test_interleaved_streams_in_one_transaction(shop: Any) -> None:
    with shop.transaction() as tx:
        first, second = tx.count_to(2500), tx.count_to(1500)
        pairs = list(zip(first, second, strict=False))
        assert len(pairs) == 1500
        assert all(one == other for one, other in pairs)
        assert tx.one() == 1


def test_a_stream_outlives_its_transaction_by_nothing(shop: Any) -> None:
    with shop.transaction() as tx:
        stream = tx.count_to(5000)
        never_started = tx.count_to(5000)
        next(stream)
    for late in (stream, never_started):
        with pytest.raises(TransactionAborted, match="has ended"):
            list(late)
    shop.add(1)
    assert shop.count_items() == 1


def test_a_stream_outlives_its_savepoint_by_nothing(shop: Any) -> None:
    with shop.transaction() as tx:
        with tx.transaction() as inner:
            stream = inner.count_to(5000)
            next(stream)
        with pytest.raises(TransactionAborted, match="has ended"):
            list(stream)
        tx.add(1)
    assert shop.count_items() == 1


def test_a_stream_left_open_in_a_transaction_pins_no_snapshot(
    shop: Any, open_shop: OpenShop
) -> None:
    other = open_shop()
    streams = []
    for n in range(5):
        with shop.transaction() as tx:
            stream = tx.count_to(5000)
            next(stream)
            streams.append(stream)
            tx.add(2 * n)
        other.add(2 * n + 1)
        assert shop.count_items() == 2 * n + 2


def test_an_error_in_a_stream_aborts_its_transaction(shop: Any) -> None:
    with pytest.raises(TransactionAborted), shop.transaction() as tx:
        tx.add(1)
        stream = tx.count_to(5000)
        next(stream)
        with suppress(UniqueViolation):
            tx.add(1)
        with pytest.raises(TransactionAborted):
            list(stream)
        tx.one()
    assert shop.count_items() == 0


def test_a_batch_in_a_transaction_stops_at_its_first_failure(shop: Any) -> None:
    shop.add(1)
    with pytest.raises(TransactionAborted), shop.transaction() as tx:
        with tx.batch() as batch:
            before, clash, behind = batch.add(2), batch.add(1), batch.get(1)
        assert before.result() is None
        with pytest.raises(UniqueViolation):
            clash.result()
        with pytest.raises(TransactionAborted) as caught:
            behind.result()
        assert caught.value.query == "shop.get"
        with pytest.raises(TransactionAborted):
            tx.one()
    assert shop.count_items() == 1


def test_closed_while_a_connection_is_lent(shop: Any) -> None:
    with shop.transaction() as tx:
        tx.add(1)
        shop.close()
        tx.add(2)
    with pytest.raises(ConfigError, match="this store is closed"):
        shop.one()
    with pytest.raises(ConfigError, match="closed"), shop.transaction() as tx:
        tx.one()
    with pytest.raises(ConfigError, match="closed"):
        next(shop.count_to(3))


def test_closed_under_busy_threads(open_shop: OpenShop) -> None:
    for _ in range(3):
        shop = open_shop()
        shop.one()

        def work(number: int, shop: Any = shop) -> str:
            try:
                while True:
                    shop.one()
                    if number == 0:
                        shop.close()
            except (ConfigError, DatabaseError) as error:
                return type(error).__name__

        assert in_threads(8, work) == ["ConfigError"] * 8


def test_a_connection_is_given_back_by_each_failing_call(single: Any) -> None:
    single.add(1)
    for _ in range(20):
        with pytest.raises(UniqueViolation):
            single.add(1)
        with pytest.raises(UniqueViolation):
            single.add_each([(2, "a"), (2, "b")])
        with pytest.raises(UniqueViolation), single.transaction() as tx:
            tx.add(1)
        with pytest.raises(ValueError, match="id"):
            single.get("x")
        with pytest.raises(ValueError, match="id"):
            single.add("x")
    assert single.count_items() == 1
