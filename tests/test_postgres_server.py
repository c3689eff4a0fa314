"""The test server itself: what the other tests rely on when they break it."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.postgres import REMOTE_URL, Remote, Server
from tests.urls import database_name

ROOT = Path(__file__).parents[1]

# Starts a server, prints its port and folder, and waits.
STARTER = """
from tests.postgres import Server
import sys, time
server = Server()
server.start()
print(server.port, server.folder, flush=True)
time.sleep(60)
"""


def test_data_survives_a_crash_and_both_addresses_lead_to_it(pg_server: Server) -> None:
    dbname = database_name(pg_server.create_database())
    with pg_server.connect(dbname) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")

    pg_server.restart("immediate")

    for url in pg_server.url(dbname), pg_server.url(dbname, tcp=True):
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
    pg_server.drop_database(dbname)


def test_a_stopped_server_refuses_and_is_put_right(pg_server: Server) -> None:
    pg_server.stop()
    assert pg_server.pid == 0
    with pytest.raises(psycopg.OperationalError):
        pg_server.connect()

    pg_server.restore()

    pg_server.connect().close()


def test_a_frozen_backend_is_silent_until_thawed(pg_server: Server) -> None:
    dbname = database_name(pg_server.create_database())
    with pg_server.connect(dbname) as connection:
        (backend,) = pg_server.backends(dbname)
        assert backend == connection.info.backend_pid

        pg_server.freeze(backend)
        connection.pgconn.send_query(b"SELECT 1")
        time.sleep(0.2)
        connection.pgconn.consume_input()
        assert connection.pgconn.is_busy()

        pg_server.thaw(backend)
        assert connection.pgconn.get_result() is not None
        assert connection.pgconn.get_result() is None
    pg_server.drop_database(dbname)


def test_a_server_with_a_frozen_backend_stops(pg_server: Server) -> None:
    with pg_server.connect() as connection:
        pg_server.freeze(connection.info.backend_pid)
        pg_server.stop("fast", timeout=5)
    assert pg_server.pid == 0


def test_a_copy_has_the_rows_of_its_template(
    pg: Remote, pg_database: Callable[[str | None], str]
) -> None:
    template = pg_database(None)
    with psycopg.connect(template) as connection:
        connection.execute("CREATE TABLE things AS SELECT 7 AS n")
    copy = pg_database(database_name(template))
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT n FROM things").fetchall() == [(7,)]


@pytest.mark.skipif(REMOTE_URL is not None, reason="starts a server of its own")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_test_process(how: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        port, folder = process.stdout.readline().split(maxsplit=1)
        process.send_signal(how)

    deadline = time.monotonic() + 15
    while Path(folder.strip()).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(folder.strip()).exists()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", int(port))) == errno.ECONNREFUSED
