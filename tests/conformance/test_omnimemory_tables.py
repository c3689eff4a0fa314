"""omnimemory's tables to somebody who writes to them by hand: defaults, checks, keys, indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import rawstore
from rawstore.errors import CheckViolation, ForeignKeyViolation

BY_HAND = """
-- name: insert_session(tool_id text, tool_version text? = null) :scalar uuid
INSERT INTO tool_sessions (tool_id, tool_version) VALUES (:tool_id, :tool_version)
RETURNING session_id;

-- name: insert_operation(
--     session_id uuid, tool_id text = 'claude', file_path text? = null) :scalar uuid
INSERT INTO tool_operations (
    session_id, tool_name, operation_mode, file_path,
    tokens_original, tokens_actual, tokens_prevented, response_time_ms, tool_id
)
VALUES (:session_id, 'read', 'full', :file_path, 10, 1, 9, 0.5, :tool_id)
RETURNING id;

-- name: delete_session(session_id uuid) :affected
DELETE FROM tool_sessions WHERE session_id = :session_id;

-- name: sessions_at(moment timestamptz) :exec
UPDATE tool_sessions SET started_at = :moment;

-- name: operations_at(moment timestamptz) :exec
UPDATE tool_operations SET created_at = :moment;
"""
INDEXES = {
    "sqlite": """
-- name: indexes() :many
SELECT indexes.name, group_concat(columns.name, ', ') AS columns
FROM pragma_index_list('tool_operations') AS indexes, pragma_index_info(indexes.name) AS columns
GROUP BY indexes.name;
""",
    "postgres": """
-- name: indexes() :many
SELECT indexrelid::regclass::text AS name, array_to_string(ARRAY(
    SELECT pg_get_indexdef(indexrelid, number, TRUE)
    FROM generate_series(1, indnkeyatts) AS number
), ', ') AS columns
FROM pg_index
WHERE indrelid = 'tool_operations'::regclass AND indisvalid;
""",
}
CONTRACT = {
    "idx_session_created": "session_id, created_at",
    "idx_tool_operation": "tool_name, operation_mode",
    "idx_tool_operations_session_id": "session_id",
    "idx_tool_operations_tool_name": "tool_name",
    "idx_tool_operations_operation_mode": "operation_mode",
    "idx_tool_operations_created_at": "created_at",
}


@pytest.fixture
def url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("omnimemory")


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with rawstore.open("omnimemory", url) as opened:
        yield opened


@pytest.fixture
def hand(store: Any, url: str, tmp_path: Path) -> Iterator[Any]:
    """Statements on the same tables that are not the store's."""
    folder = tmp_path / "own" / "omnimemory"
    queries = folder / "sql" / store.dialect
    queries.mkdir(parents=True)
    (queries / "hand.sql").write_text(BY_HAND + INDEXES[store.dialect])
    with rawstore.open(folder, url) as opened:
        yield opened


def test_the_contracts_indexes_are_there(hand: Any) -> None:
    assert {name: columns for name, columns in hand.indexes() if name in CONTRACT} == CONTRACT


def test_rows_inserted_by_hand_get_ids_and_times(store: Any, hand: Any) -> None:
    session_id = hand.insert_session("claude")
    operation_id = hand.insert_operation(session_id)
    session = store.get_session(session_id)
    operation = store.get_operation(operation_id)
    for made, moment in ((session_id, session.started_at), (operation_id, operation.created_at)):
        assert made.version == 7
        assert abs((made.int >> 80) - moment.timestamp() * 1000) <= 20
        assert abs(datetime.now(UTC) - moment).total_seconds() < 10
    assert store.list_operations() == [operation]


def test_an_operation_inserted_by_hand_changes_no_session(store: Any, hand: Any) -> None:
    session_id = hand.insert_session("claude")
    before = store.get_session(session_id)
    hand.insert_operation(session_id)
    assert store.get_session(session_id) == before
    assert store.savings().tokens_prevented == 9
    store.record_operation(session_id, "read", "full", 10, 1, 9, 0.5, "claude")
    assert store.get_session(session_id).tokens_saved == 9


def test_lengths_are_checked_by_the_tables_too(hand: Any) -> None:
    session_id: UUID = hand.insert_session("é" * 50, "é" * 50)
    hand.insert_operation(session_id, "é" * 50, "é" * 512)
    refused: list[tuple[str, Callable[[], object]]] = [
        ("tool_sessions_tool_id_check", lambda: hand.insert_session("x" * 51)),
        ("tool_sessions_tool_version_check", lambda: hand.insert_session("x", "x" * 51)),
        ("tool_operations_tool_id_check", lambda: hand.insert_operation(session_id, "x" * 51)),
        (
            "tool_operations_file_path_check",
            lambda: hand.insert_operation(session_id, "x", "x" * 513),
        ),
    ]
    for constraint, insert in refused:
        with pytest.raises(CheckViolation) as caught:
            insert()
        assert caught.value.constraint == constraint
    with pytest.raises(ForeignKeyViolation):
        hand.insert_operation(uuid4())


def test_a_deleted_session_takes_its_operations_along(store: Any, hand: Any) -> None:
    kept, gone = (store.start_session("claude").session_id for _ in range(2))
    for session_id in (kept, gone, gone):
        store.record_operation(session_id, "read", "full", 10, 1, 9, 0.5, "claude")
    assert hand.delete_session(gone) == 1
    assert [one.session_id for one in store.list_operations()] == [kept]


def test_an_id_is_never_given_twice(store: Any, hand: Any) -> None:
    first = store.start_session("claude")
    hand.delete_session(first.session_id)
    assert store.start_session("claude").id > first.id


def page_through(listed: Callable[..., list[Any]], limit: int) -> list[Any]:
    rows: list[Any] = []
    while page := listed(limit=limit, offset=len(rows)):
        rows += page
    return rows


def test_pages_never_repeat_or_skip_rows_of_one_moment(store: Any, hand: Any) -> None:
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    with store.transaction() as tx:
        sessions = [tx.start_session("claude") for _ in range(25)]
        session_id = sessions[0].session_id
        operations = [
            tx.record_operation(session_id, "read", "full", 10, 1, 9, 0.5, "claude")
            for _ in range(25)
        ]
    hand.sessions_at(moment)
    hand.operations_at(moment)
    lists: list[tuple[Callable[..., list[Any]], list[Any]]] = [
        (store.list_sessions, sessions[::-1]),
        (lambda **page: store.list_sessions("claude", active=True, **page), sessions[::-1]),
        (store.list_operations, operations[::-1]),
        (lambda **page: store.list_operations("claude", "read", "full", **page), operations[::-1]),
        (lambda **page: store.list_session_operations(session_id, **page), operations),
    ]
    for listed, inserted in lists:
        whole = listed()
        assert [row[0] for row in whole] == [row.id for row in inserted]
        for limit in (1, 7, 24):
            assert page_through(listed, limit) == whole
