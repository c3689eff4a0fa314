"""The store collections, filled by `bench.load`, for the searches."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

import rawstore
from rawstore.errors import ConfigError
from rawstore.target import PostgresTarget, SqliteTarget, parse_url

from .load import load
from .load.draw import COMMON
from .place import Place, refuse_schema, remove_file, with_pool
from .statement import Statement

STORE = "collections"
_VECTOR = "SELECT FROM pg_available_extensions WHERE name = 'vector'"
ROWS = 10_000  # items; a tenth of them have an embedding


@dataclass(frozen=True)
class CollectionsPlace(Place):
    """The store's database, and what there is to search for in it."""

    tenant: str
    embeddings: tuple[list[float], ...]

    def any_word(self) -> tuple[str, str]:
        """The arguments of a search by words: a common word, of the tenant with most items."""
        return random.choice(COMMON), self.tenant  # noqa: S311

    def any_embedding(self) -> tuple[list[float], str]:
        """The arguments of a search by meaning: one that is stored, of the same tenant."""
        return random.choice(self.embeddings), self.tenant  # noqa: S311


@contextmanager
def made(url: str, rows: int = ROWS) -> Iterator[CollectionsPlace]:
    """Make and fill the store, on SQLite in a file beside the URL's; drop it when the block ends.

    Raises ConfigError where it is there already.
    """
    target = parse_url(url)
    if isinstance(target, SqliteTarget):
        assert target.path is not None  # noqa: S101 - `place.made` has refused it
        file = target.path.with_name(f"{target.path.name}-{STORE}")
        if file.exists():
            raise ConfigError(f"{file} exists; the bench makes its file and removes it")
        url = f"sqlite:///{file}"
    else:
        refuse_schema(target, STORE)
        _need_vectors(target)
    store = rawstore.open(STORE, with_pool(url))
    try:
        load(STORE, url, rows)
        yield _place(url, store)
    finally:
        if isinstance(store.target, SqliteTarget):
            store.close()
            remove_file(store.target.path or Path())
        else:
            store.drop()
            store.close()


def _need_vectors(target: PostgresTarget) -> None:
    with psycopg.connect(make_conninfo(**target.conninfo)) as server:
        if server.execute(_VECTOR).fetchone() is None:
            raise ConfigError("the server has no pgvector, which the store collections needs")


def _place(url: str, store: Any) -> CollectionsPlace:
    names = ("search_items", "search_similar")
    statements = {name: Statement.of(store.queries[name]) for name in names}
    tenant = "tenant-00000"  # the heavy one: see `load.draw`
    found = [
        embedding.vector
        for number in range(0, 1000, 10)  # each tenth item has one
        for embedding in store.list_embeddings(f"item-{number}", tenant)
    ]
    return CollectionsPlace(url, store, statements, (), tenant, tuple(found))
