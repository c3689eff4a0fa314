"""A deploy in a process of its own, for the tests that kill it.

Says "ready" when everything is imported; then migrates each URL that it reads from its input, and
prints "ok" or the error. With RAWSTORE_KILL="before-commit 3" it kills itself before (or after) the
third commit; with RAWSTORE_UID it goes on as that user, without any environment.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from rawstore.errors import ConnectionLost
from rawstore.migrate import Migrator
from rawstore.migrate.backend import Backend
from rawstore.migrate.postgres_backend import PostgresBackend
from rawstore.migrate.sqlite_backend import SqliteBackend
from rawstore.target import PostgresTarget, SqliteTarget, parse_url


def kill_at(moment: str, which: int) -> None:
    """Have this process killed around its `which`-th commit."""
    commits = 0

    def patch(backend: type[Backend]) -> None:
        commit = backend.commit

        def commit_and_die(self: Backend) -> None:
            nonlocal commits
            commits += 1
            if commits == which and moment == "before-commit":
                os.kill(os.getpid(), signal.SIGKILL)
            commit(self)
            if commits == which and moment == "after-commit":
                os.kill(os.getpid(), signal.SIGKILL)

        backend.commit = commit_and_die

    patch(SqliteBackend)
    patch(PostgresBackend)


def rehearse() -> None:
    """Import what is imported late: that user may not be able to read Python's library."""
    folder = Path(sys.argv[1])
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        Migrator(folder, SqliteTarget(None), "shop", connection=connection).up()
    with suppress(ConnectionLost):
        Migrator(folder, PostgresTarget({"host": "/nowhere"}), "shop").up()


def main() -> None:
    if kill := os.environ.get("RAWSTORE_KILL"):
        moment, which = kill.split()
        kill_at(moment, int(which))
    if uid := os.environ.get("RAWSTORE_UID"):
        rehearse()
        os.environ.clear()
        os.setgid(int(uid))
        os.setuid(int(uid))
    say("ready")
    for line in sys.stdin:
        try:
            Migrator(Path(sys.argv[1]), parse_url(line.strip()), "shop").up(wait=60)
        except Exception as error:
            say(f"{type(error).__name__}: {error}".replace("\n", " | "))
        else:
            say("ok")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
