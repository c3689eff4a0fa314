"""search_similar on PostgreSQL for a tenant with half of many embeddings: right and quick."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from statistics import fmean, median
from time import perf_counter
from typing import Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

import rawstore

pytestmark = pytest.mark.slow

ROWS = 40_000
LARGE, SMALL = ROWS // 2, 40
QUERIES = 40
Vectors = NDArray[np.float32]

EXACT = """
SELECT item_id, min(vector <=> %s::vector) AS distance
FROM collections.embeddings
WHERE user_id = %s
GROUP BY item_id
ORDER BY distance
LIMIT 10
"""


def scattered(rows: int, seed: int) -> Vectors:
    """Vectors as a model makes them: clusters of unlike size in few dimensions, and noise."""
    generator = np.random.default_rng(0)
    mix = generator.standard_normal((48, 1024))
    centres = generator.standard_normal((300, 48))
    sizes = 1 / np.arange(1, 301)
    generator = np.random.default_rng(seed)
    centre = generator.choice(300, rows, p=sizes / sizes.sum())
    inner = centres[centre] + 0.6 * generator.standard_normal((rows, 48))
    vectors = inner @ mix + 0.5 * generator.standard_normal((rows, 1024))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def owner(row: int) -> str:
    """Half of the rows are one tenant's, one in a thousand another's, the rest those of many."""
    if row % 2 == 0:
        return "large"
    return "small" if row % 1000 == 1 else f"other-{row % 50}"


def fill(connection: psycopg.Connection[Any], vectors: Vectors) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY collections.items (user_id, id, filename, file_path) FROM STDIN"
        ) as into:
            for row in range(ROWS):
                into.write_row((owner(row), str(row), "f", "/f"))
        with cursor.copy(
            "COPY collections.analyses (user_id, id, item_id, version) FROM STDIN"
        ) as into:
            for row in range(ROWS):
                into.write_row((owner(row), str(row), str(row), 1))
        columns = "user_id, id, item_id, analysis_id, embedding_model, embedding_dimensions, vector"
        with cursor.copy(
            f"COPY collections.embeddings ({columns}) FROM STDIN (FORMAT BINARY)"
        ) as into:
            into.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for row, vector in enumerate(vectors):
                texts = (owner(row), str(row), str(row), str(row), "m")
                fields = [text.encode() for text in texts]
                fields.append(struct.pack(">i", 1024))
                fields.append(struct.pack(">hh", 1024, 0) + vector.astype(">f4").tobytes())
                into.write(struct.pack(">h", 7))
                into.write(b"".join(struct.pack(">i", len(field)) + field for field in fields))
            into.write(struct.pack(">h", -1))


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return scattered(ROWS, 1)


@pytest.fixture(scope="module")
def filled(pg: Any, vectors: Vectors) -> Iterator[str]:
    url = pg.create_database()
    with rawstore.open("collections", url) as store:
        store.migrate()
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection, vectors)
        connection.execute("VACUUM ANALYZE collections.embeddings")
        connection.execute("VACUUM ANALYZE collections.items")
    yield url
    pg.drop_database(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


@pytest.fixture(params=["index built before the data", "index built on the data"])
def url(request: pytest.FixtureRequest, filled: str) -> str:
    if request.param == "index built on the data":
        with psycopg.connect(filled, autocommit=True) as connection:
            connection.execute("REINDEX INDEX collections.idx_embeddings_vector_cosine")
    return filled


def compare(connection: psycopg.Connection[Any], vector: Vectors) -> list[Any]:
    """The exact answer, from all of the large tenant's embeddings."""
    return connection.execute(EXACT, (str(vector.tolist()), "large")).fetchall()


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    start = perf_counter()
    return function(), perf_counter() - start


def test_recall_is_high_and_the_answer_never_short(url: str, vectors: Vectors) -> None:
    wanted = scattered(QUERIES, 2)
    recall, quick, slow = [], [], []
    store: Any
    with rawstore.open("collections", url) as store, psycopg.connect(url) as connection:
        for vector in wanted:
            hits, seconds = timed(partial(store.search_similar, vector, "large"))
            rows, exact = timed(partial(compare, connection, vector))
            recall.append(len({hit.id for hit in hits} & {row[0] for row in rows}) / 10)
            similarities = [hit.similarity for hit in hits]
            assert similarities == sorted(similarities, reverse=True)
            assert len(hits) == 10
            quick.append(seconds)
            slow.append(exact)
    assert fmean(recall) >= 0.95
    assert median(quick) < median(slow)


def test_a_small_tenant_gets_the_exact_answer(url: str, vectors: Vectors) -> None:
    mine = [row for row in range(ROWS) if owner(row) == "small"]
    assert len(mine) == SMALL
    store: Any
    with rawstore.open("collections", url) as store:
        for vector in scattered(QUERIES, 3):
            similarities = vectors[mine] @ vector
            best = np.argsort(-similarities)[:10]
            hits = store.search_similar(vector, "small")
            assert [hit.id for hit in hits] == [str(mine[place]) for place in best]
            assert [hit.similarity for hit in hits] == pytest.approx(similarities[best], abs=1e-5)
        assert len(store.search_similar(vectors[0], "small", top_k=1000)) == SMALL


def test_a_large_tenant_gets_as_many_as_it_wants(url: str, vectors: Vectors) -> None:
    store: Any
    with rawstore.open("collections", url) as store:
        for top_k in (1, 100, 1000, 1001, LARGE + 1):
            hits = store.search_similar(vectors[7], "large", top_k=top_k)
            assert len({hit.id for hit in hits}) == len(hits) == min(top_k, LARGE)
            assert {hit.user_id for hit in hits} == {"large"}
        assert store.search_similar(vectors[7], "large", model="none") == []


def test_a_search_leaves_no_setting_behind(url: str, vectors: Vectors) -> None:
    with psycopg.connect(url) as connection:
        settings = ("ivfflat.probes", "ivfflat.iterative_scan", "enable_sort", "jit")
        connection.execute("SELECT '[1]'::public.vector")  # which loads pgvector
        before = [connection.execute(f"SHOW {name}").fetchone() for name in settings]
        connection.execute(
            "SELECT * FROM collections.nearest_items('large', %s::vector, 10, NULL)",
            (str(vectors[7].tolist()),),
        )
        assert [connection.execute(f"SHOW {name}").fetchone() for name in settings] == before
