"""Throw-away databases, filled: one store at several volumes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from psycopg import sql

import rawstore
from rawstore import Store
from rawstore.embedded import EmbeddedServer
from rawstore.scan import Dialect

from ..load import load

_SETTINGS = {
    "autovacuum": "off",  # would work beside what is timed
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "shared_buffers": "1GB",
    "wal_level": "minimal",
}
_PATIENCE = {"statement_timeout": 600}  # seconds: to delete half of a large table takes its time

Progress = Callable[[str], object]


@contextmanager
def filled(
    store: str, dialect: Dialect, volumes: Sequence[int], progress: Progress
) -> Iterator[list[Store]]:
    """The store at each volume, open; all is removed after."""
    make = _files if dialect == "sqlite" else _databases
    with make(store, volumes) as urls, ExitStack() as stack:
        for url, rows in zip(urls, volumes, strict=True):
            load(store, url, rows)
            progress(f"{store}, {dialect}: {rows} rows loaded")
        yield [stack.enter_context(rawstore.open(store, url)) for url in urls]


@contextmanager
def _files(_: str, volumes: Sequence[int]) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield [f"sqlite:///{Path(folder) / str(rows)}.db" for rows in volumes]


@contextmanager
def _databases(store: str, volumes: Sequence[int]) -> Iterator[list[str]]:
    with EmbeddedServer(settings=_SETTINGS) as server:
        names = [f"{store}_{rows}" for rows in volumes]
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for name in names:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield [f"{server.url(name)}&{urlencode(_PATIENCE)}" for name in names]
