"""`store.stats()` on both dialects and in both colours: every call is counted, once."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import rawstore
from rawstore.errors import ConfigError, ParameterError, RawstoreError, UniqueViolation
from rawstore.figures import QueryStats
from rawstore.slow import SlowLog
from tests.conftest import OpenFolder

both_colours = pytest.mark.parametrize("colour", ["sync", "async"], indirect=True)

FILES = {
    "notes.sql": """
-- name: make() :script
CREATE TABLE notes (id int PRIMARY KEY, body text);

-- name: add_note(id int, body text) :exec
INSERT INTO notes (id, body) VALUES (:id, :body);

-- name: add_notes(id int, body text) :batch
INSERT INTO notes (id, body) VALUES (:id, :body);

-- name: get_body(id int) :scalar text?
SELECT body FROM notes WHERE id = :id;

-- name: stream_notes() :stream
SELECT id, body FROM notes ORDER BY id;

-- name: list_notes() :many
SELECT id, body FROM notes ORDER BY id;

-- name: clear_notes() :affected
DELETE FROM notes;

-- name: count_far() :scalar bigint
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT n + 1 FROM numbers WHERE n < 100000
)
SELECT count(*) FROM numbers;

-- name: count_for_ever() :scalar bigint
WITH RECURSIVE numbers (n) AS (
    SELECT 1
    UNION ALL
    SELECT 1 FROM numbers
)
SELECT count(*) FROM numbers;
"""
}


@pytest.fixture
def notes(open_folder: OpenFolder) -> Any:
    return made(open_folder)


def made(open_folder: OpenFolder, **options: Any) -> Any:
    store: Any = open_folder(FILES, **options)
    store.make()
    return store


def by_name(store: Any, *, reset: bool = False) -> dict[str, QueryStats]:
    return {row.query.rpartition(".")[2]: row for row in store.stats(reset=reset)}


@both_colours
def test_each_kind_counts_its_calls_and_rows(notes: Any) -> None:
    notes.add_note(1, "a")
    notes.add_notes([(number, "b") for number in range(2, 12)])
    assert notes.get_body(1) == "a"
    assert notes.get_body(99) is None
    assert len(notes.list_notes()) == 11
    assert len(list(notes.stream_notes())) == 11
    assert notes.clear_notes() == 11
    counted = {name: (row.calls, row.rows) for name, row in by_name(notes).items()}
    assert counted == {
        "make": (1, 0),
        "add_note": (1, 0),
        "add_notes": (1, 10),
        "get_body": (2, 1),
        "list_notes": (1, 11),
        "stream_notes": (1, 11),
        "clear_notes": (1, 11),
    }


@both_colours
def test_a_row_says_where_the_query_stands_and_how_long_it_took(notes: Any) -> None:
    for number in range(50):
        notes.add_note(number, "x")
    row = by_name(notes)["add_note"]
    assert row.query == "shop.add_note"
    assert Path(str(row.file)).name == "notes.sql"
    assert row.line == 5
    assert row.timed == row.calls == 50
    assert row.mean == pytest.approx(row.seconds / 50)
    times = [row.p50, row.p95, row.p99, row.longest, row.seconds]
    assert None not in times
    assert times == sorted(times, key=lambda seconds: seconds or 0.0)
    assert row.to_dict()["calls"] == 50


@both_colours
def test_what_is_called_in_sessions_transactions_and_batches_counts(store: Any) -> None:
    user = store.create_user(email="ann@example.com")
    with store.session() as session:
        session.get_user_by_id(user.id)
    with store.transaction() as tx:
        tx.get_user_by_id(user.id)
        with tx.batch() as batch:
            batch.get_user_by_id(user.id)
    with store.batch() as batch:
        calls = [batch.get_user_by_id(uuid4()) for _ in range(10)]
        clash = batch.create_user(email="ann@example.com")
    assert [call.result() for call in calls] == [None] * 10
    assert isinstance(clash.exception(), UniqueViolation)
    found = by_name(store)
    assert (found["get_user_by_id"].calls, found["get_user_by_id"].rows) == (13, 3)
    assert (found["create_user"].calls, found["create_user"].rows) == (2, 1)
    assert found["create_user"].errors == {"UniqueViolation": 1}
    assert found["COMMIT"].calls == 1
    assert found["COMMIT"].file is None


@both_colours
def test_errors_count_by_class_and_streams_that_are_left_early(notes: Any) -> None:
    notes.add_notes([(number, "x") for number in range(3000)])
    for _ in range(3):
        with pytest.raises(UniqueViolation):
            notes.add_note(1, "again")
    with pytest.raises(ParameterError):
        notes.add_note("one", "x")
    with notes.stream_notes() as rows:
        next(iter(rows))
    found = by_name(notes)
    assert found["add_note"].calls == 4
    assert found["add_note"].errors == {"UniqueViolation": 3, "ParameterError": 1}
    assert (found["stream_notes"].calls, found["stream_notes"].rows) == (1, 1000)


@both_colours
def test_a_reset_begins_anew(notes: Any) -> None:
    notes.get_body(1)
    assert by_name(notes, reset=True)["get_body"].calls == 1
    assert by_name(notes) == {}
    notes.get_body(1)
    assert by_name(notes)["get_body"].calls == 1


@both_colours
def test_statistics_can_be_turned_off(open_folder: OpenFolder) -> None:
    store = made(open_folder, stats="off")
    with pytest.raises(ConfigError, match="stats=off"):
        store.stats()


def test_sixteen_threads_count_exactly(notes: Any) -> None:
    """Beside a reader that resets: each call is in exactly one reading."""
    notes.add_note(1, "a")
    notes.stats(reset=True)
    readings: list[QueryStats] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            readings.extend(by_name(notes, reset=True).values())
            done.wait(0.001)

    def work() -> None:
        for number in range(200):
            notes.get_body(number % 2)  # every other one is not there

    reader = threading.Thread(target=read)
    workers = [threading.Thread(target=work) for _ in range(16)]
    for thread in (reader, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    reader.join()
    readings.extend(by_name(notes, reset=True).values())
    assert sum(row.calls for row in readings) == 16 * 200
    assert not any(row.errors for row in readings)


def test_tasks_count_exactly_and_so_does_their_cancellation(notes: Any) -> None:
    notes.add_note(1, "a")

    async def work() -> dict[str, QueryStats]:
        async with rawstore.open_async(notes.source.root, str(notes.target)) as store:
            asked = [store.get_body(number % 2) for number in range(400)]
            for result in asyncio.as_completed(asked):
                await result
            readings = store.stats(reset=True)
            async with store.transaction() as tx:
                for _ in range(5):
                    await tx.get_body(1)
            tasks = [asyncio.create_task(store.count_for_ever()) for _ in range(3)]
            await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(error) for error in ended} == {asyncio.CancelledError}
            assert [(row.calls, row.rows, row.errors) for row in readings] == [(400, 200, {})]
            return {row.query: row for row in store.stats()}

    found = asyncio.run(work())
    assert (found["shop.get_body"].calls, found["shop.get_body"].rows) == (5, 5)
    assert found["shop.count_for_ever"].calls == 3
    assert found["shop.count_for_ever"].errors == {"CancelledError": 3}


def test_sixteen_threads_count_rows_exactly(notes: Any) -> None:
    notes.add_note(1, "a")

    def work() -> None:
        for number in range(100):
            notes.get_body(number % 2)
            notes.list_notes()

    workers = [threading.Thread(target=work) for _ in range(16)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    found = by_name(notes)
    assert (found["get_body"].calls, found["get_body"].rows) == (1600, 800)
    assert (found["list_notes"].calls, found["list_notes"].rows) == (1600, 1600)


def test_the_slow_log_names_the_query_and_no_value(
    open_folder: OpenFolder, caplog: pytest.LogCaptureFixture
) -> None:
    store: Any = open_folder(FILES)
    log = SlowLog(0.0)
    store._engine.recorder.observe(log, log.batch)
    with caplog.at_level(logging.WARNING, "rawstore.slow"):
        store.make()
        store.add_note(1, "canary")
        with pytest.raises(UniqueViolation):
            store.add_note(1, "canary")
        with store.batch() as batch:
            batch.get_body(1)
            batch.get_body(2)
        list(store.stream_notes())
    lines = [record.getMessage() for record in caplog.records if record.name == "rawstore.slow"]
    assert re.fullmatch(r"shop\.make took 0\.\d{3} s: .*notes\.sql:2", lines[0])
    assert re.fullmatch(r"shop\.add_note took 0\.\d{3} s: .*notes\.sql:5", lines[1])
    assert re.match(r"shop\.add_note failed with UniqueViolation after 0\.\d{3} s: ", lines[2])
    assert any(
        re.fullmatch(r"a batch of 2 calls took \S+ s: shop\.get_body \(2\)", line) for line in lines
    )
    assert re.match(r"shop\.stream_notes was open for 1 rows, ", lines[-1])
    assert "canary" not in caplog.text


def test_quick_calls_are_not_logged_as_slow(
    open_folder: OpenFolder, caplog: pytest.LogCaptureFixture
) -> None:
    made(open_folder, slow="1h").count_far()
    assert "rawstore.slow" not in {record.name for record in caplog.records}


@both_colours
def test_a_threshold_in_the_url(open_folder: OpenFolder, caplog: pytest.LogCaptureFixture) -> None:
    made(open_folder, slow="1ms").count_far()
    assert "shop.count_far took" in caplog.text


def test_a_refused_connection_is_an_error_of_the_query(open_folder: OpenFolder) -> None:
    store = made(open_folder)
    store.get_body(1)
    store.close()
    with pytest.raises(RawstoreError):
        store.add_note(1, "a")
    assert by_name(store)["add_note"].errors == {"ConfigError": 1}
