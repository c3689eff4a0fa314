"""Up, down, status and history; and what is refused before anything runs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rawstore.errors import MigrationError
from rawstore.migrate import Migrator
from rawstore.target import SqliteTarget
from tests.migrate.conftest import SCHEMA, Place

SHOP = ["0001_create_users", "0002_create_orders", "0003_add_email"]


@pytest.fixture
def shop(place: Place) -> Place:
    """A place with three migrations, none of them applied."""
    place.write_shop()
    return place


def states(place: Place) -> list[str]:
    return [state.state for state in place.migrator.status()]


def test_up_applies_what_is_pending_and_says_so(shop: Place) -> None:
    heard: list[str] = []
    before = datetime.now(UTC) - timedelta(seconds=1)

    assert shop.migrator.up(on_progress=heard.append) == SHOP

    assert shop.tables() == {"users", "orders"}
    assert [line.partition(":")[0] for line in heard] == SHOP
    assert states(shop) == ["applied"] * 3
    moments = [state.applied_at for state in shop.migrator.status()]
    assert all(moment and before < moment <= datetime.now(UTC) for moment in moments)
    assert shop.migrator.up() == []


def test_down_rolls_back_the_newest_and_up_applies_them_again(shop: Place) -> None:
    shop.migrator.up()
    schema = shop.schema()
    assert shop.migrator.down(2) == ["0003_add_email", "0002_create_orders"]
    assert shop.tables() == {"users"}
    assert states(shop) == ["applied", "pending", "pending"]
    assert shop.migrator.up() == SHOP[1:]
    assert [name for _, name, *_ in shop.schema()] == [name for _, name, *_ in schema]


def test_to_moves_either_way_and_takes_a_unique_beginning(shop: Place) -> None:
    assert shop.migrator.to("0002") == SHOP[:2]
    assert shop.migrator.to("0001_create_users") == ["0002_create_orders"]
    assert shop.migrator.to("0001") == []
    assert shop.migrator.up("0002") == ["0002_create_orders"]
    assert shop.migrator.to("zero") == ["0002_create_orders", "0001_create_users"]
    assert shop.tables() == set()
    for name in "", "000", "0009":
        with pytest.raises(MigrationError, match="begin"):
            shop.migrator.to(name)


def test_a_dry_run_and_status_create_nothing(shop: Place) -> None:
    assert shop.migrator.up(dry_run=True) == SHOP
    assert states(shop) == ["pending"] * 3
    assert shop.migrator.history() == []
    if shop.dialect == "sqlite":
        assert not shop.file.exists()
    else:
        assert shop.rows(f"SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'") == []
    shop.migrator.up()
    assert shop.migrator.down(2, dry_run=True) == ["0003_add_email", "0002_create_orders"]
    assert states(shop) == ["applied"] * 3


def test_history_is_yoyos_log(shop: Place) -> None:
    shop.migrator.up("0001")
    shop.migrator.down()
    entries = shop.migrator.history()
    assert [(entry.id, entry.operation) for entry in entries] == [
        ("0001_create_users", "apply"),
        ("0001_create_users", "rollback"),
    ]
    assert all(entry.username and entry.hostname and entry.at.tzinfo for entry in entries)


def test_a_failing_statement_undoes_its_file_and_is_named(shop: Place) -> None:
    shop.migrator.up()
    path = shop.write(
        "0004_break_it",
        "-- Why.\n\nCREATE TABLE half (id {id});\n\n-- twice\nCREATE TABLE half (id {id});\n",
    )
    with pytest.raises(MigrationError) as caught:
        shop.migrator.up()
    message = str(caught.value)
    assert message.startswith(f"{path}:6: statement 2: ")
    assert "already exists" in message
    assert "rolled back" in message
    assert caught.value.__cause__ is not None
    assert "half" not in shop.tables()
    assert states(shop) == ["applied"] * 3 + ["pending"]


def test_files_before_a_failing_one_stay_applied(shop: Place) -> None:
    shop.write("0004_break_it", "SELECT nonsense;")
    with pytest.raises(MigrationError, match="0004_break_it"):
        shop.migrator.up()
    assert shop.marked() == SHOP


def test_values_of_rows_are_not_in_messages(shop: Place) -> None:
    shop.migrator.up()
    shop.execute("INSERT INTO users (id, email) VALUES (1, 'hunter2'), (2, 'hunter2')")
    shop.write("0004_add_key", "CREATE UNIQUE INDEX users_email_key ON users (email);")
    with pytest.raises(MigrationError) as caught:
        shop.migrator.up()
    assert "hunter2" not in str(caught.value)


def test_rows_that_a_file_selects_are_not_printed(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    place.write("0001_select_it", "SELECT 42 AS answer;")
    place.migrator.up()
    assert capfd.readouterr().out == ""


def edited(place: Place) -> str:
    path = place.folder / "0002_create_orders.sql"
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    return "0002_create_orders was edited"


def deleted(place: Place) -> str:
    (place.folder / "0003_add_email.sql").unlink()
    return "0003_add_email is applied, but there is no such file"


def out_of_order(place: Place) -> str:
    (place.folder / "0003_add_email.sql").rename(place.folder / "0004_add_email.sql")
    place.execute(
        "UPDATE _yoyo_migration SET migration_id = '0004_add_email' WHERE migration_id LIKE '0003%'"
    )
    place.write("0003_add_name", "ALTER TABLE users ADD COLUMN name text;\n", "SELECT 1;")
    return "0003_add_name is not applied, but 0004_add_email"


def emptied(place: Place) -> str:
    for path in place.folder.iterdir():
        path.unlink()
    return "the folder holds no migrations"


def removed(place: Place) -> str:
    emptied(place)
    place.folder.rmdir()
    return "there is no such folder"


def another(place: Place) -> str:
    emptied(place)
    place.write("0001_create_other", "CREATE TABLE other (id {id});", "DROP TABLE other;")
    return "is this the folder of another history"


def same_names_elsewhere(place: Place) -> str:
    place.write("0001_create_users", "CREATE TABLE users (id {id} PRIMARY KEY, age {id});")
    return "0001_create_users was edited"


@pytest.mark.parametrize(
    "tamper", [edited, deleted, out_of_order, emptied, removed, another, same_names_elsewhere]
)
def test_files_that_are_not_those_applied_are_refused(
    shop: Place, tamper: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(tamper)
    shop.migrator.up()
    expected = tamper(shop)
    schema, marked = shop.schema(), shop.marked()
    started = time.monotonic()
    for command in shop.migrator.up, shop.migrator.down, shop.migrator.verify:
        with pytest.raises(MigrationError, match=expected):
            command()
    assert time.monotonic() - started < 3
    assert (shop.schema(), shop.marked()) == (schema, marked)


def test_status_shows_what_was_changed_and_what_is_missing(shop: Place) -> None:
    shop.migrator.up()
    edited(shop)
    deleted(shop)
    assert states(shop) == ["applied", "changed", "missing"]


def test_line_ends_of_a_checkout_are_no_change(shop: Place) -> None:
    shop.migrator.up()
    path = shop.folder / "0002_create_orders.sql"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert shop.migrator.up() == []


def test_a_rollback_file_may_be_mended_later(shop: Place) -> None:
    shop.migrator.up()
    (shop.folder / "0003_add_email.rollback.sql").write_text(
        "-- mended\nALTER TABLE users DROP COLUMN email;"
    )
    assert shop.migrator.down() == ["0003_add_email"]


@pytest.mark.parametrize(
    ("rollback", "reason"),
    [
        (None, "there is no 0004_fill_it.rollback.sql"),
        ("-- The rows\n-- are gone.\n", "The rows are gone."),
        ("", "is empty"),
    ],
)
def test_a_rollback_that_is_none_is_refused_with_its_reason(
    shop: Place, rollback: str | None, reason: str
) -> None:
    shop.write("0004_fill_it", "DELETE FROM users;", rollback)
    shop.migrator.up()
    for count in 1, 3:
        with pytest.raises(MigrationError, match=reason):
            shop.migrator.down(count)
    assert states(shop) == ["applied"] * 4


def test_a_migration_with_nothing_to_do_is_applied_and_rolled_back(place: Place) -> None:
    place.write("0001_create_functions", "-- Nothing to do here.\n", "-- Nothing to undo.\n")
    assert place.migrator.up() == ["0001_create_functions"]
    assert place.migrator.down() == ["0001_create_functions"]


def test_a_folder_with_odd_characters(shop: Place) -> None:
    shop.folder = shop.folder.rename(shop.folder.with_name("my [db]* é"))
    assert shop.migrator.up() == SHOP


def test_twice_the_same_names_in_one_process(shop: Place, tmp_path: Path) -> None:
    other = Place("sqlite", tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}")
    other.write("0001_create_users", "CREATE TABLE people (id {id});", "DROP TABLE people;")
    shop.migrator.up()
    other.migrator.up()
    assert (shop.tables(), other.tables()) == ({"users", "orders"}, {"people"})


def yoyo(place: Place, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the stock command line."""
    url = place.url
    if place.dialect == "postgres":
        scheme, _, rest = url.partition("://")
        url = f"{scheme}+psycopg://{rest}{'&' if '?' in rest else '?'}schema={SCHEMA}"
    options = ("--batch", "--no-config-file", "--database", url, str(place.folder))
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "yoyo", *command, *options],
        capture_output=True,
        text=True,
        check=True,
    )


def test_stock_yoyo_goes_on_where_we_stopped(shop: Place) -> None:
    shop.migrator.up("0002")
    yoyo(shop, "apply")
    assert shop.marked() == SHOP
    assert states(shop) == ["applied"] * 3
    assert shop.migrator.up() == []
    assert shop.rows("SELECT count(*) FROM yoyo_lock") == [(0,)]


def test_we_go_on_where_stock_yoyo_stopped_and_adopt_what_it_did(shop: Place) -> None:
    if shop.dialect == "postgres":
        shop.execute(f"CREATE SCHEMA {SCHEMA}")
    yoyo(shop, "apply")
    shop.write("0004_add_age", "ALTER TABLE users ADD COLUMN age integer;", "SELECT 1;")
    assert states(shop) == ["applied"] * 3 + ["pending"]

    assert shop.migrator.up() == ["0004_add_age"]

    edited(shop)
    with pytest.raises(MigrationError, match="0002_create_orders was edited"):
        shop.migrator.up()


def test_what_stock_yoyo_applied_again_is_adopted_again(shop: Place) -> None:
    shop.migrator.up()
    yoyo(shop, "rollback", "--revision", SHOP[1])
    edited(shop)
    yoyo(shop, "apply")
    assert states(shop) == ["applied"] * 3
    assert shop.migrator.down(3) == SHOP[::-1]


def test_a_lock_row_that_a_killed_yoyo_left_is_no_obstacle(shop: Place) -> None:
    shop.migrator.up("0001")
    yoyo(shop, "list")
    shop.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, NULL, 1)")
    started = time.monotonic()
    assert shop.migrator.up() == SHOP[1:]
    assert time.monotonic() - started < 3
    assert shop.rows("SELECT count(*) FROM yoyo_lock") == [(0,)]


def test_migrating_in_memory_leaves_the_connection_open(tmp_path: Path) -> None:
    place = Place("sqlite", tmp_path / "m", "sqlite://")
    place.write_shop()
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrator = Migrator(place.folder, SqliteTarget(None), "shop", connection=connection)
    assert migrator.up() == SHOP
    assert migrator.down(3) == SHOP[::-1]
    place.write("0004_break_it", "INSERT INTO users VALUES (1); SELECT nonsense;")
    with pytest.raises(MigrationError):
        migrator.up()
    assert not connection.in_transaction
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
    connection.close()
    with pytest.raises(MigrationError, match="in memory"):
        Migrator(place.folder, SqliteTarget(None), "shop").up()
