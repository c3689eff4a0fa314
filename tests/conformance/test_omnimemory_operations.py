"""Operations of omnimemory: each is recorded together with its session's totals, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

import rawstore
from rawstore.errors import CheckViolation, DataError, ForeignKeyViolation, UniqueViolation

FIELDS = (
    "id",
    "session_id",
    "tool_name",
    "operation_mode",
    "parameters",
    "file_path",
    "tokens_original",
    "tokens_actual",
    "tokens_prevented",
    "response_time_ms",
    "created_at",
    "tool_id",
)


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("omnimemory", migrated_url("omnimemory")) as opened:
        yield opened


@pytest.fixture
def session_id(store: Any) -> UUID:
    made: UUID = store.start_session("claude").session_id
    return made


def record(store: Any, session_id: UUID, **changed: Any) -> Any:
    """Record an operation that prevented 900 of 1000 tokens, but for what is changed."""
    given = {
        "tool_name": "read",
        "operation_mode": "overview",
        "tokens_original": 1000,
        "tokens_actual": 100,
        "tokens_prevented": 900,
        "response_time_ms": 12.5,
        "tool_id": "claude",
    }
    return store.record_operation(session_id, **given | changed)


def test_an_operation_keeps_what_it_was_given(store: Any, session_id: UUID) -> None:
    plain = record(store, session_id)
    assert plain._fields == FIELDS
    assert (plain.parameters, plain.file_path, plain.id.version) == (None, None, 7)
    given = uuid4()
    parameters = {"symbols": ["a", 1, 2.5, None, True], "nested": {"": "ü"}}
    rich = record(store, session_id, id=given, parameters=parameters, file_path="é" * 512)
    assert rich[:-2] == (
        given, session_id, "read", "overview", parameters, "é" * 512, 1000, 100, 900, 12.5
    )  # fmt: skip
    assert rich.tool_id == "claude"
    assert store.get_operation(given) == rich
    assert store.get_operation(plain.id) == plain
    assert store.get_operation(uuid4()) is None


def test_an_operation_counts_for_its_session_and_no_other(store: Any, session_id: UUID) -> None:
    other = store.start_session("claude")
    before = store.get_session(session_id)
    made = [record(store, session_id, tokens_prevented=saved) for saved in (30_000, 15_000, 0)]
    after = store.get_session(session_id)
    assert after == before._replace(tokens_saved=45_000, last_activity=after.last_activity)
    assert after.last_activity > before.last_activity
    assert abs(after.last_activity - made[-1].created_at) < timedelta(seconds=1)
    assert store.get_session(other.session_id) == other


def test_an_unknown_session_is_refused_and_nothing_is_written(store: Any, session_id: UUID) -> None:
    before = store.get_session(session_id)
    with pytest.raises(ForeignKeyViolation) as caught:
        record(store, uuid4())
    assert caught.value.query == "omnimemory.record_operation"
    assert store.list_operations() == []
    assert store.get_session(session_id) == before


REFUSED: list[tuple[str, Any]] = [
    ("tool_name", "write"),
    ("tool_name", "Read"),
    ("operation_mode", ""),
    ("operation_mode", "partial"),
    ("tokens_original", -1),
    ("tokens_actual", -1),
    ("tokens_prevented", -1),
    ("response_time_ms", -0.001),
    ("response_time_ms", float("inf")),
]


@pytest.mark.parametrize(("column", "value"), REFUSED)
def test_what_the_table_refuses_changes_no_session(
    store: Any, session_id: UUID, column: str, value: Any
) -> None:
    before = store.get_session(session_id)
    with pytest.raises(CheckViolation) as caught:
        record(store, session_id, **{column: value})
    assert caught.value.constraint == f"tool_operations_{column}_check"
    assert store.list_operations() == []
    assert store.get_session(session_id) == before


def test_an_operation_is_recorded_once(store: Any, session_id: UUID) -> None:
    operation = record(store, session_id)
    session = store.get_session(session_id)
    with pytest.raises(UniqueViolation):
        record(store, session_id, id=operation.id)
    assert store.get_session(session_id) == session
    assert store.list_operations() == [operation]


def test_every_tool_and_mode_is_known(store: Any, session_id: UUID) -> None:
    for tool in ("read", "search"):
        for mode in ("full", "overview", "symbol", "semantic", "tri_index"):
            record(store, session_id, tool_name=tool, operation_mode=mode)
    assert len(store.operation_breakdown()) == 10


def test_the_ends_of_each_range_are_stored(store: Any, session_id: UUID) -> None:
    most = 2**31 - 1
    record(store, session_id, tokens_original=most, tokens_actual=most, tokens_prevented=most)
    least = record(
        store,
        session_id,
        tokens_original=0,
        tokens_actual=0,
        tokens_prevented=0,
        response_time_ms=0,
    )
    assert type(least.response_time_ms) is float
    assert store.get_session(session_id).tokens_saved == most


def test_a_session_whose_total_would_overflow_refuses_the_operation(
    store: Any, session_id: UUID
) -> None:
    full = store.add_session_totals(session_id, tokens_saved=2**63 - 1)
    with pytest.raises(DataError):
        record(store, session_id, tokens_prevented=1)
    assert store.get_session(session_id) == full
    assert store.list_operations() == []


def test_an_undone_operation_does_not_count(store: Any, session_id: UUID) -> None:
    before = store.get_session(session_id)
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        record(tx, session_id)
        assert tx.get_session(session_id).tokens_saved == 900
        raise ZeroDivisionError
    assert store.get_session(session_id) == before
    assert store.list_operations() == []


def test_eight_threads_lose_no_operation_and_no_token(store: Any, session_id: UUID) -> None:
    def work(number: int) -> list[Any]:
        return [record(store, session_id, tokens_prevented=number) for _ in range(40)]

    with ThreadPoolExecutor(8) as threads:
        recorded = [one for made in threads.map(work, range(8)) for one in made]
    session = store.get_session(session_id)
    assert session.tokens_saved == 40 * sum(range(8))
    assert session.last_activity > session.started_at
    assert store.savings()[:2] == (320, session.tokens_saved)
    listed = store.list_session_operations(session_id, limit=1000)
    assert sorted(listed) == sorted(recorded)


def test_a_batch_of_operations_counts_each(store: Any, session_id: UUID) -> None:
    with store.batch() as batch:
        calls = [record(batch, session_id, tokens_prevented=n) for n in range(10)]
    assert [call.result() for call in calls] == store.list_session_operations(session_id)
    assert store.get_session(session_id).tokens_saved == 45


def test_operations_of_a_session_list_oldest_first(store: Any, session_id: UUID) -> None:
    other = store.start_session("claude").session_id
    with store.transaction() as tx:
        made = [record(tx, (session_id, other)[n % 2]) for n in range(210)]
    assert store.list_session_operations(session_id) == made[:200:2]
    assert store.list_session_operations(session_id, limit=3, offset=103) == made[206::2]
    assert store.list_session_operations(other, limit=1) == made[1:2]
    assert store.list_session_operations(uuid4()) == []


def test_operations_list_newest_first(store: Any, session_id: UUID) -> None:
    with store.transaction() as tx:
        made = [record(tx, session_id) for _ in range(101)]
    assert store.list_operations() == made[:0:-1]
    assert store.list_operations(limit=2, offset=99) == made[1::-1]
    assert store.list_operations(limit=0) == []


def test_operations_list_by_every_filter_and_all_of_them(store: Any, session_id: UUID) -> None:
    with store.transaction() as tx:
        made = [
            record(tx, session_id, tool_id=tool, tool_name=name, operation_mode=mode)
            for tool in ("claude", "cursor")
            for name in ("read", "search")
            for mode in ("full", "symbol")
        ][::-1]
    filters = {"tool_id": "cursor", "tool_name": "search", "operation_mode": "full"}
    for column, value in filters.items():
        chosen = [one for one in made if getattr(one, column) == value]
        assert len(chosen) == 4
        assert store.list_operations(**{column: value}) == chosen
    (only,) = store.list_operations(**filters)
    assert (only.tool_id, only.tool_name, only.operation_mode) == tuple(filters.values())
    assert store.list_operations(**filters, offset=1) == []
    assert store.list_operations(tool_name="write") == []


def test_operations_list_from_since_on_and_before_until(store: Any, session_id: UUID) -> None:
    made = [record(store, session_id) for _ in range(2)]
    while (last := record(store, session_id)).created_at == made[-1].created_at:
        made.append(last)
    first = made[0].created_at
    assert store.list_operations(since=last.created_at) == [last]
    assert store.list_operations(until=last.created_at) == made[::-1]
    assert store.list_operations(since=first, until=last.created_at) == made[::-1]
    assert store.list_operations(since=last.created_at, until=last.created_at) == []
    assert store.list_operations(until=first) == []
    assert store.list_operations(since=first, limit=1, offset=1) == made[:-2:-1]
