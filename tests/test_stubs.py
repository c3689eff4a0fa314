"""Typed stubs: current for the shipped stores, and telling a checker what is wrong."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

import rawstore
import rawstore.aio.store
from rawstore import source
from rawstore.cli.commands import rawstore as command
from rawstore.parse import parse
from rawstore.registry import Registry
from rawstore.stubs import stub

GOOD = """
from uuid import UUID

import rawstore
from rawstore.stores.minipilot import Message, Transaction, User


def greet(tx: Transaction, user: User) -> Message:
    conversation = tx.create_conversation(user.id, title="Hello")
    return tx.add_message(conversation.id, "user", "hi", {"a": 1})


with rawstore.open("minipilot", "sqlite://") as store:
    user: User = store.create_user(email="a@example.com")
    key: UUID = user.id
    found = store.get_user_by_email("a@example.com")
    if found is not None:
        print(found.created_at.isoformat())
    message: Message = store.run(lambda tx: greet(tx, user))
    with store.transaction(read_only=True) as tx, tx.transaction() as inner:
        users: list[User] = inner.list_users(limit=10)
    with store.batch() as batch:
        handle = batch.get_conversation_message_count(message.conversation_id)
    count: int | None = handle.result()
    chunks = store.bulk_upsert_knowledge_chunks([{"source": "s", "content": "c"}])
    title: str | None = chunks[0].title

    with store.session() as session:
        again: User | None = session.get_user_by_id(user.id)

other = rawstore.open("./mine", "sqlite://")
other.whatever(1)
"""

GOOD_ASYNC = """
import asyncio
from uuid import UUID

import rawstore
from rawstore.stores.minipilot import AsyncTransaction, Message, User


async def greet(tx: AsyncTransaction, user: User) -> Message:
    conversation = await tx.create_conversation(user.id, title="Hello")
    return await tx.add_message(conversation.id, "user", "hi", {"a": 1})


async def main() -> None:
    async with rawstore.open_async("minipilot", "sqlite://") as store:
        user: User = await store.create_user(email="a@example.com")
        key: UUID = user.id
        found = await store.get_user_by_email("a@example.com")
        if found is not None:
            print(found.created_at.isoformat())
        message: Message = await store.run(lambda tx: greet(tx, user))
        async with store.transaction(read_only=True) as tx, tx.transaction() as inner:
            users: list[User] = await inner.list_users(limit=10)
        async with store.batch() as batch:
            handle = batch.get_conversation_message_count(message.conversation_id)
        count: int | None = handle.result()
        async with store.session() as session:
            one, other = await asyncio.gather(
                session.get_user_by_id(key), session.get_user_by_email("a@example.com")
            )
            name = one.name if one else other.name if other else None
        applied: list[str] = await store.migrate()
        healthy: bool = (await store.health()).healthy

    mine = rawstore.open_async("./mine", "sqlite://")
    await mine.whatever(1)


asyncio.run(main())
"""

BAD = """
import rawstore

with rawstore.open("minipilot", "sqlite://") as store:
    store.create_user(emial="a@example.com")
    store.get_user_by_email(5)
    store.get_user_by_email("a").id
    store.create_user().nme
    store.bulk_upsert_knowledge_chunks([{"source": "s", "contents": "c"}])
    store.get_usr_by_email("a")
    with store.transaction() as tx:
        tx.no_such_query()
"""
BAD_ASYNC = """
import rawstore


async def main() -> None:
    async with rawstore.open_async("minipilot", "sqlite://") as store:
        await store.create_user(emial="a@example.com")
        store.create_user().name
        (await store.get_user_by_email("a")).id
        await store.get_usr_by_email("a")
        with store.transaction():
            pass
        async with store.transaction() as tx:
            await tx.no_such_query()
    rawstore.open_asynch
"""
MISTAKES_ASYNC = {
    7: '"emial"',
    8: '"Coroutine.*"name"',
    9: 'Item "None"',
    10: '"get_usr_by_email"',
    11: "__enter__",
    14: '"no_such_query"',
    15: '"open_asynch"',
}
MISTAKES = {
    5: '"emial"',
    6: 'incompatible type "int"',
    7: 'Item "None"',
    8: '"nme"',
    9: '"content"',
    10: '"get_usr_by_email"',
    12: '"no_such_query"',
}


def registry(text: str) -> Registry:
    queries = parse(text, Path("shop.sql"), "postgres", "shop")
    return Registry("shop", "postgres", Path(), {query.name: query for query in queries})


def mypy(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "program.py"
    file.write_text(program)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", folder / "cache", file],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_committed_stubs_are_current() -> None:
    result = CliRunner().invoke(command, ["stubs", "--check"])
    assert result.output == ""


def test_a_stale_stub_is_found_and_then_written(tmp_path: Path) -> None:
    stale = tmp_path / "minipilot.pyi"
    stale.write_text("class User: ...\n")
    arguments = ["stubs", "minipilot", "--output", str(stale)]
    found = CliRunner().invoke(command, [*arguments, "--check"], standalone_mode=False)
    assert "not current" in found.output
    assert found.return_value == 6
    assert stale.read_text() == "class User: ...\n"
    CliRunner().invoke(command, arguments)
    assert stale.read_text() == stub(source.find("minipilot").load("postgres"))


@pytest.mark.parametrize("module", [rawstore.store, rawstore.aio.store])
def test_open_is_typed_for_every_shipped_store(module: ModuleType) -> None:
    names = re.findall(r'Literal\["(\w+)"\]', inspect.getsource(module))
    assert sorted(names) == sorted(source.shipped())


def test_rows_to_import_are_the_rows_that_queries_give() -> None:
    from rawstore.stores.minipilot import User

    with rawstore.open("minipilot", "sqlite://") as store:
        store.migrate()
        assert type(store.create_user()) is User


@pytest.mark.parametrize("program", [GOOD, GOOD_ASYNC], ids=["sync", "async"])
def test_a_program_with_right_types_passes_strict_mypy(tmp_path: Path, program: str) -> None:
    checked = mypy(program, tmp_path)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("program", "mistakes"),
    [(BAD, MISTAKES), (BAD_ASYNC, MISTAKES_ASYNC)],
    ids=["sync", "async"],
)
def test_each_mistake_in_a_program_is_found_by_mypy(
    tmp_path: Path, program: str, mistakes: dict[int, str]
) -> None:
    found = mypy(program, tmp_path).stdout
    for line, fragment in mistakes.items():
        assert re.search(rf"program\.py:{line}: error: .*{fragment}", found), found


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("one_row(a int) :one Row", "-> Row | None"),
        ("many_rows(a int) :many Row", "-> list[Row]"),
        ("stream_rows(a int) :stream Row", "-> Stream[Row]"),
        ("stream_rows(a int) :stream Row", "    def stream_rows("),
        ("stream_rows(a int) :stream Row", "-> AsyncStream[Row]"),
        ("one_row(a int) :one Row", "    async def one_row("),
        ("a_value(a int) :scalar bigint?", "-> int | None"),
        ("a_value(a int) :scalar bool", "-> bool"),
        ("a_count(a int) :affected", "-> int"),
        ("nothing(a int) :exec", "-> None"),
        ("loose(a int) :many", "-> list[Any]"),
        ("f(a uuid) :exec", "a: UUID | str,"),
        ("f(a text? = null) :exec", "a: str | None = None,"),
        ("f(a text = 'it''s') :exec", 'a: str = "it\'s",'),
        ("f(a text[] = []) :exec", "a: Sequence[str] = [],"),
        ("f(a vector(3)) :exec", "a: Iterable[float],"),
        ("f(a Row[]) :exec", "a: Sequence[Row],"),
        ("f(a) :exec", "a: Any,"),
    ],
)
def test_a_header_is_told_in_pythons_types(header: str, expected: str) -> None:
    text = f"-- row: Row(id int)\n-- name: {header}\nSELECT :a"
    assert expected in stub(registry(text))


def test_a_query_that_always_inserts_always_gives_a_row() -> None:
    text = "-- row: Row(id int)\n-- name: add(a int) :one Row\n"
    values = "INSERT INTO t (id) VALUES (:a)"
    assert "-> Row:" in stub(registry(f"{text}{values} RETURNING id"))
    nothing = f"{values} ON CONFLICT DO NOTHING RETURNING id"
    assert "-> Row | None:" in stub(registry(f"{text}{nothing}"))


def test_documentation_reaches_the_stub() -> None:
    text = '-- name: f() :exec\n-- Says """this""" and C:\\that.\nSELECT 1'
    assert "Says '''this''' and C:\\\\that." in stub(registry(text))


def test_the_shipped_stub_is_python() -> None:
    compile(stub(source.find("minipilot").load("sqlite")), "minipilot.pyi", "exec")
