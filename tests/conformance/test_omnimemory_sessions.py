"""Sessions of omnimemory: started, touched, ended once, and summed without losing anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

import rawstore
from rawstore.errors import DataError, ParameterError, UniqueViolation


@pytest.fixture
def store(migrated_url: Callable[[str], str]) -> Iterator[Any]:
    with rawstore.open("omnimemory", migrated_url("omnimemory")) as opened:
        yield opened


def test_a_new_session_has_done_nothing(store: Any) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    session = store.start_session("claude")
    after = datetime.now(UTC) + timedelta(milliseconds=2)
    assert (session.tool_id, session.tool_version, session.ended_at) == ("claude", None, None)
    assert session[-4:] == (0, 0, 0, 0)
    assert before <= session.started_at <= session.last_activity <= after
    assert session.started_at.tzname() == "UTC"
    assert (type(session.id), type(session.session_id)) == (int, UUID)
    assert store.get_session(session.session_id) == session


def test_a_session_keeps_what_it_was_given(store: Any) -> None:
    given = uuid4()
    session = store.start_session("claude", "1.2.3", given)
    assert session[1:4] == (given, "claude", "1.2.3")
    assert store.get_session(str(given).upper()) == session


def test_a_session_is_given_an_id_in_the_order_of_time(store: Any) -> None:
    sessions = []
    for _ in range(3):
        sessions.append(store.start_session("claude"))
        time.sleep(0.003)
    ids = [session.session_id for session in sessions]
    assert ids == sorted(ids)
    assert {one.version for one in ids} == {7}
    assert all(first.id < second.id for first, second in pairwise(sessions))


def test_a_session_id_is_unique(store: Any) -> None:
    session = store.start_session("claude")
    with pytest.raises(UniqueViolation) as caught:
        store.start_session("cursor", session_id=session.session_id)
    assert caught.value.query == "omnimemory.start_session"
    assert store.list_sessions() == [session]


def test_names_have_fifty_characters_at_most(store: Any) -> None:
    longest = "é" * 50
    session = store.start_session(longest, longest)
    assert store.get_session(session.session_id)[2:4] == (longest, longest)
    with pytest.raises(ParameterError):
        store.start_session(longest + "x")
    with pytest.raises(ParameterError):
        store.start_session("claude", longest + "x")
    assert store.list_sessions(tool_id=longest + "x") == []
    assert store.list_sessions() == [session]


def test_an_unknown_session_is_none(store: Any) -> None:
    store.start_session("claude")
    assert store.get_session(uuid4()) is None
    assert store.touch_session(uuid4()) is None
    assert store.end_session(uuid4()) is None
    assert store.add_session_totals(uuid4(), compressions=1) is None


def test_a_touch_moves_last_activity_and_nothing_else(store: Any) -> None:
    session = store.start_session("claude")
    with store.transaction() as tx:
        for _ in range(20):
            touched = tx.touch_session(session.session_id)
            assert touched.last_activity > session.last_activity
            assert touched == session._replace(last_activity=touched.last_activity)
            session = touched
    assert store.get_session(session.session_id) == session
    assert abs(datetime.now(UTC) - session.last_activity) < timedelta(seconds=10)


def test_a_session_ends_once(store: Any) -> None:
    session = store.start_session("claude")
    ended = store.end_session(session.session_id)
    assert ended == session._replace(ended_at=ended.ended_at)
    assert ended.ended_at >= ended.last_activity
    time.sleep(0.003)
    assert store.end_session(session.session_id) == ended
    assert store.get_session(session.session_id) == ended


def test_a_session_does_not_end_before_its_last_activity(store: Any) -> None:
    with store.transaction() as tx:
        session = tx.start_session("claude")
        for _ in range(20):
            session = tx.touch_session(session.session_id)
        ended = tx.end_session(session.session_id)
    assert ended.ended_at >= session.last_activity


def test_totals_add_up(store: Any) -> None:
    session = store.start_session("claude")
    assert store.add_session_totals(session.session_id) == session
    store.add_session_totals(session.session_id, 1, 2, 3, 4)
    store.add_session_totals(session.session_id, tokens_saved=2**40)
    store.add_session_totals(session.session_id, embeddings=-1)
    assert store.get_session(session.session_id) == session._replace(
        total_compressions=1, total_embeddings=1, total_workflows=3, tokens_saved=4 + 2**40
    )


@pytest.mark.parametrize(
    ("total", "limit"),
    [
        ("compressions", 2**31 - 1),
        ("embeddings", 2**31 - 1),
        ("workflows", 2**31 - 1),
        ("tokens_saved", 2**63 - 1),
    ],
)
def test_a_total_out_of_range_is_a_data_error(store: Any, total: str, limit: int) -> None:
    session_id = store.start_session("claude").session_id
    highest = store.add_session_totals(session_id, **{total: limit})
    with pytest.raises(DataError) as caught:
        store.add_session_totals(session_id, **{total: 1})
    assert caught.value.query == "omnimemory.add_session_totals"
    assert store.get_session(session_id) == highest
    store.add_session_totals(session_id, **{total: -limit})
    lowest = store.add_session_totals(session_id, **{total: -limit - 1})
    with pytest.raises(DataError):
        store.add_session_totals(session_id, **{total: -1})
    assert store.get_session(session_id) == lowest


def test_eight_threads_lose_no_total(store: Any) -> None:
    session_id = store.start_session("claude").session_id

    def work(number: int) -> None:
        for _ in range(50):
            store.add_session_totals(session_id, 1, 2, 3, number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert store.get_session(session_id)[-4:] == (400, 800, 1200, 50 * sum(range(8)))


def test_sessions_list_newest_first(store: Any) -> None:
    with store.transaction() as tx:
        sessions = [tx.start_session("claude") for _ in range(101)]
    assert store.list_sessions() == sessions[:0:-1]
    assert store.list_sessions(limit=2, offset=99) == sessions[1::-1]
    assert store.list_sessions(limit=0) == []
    assert store.list_sessions(offset=101) == []


def test_sessions_list_by_tool_and_by_activity(store: Any) -> None:
    ended: list[Any] = []
    active: list[Any] = []
    for tool in ("claude", "cursor", "claude", "cursor"):
        ended.insert(0, store.end_session(store.start_session(tool).session_id))
        active.insert(0, store.start_session(tool))
    assert store.list_sessions(active=True) == active
    assert store.list_sessions(active=False) == ended
    assert store.list_sessions("claude", active=True) == active[1::2]
    assert store.list_sessions("claude", active=False) == ended[1::2]
    assert len(store.list_sessions("claude")) == 4
    assert len(store.list_sessions()) == 8
    assert store.list_sessions("claude", active=True, limit=1, offset=1) == active[3:]
    assert store.list_sessions("nobody") == []
