"""Migrations under a running store: what was prepared goes out of date, and no caller notices."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import rawstore
from rawstore.errors import (
    DatabaseError,
    ParameterError,
    SerializationFailure,
    StatementError,
    UndefinedObject,
)
from tests.engines.conftest import Busy, direct, on_postgres
from tests.urls import with_options

if TYPE_CHECKING:
    import psycopg

    from tests.postgres import Remote

pytestmark = on_postgres

QUERIES = """
-- name: read(id bigint) :one
SELECT id, n, label, mood
FROM moods
WHERE id = :id;

-- name: everything() :many
SELECT *
FROM moods
ORDER BY id;

-- name: stream() :stream
SELECT id, n, label, mood
FROM moods
ORDER BY id;

-- name: find(label text) :many
SELECT id, label
FROM moods
WHERE label = :label;

-- name: put(id bigint, n bigint) :one
INSERT INTO moods (id, n, label, mood)
VALUES (:id, :n, 'x', 'happy')
ON CONFLICT (id) DO UPDATE SET n = excluded.n
RETURNING id, n, label, mood;

-- name: put_each(id bigint, n bigint) :batch
INSERT INTO moods (id, n, label, mood)
VALUES (:id, :n, 'x', 'happy')
ON CONFLICT (id) DO UPDATE SET n = excluded.n
RETURNING id, n, label, mood;

-- name: count() :scalar bigint
SELECT count(*)
FROM moods;

-- name: one() :scalar int
SELECT 1;
"""
TABLE = """
CREATE TABLE shop.moods (
    id integer PRIMARY KEY, n integer NOT NULL, label varchar(100) NOT NULL, mood shop.mood
);
INSERT INTO shop.moods VALUES (1, 10, 'one', 'happy'), (2, 20, 'two', 'sad');
"""
CHANGES = {
    "add a column": "ALTER TABLE shop.moods ADD COLUMN extra text DEFAULT 'more'",
    "drop a column": "ALTER TABLE shop.moods DROP COLUMN extra",
    "int to bigint": "ALTER TABLE shop.moods ALTER COLUMN n TYPE bigint",
    "bigint to int": "ALTER TABLE shop.moods ALTER COLUMN n TYPE integer",
    "varchar to text": "ALTER TABLE shop.moods ALTER COLUMN label TYPE text",
    "text to varchar": "ALTER TABLE shop.moods ALTER COLUMN label TYPE varchar(90)",
    "add an enum value": "ALTER TYPE shop.mood ADD VALUE 'meh'",
    "rename an enum value": "ALTER TYPE shop.mood RENAME VALUE 'meh' TO 'so so'",
    "rename a column and back": "BEGIN; ALTER TABLE shop.moods RENAME COLUMN n TO m; "
    "ALTER TABLE shop.moods RENAME COLUMN m TO n; COMMIT",
    "make the table anew": f"BEGIN; DROP TABLE shop.moods; {TABLE} COMMIT",
    "make the type anew": (
        "BEGIN; ALTER TABLE shop.moods ALTER COLUMN mood TYPE text; DROP TYPE shop.mood; "
        "CREATE TYPE shop.mood AS ENUM ('happy', 'sad', 'glad'); "
        "ALTER TABLE shop.moods ALTER COLUMN mood TYPE shop.mood USING mood::shop.mood; COMMIT"
    ),
}


@pytest.fixture
def store(tmp_path: Path, empty_url: str, pg: Remote) -> Iterator[Any]:
    folder = tmp_path / "shop"
    (folder / "sql" / "postgres").mkdir(parents=True)
    (folder / "sql" / "postgres" / "moods.sql").write_text(QUERIES)
    with rawstore.open(folder, empty_url) as opened:
        with direct(pg, opened) as connection:
            connection.execute("CREATE SCHEMA shop")
            connection.execute("CREATE TYPE shop.mood AS ENUM ('happy', 'sad')")
            change(connection, TABLE)
        yield opened


def change(connection: psycopg.Connection, text: str) -> None:
    for statement in text.split(";"):
        if statement.strip():
            connection.execute(statement)


def read(store: Any) -> None:
    row = store.read(1)
    assert (row.id, row.n, row.mood) == (1, 10, "happy")


def read_everything(store: Any) -> None:
    assert [row.id for row in store.everything()] == [1, 2]


def read_in_a_transaction(store: Any) -> None:
    with store.transaction() as tx:
        read(tx)


def read_in_a_savepoint(store: Any) -> None:
    with store.transaction() as tx, tx.transaction() as inner:
        read_everything(inner)


def read_in_a_batch(store: Any) -> None:
    with store.batch() as batch:
        one, all_, count = batch.read(1), batch.everything(), batch.count()
    assert (one.result().n, len(all_.result()), count.result()) == (10, 2, 2)


def read_in_a_transactions_batch(store: Any) -> None:
    with store.transaction() as tx:
        with tx.batch() as batch:
            one, all_ = batch.read(1), batch.everything()
        assert (one.result().n, len(all_.result())) == (10, 2)


def read_in_a_run(store: Any) -> None:
    def work(tx: Any) -> None:
        tx.one()
        read(tx)
        read_everything(tx)

    store.run(work, retries=20)


def write(store: Any) -> None:
    row = store.put(2, 20)
    assert (row.id, row.n) == (2, 20)


def write_each(store: Any) -> None:
    assert store.put_each([(2, 20), (2, 20)]) == 2


def stream(store: Any) -> None:
    assert [(row.id, row.n, row.mood) for row in store.stream()] == [
        (1, 10, "happy"),
        (2, 20, store.read(2).mood),
    ]


WAYS = [
    read,
    read_everything,
    read_in_a_transaction,
    read_in_a_savepoint,
    read_in_a_batch,
    read_in_a_transactions_batch,
    read_in_a_run,
    write,
    write_each,
    stream,
]


@contextmanager
def one_connection(store: Any) -> Iterator[Any]:
    """The same store on a pool of one, so that the next call meets what the last has prepared."""
    with rawstore.open(store.source.root, with_options(str(store.target), pool_max=1)) as single:
        yield single


@pytest.mark.parametrize("way", WAYS)
def test_no_change_is_noticed(store: Any, pg: Remote, way: Callable[[Any], None]) -> None:
    with one_connection(store) as single, direct(pg, store) as connection:
        for _ in range(6):
            way(single)
        for name, text in CHANGES.items():
            change(connection, text)
            for _ in range(2):
                try:
                    way(single)
                except DatabaseError as error:
                    raise AssertionError(name) from error


def test_no_error_reaches_the_readers(store: Any, pg: Remote) -> None:
    """All of it at once, in eight threads."""
    ways = iter(WAYS * 100000)
    with Busy(8, lambda: next(ways)(store)) as busy, direct(pg, store) as connection:
        for text in CHANGES.values():
            busy.wait_for(40)
            change(connection, text)
        busy.wait_for(40)
    assert [(repr(e), traceback.format_exception(e)[-3:]) for e in busy.errors] == []


@pytest.mark.parametrize("command", ["DISCARD ALL", "DEALLOCATE ALL"])
@pytest.mark.parametrize("way", WAYS)
def test_prepared_statements_taken_away(
    store: Any, way: Callable[[Any], None], command: str
) -> None:
    with one_connection(store) as single:
        way(single)
        for _ in range(3):
            session = single._engine.borrow()
            session.command(command.encode())
            session.command(b"SET search_path = shop")
            single._engine.give(session)
            way(single)


def test_a_statement_later_in_a_transaction_can_be_retried(store: Any, pg: Remote) -> None:
    with one_connection(store) as single, direct(pg, store) as connection:
        read(single)
        with pytest.raises(SerializationFailure) as caught, single.transaction() as tx:
            tx.one()
            connection.execute("ALTER TABLE shop.moods ALTER COLUMN n TYPE bigint")
            read(tx)
        assert caught.value.query == "shop.read"
        read_in_a_run(single)


def test_a_stream_later_in_a_transaction(store: Any, pg: Remote) -> None:
    with one_connection(store) as single, direct(pg, store) as connection:
        stream(single)
        with single.transaction() as tx:
            tx.one()
            connection.execute("ALTER TABLE shop.moods ALTER COLUMN n TYPE bigint")
            assert [row.n for row in tx.stream()] == [10, 20]


def test_text_to_uuid(store: Any, pg: Remote) -> None:
    """The parameter's type changes too; the declared one can still be sent."""
    uuid = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    with one_connection(store) as single, direct(pg, store) as connection:
        assert single.find(uuid) == []
        connection.execute("UPDATE shop.moods SET label = %s", (uuid,))
        connection.execute("ALTER TABLE shop.moods ALTER COLUMN label TYPE uuid USING label::uuid")
        assert [row.label for row in single.find(uuid)] == [UUID(uuid)] * 2


def test_a_wider_column_takes_wider_values_at_once(store: Any, pg: Remote) -> None:
    with one_connection(store) as single, direct(pg, store) as connection:
        single.put(3, 1)
        with pytest.raises(ParameterError, match="cannot hold"):
            single.put(3, 1 << 40)
        connection.execute("ALTER TABLE shop.moods ALTER COLUMN n TYPE bigint")
        assert single.put(3, 1 << 40).n == 1 << 40
        assert single.put_each([(4, 5), (3, 1 << 41)]) == 2
        assert single.read(3).n == 1 << 41


def test_an_order_that_matters_is_kept(store: Any, pg: Remote) -> None:
    """In a batch a write that went out of date is not run after what stood behind it."""
    with one_connection(store) as single, direct(pg, store) as connection:
        single.put(3, 1)
        single.count()
        connection.execute("DELETE FROM shop.moods WHERE id = 3")
        connection.execute("ALTER TABLE shop.moods ALTER COLUMN n TYPE bigint")
        with single.batch() as batch:
            put, count = batch.put(3, 1), batch.count()
        with pytest.raises(SerializationFailure):
            put.result()
        assert count.result() == 2
        with single.batch() as batch:
            put, count = batch.put(3, 1), batch.count()
        assert (put.result().n, count.result()) == (1, 3)


def test_what_is_gone_is_said_to_be_gone(store: Any, pg: Remote) -> None:
    with one_connection(store) as single, direct(pg, store) as connection:
        read(single)
        connection.execute("ALTER TABLE shop.moods RENAME TO feelings")
        for way in (read, read_in_a_transaction, stream, read_in_a_run):
            with pytest.raises(UndefinedObject, match="moods"):
                way(single)
        connection.execute("ALTER TABLE shop.feelings RENAME COLUMN mood TO feeling")
        connection.execute("ALTER TABLE shop.feelings RENAME TO moods")
        with pytest.raises(UndefinedObject, match="mood"):
            read(single)
        connection.execute("ALTER TABLE shop.moods RENAME COLUMN feeling TO mood")
        for way in WAYS:
            way(single)


def test_a_failure_that_looks_the_same_is_not_run_again(store: Any, pg: Remote) -> None:
    """A function that fails with "does not exist" has done something: only its error counts."""
    with direct(pg, store) as connection:
        connection.execute(
            "CREATE FUNCTION shop.broken(n int) RETURNS int LANGUAGE plpgsql AS "
            "'BEGIN INSERT INTO shop.moods VALUES (n); RETURN (SELECT x FROM nosuch); END'"
        )
    file = store.source.root / "sql" / "postgres" / "broken.sql"
    file.write_text("-- name: broken(n int) :scalar int\nSELECT broken(:n);\n")
    with one_connection(store) as single:
        for _ in range(2):
            with pytest.raises((StatementError, DatabaseError)) as caught:
                single.broken(3)
            assert not isinstance(caught.value, SerializationFailure)
            with pytest.raises(DatabaseError) as caught, single.transaction() as tx:
                tx.one()
                tx.broken(3)
            assert not isinstance(caught.value, SerializationFailure)


def test_each_query_stays_prepared_once(store: Any, pg: Remote) -> None:
    with one_connection(store) as single, direct(pg, store) as connection:
        for text in CHANGES.values():
            for way in WAYS:
                way(single)
            change(connection, text)
        for way in WAYS:
            way(single)
        single.find("x")  # what was left in a transaction goes with the next preparation
        session = single._engine.borrow()
        held = session.connection.execute("SELECT name FROM pg_prepared_statements").fetchall()
        single._engine.give(session)
    names = [name.partition("/")[0] for (name,) in held]
    assert sorted(names) == sorted(set(names))
