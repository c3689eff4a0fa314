from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rawstore.errors import ConfigError, ConnectionLost, DatabaseBusy, PermissionDenied
from rawstore.vectors import Rebuilt
from tests.vectors.shop import INDEX, Shop, clustered, insert, opened

_WAITING = """
SELECT pid
FROM pg_stat_activity
WHERE
    datname = current_database()
    AND wait_event_type = 'Lock'
    AND query ~ '^(REINDEX|CREATE) INDEX CONCURRENTLY'
"""


@contextmanager
def stuck(shop: Shop, work: Callable[[], Any]) -> Iterator[tuple[int, list[Any]]]:
    """Run work in a thread until its build waits for an old transaction, which the block holds.

    Gives the server process that waits, and a list which, after the block, has what the work
    returned or raised.
    """
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    with psycopg.connect(shop.url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM pg_class")
        thread.start()
        deadline = time.monotonic() + 20
        while (pid := shop.value(_WAITING)) is None:
            assert time.monotonic() < deadline, outcome
            time.sleep(0.01)
        yield pid, outcome
    thread.join(30)
    assert not thread.is_alive()


def lists(shop: Shop) -> str:
    options: str = shop.value(
        f"SELECT reloptions[1] FROM pg_class WHERE oid = 'shop.{INDEX}'::regclass"
    )
    return options


def comment(shop: Shop) -> str:
    text: str = shop.value(f"SELECT obj_description('shop.{INDEX}'::regclass)")
    return text


def test_an_index_built_before_its_rows(shop: Shop) -> None:
    shop.index(lists=60)
    shop.connection.execute(f"COMMENT ON INDEX shop.{INDEX} IS 'the places'")
    shop.fill(2000)
    (before,) = shop.vectors.status()
    (done,) = shop.vectors.rebuild()
    assert done.reasons == (f"recall {before.recall:.3f} is below 0.95",)
    assert (done.index, done.lists, done.rows) == (INDEX, 60, 2000)
    assert done.seconds is not None
    (after,) = shop.vectors.status()
    assert after.recall is not None
    assert before.recall is not None
    assert after.recall > before.recall + 0.2
    assert after.built_rows == 2000
    assert after.built_at is not None
    assert timedelta(0) <= datetime.now(UTC) - after.built_at < timedelta(minutes=5)
    assert comment(shop) == (
        f"the places\nrawstore: built {after.built_at:%Y-%m-%dT%H:%M:%SZ} on 2000 rows, 60 lists"
    )
    assert shop.vectors.rebuild(recall=1.0)[0].reasons == ()


def test_more_lists_for_more_rows(shop: Shop) -> None:
    shop.index(lists=10)
    shop.connection.execute(f"COMMENT ON INDEX shop.{INDEX} IS 'the places'")
    shop.fill(1500)
    (planned,) = shop.vectors.rebuild(dry_run=True)
    assert (planned.lists, planned.seconds) == (52, None)
    assert planned.reasons == ("outgrown: 10 lists for 1500 rows, where 52 do",)
    assert planned.statements[1].startswith('CREATE INDEX CONCURRENTLY "rawstore_new_')
    assert planned.statements[-1].startswith('DROP INDEX CONCURRENTLY "shop"."rawstore_old_')
    assert (lists(shop), comment(shop)) == ("lists=10", "the places")

    (done,) = shop.vectors.rebuild()
    assert done.seconds is not None
    assert shop.indexes() == {INDEX: True}
    assert lists(shop) == "lists=52"
    assert comment(shop).startswith("the places\nrawstore: built ")
    assert comment(shop).endswith(" on 1500 rows, 52 lists")

    shop.fill(1400, first=2000)
    assert shop.vectors.rebuild(recall=0.1)[0].reasons == ()
    shop.fill(100, first=4000)
    (again,) = shop.vectors.rebuild()
    assert again.reasons == ("grown from 1500 to 3000 rows since it was built",)
    assert comment(shop).count("rawstore") == 1


def test_the_statements_of_a_dry_run_do_it(shop: Shop) -> None:
    shop.connection.execute(
        f"CREATE INDEX {INDEX} ON shop.things USING ivfflat ((place::halfvec(16)) halfvec_l2_ops)"
        " WITH (lists = 10) WHERE id % 2 = 0"
    )
    shop.fill(3000)
    (planned,) = shop.vectors.rebuild(dry_run=True)
    for statement in planned.statements:
        shop.connection.execute(statement.encode())
    assert shop.indexes() == {INDEX: True}
    definition = shop.value(f"SELECT pg_get_indexdef('shop.{INDEX}'::regclass)")
    assert definition == (
        f"CREATE INDEX {INDEX} ON shop.things USING ivfflat (((place)::halfvec(16)) halfvec_l2_ops)"
        " WITH (lists='52') WHERE ((id % 2) = 0)"
    )
    (index,) = shop.vectors.status(sample=5)
    assert (index.rows, index.built_rows, index.lists) == (1500, 1500, 52)


def test_an_invalid_index(shop: Shop) -> None:
    shop.connection.execute(f"CREATE INDEX {INDEX} ON shop.things USING hnsw (place vector_l2_ops)")
    shop.fill(50)
    assert shop.vectors.rebuild()[0].reasons == ()
    shop.connection.execute(
        f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.{INDEX}'::regclass"
    )
    assert shop.vectors.rebuild()[0].reasons == ("invalid: no search uses it",)
    assert shop.indexes() == {INDEX: True}
    (forced,) = shop.vectors.rebuild(INDEX, force=True)
    assert forced.reasons == ("asked for",)


@pytest.mark.parametrize("old_lists", [10, 52], ids=["more lists", "as many lists"])
def test_killed_in_the_middle(shop: Shop, old_lists: int) -> None:
    shop.index(lists=old_lists)
    shop.fill(1500)
    with stuck(shop, lambda: shop.vectors.rebuild(force=True)) as (pid, outcome):
        assert shop.indexes()[INDEX]
        shop.connection.execute("SET lock_timeout = '5s'")
        insert(shop.connection, 5000, clustered(20))
        assert shop.found() > 0
        with pytest.raises(DatabaseBusy, match="rebuilt by another run"):
            shop.vectors.rebuild(wait=0)
        shop.value(f"SELECT pg_terminate_backend({pid}, 5000)")
    assert isinstance(outcome[0], ConnectionLost)
    left = shop.indexes()
    assert left.pop(INDEX)
    assert list(left.values()) == [False]
    assert lists(shop) == f"lists={old_lists}"

    (done,) = shop.vectors.rebuild(force=True)
    assert (done.rows, done.lists) == (1520, 52)
    assert shop.indexes() == {INDEX: True}


def test_writers_go_on_and_what_they_write_is_found(shop: Shop) -> None:
    shop.index(lists=10)
    shop.fill(1500)
    with stuck(shop, shop.vectors.rebuild) as (_, outcome):
        shop.connection.execute("SET lock_timeout = '5s'")
        shop.connection.execute("DELETE FROM shop.things WHERE id < 100")
        insert(shop.connection, 5000, [[9.0] * 16])
    (done,) = outcome[0]
    assert isinstance(done, Rebuilt)
    assert done.lists == 52
    shop.connection.execute("SET enable_seqscan = off")
    found = shop.value(f"SELECT id FROM shop.things ORDER BY place <=> '{[9.0] * 16}' LIMIT 1")
    assert found == 5000
    (index,) = shop.vectors.status(sample=20)
    assert index.rows == 1401


def test_killed_between_swapping_and_dropping(shop: Shop) -> None:
    shop.index(lists=10)
    shop.fill(1500)
    planned = shop.vectors.rebuild(dry_run=True)[0].statements
    for statement in planned[:-1]:
        shop.connection.execute(statement.encode())
    assert len(shop.indexes()) == 2
    assert shop.vectors.rebuild(recall=0.1)[0].reasons == ()
    assert shop.indexes() == {INDEX: True}


def test_an_unknown_index(shop: Shop) -> None:
    shop.index(lists=10)
    for work in (shop.vectors.rebuild, shop.vectors.tune):
        with pytest.raises(ConfigError, match=f"no vector index 'other'; there are: {INDEX}"):
            work("other")


def test_a_role_that_may_not(shop: Shop, tmp_path: Path, role_url: str) -> None:
    shop.index(lists=10)
    shop.fill(1500)
    with (
        opened(tmp_path, role_url) as store,
        pytest.raises(PermissionDenied, match=r"postgres, who owns .* CREATE INDEX CONCURRENTLY"),
    ):
        store.vectors.rebuild()


def test_progress_is_told(shop: Shop) -> None:
    shop.index(lists=10)
    shop.fill(1500)
    told: list[str] = []

    def tell(what: str, done: int, total: int | None) -> None:
        assert done >= 0
        assert total is None or total >= done
        told.append(what)

    with stuck(shop, lambda: shop.vectors.rebuild(on_progress=tell)):
        deadline = time.monotonic() + 20
        while not told:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert any(what.startswith(f"{INDEX}: waiting for") for what in told)


def test_a_database_that_is_read_only_unless_asked(shop: Shop, tmp_path: Path) -> None:
    shop.index(lists=10)
    shop.fill(30)
    shop.connection.execute(
        f'ALTER DATABASE "{shop.connection.info.dbname}" SET default_transaction_read_only = on'
    )
    with opened(tmp_path, shop.url) as store:
        (built,) = store.vectors.rebuild(force=True)
        (index,) = store.vectors.status(recall=False)
    assert (built.rows, index.built_rows) == (30, 30)
