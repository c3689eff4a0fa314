"""`Store.drop()` and `Store.reset()`: all of the store goes, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import ConfigError, DatabaseError, UndefinedObject
from tests.engines.conftest import Busy, direct, marked, on_postgres, on_sqlite, write_shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Dialect
    from tests.engines.conftest import OpenShop
    from tests.postgres import Remote

MORE = {
    "sqlite": """
CREATE TABLE parents (id integer PRIMARY KEY, name text) STRICT;
CREATE TABLE children (
    id integer PRIMARY KEY AUTOINCREMENT,
    parent integer NOT NULL REFERENCES parents (id)
) STRICT;
CREATE TABLE "odd ""name" (id integer PRIMARY KEY, self integer REFERENCES "odd ""name" (id));
CREATE INDEX children_parent_idx ON children (parent);
CREATE VIEW families AS SELECT parents.name, children.id FROM parents
INNER JOIN children ON children.parent = parents.id;
CREATE VIRTUAL TABLE texts USING fts5 (body);
CREATE TRIGGER children_added AFTER INSERT ON children BEGIN
    INSERT INTO texts (body) VALUES (new.id);
END;
INSERT INTO parents VALUES (1, 'Ann');
INSERT INTO children (parent) VALUES (1);
INSERT INTO "odd ""name" VALUES (1, 1);
""",
    "postgres": """
CREATE TABLE shop.parents (id integer PRIMARY KEY, name text);
CREATE TABLE shop.children (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent integer NOT NULL REFERENCES shop.parents (id)
);
CREATE VIEW shop.families AS SELECT parents.name, children.id FROM shop.parents
INNER JOIN shop.children ON children.parent = parents.id;
CREATE TYPE shop.mood AS ENUM ('happy');
CREATE FUNCTION shop.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
INSERT INTO shop.parents VALUES (1, 'Ann');
INSERT INTO shop.children (parent) VALUES (1);
""",
}


@pytest.fixture
def shop(open_shop: OpenShop, tmp_path: Path, dialect: Dialect) -> Any:
    folder = tmp_path / "shop" / "migrations" / dialect
    (folder / "0002_add_more.sql").write_text(MORE[dialect])
    opened = open_shop()
    opened.migrate()
    opened.add(1)
    return opened


def left(shop: Any, pg: Remote | None) -> list[str]:
    """What there is of the store's objects."""
    if pg is None:
        session = shop._engine.borrow(writes=False)
        rows = session.connection.execute(
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"
        ).fetchall()
        shop._engine.give(session)
    else:
        with direct(pg, shop) as connection:
            rows = connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname = 'shop'"
            ).fetchall()
    return [name for (name,) in rows]


@pytest.fixture
def server(request: pytest.FixtureRequest, dialect: Dialect) -> Remote | None:
    return request.getfixturevalue("pg") if dialect == "postgres" else None


def test_everything_goes(shop: Any, server: Remote | None) -> None:
    assert left(shop, server)
    shop.drop()
    assert left(shop, server) == []
    with pytest.raises(UndefinedObject):
        shop.count_items()
    shop.drop()  # once more is no error
    assert shop.migrate() == ["0001_create_items", "0002_add_more"]
    assert shop.count_items() == 0


def test_a_reset_starts_anew(shop: Any) -> None:
    for _ in range(3):
        assert shop.reset() == ["0001_create_items", "0002_add_more"]
        assert shop.count_items() == 0
        shop.add(1)
        assert [row.id for row in shop.stream_items()] == [1]


def test_a_reset_under_readers(shop: Any) -> None:
    """They may meet an empty database, not a broken connection or a wrong row."""

    def read() -> None:
        with suppress(UndefinedObject):
            assert [row.id for row in shop.list_items()] in ([], [1])

    with Busy(4, read) as busy:
        for _ in range(3):
            busy.wait_for(20)
            shop.reset()
            shop.add(1)
        busy.wait_for(20)
    assert busy.errors == []


def test_foreign_keys_are_on_again(shop: Any, dialect: Dialect, tmp_path: Path) -> None:
    shop.reset()
    orphan = "-- name: orphan() :exec\nINSERT INTO children (parent) VALUES (99);\n"
    write_shop(tmp_path, dialect, orphan=orphan)
    with rawstore.open(tmp_path / "shop", str(shop.target)) as store:
        store.drop()
        store.migrate()
        with pytest.raises(DatabaseError, match="foreign key violation"):
            store.orphan()


@marked(on_postgres)
def test_other_schemas_stay(shop: Any, server: Remote) -> None:
    with direct(server, shop) as connection:
        connection.execute("CREATE TABLE public.mine (id int)")
        connection.execute("INSERT INTO public.mine VALUES (1)")
        shop.drop()
        assert connection.execute("SELECT id FROM public.mine").fetchall() == [(1,)]


@marked(on_postgres)
def test_a_shared_schema_is_not_dropped(tmp_path: Path, empty_url: str) -> None:
    folder = tmp_path / "public" / "sql" / "postgres"
    folder.mkdir(parents=True)
    (folder / "x.sql").write_text("-- name: one() :scalar int\nSELECT 1;\n")
    with rawstore.open(tmp_path / "public", empty_url) as store:
        with pytest.raises(ConfigError, match="public is shared"):
            store.drop()
        assert store.one() == 1


@marked(on_sqlite)
def test_a_missing_file_is_dropped_already(tmp_path: Path) -> None:
    with rawstore.open(write_shop(tmp_path, "sqlite"), f"sqlite:///{tmp_path}/x.db") as store:
        store.drop()
    assert not (tmp_path / "x.db").exists()


@marked(on_sqlite)
def test_a_store_in_memory(tmp_path: Path) -> None:
    with rawstore.open(write_shop(tmp_path, "sqlite"), "sqlite://") as store:
        store.migrate()
        store.add(1)
        assert store.reset() == ["0001_create_items"]
        assert store.count_items() == 0
