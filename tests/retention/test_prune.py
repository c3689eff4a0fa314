"""What prune deletes of each store, and what it leaves alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

import rawstore
from rawstore.errors import ConfigError, SerializationFailure
from tests.conftest import OpenFolder

from .conftest import LONG_AGO, Raw

Opened = Callable[[str], Any]


def counts(done: Any) -> dict[str, tuple[int, int | None, int | None]]:
    return {each.table: (each.before, each.deleted, each.after) for each in done.tables}


def test_minipilot_loses_conversations_that_are_over(opened: Opened, raw: Raw) -> None:
    store = opened("minipilot")
    user = store.create_user(email="ann@example.com")
    over = store.create_conversation(user.id, title="over")
    empty = store.create_conversation(user.id, title="empty")
    going_on = store.create_conversation(user.id, title="going on")
    changed = store.create_conversation(user.id, title="changed")
    for conversation in (over, going_on, changed):
        for _ in range(3):
            store.add_message(conversation.id, "user", "old")
    raw(store, f"UPDATE messages SET created_at = '{LONG_AGO}'")
    raw(store, f"UPDATE conversations SET created_at = '{LONG_AGO}'")
    raw(store, f"UPDATE conversations SET updated_at = '{LONG_AGO}' WHERE title <> 'changed'")
    new = store.add_message(going_on.id, "user", "new")
    chunk = store.upsert_knowledge_chunk("docs", "text")

    would = store.prune("30d", dry_run=True)
    assert counts(would) == {"conversations": (4, 2, None), "messages": (10, 3, None)}
    assert store.get_conversation_message_count(over.id) == 3
    done = store.prune("30d", batch=2)
    assert done.finished
    assert done.deleted == 5
    assert counts(done) == {"conversations": (4, 2, 2), "messages": (10, 3, 7)}
    assert store.get_conversation_by_id(over.id) is None
    assert store.get_conversation_by_id(empty.id) is None
    assert store.get_conversation_message_count(going_on.id) == 4
    assert store.get_message_by_id(new.id) == new
    assert store.get_conversation_message_count(changed.id) == 3
    assert store.list_users() == [user]
    assert store.list_all_knowledge_chunks() == [chunk]
    assert store.prune("30d").deleted == 0


def test_duiliocode_loses_messages_and_metrics(opened: Opened, raw: Raw) -> None:
    store = opened("duiliocode")
    preference = store.set_preference("ann", "theme", "dark")
    for number in range(7):
        store.save_message("ann", "s", "user", f"lamp {number}")
        store.save_metric("op", 1.0)
    for table in ("conversation_history", "system_metrics"):
        raw(store, f"UPDATE {table} SET created_at = '{LONG_AGO}' WHERE id <= 5")
    done = store.prune(before="2021-01-01", batch=2, pause=0)
    assert counts(done) == {"conversation_history": (7, 5, 2), "system_metrics": (7, 5, 2)}
    assert [row.content for row in store.search_history("ann", "lamp")] == ["lamp 6", "lamp 5"]
    assert store.list_preferences("ann") == [preference]


def test_omnimemory_loses_operations_and_then_their_sessions(opened: Opened, raw: Raw) -> None:
    store = opened("omnimemory")
    ended, open_, late = (store.start_session(tool) for tool in ("ended", "open", "late"))
    for session in (ended, open_, late):
        for _ in range(3):
            store.record_operation(session.session_id, "read", "full", 10, 5, 5, 1.0, "tool")
    for session in (ended, late):
        store.end_session(session.session_id)
    raw(store, f"UPDATE tool_operations SET created_at = '{LONG_AGO}'")
    stamps = ", ".join(f"{name} = '{LONG_AGO}'" for name in ("started_at", "last_activity"))
    raw(store, f"UPDATE tool_sessions SET {stamps}")
    raw(store, f"UPDATE tool_sessions SET ended_at = '{LONG_AGO}' WHERE tool_id <> 'open'")
    store.record_operation(late.session_id, "read", "full", 10, 5, 5, 1.0, "tool")
    done = store.prune("30d", batch=2)
    assert counts(done) == {"tool_sessions": (3, 1, 2), "tool_operations": (10, 9, 1)}
    assert store.get_session(ended.session_id) is None
    assert store.get_session(open_.session_id).tokens_saved == 15
    assert len(store.list_session_operations(late.session_id)) == 1


def test_contextpilot_loses_superseded_units_in_an_order_that_their_references_allow(
    opened: Opened, raw: Raw
) -> None:
    store = opened("contextpilot")
    chain = [store.add_context("file", "a", f"v{number}", id=f"a{number}") for number in range(6)]
    for older, newer in pairwise(chain):
        store.supersede_context(older.id, newer.id)
    # One that is recent supersedes to an old one, which must stay with all that come behind it.
    for number in range(3):
        store.add_context("file", "b", "text", id=f"b{number}")
    store.supersede_context("b0", "b1")
    store.supersede_context("b1", "b2")
    raw(store, f"UPDATE context_units SET updated_at = '{LONG_AGO}' WHERE id <> 'b0'")
    done = store.prune("30d", batch=2)
    assert counts(done)["context_units"] == (9, 5, 4)
    assert [unit.id for unit in store.list_contexts(include_superseded=True)] == [
        "b2",
        "b1",
        "b0",
        "a5",
    ]
    raw(store, f"UPDATE context_units SET updated_at = '{LONG_AGO}'")
    assert store.prune("30d").deleted == 2
    assert [unit.id for unit in store.list_contexts(include_superseded=True)] == ["b2", "a5"]


def test_contextpilot_loses_conversations_by_their_last_message(opened: Opened, raw: Raw) -> None:
    store = opened("contextpilot")
    over, going_on = (store.create_conversation(task, "p", "m") for task in ("over", "going on"))
    for conversation in (over, going_on):
        store.add_message(conversation.id, "user", "old")
    raw(store, f"UPDATE messages SET timestamp = '{LONG_AGO}'")
    raw(store, f"UPDATE conversations SET created_at = '{LONG_AGO}'")
    store.add_message(going_on.id, "user", "new")
    done = store.prune("30d")
    assert counts(done)["conversations"] == (2, 1, 1)
    assert counts(done)["messages"] == (3, 1, 2)
    assert [each.task for each in store.list_conversations()] == ["going on"]


def test_collections_loses_old_versions_of_one_tenant(opened: Opened, raw: Raw) -> None:
    store = opened("collections")
    for user in ("ann", "bob"):
        for item in ("x", "y"):
            store.create_item(item, f"{item}.jpg", f"/{item}.jpg", user)
            for version in range(1, 4 if item == "x" else 2):
                key = f"{item}{version}"
                store.create_analysis(key, item, user, {"category": key, "summary": f"lamp {key}"})
                store.create_embedding(item, key, user, [1.0] * 1024, "m")
    raw(store, f"UPDATE analyses SET created_at = '{LONG_AGO}' WHERE version < 3")
    with pytest.raises(ConfigError, match="one user_id at a time"):
        store.prune("30d")
    assert counts(store.prune("30d", subject="ann", dry_run=True))["analyses"] == (8, 1, None)
    done = store.prune("30d", subject="ann", batch=1)
    # x2 was the latest until a moment ago; x1 has not been for long.
    assert counts(done) == {"analyses": (8, 1, 7), "embeddings": (8, None, 7)}
    assert [each.version for each in store.list_analyses("x", "ann")] == [3, 2]
    assert [each.version for each in store.list_analyses("x", "bob")] == [3, 2, 1]
    assert [each.version for each in store.list_analyses("y", "ann")] == [1]
    assert store.list_items("ann", category="x3")[0].version == 3
    raw(store, f"UPDATE analyses SET created_at = '{LONG_AGO}'")
    assert store.prune("30d", subject="ann").deleted == 1
    assert [each.version for each in store.list_analyses("x", "ann")] == [3]


THINGS = {
    "things.sql": """
-- name: delete_things_before(cutoff timestamptz, limit int = 100) :affected
-- prune: things, by at
DELETE FROM things
WHERE id IN (SELECT old.id FROM things AS old WHERE old.at < :cutoff ORDER BY old.id LIMIT :limit);
"""
}
SCHEMA = {
    "0001_create_things.sql": """
CREATE TABLE things (id integer NOT NULL PRIMARY KEY, at {time} NOT NULL);
INSERT INTO things (id, at)
WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 1000)
SELECT id, '2020-01-01T00:00:00.000000Z' FROM n;
""",
    "0001_create_things.rollback.sql": "DROP TABLE things;",
}


def things(open_folder: OpenFolder, dialect: str) -> Any:
    kind = "text" if dialect == "sqlite" else "timestamptz"
    store = open_folder(
        THINGS, {name: text.replace("{time}", kind) for name, text in SCHEMA.items()}
    )
    store.migrate()
    return store


def test_a_folder_of_ones_own_is_pruned_too(open_folder: OpenFolder, dialect: str) -> None:
    store = things(open_folder, dialect)
    with pytest.raises(ConfigError, match="no query takes whose"):
        store.prune("30d", subject="ann")
    # Nothing here counts, so a dry run knows the rows, and not how many would go.
    assert counts(store.prune("30d", dry_run=True)) == {"things": (1000, None, None)}
    told: list[tuple[str, int]] = []
    done = store.prune("30d", on_progress=lambda what, count, _: told.append((what, count)))
    assert counts(done) == {"things": (1000, 1000, 0)}
    assert told[-1] == ("things", 1000)
    assert len(told) >= 11  # portions of 100, and one that finds nothing


def test_it_stops_after_a_portion_and_goes_on_later(open_folder: OpenFolder, dialect: str) -> None:
    store = things(open_folder, dialect)
    stop = threading.Event()
    done = store.prune(
        "30d",
        batch=100,
        stop=stop,
        on_progress=lambda _, count, __: stop.set() if count >= 300 else None,
    )
    assert not done.finished
    assert 300 <= done.deleted <= 400
    left = 1000 - done.deleted
    assert counts(done) == {"things": (1000, done.deleted, left)}
    rest = store.prune("30d")
    assert rest.finished
    assert counts(rest) == {"things": (left, left, 0)}


def test_a_task_that_is_cancelled_ends_it_after_a_portion(
    open_folder: OpenFolder, dialect: str
) -> None:
    store = things(open_folder, dialect)

    async def prune() -> None:
        loop = asyncio.get_running_loop()
        async with rawstore.open_async(store.source.root, str(store.target)) as other:
            pruning: asyncio.Task[Any] = asyncio.create_task(
                other.prune(
                    "30d",
                    batch=100,
                    pause=30.0,  # a cancellation does not wait for it
                    on_progress=lambda *_: loop.call_soon_threadsafe(pruning.cancel),
                )
            )
            with pytest.raises(asyncio.CancelledError):
                await pruning

    asyncio.run(prune())
    assert store.prune("30d").deleted == 900


@pytest.mark.parametrize("bad", [{"batch": 0}, {"pause": -1.0}])
def test_a_portion_or_pause_that_cannot_be_is_refused(
    bad: dict[str, Any], open_folder: OpenFolder, dialect: str
) -> None:
    store = things(open_folder, dialect)
    with pytest.raises(ConfigError):
        store.prune("30d", **bad)


@pytest.mark.parametrize("dialect", ["postgres"])
def test_a_message_that_comes_meanwhile_is_never_deleted_with_its_conversation(
    opened: Opened, raw: Raw
) -> None:
    store = opened("minipilot")
    conversation = store.create_conversation(title="over")
    for name in ("created_at", "updated_at"):
        raw(store, f"UPDATE conversations SET {name} = '{LONG_AGO}'")
    cutoff = datetime.now(UTC) - timedelta(days=1)
    with (
        pytest.raises(SerializationFailure),
        store.transaction("repeatable read") as tx,
    ):
        assert tx.count_conversations_before(cutoff) == 1  # its snapshot is taken
        message = store.add_message(conversation.id, "user", "back again")
        tx.delete_conversations_before(cutoff)
    assert store.get_message_by_id(message.id) == message
    assert store.prune("1d").deleted == 0


@pytest.mark.parametrize("dialect", ["postgres"])
def test_a_busy_row_is_passed_over(opened: Opened, raw: Raw) -> None:
    store = opened("omnimemory")
    session = store.start_session("tool")
    for _ in range(3):
        store.record_operation(session.session_id, "read", "full", 10, 5, 5, 1.0, "tool")
    raw(store, f"UPDATE tool_operations SET created_at = '{LONG_AGO}'")
    first = store.list_session_operations(session.session_id)[0]
    with store.transaction() as tx:
        tx.delete_operations_before(datetime(2020, 1, 2, tzinfo=UTC), 1)
        assert store.prune("30d").deleted == 2
    assert store.get_operation(first.id) is None
