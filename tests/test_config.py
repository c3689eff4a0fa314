"""Which database a store uses, and who said so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rawstore.config import locate
from rawstore.errors import ConfigError

CANARY = "hunTER2canary"
PG = "postgresql://u:p@localhost/app"
SQLITE = "sqlite:///app.db"


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def where(store: str, environ: dict[str, str]) -> tuple[str, str]:
    located = locate(store, environ=environ)
    return str(located.target), located.source


@pytest.mark.parametrize(
    ("store", "environ", "target", "source"),
    [
        ("minipilot", {}, "sqlite:///data/maveric_minipilot.db", "the store's default file"),
        ("minipilot", {"DB_PATH": "a/b.db"}, "sqlite:///a/b.db", "DB_PATH"),
        ("minipilot", {"DB_PATH": ":memory:"}, "sqlite://", "DB_PATH"),
        ("minipilot", {"DB_PATH": "a.db", "DB_HOST": " "}, "sqlite:///a.db", "DB_PATH"),
        (
            "minipilot",
            {"DB_PASSWORD": "x", "DB_PATH": "a.db"},
            "postgresql://postgres:***@localhost:5432/maveric_minipilot",
            "DB_PASSWORD",
        ),
        (
            "minipilot",
            {"DB_USER": "me", "DB_NAME": "mine", "DB_PORT": "1", "DB_HOST": "db.example.org"},
            "postgresql://me@db.example.org:1/mine?sslmode=verify-full",
            "DB_HOST, DB_PORT, DB_NAME, DB_USER",
        ),
        (
            "minipilot",
            {"DATABASE_URL": PG, "DB_HOST": "h"},
            str(PG).replace(":p@", ":***@"),
            "DATABASE_URL",
        ),
        ("minipilot", {"DATABASE_URL": SQLITE, "DB_HOST": "h"}, SQLITE, "DATABASE_URL"),
        ("minipilot", {"DATABASE_URL": "", "DB_PATH": "a.db"}, "sqlite:///a.db", "DB_PATH"),
        ("omnimemory", {}, "sqlite:///data/omnimemory.db", "the store's default file"),
        (
            "omnimemory",
            {"DATABASE_URL": PG},
            "sqlite:///data/omnimemory.db",
            "the store's default file",
        ),
        (
            "omnimemory",
            {"DATABASE_URL": PG, "SQLITE_DB_PATH": "o.db"},
            "sqlite:///o.db",
            "SQLITE_DB_PATH",
        ),
        (
            "omnimemory",
            {"DATABASE_URL": PG, "OMNIMEMORY_DB_TYPE": "PostgreSQL", "SQLITE_DB_PATH": "o.db"},
            "postgresql://u:***@localhost/app",
            "DATABASE_URL",
        ),
        (
            "omnimemory",
            {"DATABASE_URL": PG, "OMNIMEMORY_DB_TYPE": "sqlite"},
            "sqlite:///data/omnimemory.db",
            "the store's default file",
        ),
        ("duiliocode", {}, "sqlite:///data/duiliocode.db", "the store's default file"),
        ("duiliocode", {"DATABASE_URL": SQLITE}, SQLITE, "DATABASE_URL"),
        ("collections", {"DATABASE_PATH": "c.db"}, "sqlite:///c.db", "DATABASE_PATH"),
        ("collections", {"DATABASE_PATH": "c.db", "DATABASE_URL": SQLITE}, SQLITE, "DATABASE_URL"),
        ("collections", {}, "sqlite:///data/collections.db", "the store's default file"),
        (
            "collections",
            {"DB_HOST": "localhost"},
            "postgresql://postgres@localhost:5432/collections",
            "DB_HOST",
        ),
        ("contextpilot", {}, "sqlite:///data/contextpilot.db", "the store's default file"),
        (
            "contextpilot",
            {
                "CONTEXTPILOT_DATABASE_URL": "sqlite:///./contextpilot.db?timeout=31",
                "DATABASE_URL": PG,
            },
            "sqlite:///contextpilot.db?timeout=31",
            "CONTEXTPILOT_DATABASE_URL",
        ),
        ("contextpilot", {"DATABASE_URL": SQLITE}, SQLITE, "DATABASE_URL"),
        (
            "contextpilot",
            {"CONTEXTPILOT_USE_DATABASE": "False", "CONTEXTPILOT_DATABASE_URL": SQLITE},
            "sqlite://",
            "CONTEXTPILOT_USE_DATABASE",
        ),
        (
            "contextpilot",
            {"CONTEXTPILOT_USE_DATABASE": "0"},
            "sqlite://",
            "CONTEXTPILOT_USE_DATABASE",
        ),
        (
            "contextpilot",
            {"CONTEXTPILOT_USE_DATABASE": "true", "CONTEXTPILOT_DATABASE_URL": SQLITE},
            SQLITE,
            "CONTEXTPILOT_DATABASE_URL",
        ),
        ("mine", {}, "sqlite:///data/mine.db", "the store's default file"),
        ("mine", {"DB_PATH": "x.db", "DATABASE_URL": SQLITE}, SQLITE, "DATABASE_URL"),
        ("mine", {"DB_NAME": "d"}, "postgresql://postgres@localhost:5432/d", "DB_NAME"),
    ],
)
def test_the_ladder(store: str, environ: dict[str, str], target: str, source: str) -> None:
    assert where(store, environ) == (target, source)


def test_the_argument_wins() -> None:
    located = locate("minipilot", "sqlite://", environ={"DATABASE_URL": PG})
    assert (str(located.target), located.source) == ("sqlite://", "the url argument")


def test_a_secret_file(workdir: Path) -> None:
    secret = workdir / "secret"
    secret.write_text(f"{PG}\n")
    environ = {"DATABASE_URL_FILE": str(secret), "DB_HOST": "h"}
    assert where("minipilot", environ) == (
        "postgresql://u:***@localhost/app",
        "the file of DATABASE_URL_FILE",
    )
    environ["DATABASE_URL"] = SQLITE
    assert where("minipilot", environ) == (SQLITE, "DATABASE_URL")


def test_dotenv_stands_behind_the_environment(workdir: Path) -> None:
    (workdir / ".env").write_text(f"DATABASE_URL={SQLITE}\nDB_PATH='from dotenv.db'\n")
    assert where("minipilot", {}) == (SQLITE, "DATABASE_URL in .env")
    assert where("minipilot", {"DATABASE_URL": "sqlite://"}) == ("sqlite://", "DATABASE_URL")
    # The order of the variables comes before the order of the places.
    assert where("minipilot", {"DB_PATH": "x.db"}) == (SQLITE, "DATABASE_URL in .env")
    assert "DATABASE_URL" not in os.environ


def test_dotenv_of_a_parent_folder_is_not_read(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / ".env").write_text(f"DATABASE_URL={SQLITE}\n")
    (workdir / "below").mkdir()
    monkeypatch.chdir(workdir / "below")
    assert where("duiliocode", {})[1] == "the store's default file"


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", SQLITE)
    assert locate("duiliocode").source == "DATABASE_URL"


@pytest.mark.parametrize(
    ("store", "environ", "message"),
    [
        ("minipilot", {"DATABASE_URL": f"u:{CANARY}@h"}, "DATABASE_URL: a database URL starts"),
        ("minipilot", {"DB_PORT": CANARY}, "DB_PORT: a port is a number"),
        ("minipilot", {"DB_PASSWORD": f"{CANARY}\0"}, "DB_PASSWORD: a NUL"),
        ("minipilot", {"DB_PATH": f"postgresql://u:{CANARY}@h"}, "DB_PATH holds a file's path"),
        (
            "minipilot",
            {"DATABASE_URL_FILE": f"/none/{CANARY}"},
            "DATABASE_URL_FILE cannot be read: No such",
        ),
        ("minipilot", {"DATABASE_URL_FILE": f"{CANARY}\0"}, "DATABASE_URL_FILE cannot be read"),
        (
            "minipilot",
            {"DATABASE_URL_FILE": "/"},
            "DATABASE_URL_FILE cannot be read: Is a directory",
        ),
        (
            "omnimemory",
            {"OMNIMEMORY_DB_TYPE": CANARY},
            "OMNIMEMORY_DB_TYPE must be sqlite or postgresql",
        ),
        ("omnimemory", {"OMNIMEMORY_DB_TYPE": "postgresql"}, "asks for a server: set DATABASE_URL"),
        (
            "omnimemory",
            {"OMNIMEMORY_DB_TYPE": "postgresql", "DATABASE_URL": f"sqlite:///{CANARY}"},
            "asks for PostgreSQL, but DATABASE_URL names an SQLite",
        ),
        (
            "contextpilot",
            {"CONTEXTPILOT_USE_DATABASE": CANARY},
            "USE_DATABASE must be true or false",
        ),
        (
            "contextpilot",
            {"CONTEXTPILOT_DATABASE_URL": f"postgresql://u:{CANARY}"},
            "CONTEXTPILOT_DATABASE_URL: the database URL's host",
        ),
    ],
)
def test_errors_name_the_variable_and_not_its_value(
    store: str, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        locate(store, environ=environ)
    assert message in str(caught.value)
    error: BaseException | None = caught.value
    while error:
        assert CANARY not in repr(error)
        assert not isinstance(error, OSError | UnicodeError)
        error = error.__cause__ or error.__context__


def test_a_dotenv_that_is_no_text(workdir: Path) -> None:
    (workdir / ".env").write_bytes(b"DATABASE_URL=\xff\xfe" + CANARY.encode())
    with pytest.raises(ConfigError, match=r"\.env cannot be read") as caught:
        locate("minipilot", environ={})
    assert caught.value.__context__ is None
