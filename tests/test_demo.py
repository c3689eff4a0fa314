"""The demo as a user runs it: `python -m rawstore.demo`, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rawstore
from rawstore.demo.docstrings import SOURCE, read, source_files
from rawstore.demo.ingest import USER
from rawstore.demo.pointread import by_hand
from rawstore.demo.timing import duration, percentile

ROOT = Path(__file__).parents[1]
CALLED = (
    "get_or_create_user_by_external_id",
    "bulk_upsert_knowledge_chunks",
    "create_conversation",
    "search_knowledge_chunks",
    "add_message",
    "get_conversation_message_count",
    "get_user_by_id",
)
MODULE = '''"""What it is for."""
import nowhere

class Shelf:
    """Holds things.

    In order.
    """
    def put(self, thing):
        """Put it."""
    def _move(self):
        """Not for callers."""
    if nowhere:
        def take(self):
            """Take it."""

try:
    def find():
        """Find it."""
except nowhere.Error:
    def find():
        """Find it otherwise."""

def bare(): pass
'''


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "rawstore.demo", *args]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def demo(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args),
        check=False,
        capture_output=True,
        cwd=folder,
        encoding="utf-8",
        env=environment(),
        timeout=120,
    )


@pytest.fixture
def shown(empty_url: str, tmp_path: Path) -> str:
    """What a run on an empty database printed."""
    done = demo(tmp_path, "--url", empty_url, "--limit", "700")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def opened(empty_url: str) -> Iterator[Any]:
    with rawstore.open("minipilot", empty_url) as store:
        yield store


def test_it_shows_each_query_with_calls_median_and_p99(shown: str) -> None:
    rows = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    for name in CALLED:
        pattern = rf"{name} +\d+ +[\d.]+ (µs|ms|s) +[\d.]+ (µs|ms|s)"
        assert re.fullmatch(pattern, rows[name]), rows[name]
    assert re.search(r"By hand \(.+\): [\d.]+ .s\. Ratio \d+\.\d\d\.", shown)
    assert "\x1b" not in shown


def test_it_keeps_questions_and_answers(shown: str, opened: Any) -> None:
    user = opened.get_user_by_external_id(USER)
    (conversation,) = opened.list_conversations_for_user(user.id)
    messages = opened.list_messages_for_conversation(conversation.id)
    assert f"The conversation has {len(messages)} messages." in shown
    assert [m.sender_type for m in messages] == ["user", "assistant"] * (len(messages) // 2)
    answers = [m for m in messages if m.role_metadata and m.role_metadata["knowledge"]]
    assert answers
    for answer in answers:
        best = opened.get_knowledge_chunk_by_id(answer.role_metadata["knowledge"][0])
        assert (best.source, best.content) == (SOURCE, answer.content)


def test_it_runs_again_on_the_same_database(
    shown: str, opened: Any, empty_url: str, tmp_path: Path
) -> None:
    stored = len(opened.list_all_knowledge_chunks(limit=10_000))
    assert f"Read {stored} docstrings" in shown
    again = demo(tmp_path, "--url", empty_url, "--limit", "700")
    assert again.returncode == 0, again.stderr
    assert "Migrated: nothing to do." in again.stdout
    assert len(opened.list_all_knowledge_chunks(limit=10_000)) == stored
    assert len(opened.list_all_conversations()) == 2
    assert len(opened.list_users()) == 1


@pytest.mark.parametrize("table", ["users", "conversations", "knowledge_chunks"])
def test_it_leaves_another_applications_rows_alone(
    table: str, opened: Any, empty_url: str, tmp_path: Path
) -> None:
    opened.migrate()
    if table == "users":
        opened.create_user(name="John Doe")
    elif table == "conversations":
        opened.create_conversation(title="Chat")
    else:
        opened.upsert_knowledge_chunk(source="handbook", content="Read me.")
    done = demo(tmp_path, "--url", empty_url, "--limit", "10")
    assert done.returncode == 3
    assert "holds rows that are not the demo's" in done.stderr
    assert opened.get_user_by_external_id(USER) is None


def test_it_goes_on_where_a_run_was_stopped_while_it_migrated(
    opened: Any, empty_url: str, tmp_path: Path
) -> None:
    opened.migrations.up("0003")
    done = demo(tmp_path, "--url", empty_url, "--limit", "10")
    assert done.returncode == 0, done.stderr
    assert "Migrated: 3 migrations" in done.stdout


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://nobody@127.0.0.1:1/nowhere", 7),
        ("mysql://localhost/test", 3),
        ("sqlite://", 3),
    ],
)
def test_what_fails_is_one_line_and_an_exit_code(url: str, code: int, tmp_path: Path) -> None:
    done = demo(tmp_path, "--url", url)
    assert done.returncode == code
    assert re.fullmatch(r"rawstore: error: [^\n]+\n", done.stderr)


def test_without_a_url_it_makes_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///somebodys.db")
    done = demo(tmp_path, "--limit", "10")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "demo.db").exists()
    assert not (tmp_path / "somebodys.db").exists()


def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-u", *command()[1:]],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with running:
        assert running.stdout is not None
        while "Migrated" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate(timeout=60)
    assert (running.returncode, complaint.strip()) == (130, "")


def test_by_hand_is_the_same_row(store: Any) -> None:
    user = store.create_user(name="John Doe")
    with by_hand(store) as (read_row, _):
        assert read_row(user.id) == tuple(store.get_user_by_id(user.id))


def test_docstrings_are_read_and_not_imported(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(MODULE, encoding="utf-8")
    found = {chunk["external_id"]: chunk for chunk in read(file, Path("far/shop.py"))}
    assert list(found) == [
        "far.shop",
        "far.shop.Shelf",
        "far.shop.Shelf.put",
        "far.shop.Shelf.take",
        "far.shop.find",
    ]
    assert found["far.shop.Shelf"] == {
        "source": SOURCE,
        "external_id": "far.shop.Shelf",
        "title": "Shelf in far.shop",
        "content": "Holds things.\n\nIn order.",
        "chunk_metadata": {"kind": "class", "file": "far/shop.py", "line": 4},
    }
    assert found["far.shop.find"]["content"] == "Find it."


@pytest.mark.parametrize("text", [b"def broken(:", b"\0", b"'''\xff'''"])
def test_a_file_that_cannot_be_read_has_no_docstrings(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_bytes(text)
    assert read(file, Path("broken.py")) == []


def test_a_docstring_becomes_text_that_both_dialects_store(tmp_path: Path, store: Any) -> None:
    file = tmp_path / "odd.py"
    file.write_text("'nul \\0, surrogate \\ud800'", encoding="utf-8")
    (stored,) = store.bulk_upsert_knowledge_chunks(read(file, Path("odd.py")))
    assert stored.content == "nul , surrogate ?"


def test_the_library_has_thousands_of_docstrings_and_each_its_own_name() -> None:
    chunks = [chunk for path, below in source_files() for chunk in read(path, below)]
    assert len(chunks) > 4000
    assert len({chunk["external_id"] for chunk in chunks}) == len(chunks)


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [(850, "0.8 µs"), (37_400, "37.4 µs"), (420_000, "420 µs"), (1_500_000, "1.5 ms")],
)
def test_a_duration_is_shown_in_the_unit_that_suits(nanoseconds: int, shown: str) -> None:
    assert duration(nanoseconds) == shown


def test_p99_is_what_one_call_in_a_hundred_exceeds() -> None:
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.99) == 7
