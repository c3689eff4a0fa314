"""Rows from JSON: what is wrong is told by file, line and column, and nothing is half taken."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import rawstore
from rawstore.errors import ConfigError, ParameterError, UndefinedObject
from rawstore.transfer.problems import RowsRefused
from tests.conftest import OpenFolder
from tests.transfer.test_export import digests

ROOT = Path(__file__).parents[2]
NOWHERE = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def talk(store: Any) -> UUID:
    """A conversation for messages to be in."""
    found: UUID = store.create_conversation(title="talk").id
    return found


@pytest.fixture
def problems(
    store: Any, talk: UUID, tmp_path: Path
) -> Iterator[Callable[[str | bytes], list[str]]]:
    """Import rows of messages, all of them wrong; what is told of each, behind the file's name.

    TALK stands for the conversation, GOOD for all that a row must have.
    """

    def told(text: str | bytes) -> list[str]:
        data = text.encode() if isinstance(text, str) else text
        good = f'"conversation_id": "{talk}", "sender_type": "user", "content": "x"'.encode()
        file = tmp_path / "messages.jsonl"
        file.write_bytes(data.replace(b"GOOD", good).replace(b"TALK", str(talk).encode()))
        with pytest.raises(RowsRefused) as raised:
            store.import_(file)
        assert all(problem.table == "messages" for problem in raised.value.problems)
        lines = str(raised.value).splitlines()[1:]
        assert all(line.startswith(f"  {file}:") for line in lines)
        return [line.removeprefix(f"  {file}:") for line in lines]

    before = digests(store)
    yield told
    assert digests(store) == before


WRONG_VALUES = [
    ('"contents": "y"', "column 'contents': 'messages' has no such column; "
                        "did you mean content?"),
    ('"zzz": 1', "column 'zzz': 'messages' has no such column; there are id, conversation_id, "
                 "sender_type, content, role_metadata, created_at, updated_at"),
    ('"id": "secret"', "column 'id': expected a UUID such as "
                       "123e4567-e89b-12d3-a456-426614174000"),
    ('"id": 5', "column 'id': expected a UUID such as 123e4567-e89b-12d3-a456-426614174000"),
    ('"id": null', "column 'id': expected a value, got null"),
    ('"created_at": "2026-01-31T12:00:00"',
     "column 'created_at': expected a moment with its time zone and at most six decimals, "
     "such as 2026-01-31T12:00:00.123456Z"),
    ('"created_at": "2026-01-31T12:00:00.1234567Z"',
     "column 'created_at': expected a moment with its time zone and at most six decimals, "
     "such as 2026-01-31T12:00:00.123456Z"),
    ('"created_at": "2026-02-30T12:00:00Z"',
     "column 'created_at': expected a moment with its time zone and at most six decimals, "
     "such as 2026-01-31T12:00:00.123456Z"),
    ('"created_at": "0001-01-01T00:00:00+01:00"',
     "column 'created_at': expected a datetime within the years 1 to 9999 in UTC"),
    ('"created_at": 1767225600', "column 'created_at': expected a moment as a string, "
                                 "got a number"),
    ('"role_metadata": {"a": "x\\u0000"}',
     "column 'role_metadata': expected JSON without NUL characters (at a)"),
    ('"role_metadata": {"a": 1e999}',
     "column 'role_metadata': expected JSON without NaN or infinity (at a)"),
    ('"role_metadata": {"a": 1, "a": 2}', "'a' stands twice in one object"),
    ('"role_metadata": NaN', 'expected JSON, which has no NaN; write "NaN" in quotes'),
    ('"content": "again"', "'content' stands twice in one object"),
]  # fmt: skip


def test_values_that_cannot_be_taken(problems: Callable[[str | bytes], list[str]]) -> None:
    for row, expected in WRONG_VALUES:
        assert problems(f"{{GOOD}}\n\n{{GOOD, {row}}}\n{{GOOD}}\n") == [f"3: {expected}"]


WRONG_TEXTS = [
    (b"7", "column 'content': expected text as a string, got a number"),
    (b"1.5", "column 'content': expected text as a string, got a fraction"),
    (b"true", "column 'content': expected text as a string, got a truth value"),
    (b'["secret"]', "column 'content': expected text as a string, got a list"),
    (b'{"secret": 1}', "column 'content': expected text as a string, got an object"),
    (b"null", "column 'content': expected a value, got null"),
    (b'"secret\\u0000"', "column 'content': expected text without NUL characters"),
    (b'"\\ud800"', "column 'content': expected text without lone surrogates"),
    (b'"\xff"', "96: expected UTF-8"),
    (b'"secret', "95: the file ends within a row"),
    (b"'secret'", "95: not JSON: expecting value"),
]


def test_texts_that_cannot_be_taken(problems: Callable[[str | bytes], list[str]]) -> None:
    for content, expected in WRONG_TEXTS:
        cut = content == b'"secret'
        row = b'{"conversation_id": "TALK", "sender_type": "user", "content": '
        (told,) = problems(b"{GOOD}\n" + row + content + (b"" if cut else b"}\n"))
        assert told == f"2:{'' if expected[0].isdigit() else ' '}{expected}"
        assert "secret" not in told


def test_what_the_database_refuses(problems: Callable[[str | bytes], list[str]]) -> None:
    sender = '"sender_type": "secret", "content": "x"'
    told = problems(
        f'[{{GOOD}},\n {{"conversation_id": "TALK", {sender}}},\n\n'
        f'  {{GOOD, "id": "{NOWHERE}"}}, {{GOOD, "id": "{NOWHERE}"}},\n'
        f'{{"conversation_id": "{NOWHERE}", "sender_type": "user", "content": "secret"}}]'
    )
    assert [each.split(" (")[0] for each in told] == [
        "2:2: a value that the table does not allow",
        "4:149: a row with this key is there already, or stands above",
        "5:1: refers to a row that is not there",
    ]
    assert "messages_sender_type_check" in told[0]


def test_columns_are_found_in_their_lines(problems: Callable[[str | bytes], list[str]]) -> None:
    told = problems(
        '[\n  {\n    GOOD,\n    "id":\n      5,\n  "nosuch": 1\n  },\n {}, {"id": "x"}]'
    )
    assert [each.partition(": ")[0] for each in told] == [
        "4:5", "6:3", "8:2", *["8:6"] * 3, "8:7",
    ]  # fmt: skip
    assert told[2] == "8:2: expected at least one column"
    assert told[3] == "8:6: column 'conversation_id': expected a value, and there is none"


def test_the_first_twenty(store: Any, talk: UUID, tmp_path: Path) -> None:
    row = {"conversation_id": str(talk), "sender_type": "user", "content": "x"}
    wrong = [{**row, "sender_type": "robot"}, {**row, "content": None}]
    for bad in wrong:
        lines = [row, bad] * 25
        (tmp_path / "messages.jsonl").write_text("\n".join(map(json.dumps, lines)))
        with pytest.raises(RowsRefused, match="the first 20 problems") as raised:
            store.import_(tmp_path)
        assert [problem.place.line for problem in raised.value.problems] == list(range(2, 42, 2))
        again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own
        assert (str(again), again.more) == (str(raised.value), True)
        assert isinstance(again, ParameterError)


def test_files_behind_a_bad_one_are_read_too(store: Any, tmp_path: Path) -> None:
    (tmp_path / "users.jsonl").write_text('{"email": "a@example.com"}\n{"email": 1}\n')
    (tmp_path / "conversations.jsonl").write_text(
        f'{{"user_id": "{NOWHERE}"}}\n{{"status": false}}\n'
    )
    with pytest.raises(RowsRefused) as raised:
        store.import_(tmp_path)
    found = [(Path(p.file).name, p.place.line, p.column) for p in raised.value.problems]
    assert found == [("users.jsonl", 2, "email"), ("conversations.jsonl", 2, "status")]
    assert store.list_users() == []


def test_defaults_are_filled_in(store: Any, tmp_path: Path) -> None:
    file = tmp_path / "users.jsonl"
    given = str(uuid4())
    rows = [{"email": "a"}, {"id": given, "email": "b"}, {"name": "c"}, {"email": "d"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert store.import_(file) == [("users", 4, 0)]
    users = {user.email: user for user in store.list_users()}
    assert str(users["b"].id) == given
    assert users[None].name == "c"
    assert len({user.id for user in users.values()}) == 4
    assert all(user.created_at <= user.updated_at for user in users.values())


def test_a_service_answers(store: Any) -> None:
    body = b'\xef\xbb\xbf{"users": [\r\n  {"name": "Ann"},\r\n  {"name": "Bob"}\r\n]}'
    assert store.import_(io.BytesIO(body), table="users") == [("users", 2, 0)]
    assert store.import_(io.BytesIO(b"[]"), table="users") == [("users", 0, 0)]
    assert store.import_(io.BytesIO(b""), table="users") == [("users", 0, 0)]
    with pytest.raises(ConfigError, match="give table"):
        store.import_(io.BytesIO(body))


def test_keys_that_are_taken(store: Any, tmp_path: Path) -> None:
    ann = store.create_user(email="ann@example.com", name="Ann")
    file = tmp_path / "users.jsonl"
    file.write_text(
        '{"email": "bob@example.com"}\n{"email": "ann@example.com", "name": "other"}\n'
        f'{{"id": "{ann.id}"}}\n{{"email": "bob@example.com"}}\n'
    )
    with pytest.raises(RowsRefused) as raised:
        store.import_(file)
    assert [problem.place.line for problem in raised.value.problems] == [2, 3, 4]
    assert store.import_(file, on_conflict="skip") == [("users", 1, 3)]
    assert sorted((user.email, user.name) for user in store.list_users()) == [
        ("ann@example.com", "Ann"), ("bob@example.com", None),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="known are refuse, skip"):
        store.import_(file, on_conflict="replace")


def test_a_dry_run_tries_everything(store: Any, tmp_path: Path) -> None:
    file = tmp_path / "users.jsonl"
    file.write_text('{"email": "a"}\n')
    assert store.import_(file, dry_run=True) == [("users", 1, 0)]
    assert store.list_users() == []
    file.write_text('{"email": "a"}\n{"email": "a"}\n')
    with pytest.raises(RowsRefused):
        store.import_(file, dry_run=True)


@pytest.fixture
def units(empty_url: str) -> Any:
    with rawstore.open("contextpilot", empty_url) as store:
        store.migrate()
        yield store


def unit(id: str, superseded_by: str | None = None) -> str:
    row = {"id": id, "source_type": "file", "name": "n", "content": "c", "embedding": [0.5, -1]}
    return json.dumps({**row, "superseded_by": superseded_by} if superseded_by else row)


def test_rows_that_refer_to_rows_further_on(units: Any, tmp_path: Path) -> None:
    file = tmp_path / "context_units.jsonl"
    chain = [unit(f"{n}", f"{n + 1}") for n in range(20)]
    file.write_text("\n".join([*chain, unit("20")]))
    assert units.import_(file) == [("context_units", 21, 0)]
    assert units.get_context("7").superseded_by == "8"
    assert units.get_context("7").embedding == [0.5, -1.0]
    more = [unit("a", "b"), unit("b", "nosuch"), unit("c", "d"), unit("d", "7"), unit("e", "e")]
    file.write_text("\n".join(more))
    with pytest.raises(RowsRefused) as raised:
        units.import_(file)
    found = [(problem.place.line, problem.reason[:25]) for problem in raised.value.problems]
    assert (2, "refers to a row that is no") in [(line, f"{said}o"[:26]) for line, said in found]
    assert 5 in [line for line, _ in found]
    assert not {3, 4} & {line for line, _ in found}
    assert units.count_contexts(include_superseded=True) == 21


def test_ids_go_on_behind_the_highest(units: Any, tmp_path: Path) -> None:
    talk = units.create_conversation("t", "p", "m").id
    last = [units.add_message(talk, "user", "x").id for _ in range(5)][-1]
    file = tmp_path / "messages.jsonl"
    row = {"conversation_id": talk, "role": "user", "content": "x"}
    file.write_text(json.dumps({**row, "id": 100}))
    units.import_(file)
    assert units.add_message(talk, "user", "x").id == 101
    file.write_text(json.dumps({**row, "id": last + 1}))
    units.import_(file)
    assert units.add_message(talk, "user", "x").id == 102
    file.write_text(f"{json.dumps(row)}\n{json.dumps(row)}")
    units.import_(file)
    assert [message.id for message in units.list_messages(talk)][-2:] == [103, 104]


WRONG_NUMBERS = [
    ("tokens", 2**31, "expected an int of 32 bits"),
    ("tokens", 1.0, "expected a whole number, got a fraction"),
    ("tokens", True, "expected a whole number, got a truth value"),
    ("tokens", "1", "expected a whole number, got a string"),
    ("id", 2**63, "expected an int of 64 bits"),
]


def test_numbers_that_cannot_be_taken(units: Any, tmp_path: Path) -> None:
    row = {"conversation_id": "c", "role": "user", "content": "x"}
    wrong = [{**row, column: value} for column, value, _ in WRONG_NUMBERS]
    (tmp_path / "messages.json").write_text(json.dumps(wrong))
    with pytest.raises(RowsRefused) as raised:
        units.import_(tmp_path)
    found = [(problem.column, problem.reason) for problem in raised.value.problems]
    assert found == [(column, expected) for column, _, expected in WRONG_NUMBERS]


def test_names_that_need_quotes(open_folder: OpenFolder, dialect: str, tmp_path: Path) -> None:
    schema = "shop." if dialect == "postgres" else ""
    table = f'{schema}"odd ""table"" %s"'
    made = f"""
CREATE TABLE {table} (
    "id" integer PRIMARY KEY, "code" text UNIQUE, "a ""b"" %s {{}} $$" text, "place" text
)"""
    queries = {"odd.sql": "-- name: one() :scalar int\nSELECT 1;\n"}
    store: Any = open_folder(queries, {"0001_create_odd.sql": made})
    store.migrate()
    file = tmp_path / 'odd "table" %25s.jsonl'
    row = {"id": 1, "code": "k", 'a "b" %s {} $$': "x'; --", "place": "p"}
    file.write_text(json.dumps(row))
    assert store.import_(file) == [('odd "table" %s', 1, 0)]
    with pytest.raises(RowsRefused, match="with this key"):
        store.import_(file)
    (tmp_path / "out").mkdir()
    store.export(tmp_path / "out")
    (written,) = (tmp_path / "out").iterdir()
    assert json.loads(written.read_text()) == row


def test_which_files(store: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no rows"):
        store.import_(tmp_path)
    (tmp_path / "notes.txt").write_text("not for us")
    (tmp_path / ".hidden.jsonl").write_text('{"name": "nor this"}')
    (tmp_path / "users.jsonl").write_text('{"name": "a"}')
    assert store.import_(tmp_path) == [("users", 1, 0)]
    hidden = tmp_path / ".hidden.jsonl"
    assert store.import_(hidden, table="users", dry_run=True) == [("users", 1, 0)]
    with pytest.raises(ConfigError, match="holds no rows of messages"):
        store.import_(tmp_path, table="messages")
    (tmp_path / "users.json").write_text("[]")
    with pytest.raises(ConfigError, match="are for one table"):
        store.import_(tmp_path)
    (tmp_path / "user.json").write_text("[]")
    with pytest.raises(ConfigError, match="no table 'user': did you mean users"):
        store.import_(tmp_path / "user.json")
    with pytest.raises(FileNotFoundError):
        store.import_(tmp_path / "nosuch" / "users.jsonl")


def test_before_the_migrations(empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "users.jsonl").write_text("{}")
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).touch()
    with (
        rawstore.open("minipilot", empty_url) as store,
        pytest.raises(UndefinedObject, match="migrate up"),
    ):
        store.import_(tmp_path)


@pytest.mark.slow
def test_a_kill_leaves_the_target_as_it_was(store: Any, tmp_path: Path, url: str) -> None:
    store.create_user(email="here@example.com")
    rows = "\n".join(f'{{"email": "{number}"}}' for number in range(5000))
    (tmp_path / "users.jsonl").write_text(rows)
    before = digests(store)
    kill = (
        "import os, signal, rawstore\n"
        "def kill(what, done, total):\n"
        "    if done > total // 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"rawstore.open('minipilot', {url!r}).import_({str(tmp_path)!r}, on_progress=kill)"
    )
    ended = subprocess.run([sys.executable, "-c", kill], check=False, cwd=ROOT, env=os.environ)
    assert ended.returncode == -signal.SIGKILL
    assert digests(store) == before
    assert store.import_(tmp_path / "users.jsonl") == [("users", 5000, 0)]


def test_in_the_other_colour(tmp_path: Path) -> None:
    (tmp_path / "users.jsonl").write_text('{"name": "Ann"}')

    async def there_and_back() -> None:
        async with rawstore.open_async("minipilot", "sqlite://") as store:
            await store.migrate()
            assert await store.import_(tmp_path) == [("users", 1, 0)]
            with pytest.raises(RowsRefused):
                await store.import_(io.BytesIO(b'{"nam": 1}'), table="users")
            assert ("users", 1) in await store.export(tmp_path / "out")

    asyncio.run(there_and_back())
    assert json.loads((tmp_path / "out" / "users.jsonl").read_bytes())["name"] == "Ann"


MEASURED = """
import sys, rawstore
def peak():  # not ru_maxrss, which begins with that of the process that started this one
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
with rawstore.open("minipilot", sys.argv[1]) as store:
    store.import_(sys.argv[2] + "/small.json", table="messages")
    before = peak()
    store.import_(sys.argv[2] + "/large.json", table="messages")
    store.export(sys.argv[2] + "/out")
    print(before, peak())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_bounded(store: Any, talk: UUID, tmp_path: Path, url: str) -> None:
    """100 MB of rows in one line, in and out."""
    row = json.dumps({"conversation_id": str(talk), "sender_type": "user", "content": "x" * 400})
    (tmp_path / "small.json").write_text(f"[{','.join([row] * 5_000)}]")
    (tmp_path / "large.json").write_text(f"[{','.join([row] * 200_000)}]")
    assert (tmp_path / "large.json").stat().st_size > 95_000_000
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, url, str(tmp_path)],
        check=True,
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
    )
    before, after = map(int, measured.stdout.split())
    assert after - before < 90 * 1024  # SQLite keeps 64 MiB of its pages
    lines = (tmp_path / "out" / "messages.jsonl").read_bytes().count(b"\n")
    assert lines == 205_000
