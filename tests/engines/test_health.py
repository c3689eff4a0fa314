"""`Store.health()` and `wait()`: what both engines have in common."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import ConfigError, ConnectionLost

if TYPE_CHECKING:
    from rawstore.health import Health
    from tests.conftest import Dialect
    from tests.engines.conftest import OpenShop

MORE = "CREATE TABLE more (id integer PRIMARY KEY);\n"


def examine(store: Any, **asked: Any) -> Health:
    """Look anew, with much patience: a busy machine is no frozen database."""
    found: Health = store.health(**{"deadline": 30.0, "max_age": 0, **asked})
    assert found.healthy is (not found.problems)
    assert found.status == (found.problems[0].code if found.problems else "healthy")
    return found


@pytest.fixture
def folder(shop: Any, dialect: Dialect) -> Path:
    path: Path = shop.source.migrations(dialect)
    return path


def test_a_healthy_store(shop: Any, dialect: Dialect) -> None:
    shop.one()
    found = examine(shop)
    assert found.status == "healthy"
    assert found.reachable
    assert found.migrations["applied"] == 1
    assert sum(found.migrations.values()) == 1
    assert found.server is not None
    assert found.server.startswith({"sqlite": "SQLite 3.", "postgres": "PostgreSQL 1"}[dialect])
    assert found.database == str(shop.target)
    assert bool(found.pool) is (dialect == "postgres")
    assert bool(found.connections) is (dialect == "postgres")
    assert bool(found.storage) is (dialect == "sqlite")


def test_behind_on_migrations(shop: Any, folder: Path) -> None:
    (folder / "0002_add_more.sql").write_text(MORE)
    found = examine(shop)
    assert found.status == "behind"
    assert found.migrations["pending"] == 1
    assert found.problems[0].text == "1 migration is pending: rawstore migrate up shop"
    shop.migrate()
    assert examine(shop).healthy


def test_an_old_deploy_against_a_newer_schema(shop: Any, folder: Path) -> None:
    (folder / "0002_add_more.sql").write_text(MORE)
    shop.migrate()
    (folder / "0002_add_more.sql").unlink()
    found = examine(shop)
    assert found.status == "ahead"
    assert (found.migrations["ahead"], found.migrations["missing"]) == (1, 0)
    assert "do not know 0002_add_more: deploy the version" in found.problems[0].text


def test_an_edited_migration(shop: Any, folder: Path) -> None:
    file = folder / "0001_create_items.sql"
    file.write_text(f"{file.read_text()}-- and a comment\n")
    found = examine(shop)
    assert found.status == "tampered"
    assert "0001_create_items is applied, but its file is changed" in found.problems[0].text
    file.rename(folder / "0002_create_items.sql")
    found = examine(shop)
    assert [problem.code for problem in found.problems] == ["tampered", "behind"]
    assert "0001_create_items is applied, but its file is missing" in found.problems[0].text


def test_a_migration_out_of_order(shop: Any, folder: Path) -> None:
    (folder / "0000_come_late.sql").write_text(MORE)
    found = examine(shop)
    assert found.status == "tampered"
    assert found.migrations["out_of_order"] == 1
    assert found.problems[0].text.endswith("come after are: 0000_come_late")


def test_migrations_that_cannot_be_read(shop: Any, folder: Path) -> None:
    (folder / "0001_create_items.sql").write_bytes(b"\xff\xfe")
    found = examine(shop)
    assert found.status == "misconfigured"
    assert "save it as UTF-8" in found.problems[0].text
    assert found.server is not None


def test_a_closed_store(shop: Any) -> None:
    examine(shop)
    shop.close()
    found = examine(shop)
    assert found.status == "misconfigured"
    assert found.server is None
    with pytest.raises(ConfigError, match="this store is closed"):
        shop.wait()


def test_a_check_leaves_nothing_open(shop: Any) -> None:
    for _ in range(20):
        assert examine(shop).healthy
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        assert examine(shop).healthy
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors


def test_a_good_answer_is_kept_for_a_moment(shop: Any, folder: Path) -> None:
    assert examine(shop).healthy
    (folder / "0002_add_more.sql").write_text(MORE)
    assert examine(shop, max_age=60).healthy
    assert examine(shop).status == "behind"
    shop.migrate()
    assert examine(shop, max_age=60).healthy  # a bad one is not
    shop.close()
    assert examine(shop, max_age=60).status == "misconfigured"


@pytest.mark.parametrize("asked", [{"deadline": 0}, {"deadline": 1e99}, {"max_lag": -1}])
def test_times_that_are_none(shop: Any, asked: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        shop.health(**asked)


# -- asyncio


def test_tasks_that_ask_at_the_same_time(shop: Any) -> None:
    async def ask() -> list[Health]:
        async with rawstore.open_async(shop.source.root, str(shop.target)) as store:
            assert (await store.wait(until="healthy")).healthy
            asked = [store.health() for _ in range(50)]
            found: list[Health] = await asyncio.gather(*asked)
            return found

    assert {found.status for found in asyncio.run(ask())} == {"healthy"}


# -- waiting


@pytest.fixture
def unmigrated(open_shop: OpenShop) -> Any:
    store = open_shop()
    store.drop()
    return store


def test_waiting_for_somebody_to_migrate(unmigrated: Any) -> None:
    told: list[str] = []

    def migrate(reason: str) -> None:
        told.append(reason)
        unmigrated.migrate()

    found = unmigrated.wait(until="migrated", interval=0.01, on_change=migrate)
    assert found.healthy
    assert told == ["waiting for shop: behind: 1 migration is pending: rawstore migrate up shop"]


def test_waiting_in_vain(unmigrated: Any) -> None:
    assert unmigrated.wait().status == "behind"
    with pytest.raises(ConnectionLost, match=r"shop is not healthy after 0.05 s: behind: 1 "):
        unmigrated.wait(timeout=0.05, interval=0.01, until="healthy")


@pytest.mark.parametrize("wrong", [{"timeout": -1}, {"interval": 0}, {"until": "tomorrow"}])
def test_waiting_for_what_cannot_be(shop: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        shop.wait(**wrong)
