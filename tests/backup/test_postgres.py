"""pg_dump and pg_restore: which ones, what they are told, and what they say."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.backup import contents, dump, postgres, programs
from rawstore.backup.manifest import Extension
from rawstore.errors import ConfigError, ConnectionLost, DatabaseError
from rawstore.target import PostgresTarget
from tests.backup.conftest import is_empty
from tests.backup.test_restore import rewritten
from tests.postgres import Server
from tests.urls import database_name, with_options

if TYPE_CHECKING:
    from tests.conftest import Dialect

CANARY = "sw0rdfish%40"


@pytest.fixture
def dialect() -> Dialect:
    return "postgres"


def write_program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_program_that_is_older_than_the_server_is_refused(bank: Any, tmp_path: Path) -> None:
    old = write_program(tmp_path / "pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'")
    with pytest.raises(ConfigError) as caught:
        bank.backup(tmp_path / "backups", pg_dump=old)
    message = str(caught.value)
    assert "9.6.24" in message
    assert f"the server ({bank.health().server.split()[1]}" in message
    assert "--pg-dump" in message
    assert list((tmp_path / "backups").iterdir()) == []


def test_what_is_no_program_is_refused(bank: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "absent", Path(__file__), write_program(tmp_path / "no", "exit 1")):
        with pytest.raises(ConfigError, match="no pg_dump that runs"):
            bank.backup(tmp_path / "backups", pg_dump=path)


def test_the_program_nearest_to_the_server_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("14.3", "16.1", "18.4"):
        folder = tmp_path / version
        folder.mkdir()
        write_program(folder / "pg_dump", f"echo 'pg_dump (PostgreSQL) {version}'")
    folders = [tmp_path / version for version in ("18.4", "14.3", "16.1")]
    monkeypatch.setattr(programs, "_folders", lambda: iter(folders))
    found = [programs.found("pg_dump", None, least, least, "").version for least in (14, 15, 17)]
    assert found == ["14.3", "16.1", "18.4"]
    with pytest.raises(ConfigError, match=r"pg_dump 19 or newer .* 14\.3 .*16\.1 .*18\.4"):
        programs.found("pg_dump", None, 19, 19, "as new as the server")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_password_is_in_the_arguments_of_a_process(
    bank: Any, tmp_path: Path, pg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = with_options(str(bank.target), password=CANARY)
    real = programs.found("pg_dump", None, 14, 18, "")
    slow = write_program(
        tmp_path / "pg_dump", f'test "$1" = --version || sleep 0.2\nexec {real.path} "$@"'
    )
    seen: list[bytes] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.03):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    command = path.read_bytes()
                except OSError:
                    continue
                if b"--snapshot=" in command:
                    seen.append(command)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with rawstore.open(bank.source.root, url) as store:
            made = store.backup(tmp_path / "backups", pg_dump=slow)
    finally:
        ended.set()
        watcher.join()
    assert seen
    assert not [command for command in seen if b"sw0rdfish" in command]
    assert b"sw0rdfish" not in made.path.read_bytes()


def test_the_password_goes_by_the_environment() -> None:
    target = rawstore.target.parse_url(
        f"postgresql://app:{CANARY}@db.example.com:5433/chat?sslrootcert=/ca.pem"
    )
    assert isinstance(target, PostgresTarget)
    assert programs.environment(target)["PGPASSWORD"] == "sw0rdfish@"
    said = programs.conninfo(target, {"host": "db2.example.com", "port": "5434"})
    assert "sw0rdfish" not in said
    for part in ("sslmode=verify-full", "sslrootcert=/ca.pem", "host=db2.example.com", "port=5434"):
        assert part in said.split()
    with pytest.raises(ConfigError, match="sslpassword"):
        programs.environment(PostgresTarget({"sslpassword": "x"}))


def test_values_and_secrets_are_not_told() -> None:
    program = programs.Program(Path("/usr/bin/pg_restore"), 18, "18.4")
    target = PostgresTarget({"password": "hunter2"})
    report = (
        "pg_restore: while PROCESSING TOC:\n"
        'pg_restore: error: COPY failed for table "users": ERROR:  duplicate key value violates '
        'unique constraint "users_email_key"\n'
        "DETAIL:  Key (email)=(ann@example.com) already exists.\n"
        "CONTEXT:  COPY users, line 2\n"
    )
    error = programs.failed(program, report, target, ["users_email_key"])
    assert str(error) == (
        'pg_restore 18.4 failed: COPY failed for table "users": ERROR:  duplicate key value '
        'violates unique constraint "users_email_key"'
    )
    report = 'pg_restore: error: ERROR:  invalid input syntax for type uuid: "ann@example.com"'
    assert "ann" not in str(programs.failed(program, report, target, []))
    report = 'pg_dump: error: connection to server at "db" failed: password hunter2 is wrong'
    error = programs.failed(program, report, target, [])
    assert isinstance(error, ConnectionLost)
    assert "hunter2" not in str(error)


@pytest.mark.slow
def test_a_limit_for_statements_does_not_end_it(bank: Any, tmp_path: Path, pg: Any) -> None:
    session = bank._engine.borrow()
    name = database_name(str(bank.target))
    session.core.connection.execute(f'ALTER DATABASE "{name}" SET statement_timeout = 1')
    session.core.connection.execute(f'ALTER DATABASE "{name}" SET transaction_timeout = 1')
    bank._engine.give(session)
    try:
        assert bank.backup(tmp_path).manifest.rows == 10
    finally:
        with pg.connect() as connection:
            connection.execute(f'ALTER DATABASE "{name}" RESET ALL')


@pytest.mark.slow
def test_a_program_that_stops_in_the_middle_leaves_nothing(
    bank: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'test "$1" = --version && echo "pg_dump (PostgreSQL) 99.1" && exit 0\n'
    dying = write_program(tmp_path / "pg_dump", f"{text}echo half\nexit 3")
    with pytest.raises(DatabaseError, match="ended without a word"):
        bank.backup(tmp_path / "backups", pg_dump=dying)
    monkeypatch.setattr(dump, "STALLED", 0.2)
    frozen = write_program(tmp_path / "pg_dump2", f"{text}exec sleep 60")
    with pytest.raises(DatabaseError, match="did not go on"):
        bank.backup(tmp_path / "backups", pg_dump=frozen)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_restore_that_fails_in_the_middle_leaves_nothing(
    bank: Any, reopened: Any, tmp_path: Path, pg: Any
) -> None:
    """The rows are in, then an index cannot be built: here for a function that is not there."""
    session = bank._engine.borrow()
    execute = session.core.connection.execute
    execute("CREATE FUNCTION public.f(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1'")
    execute("CREATE INDEX late ON bank.accounts (public.f(id))")
    bank._engine.give(session)
    made = bank.backup(tmp_path)
    with pytest.raises(DatabaseError, match="nothing was restored"):
        reopened.restore(made.path)
    with pg.connect(database_name(str(reopened.target))) as connection:
        found = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'bank'")
        assert found.fetchone() is None


@pytest.mark.slow
def test_owners_and_privileges(bank: Any, reopened: Any, tmp_path: Path, pg: Any) -> None:
    with pg.connect(database_name(str(bank.target))) as connection:
        connection.execute("CREATE ROLE rawstore_reader")
        connection.execute("GRANT USAGE ON SCHEMA bank TO rawstore_reader")
        connection.execute("GRANT SELECT ON bank.accounts TO rawstore_reader")
        try:
            made = bank.backup(tmp_path)
            assert reopened.restore(made.path).notes == ()
            granted = "SELECT has_table_privilege('rawstore_reader', 'bank.accounts', 'SELECT')"
            with pg.connect(database_name(str(reopened.target))) as other:
                assert other.execute(granted).fetchone() == (True,)
                other.execute("DROP SCHEMA bank CASCADE")
        finally:
            connection.execute("DROP OWNED BY rawstore_reader")
            connection.execute("DROP ROLE rawstore_reader")
    (note,) = reopened.restore(made.path).notes
    assert "there is no role rawstore_reader" in note
    assert reopened.total() == 1000


@pytest.mark.slow
def test_a_role_that_may_not_see_every_row_makes_no_backup(
    bank: Any, tmp_path: Path, pg: Any
) -> None:
    with pg.connect(database_name(str(bank.target))) as connection:
        connection.execute("CREATE ROLE rawstore_half LOGIN")
        url = with_options(str(bank.target), user="rawstore_half")
        with (
            rawstore.open(bank.source.root, url) as store,
            pytest.raises(ConfigError, match="rawstore_half may not use the schema bank"),
        ):
            store.backup(tmp_path / "backups")
        connection.execute("GRANT USAGE ON SCHEMA bank TO rawstore_half")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA bank TO rawstore_half")
        connection.execute("ALTER TABLE bank.accounts ENABLE ROW LEVEL SECURITY")
        connection.execute("CREATE POLICY few ON bank.accounts USING (id < 3)")
        try:
            with rawstore.open(bank.source.root, url) as store, pytest.raises(DatabaseError):
                store.backup(tmp_path / "backups")
        finally:
            connection.execute("DROP OWNED BY rawstore_half")
            connection.execute("DROP ROLE rawstore_half")
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.slow
def test_a_server_that_is_down(bank: Any, tmp_path: Path, pg_server: Server) -> None:
    pg_server.stop()
    with pytest.raises(ConnectionLost):
        bank.backup(tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.slow
def test_a_server_that_is_frozen_while_rows_are_counted(
    bank: Any, tmp_path: Path, pg_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = contents.postgres_contents

    def frozen(connection: Any, *rest: Any) -> Any:
        pg_server.freeze(connection.info.backend_pid)
        return count(connection, *rest)

    monkeypatch.setattr(contents, "postgres_contents", frozen)
    monkeypatch.setattr(postgres, "LONGEST", 0.5)
    with pytest.raises(ConnectionLost):
        bank.backup(tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.fixture
def old_server() -> Iterator[Server]:
    with Server(16) as server:
        yield server


@pytest.mark.slow
@pytest.mark.skipif("RAWSTORE_TEST_URL" in os.environ, reason="needs two servers of its own")
def test_a_dump_of_16_is_restored_into_18_and_not_the_other_way(
    old_server: Server, pg_database: Callable[[str | None], str], tmp_path: Path
) -> None:
    with rawstore.open("collections", old_server.url()) as store:
        store.migrate()
        store.create_item("p1", "beach.jpg", "photos/beach.jpg", user_id="ann")
        made = store.backup(tmp_path)
        assert str(made.manifest.program).startswith("pg_dump 16")
    with rawstore.open("collections", pg_database(None)) as new:
        new.restore(made.path)
        assert new.count_items("ann") == 1
        newer = new.backup(tmp_path)
    other = old_server.create_database()
    with rawstore.open("collections", other) as old:
        with pytest.raises(ConfigError, match=r"of PostgreSQL 18.*is PostgreSQL 16"):
            old.restore(newer.path)
        old.restore(made.path)
        assert old.count_items("ann") == 1


@pytest.mark.slow
def test_an_extension_that_the_server_has_not_got(bank: Any, reopened: Any, tmp_path: Path) -> None:
    made = bank.backup(tmp_path)
    needed = (Extension("nosuch", "1.0", "public"),)
    with pytest.raises(ConfigError, match="needs the extension nosuch"):
        reopened.restore(rewritten(made.path, extensions=needed))
    assert is_empty(reopened)


def test_what_is_counted_is_what_is_dumped(
    bank: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that comes between the dump and the count is in neither."""
    count = contents.postgres_contents

    def late(*arguments: Any) -> Any:
        bank.open_account(5)
        return count(*arguments)

    monkeypatch.setattr(contents, "postgres_contents", late)
    assert bank.backup(tmp_path).manifest.rows == 10
    assert bank.count_accounts() == 11


def test_a_sequence_that_was_behind_is_told_and_no_reason_to_refuse(
    bank: Any, reopened: Any, tmp_path: Path, pg: Any
) -> None:
    """Rows came with ids of their own; a sequence may be a text's, too."""
    with pg.connect(database_name(str(bank.target))) as connection:
        connection.execute(
            "INSERT INTO bank.accounts (id, balance) OVERRIDING SYSTEM VALUE VALUES (50, 1)"
        )
        connection.execute("CREATE TABLE bank.codes (code text PRIMARY KEY)")
        connection.execute("CREATE SEQUENCE bank.numbers OWNED BY bank.codes.code")
        connection.execute("INSERT INTO bank.codes VALUES ('X' || nextval('bank.numbers'))")
    made = bank.backup(tmp_path)
    (note,) = reopened.restore(made.path).notes
    assert note == "the sequence of accounts.id is behind: 50 is in use"
    assert reopened.total() == 1001


def test_a_program_beside_us_needs_no_slash(
    bank: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_program(tmp_path / "old_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'")
    with pytest.raises(ConfigError, match=r"there is 9\.6\.24"):
        bank.backup(tmp_path / "backups", pg_dump="old_dump")
