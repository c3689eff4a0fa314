"""Eight threads on one store: every call gets its own answer, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from rawstore.errors import ForeignKeyViolation, UniqueViolation

THREADS = 8
ROUNDS = 30


def in_threads(work: Callable[[int], Any]) -> list[Any]:
    """Run `work` in eight threads; the first exception of any of them is raised here."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(work, range(THREADS)))


class Undo(Exception):
    """Raised by a test to leave a transaction."""


class Talker:
    """One thread's user and conversation, and what it has said there."""

    def __init__(self, store: Any, number: int) -> None:
        self.store = store
        self.number = number
        self.user = store.create_user(email=f"{number}@example.com", name=str(number))
        self.talk = store.create_conversation(self.user.id)
        self.said: list[Any] = []

    def say(self, store: Any = None) -> None:
        content = f"{self.number}:{len(self.said)}"
        self.said.append((store or self.store).add_message(self.talk.id, "user", content))

    def say_twice(self) -> None:
        with self.store.transaction() as tx:
            self.say(tx)
            self.say(tx)

    def take_back(self) -> None:
        with suppress(Undo), self.store.transaction() as tx:
            tx.add_message(self.talk.id, "user", "never said")
            raise Undo

    def clash(self) -> None:
        with pytest.raises(UniqueViolation):
            self.store.create_user(email=self.user.email)

    def read(self) -> None:
        listed = self.store.list_messages_for_conversation(self.talk.id, limit=1000)
        assert listed == self.said
        assert self.store.get_user_by_id(self.user.id) == self.user
        assert self.store.list_conversations_for_user(self.user.id) == [self.talk]

    def read_in_a_batch(self) -> None:
        with self.store.batch() as batch:
            count = batch.get_conversation_message_count(self.talk.id)
            found = batch.get_user_by_email(self.user.email)
        assert (count.result(), found.result()) == (len(self.said), self.user)


def test_mixed_calls_get_their_own_answers(store: Any) -> None:
    def work(number: int) -> Talker:
        random, one = Random(number), Talker(store, number)
        acts = [one.say, one.say_twice, one.take_back, one.clash, one.read, one.read_in_a_batch]
        for _ in range(ROUNDS):
            random.choice(acts)()
        one.read()
        return one

    for one in in_threads(work):
        one.read()
    assert len(store.list_users()) == THREADS


def chunks_of(number: int) -> list[dict[str, str]]:
    return [
        {"source": "docs", "external_id": str(n), "content": f"zebra {number}"} for n in range(20)
    ]


def test_threads_upsert_the_same_chunks(store: Any) -> None:
    def work(number: int) -> set[Any]:
        ids = set()
        for _ in range(5):
            ids |= {row.id for row in store.bulk_upsert_knowledge_chunks(chunks_of(number))}
            ids.add(store.upsert_knowledge_chunk("docs", f"zebra {number}", "0").id)
        return ids

    seen = in_threads(work)
    chunks = store.list_all_knowledge_chunks()
    assert len(chunks) == 20
    assert [ids == {chunk.id for chunk in chunks} for ids in seen] == [True] * THREADS
    assert len(store.search_knowledge_chunks("zebra", limit=100)) == 20


def test_threads_upsert_the_same_chunks_in_any_order_with_run(store: Any) -> None:
    def work(number: int) -> None:
        chunks = chunks_of(number)[:: 1 if number % 2 else -1]
        rows = store.run(lambda tx: tx.bulk_upsert_knowledge_chunks(chunks))
        assert [row.external_id for row in rows] == [one["external_id"] for one in chunks]

    in_threads(work)
    assert len({chunk.content for chunk in store.list_all_knowledge_chunks()}) == 1


def test_a_list_never_misses_a_message_that_was_said_before(store: Any) -> None:
    talk = store.create_conversation()

    def write(number: int) -> None:
        for n in range(ROUNDS):
            store.add_message(talk.id, "user", f"{number}:{n}")

    def read() -> None:
        for _ in range(ROUNDS):
            heard: dict[str, list[int]] = {}
            for message in store.list_messages_for_conversation(talk.id, limit=1000):
                writer, _, n = message.content.partition(":")
                heard.setdefault(writer, []).append(int(n))
            for numbers in heard.values():
                assert numbers == list(range(len(numbers)))

    in_threads(lambda number: write(number) if number % 2 else read())
    assert store.get_conversation_message_count(talk.id) == ROUNDS * THREADS // 2


def test_a_parent_deleted_meanwhile_leaves_no_orphan(store: Any) -> None:
    talks = [store.create_conversation() for _ in range(ROUNDS)]

    def work(number: int) -> None:
        for talk in talks:
            if number == 0:
                store.delete_conversation(talk.id)
                continue
            try:
                store.add_message(talk.id, "user", "x")
            except ForeignKeyViolation:
                continue

    in_threads(work)
    assert store.list_all_conversations() == []
    assert [store.get_conversation_message_count(talk.id) for talk in talks] == [0] * ROUNDS
