"""collections' index at volume: built before its rows, built anew, tuned; what searches find."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

import psycopg
import pytest

import rawstore
from tests.conformance.test_collections_recall import compare, fill, scattered

pytestmark = pytest.mark.slow

ROWS = 40_000  # what `fill` inserts
INDEX = "idx_embeddings_vector_cosine"
_TELLING = """
CREATE OR REPLACE FUNCTION collections.approximately_nearest_items(
    tenant text, target public.vector, top_k bigint, model text, lists integer
) RETURNS TABLE (nearest_id text, distance double precision) LANGUAGE plpgsql
AS $$ BEGIN RAISE NOTICE 'lists %', lists; END $$
"""


@pytest.fixture(scope="module")
def url(pg: Any) -> Iterator[str]:
    url = pg.create_database()
    with rawstore.open("collections", url) as store:
        store.migrate()
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection, scattered(ROWS, 1))
        connection.execute("VACUUM ANALYZE collections.embeddings")
        connection.execute("VACUUM ANALYZE collections.items")
    yield url
    pg.drop_database(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


def lists_asked(url: str) -> list[str]:
    """How many lists the store's search asks for, first and then, of a large tenant's."""
    told: list[str] = []
    with psycopg.connect(url) as connection:
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        connection.execute(_TELLING)
        connection.execute(
            "SELECT * FROM collections.nearest_items('large', %s::vector, 10, NULL)",
            (str([1.0] * 1024),),
        )
        connection.rollback()
    return told


def searched(url: str, store: Any) -> float:
    """The recall of the store's search for a large tenant."""
    recalls = []
    with psycopg.connect(url) as connection:
        for vector in scattered(30, 2):
            hits = {hit.id for hit in store.search_similar(vector, "large")}
            recalls.append(len(hits & {row[0] for row in compare(connection, vector)}) / 10)
    return fmean(recalls)


def test_rebuilding_and_tuning(url: str) -> None:
    with rawstore.open("collections", url) as store:
        (before,) = store.vectors.status()
        assert (before.rows, before.lists, before.search) == (ROWS, 100, 16)
        assert before.kept_in == f"function collections.{INDEX}_probes"
        assert lists_asked(url) == ["lists 4", "lists 16"]

        (built,) = store.vectors.rebuild(force=True)
        assert (built.lists, built.rows) == (233, ROWS)
        (after,) = store.vectors.status()
        assert after.recall is not None
        assert before.recall is not None
        assert after.recall > before.recall

        (tuned,) = store.vectors.tune(recall=0.95)
        assert tuned.reached
        (index,) = store.vectors.status()
        assert (index.search, index.kept_in) == (tuned.search, before.kept_in)
        assert index.recall is not None
        assert index.recall >= 0.95
        second = max(tuned.search, 4)
        assert lists_asked(url) == [f"lists {second // 4}", f"lists {second}"]
        assert searched(url, store) >= 0.95
        assert store.vectors.rebuild()[0].reasons == ()
