"""`rawstore top`: what a server does, by the names of queries; and no value of anybody."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

import rawstore
from rawstore.errors import ConnectionLost
from rawstore.monitor.masking import LENGTH, masked
from rawstore.monitor.top import Running, known, look
from rawstore.url import parse
from tests.engines.conftest import eventually
from tests.postgres import Server

CANARY = "hunter2"
PROGRAMS = Path("/usr/lib/postgresql/15/bin")
LIBRARY = PROGRAMS.parent / "lib" / "pg_stat_statements.so"


# -- masking


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT a FROM t WHERE b = 'hunter2'", "SELECT a FROM t WHERE b = ?"),
        ("SELECT 'it''s hunter2', 12.5e-3, $1", "SELECT ?, ?, $1"),
        ("SELECT $x$hunter2$x$, x1, 1_000, 0xFF, .5", "SELECT ?, x1, ?, ?, ?"),
        ("SELECT 1 -- hunter2\n+ /* hunter2 */ 2", "SELECT ? + ?"),
        ("SELECT 1 /* a /* b */ hunter2 */", "SELECT ? …"),
        (r"SELECT E'\'hunter2', 'hunter2'", "SELECT …"),
        (r"SELECT 'a\', hunter2, '", "SELECT …"),
        ("INSERT INTO t VALUES ('hunter2", "INSERT INTO t VALUES (?"),
        ("SELECT $$hunter2", "SELECT ?"),
        ("SELECT 1 /* hunter2", "SELECT ?"),
        ('SELECT "hunter2" FROM t', 'SELECT "…" FROM t'),
        ('SELECT "hunter2', "SELECT …"),
        ("SELECT 1; SET x = hunter2", "SELECT ?…"),
        ("ALTER ROLE ann PASSWORD hunter2", "ALTER …"),
        ("set x = hunter2", "SET …"),
        ("  COMMIT;  ", "COMMIT;"),
        ("", "…"),
    ],
)
def test_no_literal_is_shown(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert CANARY not in masked(text)


@pytest.mark.parametrize("end", range(60))
def test_nothing_is_shown_of_a_text_that_is_cut_off(end: int) -> None:
    text = "SELECT 'hunter2', E'hunter2', $a$hunter2$a$, /* hunter2 */ 1"
    assert "hunt" not in masked(text[:end])


def test_a_long_statement_is_cut() -> None:
    assert len(masked("SELECT a" + ", b" * 1000)) == LENGTH


# -- a server without pg_stat_statements


@pytest.fixture
def database(pg_database: Callable[[str | None], str]) -> Iterator[Any]:
    with rawstore.open("minipilot", pg_database(None)) as store:
        store.migrate()
        yield store


def test_what_runs_has_its_name_and_file_and_who_blocks_it(database: Any) -> None:
    user = database.create_user(name=CANARY)
    url = str(database.target)
    with psycopg.connect(url) as blocker:
        blocker.execute(f"SELECT '{CANARY}'")
        blocker.execute("LOCK TABLE minipilot.users IN ACCESS EXCLUSIVE MODE")
        waiting = threading.Thread(target=database.get_user_by_id, args=(user.id,))
        waiting.start()
        eventually(lambda: _named(database, "minipilot.get_user_by_id"))
        (found,) = _named(database, "minipilot.get_user_by_id")
        others = _named(database, "(other) LOCK …")
        blocker.rollback()
        waiting.join()
    assert found.place == known([])["minipilot.get_user_by_id"]
    assert found.blocked_by == (others[0].pid,)
    assert found.waits_for == "Lock: relation"
    assert others[0].state == "idle in transaction"


def _named(store: Any, name: str) -> list[Running]:
    found = store.top()
    assert CANARY not in str(found)
    return [each for each in found.running if each.query == name]


def test_a_statement_that_pretends_to_be_ours_shows_nothing(database: Any) -> None:
    with psycopg.connect(str(database.target)) as other:
        other.execute(f"SELECT /* minipilot.{CANARY} */ 1")
        assert [each.query for each in database.top().running] == ["(other) SELECT ?"]


def test_without_the_extension_it_says_how_to_get_it(database: Any) -> None:
    (note,) = database.top().notes
    assert "pg_stat_statements is not installed" in note
    assert "CREATE EXTENSION" in note


def test_a_role_without_the_right_is_told_so(database: Any) -> None:
    with psycopg.connect(str(database.target), autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS rawstore_top")
        admin.execute("CREATE ROLE rawstore_top LOGIN")
        try:
            admin.execute("SET ROLE rawstore_top")
            conninfo = {**database.target.conninfo, "user": "rawstore_top"}
            conninfo.pop("password", None)
            notes = look(type(database.target)(conninfo), {}).notes
        finally:
            admin.execute("RESET ROLE")
            admin.execute("DROP ROLE rawstore_top")
    assert any('GRANT pg_read_all_stats TO "rawstore_top"' in note for note in notes)


def test_a_frozen_server_ends_it(pg_server: Server) -> None:
    target = parse(f"{pg_server.url()}&connect_timeout=2")
    pg_server.freeze(pg_server.pid)
    with pytest.raises(ConnectionLost):
        look(target, {})


def test_sqlite_has_no_server_to_ask() -> None:
    with rawstore.open("minipilot", "sqlite://") as store:
        found = store.top()
    assert not found.running
    assert not found.totals
    assert "store.stats()" in found.notes[0]


# -- one with it


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """A folder with the data of a server that has pg_stat_statements; it does not run."""
    if not LIBRARY.exists():
        pytest.skip(f"no PostgreSQL with pg_stat_statements at {PROGRAMS}")
    folder = Path(tempfile.mkdtemp(prefix="rawstore-top-", dir="/tmp"))
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        program(folder, "initdb", "-U", "postgres", "-A", "trust", "--no-sync")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def program(folder: Path, name: str, *arguments: str) -> None:
    """Run one of the server's programs, as somebody who is not root."""
    options: dict[str, Any] = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(
        [PROGRAMS / name, "-D", folder / "data", *arguments],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        **options,
    )


@contextmanager
def running(folder: Path, *settings: str) -> Iterator[str]:
    """The URL of the server, which runs while the block does."""
    always = ("listen_addresses=''", "fsync=off", f"unix_socket_directories={folder}")
    flags = " ".join(f"-c {setting}" for setting in (*always, *settings))
    program(folder, "pg_ctl", "-w", "-l", str(folder / "log"), "-o", flags, "start")
    try:
        yield f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
    finally:
        program(folder, "pg_ctl", "-m", "fast", "-w", "stop")


def test_totals_are_joined_with_names_and_files(cluster: Path) -> None:
    with (
        running(cluster, "shared_preload_libraries=pg_stat_statements") as url,
        psycopg.connect(url, autocommit=True) as admin,
        rawstore.open("minipilot", url) as store,
    ):
        admin.execute('CREATE SCHEMA "odd place"')
        admin.execute('CREATE EXTENSION pg_stat_statements SCHEMA "odd place"')
        untyped: Any = store
        untyped.migrate()
        made = [untyped.create_user(name=CANARY) for _ in range(7)]
        for user in made:
            untyped.get_user_by_id(user.id)
        admin.execute(f"SELECT '{CANARY}'")
        found = store.top()
    totals = {total.query: total for total in found.totals}
    read = totals["minipilot.get_user_by_id"]
    assert (read.calls, read.rows) == (7, 7)
    assert read.place == known([])["minipilot.get_user_by_id"]
    assert read.mean == pytest.approx(read.seconds / 7)
    assert 0 < read.share < 1
    assert 0 <= (read.hit_ratio or 0) <= 1
    assert totals["minipilot.create_user"].rows == 7
    assert CANARY not in str(found)
    assert found.notes == ()


def test_an_extension_that_is_not_preloaded_is_said_to_be(cluster: Path) -> None:
    with running(cluster) as url, psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        (note,) = look(parse(url), {}).notes
    assert "not preloaded" in note
    assert "shared_preload_libraries" in note
