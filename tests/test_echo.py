"""`echo=on`: a line of log for each statement, with no value in it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rawstore
from rawstore.errors import UniqueViolation
from tests.urls import with_options

CANARY = "kanarienvogel"
ROOT = Path(__file__).parents[1]


@pytest.fixture
def echoed(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """A function: the lines that came since its last call, their times cut out."""
    caplog.set_level(logging.INFO, "rawstore.echo")

    def lines() -> list[str]:
        found = [r.getMessage() for r in caplog.records if r.name == "rawstore.echo"]
        caplog.clear()
        assert CANARY not in "".join(found)
        return found

    return lines


@pytest.fixture
def chat(url: str, _open: Callable[[str | Path, str], Any]) -> Any:
    return _open("minipilot", with_options(url, echo="on"))


def heads(lines: list[str]) -> list[tuple[str, str]]:
    """Of each line the query's name, and its rows or error."""
    parts = [line.split(": ", 3) for line in lines]
    assert all(time.partition(", ")[0].endswith(" ms") for _, time, *_ in parts)
    return [(name, f"{time.partition(', ')[2]}") for name, time, *_ in parts]


@pytest.mark.parametrize("colour", ["sync", "async"], indirect=True)
def test_each_statement_is_echoed(chat: Any, echoed: Callable[[], list[str]]) -> None:
    user = chat.create_user(email=CANARY)
    (line,) = echoed()
    assert line.startswith("minipilot.create_user: ")
    assert "rows 1: /* minipilot.create_user */ INSERT INTO" in line.replace("\n", " ")

    chat.get_user_by_email(f"{CANARY} too")
    with pytest.raises(UniqueViolation):
        chat.create_user(email=CANARY)
    assert heads(echoed()) == [
        ("minipilot.get_user_by_email", "rows 0"),
        ("minipilot.create_user", "UniqueViolation"),
    ]
    with chat.transaction() as tx:
        talk = tx.create_conversation(user_id=user.id, title=CANARY)
        with tx.transaction() as inner:
            inner.add_message(talk.id, "user", CANARY)
    with chat.session() as session:
        session.list_messages_for_conversation(talk.id)
    with chat.batch() as batch:
        batch.get_user_by_id(user.id)
        batch.get_conversation_message_count(talk.id)
    assert heads(echoed()) == [
        ("minipilot.create_conversation", "rows 1"),
        ("minipilot.add_message", "rows 1"),
        ("minipilot.list_messages_for_conversation", "rows 1"),
        ("minipilot.get_user_by_id", "rows 1"),
        ("minipilot.get_conversation_message_count", "rows 1"),
    ]


QUERIES = """
-- name: make() :script
CREATE TABLE words (word text NOT NULL);

-- name: put(word text) :batch
INSERT INTO words (word) VALUES (:word);

-- name: words() :stream
SELECT word
FROM words;

-- name: put_one(word text) :exec
INSERT INTO words (word)
VALUES (:word);
"""


@pytest.mark.parametrize("colour", ["sync", "async"], indirect=True)
def test_scripts_batches_and_streams(open_folder: Any, echoed: Callable[[], list[str]]) -> None:
    shop = open_folder({"words.sql": QUERIES}, echo="on")
    shop.make()
    shop.put([{"word": f"{CANARY} {number}"} for number in range(3)])
    shop.put_one(CANARY)
    with shop.words() as words:
        assert len(list(words)) == 4
    assert heads(echoed()) == [
        ("shop.make", "done"),
        ("shop.put", "rows 3"),
        ("shop.put_one", "done"),
        ("shop.words", "rows 4"),
    ]


@pytest.mark.parametrize("echo", ["off", "on"])
def test_it_is_off_unless_asked_for(echo: str, url: str, echoed: Callable[[], list[str]]) -> None:
    with rawstore.open("minipilot", with_options(url, echo=echo)) as store:
        store.list_users()
    assert len(echoed()) == (echo == "on")


def test_by_variable(
    url: str, echoed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_ECHO", "true")
    with rawstore.open("minipilot", url) as store:
        store.list_users()
    assert len(echoed()) == 1


def echoed_lines(*command: str, setup: str = "pass") -> int:
    """Count the lines that a process of its own writes to stderr, which has one call."""
    program = (
        f"import logging, rawstore\n{setup}\n"
        "with rawstore.open('minipilot', 'sqlite://?echo=on') as store:\n"
        "    try: store.list_users()\n    except rawstore.errors.DatabaseError: pass\n"
    )
    done = subprocess.run(
        [sys.executable, *(command or ("-c", program))],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    )
    return done.stderr.count("minipilot.list_users: ")


@pytest.mark.parametrize(
    ("setup", "lines"),
    [
        ("pass", 1),
        pytest.param("logging.basicConfig()", 1, marks=pytest.mark.slow),
        ("logging.getLogger('rawstore.echo').setLevel('WARNING')", 0),
    ],
)
def test_it_is_seen_where_no_logging_is_set_up(setup: str, lines: int) -> None:
    assert echoed_lines(setup=setup) == lines


@pytest.mark.parametrize("verbose", [pytest.param([], marks=pytest.mark.slow), ["-v"]])
def test_the_command_line_shows_it_on_stderr(verbose: list[str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db?echo=on"
    with rawstore.open("minipilot", url) as store:
        store.migrate()
    command = ("-m", "rawstore", *verbose, "run", "minipilot", "list_users", "--url", url)
    assert echoed_lines(*command) == 1
