"""A folder store of things with vectors, and databases that hold them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rawstore
from rawstore.store import Store

if TYPE_CHECKING:
    import psycopg

DIMENSION = 16
INDEX = "things_place"
TABLE = "CREATE SCHEMA shop; CREATE TABLE shop.things (id integer PRIMARY KEY, place vector(16))"
_QUERIES = {
    "postgres": """
-- name: nearest(place vector(16), count int = 10) :many
-- plan: a test
SELECT id FROM shop.things ORDER BY place <=> :place LIMIT :count;
""",
    "sqlite": """
-- name: nearest(place vector(16), count int = 10) :many
SELECT id FROM things ORDER BY cosine_distance(place, :place) LIMIT :count;
""",
}


def folder(at: Path) -> Path:
    """Write the store's query files."""
    for dialect, text in _QUERIES.items():
        path = at / "shop" / "sql" / dialect / "things.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return at / "shop"


@cache
def clustered(count: int, seed: int = 1) -> list[list[float]]:
    """Points in forty heaps."""
    random_ = random.Random(0)
    heaps = [[random_.gauss(0, 1) for _ in range(DIMENSION)] for _ in range(40)]
    random_ = random.Random(seed)
    return [
        [coordinate + random_.gauss(0, 0.4) for coordinate in random_.choice(heaps)]
        for _ in range(count)
    ]


def insert(
    connection: psycopg.Connection[Any], first: int, vectors: Sequence[list[float] | None]
) -> None:
    """Insert things, with ids from `first`."""
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY shop.things (id, place) FROM STDIN") as into,
    ):
        for number, vector in enumerate(vectors, first):
            into.write_row((number, vector and str(vector)))


class Shop:
    """The store, open on an empty database with the table, and a connection of the test's own."""

    def __init__(self, store: Store, url: str, connection: psycopg.Connection[Any]) -> None:
        self.store = store
        self.url = url
        self.vectors = store.vectors
        self.connection = connection

    def fill(self, count: int, first: int = 0) -> None:
        """Insert things in heaps."""
        insert(self.connection, first, clustered(count, seed=first))

    def index(self, lists: int) -> None:
        """Create the IVFFlat index."""
        self.connection.execute(
            f"CREATE INDEX {INDEX} ON shop.things USING ivfflat (place vector_cosine_ops)"
            f" WITH (lists = {lists})"
        )

    def value(self, query: str) -> Any:
        """The first value that a query gives."""
        row = self.connection.execute(query).fetchone()
        return row and row[0]

    def indexes(self) -> dict[str, bool]:
        """The vector indexes by name, and whether each is valid."""
        rows = self.connection.execute(
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " JOIN pg_am ON pg_am.oid = relam WHERE amname IN ('ivfflat', 'hnsw')"
            " AND relnamespace = 'shop'::regnamespace"
        ).fetchall()
        return dict(rows)

    def found(self) -> int:
        """How many of ten nearest the store finds for some of its vectors, as a sum."""
        store: Any = self.store
        return sum(len(store.nearest(vector)) for vector in clustered(5, seed=9))


def opened(at: Path, url: str) -> Store:
    """The store on a database."""
    return rawstore.open(folder(at), url)
