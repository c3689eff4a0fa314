"""What comes back from a damaged file, and whether what does not is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import rawstore
from rawstore.backup import Recovery, recover
from rawstore.errors import ConfigError
from tests.urls import sqlite_url

PAGE = 4096
Fill = Callable[..., Path]


def fill(path: Path, users: int, messages: int, chunks: int) -> None:
    random = Random(1)
    with rawstore.open("minipilot", sqlite_url(path)) as store:
        store.migrate()
        with store.transaction() as tx:
            for number in range(users):
                user = tx.create_user(email=f"{number}@example.com", name="Zoë" * 5)
                conversation = tx.create_conversation(user_id=user.id, title="T")
                for _ in range(messages):
                    tx.add_message(
                        conversation_id=conversation.id,
                        sender_type="user",
                        content="Hello! " * random.randint(1, 40),
                    )
            for number in range(chunks):
                words = 1500 if number % 20 == 0 else random.randint(1, 60)  # some overflow
                tx.upsert_knowledge_chunk(
                    source="book", external_id=str(number), content="opening hours " * words
                )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    fill(path, users=20, messages=30, chunks=50)
    return path


@pytest.fixture
def damaged(filled: Path, tmp_path: Path) -> Path:
    path = tmp_path / "damaged.db"
    shutil.copyfile(filled, path)
    return path


def rows(path: Path) -> dict[str, set[Any]]:
    """Every row of the tables that a recovery brings back."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        return {
            name: set(connection.execute(f"SELECT * FROM {name}"))
            for name in ("users", "conversations", "messages", "knowledge_chunks")
        }
    finally:
        connection.close()


def share(before: dict[str, set[Any]], after: dict[str, set[Any]]) -> float:
    kept = sum(len(before[name] & after[name]) for name in before)
    return kept / sum(map(len, before.values()))


def recovered(damaged: Path, **options: Any) -> tuple[Recovery, dict[str, set[Any]]]:
    """Recover, and check what holds for each: the file is as it was, the report is true."""
    before = {path: path.read_bytes() for path in damaged.parent.glob("damaged.db*")}
    done = recover(damaged, damaged.with_name("new.db"), **options)
    assert {path: path.read_bytes() for path in damaged.parent.glob("damaged.db*")} == before
    found = rows(done.path)
    assert {table.name: table.saved for table in done.tables} == {
        name: len(each) for name, each in found.items()
    }
    with rawstore.open("minipilot", sqlite_url(done.path)) as store:
        assert {state.state for state in store.migrations.status()} == {"applied"}
        if not options.get("keep_orphans"):
            assert store.backup(damaged.with_name("sound")).manifest.rows == sum(
                map(len, found.values())
            )
    return done, found


def lost_ids(done: Recovery, name: str) -> Callable[[int], bool]:
    """Whether the report says that this row may be missing."""
    (table,) = [table for table in done.tables if table.name == name]

    def told(rowid: int) -> bool:
        return any(
            (first is None or first <= rowid) and (last is None or rowid <= last)
            for first, last in table.lost
        )

    return told


def test_a_whole_file_comes_back_whole(filled: Path, damaged: Path) -> None:
    done, found = recovered(damaged)
    assert found == rows(filled)
    assert done.complete
    assert done.rejected is None
    with rawstore.open("minipilot", sqlite_url(done.path)) as store:
        assert len(store.search_knowledge_chunks("opening", limit=200)) == 50


def test_damaged_pages(filled: Path, damaged: Path) -> None:
    random, before = Random(7), rows(filled)
    data = bytearray(damaged.read_bytes())
    for page in random.sample(range(40, len(data) // PAGE), 5):
        data[page * PAGE : (page + 1) * PAGE] = random.randbytes(PAGE)
    damaged.write_bytes(data)
    done, found = recovered(damaged)
    assert share(before, found) >= 0.9
    assert not done.complete
    for name in ("messages", "knowledge_chunks"):
        told = lost_ids(done, name)
        lost = {row[0] for row in before[name]} - {row[0] for row in found[name]}
        assert [rowid for rowid in lost if not told(rowid)] == []
        assert found[name] <= before[name], "a row that never was"


@pytest.mark.parametrize("size", [pytest.param(100, marks=pytest.mark.slow), PAGE])
def test_the_beginning_is_destroyed(filled: Path, damaged: Path, size: int) -> None:
    data = damaged.read_bytes()
    damaged.write_bytes(Random(3).randbytes(size) + data[size:])
    done, found = recovered(damaged, store="minipilot")
    assert share(rows(filled), found) >= 0.9
    if size == PAGE:
        assert "the file's own schema is damaged; the migrations' was used" in done.notes


@pytest.mark.slow
def test_the_last_third_is_missing(filled: Path, damaged: Path) -> None:
    before = rows(filled)
    data = damaged.read_bytes()
    damaged.write_bytes(data[: len(data) * 2 // 3 + 100])
    done, found = recovered(damaged)
    assert found["users"] == before["users"]
    told = lost_ids(done, "messages")
    lost = {row[0] for row in before["messages"]} - {row[0] for row in found["messages"]}
    assert [rowid for rowid in lost if not told(rowid)] == []
    assert len(before["messages"] & found["messages"]) >= 0.5 * len(before["messages"])


@pytest.mark.slow
def test_flipped_bits(filled: Path, damaged: Path) -> None:
    random, before = Random(5), rows(filled)
    data = bytearray(damaged.read_bytes())
    for _ in range(20):
        data[random.randrange(PAGE, len(data))] ^= 1 << random.randrange(8)
    damaged.write_bytes(data)
    _, found = recovered(damaged, keep_orphans=True)
    assert share(before, found) >= 0.9


def test_what_the_log_holds_comes_back(filled: Path, damaged: Path) -> None:
    """A process was killed: the newest rows are in the write-ahead log alone."""
    with rawstore.open("minipilot", sqlite_url(damaged)) as store:
        store.create_user(email="late@example.com", name="Late")
        live = Path(f"{damaged}-wal")
        log, main = live.read_bytes(), damaged.read_bytes()
    assert log
    damaged.write_bytes(main)
    torn = log + Random(1).randbytes(5000)
    live.write_bytes(torn)
    done, found = recovered(damaged)
    assert len(found["users"]) == len(rows(filled)["users"]) + 1
    assert any("write-ahead log" in note for note in done.notes)


@pytest.mark.slow
def test_deleted_rows_do_not_come_back(damaged: Path) -> None:
    with rawstore.open("minipilot", sqlite_url(damaged)) as store:
        for user in store.list_users(limit=10):
            store.delete_user(user.id)
    before = rows(damaged)
    data = bytearray(damaged.read_bytes())
    connection = sqlite3.connect(damaged)
    (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'")
    connection.close()
    data[(root[0] - 1) * PAGE : root[0] * PAGE] = bytes(PAGE)
    damaged.write_bytes(data)
    _, found = recovered(damaged)
    assert found["messages"] <= before["messages"]
    assert len(found["messages"]) >= 0.9 * len(before["messages"])


def test_rows_whose_parent_is_lost_are_kept_apart(damaged: Path) -> None:
    connection = sqlite3.connect(damaged)
    connection.execute("DELETE FROM users WHERE email = '3@example.com'")
    connection.commit()
    connection.close()
    done, _ = recovered(damaged)
    orphans = {table.name: table.orphans for table in done.tables}
    assert orphans == {"users": 0, "conversations": 1, "messages": 30, "knowledge_chunks": 0}
    assert done.rejected == damaged.with_name("new.db.rejected.jsonl")
    kept = [json.loads(line) for line in done.rejected.read_text().splitlines()]
    assert len(kept) == 31
    assert {each["why"] for each in kept} == {
        "its row of users is lost",
        "its row of conversations is lost",
    }
    assert not done.complete


@pytest.mark.slow
def test_an_older_file_is_recovered_at_its_own_schema(damaged: Path) -> None:
    with rawstore.open("minipilot", sqlite_url(damaged)) as store:
        store.migrations.down()
        applied = [each.id for each in store.migrations.status() if each.state == "applied"]
    done = recover(damaged, damaged.with_name("new.db"), "minipilot")
    with rawstore.open("minipilot", sqlite_url(done.path)) as store:
        states = store.migrations.status()
    assert [each.id for each in states if each.state == "applied"] == applied
    assert sum(table.saved for table in done.tables) == 20 + 20 + 600 + 50


def test_what_cannot_be_begun_is_refused(damaged: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="exists: recover into a new file"):
        recover(damaged, damaged)
    with pytest.raises(ConfigError, match="is no file"):
        recover(tmp_path / "absent.db", tmp_path / "new.db")
    damaged.write_bytes(Random(1).randbytes(50_000))
    with pytest.raises(ConfigError, match="give its store"):
        recover(damaged, tmp_path / "new.db")
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.db"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_any_damage_ends_in_a_sound_file(damaged: Path, seed: int) -> None:
    """Whatever is wrong, the new file is sound, and the old one as it was."""
    random = Random(seed)
    data = bytearray(damaged.read_bytes())
    for _ in range(random.choice([1, 10, 100, 1000])):
        at, size = random.randrange(len(data)), random.choice([1, 8, 64, PAGE])
        data[at : at + size] = random.randbytes(len(data[at : at + size]))
    damaged.write_bytes(data[: random.choice([len(data), random.randrange(len(data))])])
    recovered(damaged, store="minipilot")
