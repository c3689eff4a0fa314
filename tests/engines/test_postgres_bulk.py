"""When many items go to PostgreSQL as one statement, and when one by one: what each table allows.

A row tells how it came: the default of its column `how` is the text of the statement, and `cmin`
is the number of the statement in its transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

import rawstore
from rawstore.errors import (
    ConnectionLost,
    DataError,
    ParameterError,
    StatementTimeout,
    UndefinedObject,
    UniqueViolation,
)
from tests.engines.bulk_cases import AT_ONCE, ONE_BY_ONE, TEXTS, Case
from tests.engines.conftest import direct, on_postgres
from tests.urls import database_name, with_options

if TYPE_CHECKING:
    from tests.postgres import Remote

pytestmark = on_postgres

SCHEMA = """
{first};
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('happy', 'sad');
CREATE DOMAIN shop.age AS integer CHECK (value >= 0);
CREATE DOMAIN shop.short AS varchar(4);
CREATE DOMAIN shop.word AS text CHECK (value !~ ' ');
CREATE FUNCTION shop.steady_count() RETURNS bigint STABLE LANGUAGE plpgsql
AS 'BEGIN RETURN (SELECT count(*) FROM shop.t); END';
CREATE FUNCTION shop.steady_log() RETURNS bigint STABLE LANGUAGE plpgsql
AS 'BEGIN RETURN (SELECT count(*) FROM shop.log); END';
CREATE FUNCTION shop.count_now() RETURNS bigint VOLATILE LANGUAGE plpgsql
AS 'BEGIN RETURN (SELECT count(*) FROM shop.t); END';
CREATE FUNCTION shop.number() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.x = (SELECT count(*) FROM shop.t); RETURN NEW; END';
CREATE FUNCTION shop.steady_number() RETURNS trigger STABLE LANGUAGE plpgsql
AS 'BEGIN NEW.x = (SELECT count(*) FROM shop.t); RETURN NEW; END';
CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN INSERT INTO shop.log (n) SELECT count(*) FROM shop.t; RETURN NULL; END';
CREATE FUNCTION shop.skip_even() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RETURN CASE WHEN NEW.id % 2 = 1 THEN NEW END; END';
CREATE TABLE shop.log (n bigint);
CREATE TABLE shop.t (id integer PRIMARY KEY, x {x}, how text DEFAULT current_query()) {end};
"""
QUERY = """
-- row: Put(id bigint, x text?)

-- name: put(id int, x {declared}?) :batch Put
{policy}
INSERT INTO shop.t (id, x)
VALUES (:id, {value})
RETURNING id, x::text AS x;

-- name: put_each(id int, x {declared}?) :batch Put
WITH one AS (SELECT 1)
INSERT INTO shop.t (id, x)
VALUES (:id, {value})
RETURNING id, x::text AS x;

-- name: clear() :script
TRUNCATE shop.t, shop.log;
"""


class OpenShop(Protocol):
    def __call__(self, **options: str) -> Any: ...


@pytest.fixture
def open_shop(tmp_path: Path, pg: Remote, empty_url: str) -> Iterator[OpenShop]:
    """A function that opens a store on a table with a column `x`; `then` is done to it first."""
    opened: list[Any] = []

    def open_(
        x: str = "text",
        declared: str = "text",
        value: str = ":x",
        end: str = "",
        then: str = "",
        policy: str = "",
        **options: str,
    ) -> Any:
        first = "CREATE EXTENSION vector" if "vector" in x else ""
        with pg.connect(database_name(empty_url)) as connection:
            connection.execute(f"{SCHEMA.format(first=first, x=x, end=end)};{then}".encode())
        folder = tmp_path / "shop" / "sql" / "postgres"
        folder.mkdir(parents=True)
        text = QUERY.format(declared=declared, value=value, policy=policy)
        (folder / "t.sql").write_text(text)
        opened.append(rawstore.open(tmp_path / "shop", with_options(empty_url, **options)))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


def look(pg: Remote, store: Any, sql: str) -> list[tuple[Any, ...]]:
    """What a statement behind the store's back finds, or nothing."""
    with direct(pg, store) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def came(pg: Remote, store: Any) -> tuple[int, bool]:
    """By how many statements the table's rows came, and whether in bulk."""
    sql = "SELECT count(DISTINCT (xmin::text, cmin::text)), bool_and(how LIKE '%unnest%')"
    ((count, bulk),) = look(pg, store, f"{sql} FROM shop.t")
    return count, bulk


def contents(pg: Remote, store: Any) -> list[tuple[Any, ...]]:
    """Everything, but for how it came."""
    rows = look(pg, store, "SELECT to_jsonb(t) - 'how' FROM shop.t ORDER BY id")
    return rows + look(pg, store, "SELECT n FROM shop.log ORDER BY n")


def compared(store: Any, pg: Remote, values: list[Any]) -> tuple[int, bool]:
    """How the items came: on a new connection, on a used one, and in a transaction.

    Each time the rows are those that come one by one.
    """
    items = list(enumerate(values, start=1))
    expected = store.put_each(items)
    everything = contents(pg, store)
    found = set()
    for _ in range(2):
        store.clear()
        assert store.put(items) == expected
        assert contents(pg, store) == everything
        found.add(came(pg, store))
    store.clear()
    with store.transaction() as tx:
        assert tx.put(items) == expected
    assert contents(pg, store) == everything
    assert found == {came(pg, store)}
    return found.pop()


@pytest.mark.parametrize("case", AT_ONCE.values(), ids=AT_ONCE)
def test_as_one_statement(open_shop: OpenShop, pg: Remote, case: Case) -> None:
    assert compared(open_shop(**case[0]), pg, case[1]) == (1, True)


@pytest.mark.parametrize("case", ONE_BY_ONE.values(), ids=ONE_BY_ONE)
def test_one_by_one(open_shop: OpenShop, pg: Remote, case: Case) -> None:
    assert compared(open_shop(**case[0]), pg, case[1]) == (8, False)


ROW_SECURITY = """
GRANT ALL ON SCHEMA shop TO pg_monitor;
GRANT ALL ON ALL TABLES IN SCHEMA shop TO pg_monitor;
ALTER TABLE shop.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON shop.t USING ({condition})
"""


@pytest.mark.parametrize(
    ("condition", "bulk"),
    [
        ("current_user = 'pg_monitor'", True),
        ("id > (SELECT count(*) FROM shop.log)", False),
        ("shop.steady_log() < 100", False),
    ],
)
def test_row_security(open_shop: OpenShop, pg: Remote, condition: str, *, bulk: bool) -> None:
    then = ROW_SECURITY.format(condition=condition)
    store = open_shop(then=then, options="-crole=pg_monitor")
    store.put([(n, "x") for n in range(1, 9)])
    assert came(pg, store) == (1 if bulk else 8, bulk)


def test_a_rule_runs_for_each(open_shop: OpenShop, pg: Remote) -> None:
    rule = "CREATE RULE r AS ON INSERT TO shop.t DO ALSO INSERT INTO shop.log VALUES (1)"
    store = open_shop(then=rule)
    store.put([(n, "x") for n in range(1, 9)])
    assert not came(pg, store)[1]
    assert look(pg, store, "SELECT count(*) FROM shop.log") == [(8,)]


# -- how many at once


@pytest.mark.parametrize(
    ("count", "statements"), [(1, 1), (4, 4), (5, 1), (1000, 1), (1001, 2), (2500, 3)]
)
def test_a_statement_carries_a_thousand_items(
    open_shop: OpenShop, pg: Remote, count: int, statements: int
) -> None:
    store = open_shop()
    assert len(store.put([(n, "x") for n in range(count)])) == count
    assert came(pg, store) == (statements, count >= 5)


def test_heavy_items_are_fewer(open_shop: OpenShop, pg: Remote) -> None:
    store = open_shop()
    items = [(n, "é" * (300_000 if n < 8 else 1)) for n in range(100)]
    assert store.put(items) == items
    statements, bulk = came(pg, store)
    assert bulk
    assert 4 <= statements <= 8


# -- what goes wrong


def test_the_error_is_that_of_the_item(open_shop: OpenShop, pg: Remote) -> None:
    store = open_shop(x="smallint", declared="int")
    items = [(n, n) for n in range(8)]
    for wrong, error in (((8, 2**15), ParameterError), ((3, 3), UniqueViolation)):
        with pytest.raises(error):
            store.put([*items, wrong])
        with pytest.raises(error), store.transaction() as tx:
            tx.put([*items, wrong])
        assert contents(pg, store) == []
    store.put(items)
    assert came(pg, store) == (1, True)


def test_an_error_of_the_data_is_told_once(open_shop: OpenShop) -> None:
    store = open_shop(value="(:x::int)::text")
    with pytest.raises(DataError) as caught:
        store.put([(n, "12" if n != 5 else "secret") for n in range(8)])
    assert caught.value.query == "shop.put"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("case", [ONE_BY_ONE["an enum"], ONE_BY_ONE["a wider operand"]])
def test_what_has_no_bulk_form_leaves_the_transaction_as_it_is(
    open_shop: OpenShop, pg: Remote, case: Case
) -> None:
    store = open_shop(**case[0])
    items = list(enumerate(case[1]))
    with store.transaction() as tx:
        tx.put(items[:1])
        tx.put(items[1:])
        with tx.transaction() as inner:
            inner.put([(n + 100, value) for n, value in items])
    assert len(contents(pg, store)) == 16


@pytest.mark.parametrize("inside", [False, True])
def test_a_migration_meanwhile_is_not_noticed(
    open_shop: OpenShop, pg: Remote, *, inside: bool
) -> None:
    store = open_shop()
    store.put([(n, "x") for n in range(8)])
    look(pg, store, "ALTER TABLE shop.t ALTER id TYPE bigint, ALTER x TYPE varchar(9)")
    if inside:
        with store.transaction() as tx:
            tx.put_each([])
            rows = tx.put([(n, "x") for n in range(8, 16)])
    else:
        rows = store.put([(n, "x") for n in range(8, 16)])
    assert rows[-1] == (15, "x")
    store.clear()
    store.put([(n, "x") for n in range(8)])
    assert came(pg, store) == (1, True)


def test_a_column_that_is_gone_is_said_to_be(open_shop: OpenShop, pg: Remote) -> None:
    store = open_shop()
    store.put([(n, "x") for n in range(8)])
    look(pg, store, "ALTER TABLE shop.t RENAME x TO y")
    with pytest.raises(UndefinedObject):
        store.put([(n, "x") for n in range(8, 16)])
    look(pg, store, "ALTER TABLE shop.t RENAME y TO x")
    store.clear()
    store.put([(n, "x") for n in range(8)])
    assert came(pg, store) == (1, True)


@pytest.mark.parametrize("limit", [{"statement_timeout": "1s"}, {"policy": "-- timeout: 1s"}])
def test_the_time_limit_is_that_of_a_statement(
    open_shop: OpenShop, pg: Remote, limit: dict[str, str]
) -> None:
    value = "CASE WHEN :x = 'slow' THEN pg_sleep(0.5)::text ELSE :x END"
    store = open_shop(value=value, **limit)
    slow = [(n, "slow") for n in range(8)]
    with pytest.raises(StatementTimeout):
        store.put(slow)
    with pytest.raises(StatementTimeout), store.transaction() as tx:
        tx.put(slow)
    assert contents(pg, store) == []
    store.put([(n, "quick") for n in range(8)])
    assert came(pg, store) == (1, True)


@pytest.mark.parametrize("prepare", ["on", "off"])
def test_a_query_with_a_time_limit_of_its_own(
    open_shop: OpenShop, pg: Remote, prepare: str
) -> None:
    store = open_shop(policy="-- timeout: 20s", prepare=prepare)
    assert compared(store, pg, TEXTS) == (1, True)
    store.clear()
    many = [(n, "x") for n in range(2500)]
    with store.transaction() as tx:
        assert tx.put(many) == many
        with pytest.raises(UniqueViolation), tx.transaction() as inner:
            inner.put(many[:8])
        assert tx.put([(n, "y") for n in range(3000, 3008)])[0] == (3000, "y")
    with pytest.raises(UniqueViolation):
        store.put([*((n, "z") for n in range(4000, 6000)), (1, "z")])
    assert len(contents(pg, store)) == 2508


def test_a_lost_connection_is_not_tried_again(open_shop: OpenShop, pg: Remote) -> None:
    store = open_shop(value=":x || pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(ConnectionLost):
        store.put([(n, "x") for n in range(8)])
    assert contents(pg, store) == []


@pytest.mark.parametrize("case", [AT_ONCE["text"], AT_ONCE["a vector"], AT_ONCE["jsonb"]])
def test_without_prepared_statements(open_shop: OpenShop, pg: Remote, case: Case) -> None:
    store = open_shop(**case[0], prepare="off")
    assert compared(store, pg, case[1]) == (1, True)
