"""The bench makes its own tables, and leaves nothing behind."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

import rawstore
from bench import collections_place, place
from bench.proxy import ONE_WAY, delaying
from rawstore.errors import ConfigError
from tests.urls import sqlite_url

SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)' ORDER BY 1"


def schemas(url: str) -> list[str]:
    with psycopg.connect(url) as server:
        return [name for (name,) in server.execute(SCHEMAS).fetchall()]


def test_nothing_is_left_on_postgres(pg_database: Callable[[None], str]) -> None:
    url = pg_database(None)
    before = schemas(url)
    with place.made(url, 200), collections_place.made(url, 200):
        assert {"rawstore_bench", "collections"} < set(schemas(url))
    assert schemas(url) == before


def test_nothing_is_left_of_a_file(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bench.db")
    with place.made(url, 200), collections_place.made(url, 200):
        assert (tmp_path / "bench.db").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_touched(empty_url: str) -> None:
    with rawstore.open(place.FOLDER, empty_url) as store:
        store.migrate()
        with pytest.raises(ConfigError, match="exists"), place.made(empty_url, 200):
            pass
        assert store.migrate() == []


def test_a_store_of_somebody_is_not_touched(pg_database: Callable[[None], str]) -> None:
    url = pg_database(None)
    with rawstore.open("collections", url) as store:
        store.migrate()
    with pytest.raises(ConfigError, match="collections exists"), collections_place.made(url, 200):
        pass
    assert "collections" in schemas(url)


def test_memory_is_no_place() -> None:
    with pytest.raises(ConfigError, match="name a file"), place.made("sqlite://", 200):
        pass


def echo(listener: socket.socket) -> None:
    with listener, closing(listener.accept()[0]) as connection:
        while piece := connection.recv(1 << 16):
            connection.sendall(piece)


def test_the_slow_network_hands_on_everything_late() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=echo, args=(listener,))
    server.start()
    sent = bytes(range(256)) * 512
    with (
        delaying(("127.0.0.1", listener.getsockname()[1])) as port,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        start = time.monotonic()
        client.sendall(b"a")
        assert client.recv(1) == b"a"
        assert time.monotonic() - start >= 2 * ONE_WAY
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as answer:
            assert answer.read() == sent
    server.join()
