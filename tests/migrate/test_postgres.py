"""What only a PostgreSQL server can do wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from rawstore.errors import (
    ConnectionLost,
    DatabaseBusy,
    MigrationError,
    PermissionDenied,
    ReadOnly,
)
from rawstore.migrate import Migrator, postgres, run
from rawstore.target import PostgresTarget, parse_url
from tests.migrate.conftest import Place
from tests.migrate.test_crash import deploying
from tests.postgres import Remote, Server
from tests.urls import database_name, with_options

SHOP = ["0001_create_users", "0002_create_orders", "0003_add_email"]
ALONE = "-- transactional: false\n"
UNIQUE = (
    ALONE + "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (email);\n"
)


@pytest.fixture
def shop(pg_place: Place) -> Place:
    """A place with three migrations, none of them applied."""
    pg_place.write_shop()
    return pg_place


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are waited for shortly and not often."""
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT", "300ms")
    monkeypatch.setattr(run, "RETRIES", 2)


@pytest.fixture
def role(pg: Remote) -> Iterator[str]:
    """A role without rights."""
    name = f"poor_{time.monotonic_ns()}"
    with pg.connect() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
    yield name
    with pg.connect() as connection:
        connection.execute(f"DROP ROLE {name}".encode())


@contextmanager
def transaction(place: Place, statement: str) -> Iterator[Any]:
    """A session that leaves its transaction open."""
    with psycopg.connect(place.url, options="-c search_path=shop") as connection:
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


def valid(place: Place) -> dict[str, bool]:
    return dict(
        place.rows(
            "SELECT c.relname, i.indisvalid FROM pg_index AS i JOIN pg_class AS c "
            "ON c.oid = i.indexrelid WHERE c.relname LIKE 'users_email%'"
        )
    )


def wait_until(condition: Callable[[], object], seconds: float = 5.0) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds
        time.sleep(0.02)
    return time.monotonic() - started


def running(place: Place, text: str) -> bool:
    """Whether a statement with this text runs."""
    sql = f"SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{text}%' "
    return bool(place.rows(sql + "AND pid <> pg_backend_pid() AND datname = current_database()"))


def test_a_failed_concurrent_build_is_never_marked(shop: Place) -> None:
    shop.migrator.up()
    shop.execute("INSERT INTO users (id, email) VALUES (1, 'x'), (2, 'x')")
    shop.write("0004_add_key", UNIQUE)
    for _ in range(2):
        with pytest.raises(MigrationError, match="could not create unique index"):
            shop.migrator.up()
        assert valid(shop) == {"users_email_key": False}
        assert shop.marked() == SHOP
    shop.execute("DELETE FROM users WHERE id = 2")
    assert shop.migrator.up() == ["0004_add_key"]
    assert valid(shop) == {"users_email_key": True}


def test_a_concurrent_build_that_is_killed_is_repeated(shop: Place) -> None:
    shop.migrator.up()
    shop.write("0004_add_key", UNIQUE)
    with transaction(shop, "INSERT INTO users (id) VALUES (1)"), deploying(shop) as deploy:
        deploy.start()
        wait_until(lambda: running(shop, "CREATE UNIQUE INDEX CONCURRENTLY"))
        deploy.process.kill()
        deploy.ends()
        assert wait_until(lambda: not running(shop, "CREATE UNIQUE INDEX CONCURRENTLY")) < 1.5
        assert valid(shop) == {"users_email_key": False}
    assert shop.migrator.up() == ["0004_add_key"]
    assert valid(shop) == {"users_email_key": True}


def test_a_concurrent_build_waits_for_old_transactions(shop: Place, impatient: None) -> None:
    """Longer than the limit of other statements: nobody waits behind it."""
    shop.migrator.up()
    shop.write("0004_add_key", UNIQUE)
    with transaction(shop, "INSERT INTO users (id) VALUES (1)") as connection:
        timer = threading.Timer(1.0, connection.rollback)
        timer.start()
        assert shop.migrator.up() == ["0004_add_key"]
        timer.join()


def test_the_way_back_from_a_concurrent_build_is_to_drop_the_index(shop: Place) -> None:
    shop.write("0004_add_key", UNIQUE)
    shop.write("0005_vacuum_users", ALONE + "VACUUM users;")
    shop.migrator.up()
    with pytest.raises(MigrationError, match=r"there is no 0005_vacuum_users\.rollback\.sql"):
        shop.migrator.down()
    shop.execute("DELETE FROM _yoyo_migration WHERE migration_id LIKE '0005%'")
    assert shop.migrator.down() == ["0004_add_key"]
    assert valid(shop) == {}


def test_an_invalid_index_is_named_after_every_run(shop: Place) -> None:
    shop.migrator.up()
    shop.execute("INSERT INTO users (id, email) VALUES (1, 'x'), (2, 'x')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        shop.execute("CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email)")
    with pytest.raises(MigrationError, match=r"invalid indexes.*shop\.users_email_key"):
        shop.migrator.up()


@pytest.mark.usefixtures("impatient")
def test_nobody_waits_long_behind_a_migration_that_waits(shop: Place) -> None:
    shop.migrator.up("0002")
    waits: list[float] = []
    done = threading.Event()

    def read_and_write() -> None:
        with shop.connect() as connection:
            while not done.is_set():
                started = time.monotonic()
                connection.execute("UPDATE users SET id = id")
                connection.execute("SELECT count(*) FROM users")
                waits.append(time.monotonic() - started)
                time.sleep(0.005)

    clients = [threading.Thread(target=read_and_write) for _ in range(8)]
    with transaction(shop, "SELECT 1 FROM users"):
        for client in clients:
            client.start()
        with pytest.raises(DatabaseBusy, match=r"0003_add_email\.sql:1: statement 1"):
            shop.migrator.up()
    assert shop.migrator.up() == ["0003_add_email"]
    done.set()
    for client in clients:
        client.join()
    assert max(waits) < 0.3 + 0.5


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_comes_free_is_had_on_a_later_try(shop: Place) -> None:
    shop.migrator.up("0002")
    heard: list[str] = []
    with transaction(shop, "SELECT 1 FROM users") as connection:

        def release(line: str) -> None:
            heard.append(line)
            connection.rollback()

        assert shop.migrator.up(on_progress=release) == ["0003_add_email"]
    assert heard[0] == "0003_add_email: DatabaseBusy, trying again"


def test_the_statement_of_a_killed_deploy_ends_with_it(shop: Place) -> None:
    shop.write("0004_sleep_long", "SELECT pg_sleep(30);", "SELECT 1;")
    with deploying(shop) as deploy:
        deploy.start()
        wait_until(lambda: running(shop, "pg_sleep"))
        deploy.process.kill()
    assert wait_until(lambda: not running(shop, "pg_sleep")) < 1.5


def as_role(place: Place, role: str) -> Migrator:
    target = parse_url(place.url)
    assert isinstance(target, PostgresTarget)
    return Migrator(place.folder, PostgresTarget({**target.conninfo, "user": role}), "shop")


def test_a_role_that_may_not_create_is_told_which_grant_it_needs(shop: Place, role: str) -> None:
    started = time.monotonic()
    with pytest.raises(PermissionDenied, match="GRANT CREATE ON DATABASE"):
        as_role(shop, role).up()
    assert time.monotonic() - started < 1
    shop.migrator.up("0001")
    shop.execute(f"GRANT USAGE ON SCHEMA shop TO {role}")
    shop.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA shop TO {role}")
    with pytest.raises(PermissionDenied, match=f'GRANT CREATE ON SCHEMA "shop" TO "{role}"'):
        as_role(shop, role).up()
    shop.migrator.up()
    assert as_role(shop, role).up() == []
    assert [state.state for state in as_role(shop, role).status()] == ["applied"] * 3
    shop.execute("DROP SCHEMA shop CASCADE")


def test_a_read_only_role_is_refused(shop: Place, role: str) -> None:
    shop.execute(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    with pytest.raises(ReadOnly, match=f"sessions of role {role} are read-only"):
        as_role(shop, role).up()


def test_a_standby_is_refused(shop: Place) -> None:
    with Server() as server:
        (server.data / "standby.signal").touch()
        server.restart()
        started = time.monotonic()
        with pytest.raises(ReadOnly, match="migrate on the primary"):
            Migrator(shop.folder, parse_url(server.url()), "shop").up()
        assert time.monotonic() - started < 1


def test_several_hosts(shop: Place) -> None:
    target = parse_url(shop.url)
    assert isinstance(target, PostgresTarget)
    hosts = f"/nowhere,{target.conninfo['host']}"
    target = PostgresTarget({**target.conninfo, "host": hosts})
    assert Migrator(shop.folder, target, "shop").up() == SHOP


def test_a_server_that_is_not_there_and_no_secret_told(shop: Place) -> None:
    target = parse_url("postgresql://john:hunter2@127.0.0.1:9/shop")
    for command in (
        Migrator(shop.folder, target, "shop").up,
        Migrator(shop.folder, target, "shop").status,
    ):
        with pytest.raises(ConnectionLost, match=r"127\.0\.0\.1") as caught:
            command()
        assert "hunter2" not in str(caught.value)


def test_the_lock_of_another_run_names_its_holder(shop: Place) -> None:
    heard: list[str] = []
    target = parse_url(with_options(shop.url, application_name="ci-7"))
    assert isinstance(target, PostgresTarget)
    with postgres.PostgresDatabase(target, "shop").lock(0, heard.append):
        with pytest.raises(DatabaseBusy, match=r"migrated by ci-7 \(server process \d+"):
            shop.migrator.up(wait=0.3, on_progress=heard.append)
        assert heard[0].startswith("waiting for ci-7 ")
        other = Migrator(shop.folder, parse_url(shop.url), "another_schema")
        assert other.up(wait=0) == SHOP
    assert shop.migrator.up(wait=0) == SHOP


def test_nothing_runs_once_the_lock_is_lost(shop: Place) -> None:
    def end_lock(_: str) -> None:
        shop.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")

    with pytest.raises(ConnectionLost, match="lock"):
        shop.migrator.up(on_progress=end_lock)
    assert shop.marked() == SHOP[:1]
    assert shop.migrator.up() == SHOP[1:]


def test_a_history_in_public_is_not_taken_for_ours(shop: Place) -> None:
    Migrator(shop.folder, parse_url(shop.url), "public").up()
    assert [state.state for state in shop.migrator.status()] == ["pending"] * 3
    assert shop.migrator.up() == SHOP


def test_what_a_file_sets_does_not_reach_the_marks_or_other_files(pg_place: Place) -> None:
    pg_place.write(
        "0001_create_a",
        "CREATE TABLE a (id int);\nSELECT set_config('search_path', '', false);\n"
        "SET timezone = 'Asia/Tokyo';\n",
    )
    pg_place.write("0002_create_b", "CREATE TABLE b (id int);\n")
    pg_place.migrator.up()
    assert pg_place.tables() == {"a", "b"}
    assert pg_place.migrator.up() == []


def test_time_limits_of_the_role_do_not_end_a_migration(pg_place: Place, pg: Remote) -> None:
    name = database_name(pg_place.url)
    pg_place.execute(f"ALTER DATABASE {name} SET statement_timeout = '100ms'")
    pg_place.execute(f"ALTER DATABASE {name} SET idle_session_timeout = '100ms'")
    pg_place.write("0001_sleep", "SELECT pg_sleep(0.3);")
    pg_place.write("0002_sleep", "SELECT pg_sleep(0.3);")
    assert len(pg_place.migrator.up()) == 2


def test_the_servers_log_has_no_errors(pg_server: Server, shop: Place) -> None:
    before = pg_server.log.read_text().count("ERROR")
    shop.migrator.up()
    shop.migrator.up()
    assert pg_server.log.read_text().count("ERROR") == before
