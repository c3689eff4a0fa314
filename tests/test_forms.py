"""Each of the five stores in memory, in a file and on a server, by its variables alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

import rawstore
from rawstore.config.options import VARIABLES
from rawstore.config.places import places
from rawstore.errors import UndefinedObject
from tests.postgres import Remote
from tests.urls import database_name

STORES = ("collections", "contextpilot", "duiliocode", "minipilot", "omnimemory")

# Of each store, the ways to say it; {url}, {host}, {port} and {name} are a test server's.
MEMORY: dict[str, list[dict[str, str]]] = {
    "collections": [{"DATABASE_URL": "sqlite://"}, {"DATABASE_PATH": ":memory:"}],
    "contextpilot": [
        {"CONTEXTPILOT_USE_DATABASE": "false"},
        {"CONTEXTPILOT_DATABASE_URL": "sqlite://"},
        {"DATABASE_URL": "sqlite:///:memory:"},
    ],
    "duiliocode": [{"DATABASE_URL": "sqlite://"}],
    "minipilot": [{"DATABASE_URL": "sqlite://"}, {"DB_PATH": ":memory:"}],
    "omnimemory": [
        {"SQLITE_DB_PATH": ":memory:"},
        {"OMNIMEMORY_DB_TYPE": "sqlite", "DATABASE_URL": "sqlite://"},
    ],
}
FILE: dict[str, list[tuple[dict[str, str], str]]] = {
    "collections": [
        ({}, "data/collections.db"),
        ({"DATABASE_PATH": "sub/c.db"}, "sub/c.db"),
        ({"DATABASE_URL": "sqlite:///c.db"}, "c.db"),
    ],
    "contextpilot": [
        ({}, "data/contextpilot.db"),
        (
            {"CONTEXTPILOT_DATABASE_URL": "sqlite:///./contextpilot.db?timeout=30"},
            "contextpilot.db",
        ),
        ({"CONTEXTPILOT_USE_DATABASE": "true", "DATABASE_URL": "sqlite:///c.db"}, "c.db"),
    ],
    "duiliocode": [({}, "data/duiliocode.db"), ({"DATABASE_URL": "sqlite:///d.db"}, "d.db")],
    "minipilot": [
        ({}, "data/maveric_minipilot.db"),
        ({"DB_PATH": "m.db"}, "m.db"),
        ({"DATABASE_URL": "sqlite:///m.db"}, "m.db"),
    ],
    "omnimemory": [
        ({}, "data/omnimemory.db"),
        ({"OMNIMEMORY_DB_TYPE": "sqlite", "SQLITE_DB_PATH": "o.db"}, "o.db"),
        ({"DATABASE_URL": "sqlite:///o.db"}, "o.db"),
    ],
}
_PIECES = {"DB_HOST": "{host}", "DB_PORT": "{port}", "DB_NAME": "{name}", "DB_USER": "postgres"}
SERVER: dict[str, list[dict[str, str]]] = {
    store: [{"DATABASE_URL": "{url}"}, {"DATABASE_URL_FILE": "{file}"}, _PIECES] for store in STORES
}
SERVER["contextpilot"].append({"CONTEXTPILOT_DATABASE_URL": "{url}"})
SERVER["omnimemory"] = [{"OMNIMEMORY_DB_TYPE": "postgresql", **way} for way in SERVER["omnimemory"]]

WRITE: dict[str, Callable[[Any, str], Any]] = {
    "collections": lambda store, key: store.create_item(key, "a.jpg", "a/a.jpg", user_id="ann"),
    "contextpilot": lambda store, key: store.add_context("file", "a.md", "text", id=key),
    "duiliocode": lambda store, key: store.set_preference("ann", key, "dark"),
    "minipilot": lambda store, key: store.create_user(external_id=key),
    "omnimemory": lambda store, key: store.start_session("tool", session_id=key),
}
READ: dict[str, Callable[[Any, str], Any]] = {
    "collections": lambda store, key: store.get_item(key, "ann"),
    "contextpilot": lambda store, key: store.get_context(key),
    "duiliocode": lambda store, key: store.get_preference("ann", key),
    "minipilot": lambda store, key: store.get_user_by_external_id(key),
    "omnimemory": lambda store, key: store.get_session(key),
}


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = [name for store in STORES for name in places(store).variables]
    switches = ["OMNIMEMORY_DB_TYPE", "CONTEXTPILOT_USE_DATABASE", "CONTEXTPILOT_DATABASE_ECHO"]
    for name in {*VARIABLES, *own, *switches}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def server_url(pg: Remote) -> Iterator[str]:
    """One database for all: each store has a schema of its own there."""
    url = pg.create_database()
    yield url
    pg.drop_database(database_name(url))


@pytest.fixture(scope="module")
def migrated() -> dict[str, bytes]:
    """Of each store a file with its tables, once there is one."""
    return {}


def used(store: str) -> tuple[str, str]:
    """Open a store as the variables say, migrate, write, read; return its dialect and the key."""
    key = str(uuid4())
    with rawstore.open(store) as opened:
        opened.migrate()
        assert WRITE[store](opened, key)
        assert READ[store](opened, key)
        return opened.dialect, key


def keeps(store: str, key: str) -> bool:
    with rawstore.open(store) as opened:
        return READ[store](opened, key) is not None


@pytest.mark.parametrize(
    ("store", "variables"), [(store, ways) for store in STORES for ways in MEMORY[store]]
)
def test_in_memory(
    store: str, variables: dict[str, str], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    dialect, key = used(store)
    assert dialect == "sqlite"
    with pytest.raises(UndefinedObject):
        keeps(store, key)
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize(
    ("store", "variables", "file"), [(store, *way) for store in STORES for way in FILE[store]]
)
def test_in_a_file(
    store: str,
    variables: dict[str, str],
    file: str,
    workdir: Path,
    migrated: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if store in migrated:  # where the first form made it, the others find one
        (workdir / file).parent.mkdir(exist_ok=True)
        (workdir / file).write_bytes(migrated[store])
    dialect, key = used(store)
    assert dialect == "sqlite"
    assert keeps(store, key)
    migrated.setdefault(store, (workdir / file).read_bytes())
    assert {path.suffix for path in workdir.rglob("*") if path.is_file()} <= {".db", ".lock"}
    assert (workdir / file).is_file()


@pytest.mark.parametrize(
    ("store", "variables"), [(store, ways) for store in STORES for ways in SERVER[store]]
)
def test_on_a_server(
    store: str,
    variables: dict[str, str],
    server_url: str,
    workdir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "DB_HOST" in variables and not urlsplit(server_url).query:
        pytest.skip("the pieces are those of our own server")
    (workdir / "secret").write_text(f"{server_url}\n")
    query = parse_qs(urlsplit(server_url).query)
    pieces = {name: query.get(name, [""])[0] for name in ("host", "port")}
    pieces |= {"url": server_url, "name": database_name(server_url), "file": "secret"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(**pieces))
    dialect, key = used(store)
    assert dialect == "postgres"
    assert keeps(store, key)
    assert [path.name for path in workdir.iterdir()] == ["secret"]
