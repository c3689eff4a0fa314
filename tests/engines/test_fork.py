"""A process that forks: the child is told to open its own, and the parent notices nothing."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import ConfigError, ConnectionLost, RawstoreError

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop

# Python 3.12 warns of a fork in a process with threads; that is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")


class Child:
    """A forked process; `answer()` is what its function returned."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._read, write = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(write)
            return
        status = 1
        try:
            answer = json.dumps(work())
            status = 0
        except BaseException:
            answer = json.dumps(traceback.format_exc())
        os.write(write, answer.encode())
        os._exit(status)

    def answer(self) -> Any:
        with os.fdopen(self._read) as pipe:
            answer = json.loads(pipe.read())
        _, status = os.waitpid(self._pid, 0)
        assert status == 0, answer
        return answer


def message(work: Callable[[], Any]) -> tuple[str, str]:
    try:
        return "no error", repr(work())
    except RawstoreError as error:
        return type(error).__name__, str(error)


def test_a_child_is_refused_and_the_parent_undisturbed(shop: Any) -> None:
    shop.add(1, "before")
    children = [Child(lambda: message(shop.one)) for _ in range(4)]
    for child in children:
        kind, said = child.answer()
        assert kind == ConfigError.__name__
        assert "forked; open it again in the child" in said
    assert shop.get(1).text == "before"
    shop.add(2)
    with shop.transaction() as tx:
        tx.add(3)
    assert shop.count_items() == 3


def test_a_fork_in_the_middle_of_a_transaction(shop: Any) -> None:
    """The child must neither end the parent's transaction nor write into it."""
    with shop.transaction() as tx:
        tx.add(1)

        def child() -> list[tuple[str, str]]:
            seen = [message(lambda: tx.add(2)), message(lambda: tx.one())]
            tx._session.rollback()
            shop._engine.give(tx._session)
            shop.close()
            return seen

        for kind, said in Child(child).answer():
            assert kind in (ConfigError.__name__, "TransactionAborted", ConnectionLost.__name__)
            assert "child" in said or kind == "TransactionAborted"
        tx.add(3)
    assert [row.id for row in shop.list_items()] == [1, 3]


def test_a_child_that_leaves_the_block_disturbs_nobody(shop: Any) -> None:
    pid = os.getpid()
    read, write = os.pipe()
    left = "nothing"
    try:
        with shop.transaction() as tx:
            tx.add(1)
            if os.fork() == 0:
                raise InterruptedError
            os.close(write)
            with os.fdopen(read) as pipe:
                left = pipe.read()
            os.wait()
            tx.add(2)
    except BaseException as error:
        if os.getpid() != pid:
            os.write(write, type(error).__name__.encode())
            os._exit(0)
        raise
    assert left == "InterruptedError"
    assert shop.count_items() == 2


def test_a_fork_under_an_open_stream(shop: Any) -> None:
    stream = shop.count_to(3000)
    assert next(stream).n == 1

    def child() -> Any:
        kind, _ = message(lambda: list(stream))
        stream.close()
        return kind

    Child(child).answer()
    assert len(list(stream)) == 2999
    assert shop.one() == 1


def test_children_that_open_their_own_mix_nothing_up(shop: Any, open_shop: OpenShop) -> None:
    for n in range(100):
        shop.add(n, f"text {n}")

    def work(first: int) -> int:
        with rawstore.open(shop.source.root, str(shop.target)) as own:
            for n in range(first, first + 1000):
                assert own.get(n % 100) == (n % 100, f"text {n % 100}")
        return first

    children = [Child(lambda first=first: work(first)) for first in range(0, 100, 25)]  # type: ignore[misc]
    for n in range(300):
        assert shop.get(n % 100).text == f"text {n % 100}"
    assert [child.answer() for child in children] == [0, 25, 50, 75]


def test_a_child_exits_quickly(shop: Any) -> None:
    """An ordinary exit runs finalizers: none of them may wait for the parent's threads."""
    shop.one()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            del shop
            import gc

            gc.collect()
            os.write(write, b"done")
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "done"
    os.waitpid(pid, 0)
    assert shop.one() == 1
