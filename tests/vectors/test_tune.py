from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import rawstore
from rawstore.errors import DatabaseError, PermissionDenied
from tests.vectors.shop import INDEX, Shop, clustered, opened


@pytest.fixture
def heaps(shop: Shop) -> Shop:
    """1500 things in an index built before them, whose searches look at one list of thirty."""
    shop.index(lists=30)
    shop.fill(1500)
    return shop


def in_force(url: str, name: str = "ivfflat.probes") -> int:
    """The setting as a new session has it."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT '[1]'::vector")
        row = connection.execute("SELECT current_setting(%s)::integer", (name,)).fetchone()
        assert row is not None
        number: int = row[0]
        return number


def test_the_smallest_that_reaches_it_is_kept(heaps: Shop) -> None:
    (before,) = heaps.vectors.status()
    (dry,) = heaps.vectors.tune(recall=0.99, sample=50, dry_run=True)
    assert (dry.kept_in, in_force(heaps.url)) == (None, 1)
    assert dry.statement is not None
    assert dry.statement.endswith(f" SET ivfflat.probes = {dry.search}")

    (tuned,) = heaps.vectors.tune(recall=0.99, sample=50)
    assert (tuned.index, tuned.setting, tuned.before) == (INDEX, "ivfflat.probes", 1)
    assert tuned.reached
    assert tuned.least is not None
    assert tuned.recall is not None
    assert 0.99 <= tuned.least <= tuned.recall
    assert tuned.sample == 50
    assert 1 < tuned.search < 30
    assert tuned.kept_in == "the database"
    assert in_force(heaps.url) == tuned.search == dry.search

    (after,) = heaps.vectors.status()
    assert (after.search, after.kept_in) == (tuned.search, "the database")
    assert after.recall is not None
    assert before.recall is not None
    assert after.recall > before.recall


def test_the_stores_searches_use_it(heaps: Shop, tmp_path: Path) -> None:
    heaps.vectors.tune(recall=0.99, sample=50)
    for options in ("", "&prepare=off"):
        store: Any
        with opened(tmp_path, f"{heaps.url}{options}") as store, heaps.connection.transaction():
            heaps.connection.execute("SET LOCAL enable_indexscan = off")
            wrong = 0
            for vector in clustered(20, seed=7):
                exact = heaps.connection.execute(
                    "SELECT id FROM shop.things ORDER BY place <=> %s::vector LIMIT 10",
                    (str(vector),),
                ).fetchall()
                found = {row.id for row in store.nearest(vector)}
                wrong += len({id for (id,) in exact} - found)
        assert wrong <= 10  # of 200; untuned some 75. An index is built by chance


def test_what_others_use_is_not_lowered(heaps: Shop) -> None:
    heaps.connection.execute(
        "CREATE INDEX other ON shop.things USING ivfflat (place vector_l2_ops) WITH (lists = 30)"
    )
    heaps.connection.execute(
        sql.SQL("ALTER DATABASE {} SET ivfflat.probes = 25").format(
            sql.Identifier(heaps.connection.info.dbname)
        )
    )
    (tuned,) = heaps.vectors.tune(INDEX, recall=0.5, sample=30)
    assert (tuned.before, tuned.search) == (25, 25)
    heaps.connection.execute("DROP INDEX shop.other")
    (tuned,) = heaps.vectors.tune(INDEX, recall=0.5, sample=30)
    assert (tuned.before, tuned.search) == (25, in_force(heaps.url))
    assert tuned.search < 25


def test_out_of_reach(shop: Shop) -> None:
    shop.fill(1500)
    shop.connection.execute(
        f"CREATE INDEX {INDEX} ON shop.things USING hnsw (place vector_l2_ops)"
        " WITH (m = 2, ef_construction = 4)"
    )
    (tuned,) = shop.vectors.tune(recall=1.0, sample=30)
    assert not tuned.reached
    assert (tuned.search, tuned.kept_in, tuned.statement) == (1000, None, None)
    assert tuned.recall is not None
    assert tuned.recall < 1
    assert in_force(shop.url, "hnsw.ef_search") == 40


def test_too_few_rows_to_tell(shop: Shop) -> None:
    shop.index(lists=10)
    (tuned,) = shop.vectors.tune()
    assert (tuned.sample, tuned.recall, tuned.kept_in) == (0, None, None)
    assert (tuned.before, tuned.search, tuned.reached) == (1, 1, True)


def test_a_role_that_does_not_own_the_database(heaps: Shop, tmp_path: Path, role_url: str) -> None:
    with opened(tmp_path, role_url) as store:
        (tuned,) = store.vectors.tune(recall=0.9, sample=50)
        assert tuned.kept_in == "the role in this database"
        assert in_force(role_url) == tuned.search > 1
        assert in_force(heaps.url) == 1
        (index,) = store.vectors.status(recall=False)
        assert (index.search, index.kept_in) == (tuned.search, "the role in this database")


def test_a_setting_that_goes_first_is_found_out(heaps: Shop, tmp_path: Path) -> None:
    url = f"{heaps.url}&options=-c%20ivfflat.probes%3D2"
    with (
        opened(tmp_path, url) as store,
        pytest.raises(DatabaseError, match="client sets it to 2"),
    ):
        store.vectors.tune(recall=0.99)


NUMBER = f"""
CREATE FUNCTION shop.{INDEX}_probes() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 2'
"""


def test_kept_in_a_function_that_gives_it(heaps: Shop, tmp_path: Path, role_url: str) -> None:
    heaps.connection.execute(NUMBER)
    (index,) = heaps.vectors.status(recall=False)
    assert (index.search, index.kept_in) == (2, f"function shop.{INDEX}_probes")
    (tuned,) = heaps.vectors.tune(recall=0.99, sample=50)
    assert tuned.kept_in == f"function shop.{INDEX}_probes"
    assert heaps.value(f"SELECT shop.{INDEX}_probes()") == tuned.search > 2
    assert in_force(heaps.url) == 1
    with (
        opened(tmp_path, role_url) as store,
        pytest.raises(PermissionDenied, match=r"its owner runs: CREATE OR REPLACE FUNCTION"),
    ):
        store.vectors.tune(recall=0.5)


SEARCH = """
CREATE FUNCTION shop.search(wanted vector, "many rows" bigint) RETURNS SETOF integer
LANGUAGE sql STABLE SET "ivfflat.probes" = 3
AS 'SELECT id FROM shop.things ORDER BY place <=> wanted LIMIT "many rows"'
"""


def test_kept_in_the_functions_that_search(heaps: Shop) -> None:
    heaps.connection.execute(SEARCH)
    (index,) = heaps.vectors.status(recall=False)
    assert (index.search, index.kept_in) == (3, "function shop.search(public.vector,bigint)")
    (tuned,) = heaps.vectors.tune(recall=0.99, sample=50)
    config = heaps.value("SELECT proconfig FROM pg_proc WHERE proname = 'search'")
    assert config == [f"ivfflat.probes={tuned.search}"]


def searched_with(connection: psycopg.Connection[Any], store: rawstore.Store) -> int:
    """The ef_search with which contextpilot's search is made, by a plan that the session keeps."""
    text = store.queries["search_contexts"].variants[0].text
    connection.execute(text.encode(), [str([1.0] * 384), 5], prepare=True)
    row = connection.execute("SELECT current_setting('hnsw.ef_search')::integer").fetchone()
    connection.rollback()
    assert row is not None
    number: int = row[0]
    return number


def test_contextpilots_search_asks_for_it(shop: Shop) -> None:
    index = "idx_context_unit_embedding_384"
    with rawstore.open("contextpilot", shop.url) as store:
        store.migrate()
        shop.connection.execute(
            "INSERT INTO contextpilot.context_units (source_type, name, content, embedding)"
            " SELECT 'file', i, '', array_fill(1, array[383])::vector || ('[' || i || ']')::vector"
            " FROM generate_series(1, 60) AS i"
        )
        with psycopg.connect(shop.url, cursor_factory=psycopg.RawCursor) as connection:
            connection.execute("SET plan_cache_mode = force_generic_plan")
            assert searched_with(connection, store) == 200
            (tuned,) = store.vectors.tune(index, recall=0.9)
            assert tuned.kept_in == f"function contextpilot.{index}_ef_search"
            assert searched_with(connection, store) == tuned.search < 100
        (found,) = [each for each in store.vectors.status(recall=False) if each.index == index]
        assert (found.search, found.rows, found.dimension) == (tuned.search, 60, 384)
