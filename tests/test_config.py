"""Which database a store uses, and who said so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rawstore.config import locate
from rawstore.config.options import VARIABLES
from rawstore.config.places import SERVER_VARIABLES
from rawstore.config.report import options_of, report
from rawstore.errors import ConfigError
from rawstore.target import PostgresTarget

CLEARED = (*VARIABLES, *SERVER_VARIABLES, "DATABASE_URL", "DATABASE_URL_FILE")
CANARY = "hunTER2canary"
PG = "postgresql://u:p@localhost/app"
SQLITE = "sqlite:///app.db"


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE", *CLEARED):
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
        (
            "omnimemory",
            {"DATABASE_URL": SQLITE, "OMNIMEMORY_DB_TYPE": "sqlite"},
            SQLITE,
            "DATABASE_URL",
        ),
        (
            "omnimemory",
            {"DATABASE_URL": SQLITE, "SQLITE_DB_PATH": ":memory:"},
            "sqlite://",
            "SQLITE_DB_PATH",
        ),
        (
            "omnimemory",
            {"OMNIMEMORY_DB_TYPE": "postgresql", "DB_HOST": "localhost"},
            "postgresql://postgres@localhost:5432/omnimemory",
            "DB_HOST",
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


def test_a_variable_is_noted_where_the_url_says_something_else() -> None:
    url = "sqlite:///./contextpilot.db?timeout=30"  # which is the default
    environ = {"CONTEXTPILOT_DATABASE_URL": url, "DB_BUSY_TIMEOUT": "2s"}
    assert report("contextpilot", environ=environ).notes == (
        "DB_BUSY_TIMEOUT is set, but not used: the URL says busy_timeout",
    )
    environ = {
        "DATABASE_URL": f"{PG}?pool_max=4&connect_timeout=7&sslrootcert=a.crt&slow=1s",
        "DB_POOL_MAX": "3",
        "DB_CONNECT_TIMEOUT": "7",
        "DB_SSLROOTCERT": "system",
        "DB_SLOW": "off",
    }
    assert report("minipilot", environ=environ).notes == (
        "DB_POOL_MAX is set, but not used: the URL says pool_max",
        "DB_SLOW is set, but not used: the URL says slow",
    )


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xef\xbb\xbfpostgresql://u:p@localhost/chat\r\n")
    found = locate("minipilot", environ={"DATABASE_URL_FILE": str(secret)}).target
    assert isinstance(found, PostgresTarget)
    assert found.conninfo["dbname"] == "chat"


def test_a_file_that_never_ends_is_no_url() -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL_FILE cannot be read: too long"):
        locate("minipilot", environ={"DATABASE_URL_FILE": "/dev/zero"})


def test_a_file_of_several_lines_is_no_url(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://u:p@h/chat\n# of the chat\n")
    with pytest.raises(ConfigError, match="DATABASE_URL_FILE: a database URL is one line"):
        locate("minipilot", environ={"DATABASE_URL_FILE": str(secret)})


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


OPTIONS = {
    "DB_POOL_MIN": ("2", "pool_min", 2),
    "DB_POOL_MAX": ("20", "pool_max", 20),
    "DB_POOL_TIMEOUT": ("250ms", "pool_timeout", 0.25),
    "DB_CONNECT_TIMEOUT": ("3", "connect_timeout", 3.0),
    "DB_STATEMENT_TIMEOUT": ("1min", "statement_timeout", 60.0),
    "DB_LOCK_TIMEOUT": ("2", "lock_timeout", 2.0),
    "DB_BUSY_TIMEOUT": ("7s", "busy_timeout", 7.0),
    "DB_PREPARE": ("off", "prepare", False),
    "DB_SSLMODE": ("require", "sslmode", "require"),
    "DB_SSLROOTCERT": ("/ca.crt", "sslrootcert", "/ca.crt"),
    "DB_ECHO": ("true", "echo", True),
    "DB_STATS": ("off", "stats", False),
    "DB_SLOW": ("250ms", "slow", 0.25),
}
PLACES: list[dict[str, str]] = [
    {"DATABASE_URL": "postgresql://db.example.org/app"},
    {"DATABASE_URL": SQLITE},
    {"DB_HOST": "db.example.org"},
    {"DB_PATH": "a.db"},
    {},
]


def test_every_option_has_its_row() -> None:
    assert OPTIONS.keys() == VARIABLES.keys()


@pytest.mark.parametrize("variable", OPTIONS)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: next(iter(place), "default"))
def test_options_by_variable(variable: str, place: dict[str, str]) -> None:
    text, option, value = OPTIONS[variable]
    found = report("minipilot", environ={**place, variable: text})
    if option in found.options:
        assert found.options[option] == (value, variable)
        assert options_of(found.target)[option] == value
        assert found.notes == ()
    else:
        assert found.target == locate("minipilot", environ=place).target
        (note,) = found.notes
        assert note.startswith(f"{variable} is set, but not used: ")


def test_the_urls_option_comes_before_the_variable() -> None:
    url = "postgresql://h/db?pool_max=3&statement_timeout=4&sslmode=disable&echo=off"
    environ = {name: text for name, (text, *_) in OPTIONS.items() if name != "DB_POOL_MIN"}
    for found in (
        report("minipilot", url, environ=environ),
        report("minipilot", environ={**environ, "DATABASE_URL": url}),
    ):
        for option, value in {
            "pool_max": 3,
            "statement_timeout": 4.0,
            "sslmode": "disable",
        }.items():
            assert found.options[option] == (value, "the URL")
        assert found.options["echo"] == (False, "default")
        assert found.options["lock_timeout"] == (2.0, "DB_LOCK_TIMEOUT")
    timeout = report("minipilot", "sqlite:///a.db?timeout=1", environ=environ).options
    assert timeout["busy_timeout"] == (1.0, "the URL")


def test_contextpilots_echo_comes_before_the_general_one() -> None:
    environ = {"DB_ECHO": "on", "CONTEXTPILOT_DATABASE_ECHO": "false"}
    assert not locate("contextpilot", environ=environ).target.echo
    assert locate("minipilot", environ=environ).target.echo
    environ = {"CONTEXTPILOT_DATABASE_ECHO": "true"}
    found = report("contextpilot", environ=environ).options["echo"]
    assert found == (True, "CONTEXTPILOT_DATABASE_ECHO")


def test_options_in_dotenv(workdir: Path) -> None:
    (workdir / ".env").write_text("DB_ECHO=on\nDB_BUSY_TIMEOUT=2\n")
    found = report("minipilot", "sqlite://", environ={"DB_BUSY_TIMEOUT": "3"}).options
    assert found["echo"] == (True, "DB_ECHO in .env")
    assert found["busy_timeout"] == (3.0, "DB_BUSY_TIMEOUT")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"DB_POOL_MAX": CANARY}, "DB_POOL_MAX must be a whole number"),
        ({"DB_POOL_MAX": "0"}, "DATABASE_URL: DB_POOL_MAX: pool_min (1) must be at least 1"),
        ({"DB_STATEMENT_TIMEOUT": CANARY}, "DB_STATEMENT_TIMEOUT must be a duration"),
        ({"DB_STATEMENT_TIMEOUT": "0"}, "DB_STATEMENT_TIMEOUT: statement_timeout must be from"),
        ({"DB_ECHO": CANARY}, "DB_ECHO must be on or off"),
        ({"DB_SSLMODE": CANARY}, "DB_SSLMODE is one of disable, allow"),
        ({"DB_SSLROOTCERT": f"{CANARY}\0"}, "DB_SSLROOTCERT must be text without NUL"),
        ({"DB_CONNECT_TIMEOUT": "soon"}, "DB_CONNECT_TIMEOUT must be a whole number"),
        (
            {"DB_POOL_MAX": "3", "DATABASE_URL": "postgresql://h?pool_min=20"},
            "DATABASE_URL: pool_min (20) must be",
        ),
    ],
)
def test_a_bad_option_names_its_variable(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        locate("duiliocode", environ={"DATABASE_URL": PG, **environ})
    assert message in str(caught.value)
    assert CANARY not in repr(caught.value)
    if "20" not in message:
        with pytest.raises(ConfigError):
            locate("duiliocode", PG, environ=environ)


def test_a_variable_may_complete_what_the_url_begins() -> None:
    environ = {"DATABASE_URL": "postgresql://localhost?pool_min=20", "DB_POOL_MAX": "30"}
    found = report("duiliocode", environ=environ).options
    assert (found["pool_min"].value, found["pool_max"]) == (20, (30, "DB_POOL_MAX"))


@pytest.mark.parametrize(
    ("store", "environ", "notes"),
    [
        ("minipilot", {"DATABASE_URL": SQLITE}, []),
        (
            "minipilot",
            {"DATABASE_URL": SQLITE, "DB_USER": "u", "DB_PATH": "a.db"},
            [
                "DB_USER is set, but not used: DATABASE_URL comes first",
                "DB_PATH is set, but not used: DATABASE_URL comes first",
            ],
        ),
        (
            "omnimemory",
            {"DATABASE_URL": PG},
            ["DATABASE_URL is set, but not used: OMNIMEMORY_DB_TYPE is not postgresql"],
        ),
        (
            "omnimemory",
            {"DATABASE_URL": SQLITE, "SQLITE_DB_PATH": "a.db"},
            ["DATABASE_URL is set, but not used: SQLITE_DB_PATH comes first"],
        ),
        (
            "omnimemory",
            {"OMNIMEMORY_DB_TYPE": "postgresql", "DATABASE_URL": PG, "SQLITE_DB_PATH": "a.db"},
            ["SQLITE_DB_PATH is set, but not used: OMNIMEMORY_DB_TYPE is postgresql"],
        ),
        (
            "contextpilot",
            {"CONTEXTPILOT_USE_DATABASE": "false", "CONTEXTPILOT_DATABASE_URL": SQLITE},
            ["CONTEXTPILOT_DATABASE_URL is set, but not used: CONTEXTPILOT_USE_DATABASE is false"],
        ),
    ],
)
def test_what_is_set_and_not_used_is_said(
    store: str, environ: dict[str, str], notes: list[str]
) -> None:
    assert list(report(store, environ=environ).notes) == notes
    assert report(store, "sqlite://", environ=environ).notes == ()


def test_pgsslmode_is_said_not_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")
    (note,) = report("minipilot", "postgresql://db.example.org/app").notes
    assert note.startswith("PGSSLMODE is set, but not used")
    assert report("minipilot", PG).notes == ()
    weak = report("minipilot", "postgresql://db.example.org/app?sslmode=require")
    assert (weak.tls or "").startswith("weakened by sslmode=require")
    assert report("minipilot", SQLITE).tls is None
