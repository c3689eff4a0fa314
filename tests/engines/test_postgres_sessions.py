"""What one caller leaves on a connection, and what the server sees of us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.engines.postgres_report import changes_session
from rawstore.engines.postgres_wire import now
from rawstore.errors import DatabaseBusy, DatabaseError, StatementError
from tests.engines.conftest import direct, eventually, on_postgres, within

if TYPE_CHECKING:
    from tests.engines.conftest import OpenShop
    from tests.postgres import Remote

pytestmark = on_postgres

QUERIES = """
-- name: set_it() :exec
SET app.who = 'ann';

-- name: set_path() :exec
SET search_path = pg_catalog;

-- name: set_timeout() :exec
SET statement_timeout = '1ms';

-- name: set_config(value text) :exec
SELECT set_config('app.who', :value, false);

-- name: set_for_the_transaction(value text) :exec
SELECT set_config('app.who', :value, true);

-- name: who() :scalar text
SELECT coalesce(current_setting('app.who', true), '');

-- name: lock(key bigint) :exec
SELECT pg_advisory_lock(:key);

-- name: try_lock(key bigint) :scalar bool
SELECT pg_try_advisory_xact_lock(:key);

-- name: setup() :script
SET app.who = 'bob';
CREATE TEMPORARY TABLE scratch (n int);

-- name: scratch_exists() :scalar bool
SELECT to_regclass('pg_temp.scratch') IS NOT NULL;

-- name: copy_out() :exec
COPY items TO STDOUT;

-- name: moment(at timestamptz) :scalar timestamptz
SELECT CAST(:at AS timestamptz);

-- name: plus(n bigint, items bigint[]) :scalar bigint
SELECT :n::bigint + cardinality(:items::bigint[]);
"""


@pytest.fixture
def single(open_shop: OpenShop, tmp_path: Path) -> Any:
    """The shop on a pool of one connection: the next caller is sure to get the last one's."""
    (tmp_path / "shop" / "sql" / "postgres" / "sessions.sql").write_text(QUERIES)
    return open_shop(pool_max=1, lock_timeout=1)


@pytest.mark.parametrize("call", ["set_it", "setup"])
def test_a_setting_is_not_seen_by_the_next(single: Any, call: str) -> None:
    for _ in range(3):
        getattr(single, call)()
        assert single.who() == ""


def test_a_setting_by_function_is_not_seen_by_the_next(single: Any) -> None:
    for _ in range(3):
        single.set_config("ann")
        assert single.who() == ""
        with single.transaction() as tx:
            tx.set_config("ann")
            assert tx.who() == "ann"
        assert single.who() == ""


def test_the_stores_own_settings_survive(single: Any) -> None:
    for _ in range(2):
        single.set_path()
        single.set_timeout()
        assert single.count_items() == 0
        single.sleep(0.05)


def test_a_lock_or_table_is_not_left(single: Any, open_shop: OpenShop) -> None:
    single.lock(1)
    assert open_shop().try_lock(1)
    single.setup()
    assert not single.scratch_exists()


def test_what_the_transaction_takes_back_costs_nothing(single: Any) -> None:
    with single.transaction() as tx:
        tx.set_for_the_transaction("ann")
        assert tx.who() == "ann"
    assert single.who() == ""
    session = single._engine.borrow()
    assert len(session.core.preparation.held) >= 2  # nothing was discarded
    single._engine.give(session)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("/* s.q */ SET x = 1", True),
        ("set local x = 1", False),
        ("/* s.q */ UPDATE t\nSET x = 1", False),
        ("SELECT set_config('x', $1, false)", True),
        ("SELECT SET_CONFIG('x', $1, $2)", True),
        ("SELECT set_config('x', $1, true)", False),
        ("SELECT pg_advisory_lock(1)", True),
        ("SELECT pg_try_advisory_lock_shared(1)", True),
        ("SELECT pg_advisory_xact_lock(1)", False),
        ("LISTEN x", True),
        ("SELECT 1; CREATE TEMP TABLE x ()", True),
        ("CREATE TABLE x (); SELECT 1", False),
        ("INSERT INTO settings VALUES (1)", False),
    ],
)
def test_what_would_be_left(text: str, changes: bool) -> None:  # noqa: FBT001
    assert changes_session(text) is changes


def test_the_server_sees_which_query_runs(single: Any, pg: Remote) -> None:
    with direct(pg, single) as connection:

        def seen() -> list[str]:
            rows = connection.execute(
                "SELECT query FROM pg_stat_activity WHERE application_name = 'rawstore'"
                " AND datname = current_database()"
            )
            return [text for (text,) in rows]

        single.get(1)
        wanted = "/* shop.get */ SELECT id, text\nFROM items"
        eventually(lambda: any(text.startswith(wanted) for text in seen()))


def test_a_query_is_prepared_once_whatever_it_is_given(single: Any) -> None:
    for n in (0, 1, 40_000, 3_000_000_000, -1):
        for items in ([], [1], [1 << 40, 2]):
            assert single.plus(n, items) == n + len(items)
    session = single._engine.borrow()
    held = session.connection.execute(
        "SELECT name FROM pg_prepared_statements WHERE name LIKE 'shop.plus%'"
    ).fetchall()
    single._engine.give(session)
    assert len(held) == 1


def test_copy_is_refused(single: Any) -> None:
    with within(2.0), pytest.raises(StatementError, match="COPY cannot run as a query"):
        single.copy_out()
    assert single.one() == 1


def test_a_pipeline_of_ten_thousand_large_values(single: Any) -> None:
    """More than any socket buffers, in both directions."""
    large = "x" * 5000
    items = [(n, large) for n in range(10_000)]
    rows = single.add_all(items)
    assert len(rows) == 10_000
    assert rows[-1] == (9999, large)
    with single.batch() as batch:
        calls = [batch.get(n) for n in range(0, 10_000, 5)]
    assert all(call.result().text == large for call in calls)


# -- behind a transaction pooler


@pytest.fixture
def pooled(single: Any, open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The shop with `prepare=off`, on a connection that forgets everything between transactions.

    What a pooler would not let pass (`options`) is not sent either, so the schema is on the role's
    search path here.
    """
    assert single.one() == 1
    store = open_shop(prepare="off", pool_max=1)
    engine = store._engine
    give = engine.give

    def forgetful_give(session: Any) -> None:
        now(session.core.rest())
        session.command(b"DISCARD ALL; SET search_path = shop; SET timezone = 'Asia/Tokyo'")
        give(session)

    session = engine.borrow()
    session.command(b"SET search_path = shop; SET timezone = 'Asia/Tokyo'")
    give(session)
    monkeypatch.setattr(engine, "give", forgetful_give)
    return store


def test_every_kind_works_unprepared(pooled: Any) -> None:
    for round_ in range(3):
        pooled.delete_items()
        pooled.add(1, "a")
        assert pooled.get(1) == (1, "a")
        assert pooled.get(9) is None
        assert pooled.add_each([(2, "b"), (3, "c")]) == 2
        assert pooled.add_all([(4, "d")]) == [(4, "d")]
        assert [row.id for row in pooled.list_items()] == [1, 2, 3, 4]
        assert [row.id for row in pooled.stream_items()] == [1, 2, 3, 4]
        assert len(list(pooled.count_to(2500))) == 2500
        assert pooled.change(1, f"round {round_}") == 1
        with pooled.batch() as batch:
            one, count = batch.get(1), batch.count_items()
        assert (one.result().text, count.result()) == (f"round {round_}", 4)
        with pooled.transaction() as tx:
            tx.change(2, "in a transaction")
            with tx.transaction() as inner:
                inner.change(3, "further in")
            assert [row.id for row in tx.stream_items()] == [1, 2, 3, 4]
            with tx.batch() as batch:
                two, three = batch.get(2), batch.get(3)
            assert (two.result().text, three.result().text) == ("in a transaction", "further in")
        assert pooled.plus(3, [1, 2]) == 5
        session = pooled._engine.borrow()
        held = session.connection.execute("SELECT name FROM pg_prepared_statements").fetchall()
        pooled._engine.give(session)
        assert held == []


def test_a_moment_is_in_utc_whatever_the_server_thinks(pooled: Any) -> None:
    at = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
    got = pooled.moment(at)
    assert got == at
    assert got.utcoffset() == timedelta(0)


def test_a_type_that_changes_is_noticed_unprepared(pooled: Any, pg: Remote) -> None:
    pooled.add(1, "a")
    assert pooled.get(1) == (1, "a")
    assert list(pooled.stream_items()) == [(1, "a")]
    with direct(pg, pooled) as connection:
        connection.execute("ALTER TABLE shop.items ALTER COLUMN id TYPE bigint")
    assert pooled.get(1) == (1, "a")
    assert list(pooled.stream_items()) == [(1, "a")]
    assert pooled.add_all([(1 << 20, "b")]) == [(1 << 20, "b")]


# -- Ctrl-C

INTERRUPTED = """
import sys, time, threading, os, signal
import rawstore

store = rawstore.open(__import__("pathlib").Path(sys.argv[1]), sys.argv[2])
store.one()

def interrupt():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)

def work(how):
    if how == "call":
        store.sleep(20)
    elif how == "transaction":
        with store.transaction() as tx:
            tx.sleep(20)
    elif how == "batch":
        with store.batch() as batch:
            batch.sleep(20)
    else:
        store.sleep_each([20, 20])

for how in ("call", "transaction", "batch", "each"):
    threading.Thread(target=interrupt).start()
    start = time.monotonic()
    try:
        work(how)
    except KeyboardInterrupt:
        print(how, round(time.monotonic() - start - 0.5, 2), store.one())
store.close()
"""


def test_ctrl_c_ends_a_wait_at_once(single: Any, tmp_path: Path) -> None:
    script = tmp_path / "interrupted.py"
    script.write_text(textwrap.dedent(INTERRUPTED))
    url = str(single.target)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "shop"), url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [how for how, _, _ in lines] == ["call", "transaction", "batch", "each"]
    assert all(float(late) < 0.3 and one == "1" for _, late, one in lines), lines


def test_the_server_stops_what_was_interrupted(
    single: Any, pg: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with within(0.6), pytest.raises(KeyboardInterrupt):
            single.sleep(4)
    finally:
        signal.signal(signal.SIGALRM, before)
    with direct(pg, single) as connection:

        def running() -> int:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* shop.sleep%'"
                " AND state = 'active'"
            ).fetchone()
            return int(row[0]) if row else 0

        eventually(lambda: running() == 0, 5.0)
    assert single.one() == 1


def test_the_lock_timeout_of_the_url(single: Any) -> None:
    single.add(1)
    other = rawstore.open(single.source.root, str(single.target))
    with other, other.transaction() as tx:
        tx.change(1, "mine")
        start = time.monotonic()
        with pytest.raises(DatabaseError) as caught:
            single.change(1, "yours")
        assert isinstance(caught.value, DatabaseBusy)
        assert 0.9 < time.monotonic() - start < 1.5
