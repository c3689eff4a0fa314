"""URLs become targets, and nothing that is wrong with a URL brings its password to light."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st
from psycopg import pq

from rawstore import url
from rawstore.errors import ConfigError
from rawstore.target import PostgresTarget, SqliteTarget, parse_url
from tests.leaky_urls import BROKEN, CANARY, ODD


def sqlite(url: str) -> SqliteTarget:
    target = parse_url(url)
    assert isinstance(target, SqliteTarget)
    return target


def postgres(url: str) -> PostgresTarget:
    target = parse_url(url)
    assert isinstance(target, PostgresTarget)
    return target


@pytest.fixture(autouse=True)
def no_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("sqlite://", SqliteTarget(None)),
        ("sqlite:///:memory:", SqliteTarget(None)),
        ("sqlite:///relative.db", SqliteTarget(Path("relative.db"))),
        ("sqlite:///./a/b.db", SqliteTarget(Path("a/b.db"))),
        ("sqlite:////var/lib/a.db", SqliteTarget(Path("/var/lib/a.db"))),
        ("sqlite:///~/a.db", SqliteTarget(Path.home() / "a.db")),
        ("sqlite:///./~/a.db", SqliteTarget(Path("~/a.db"))),
        ("sqlite:///with%20space%3F%23.db", SqliteTarget(Path("with space?#.db"))),
        ("sqlite:///plain space#.db", SqliteTarget(Path("plain space#.db"))),
        ("sqlite+pysqlite:///a.db", SqliteTarget(Path("a.db"))),
        ("sqlite+aiosqlite:///a.db?check_same_thread=false", SqliteTarget(Path("a.db"))),
        ("SQLite:///a.db", SqliteTarget(Path("a.db"))),
        (" sqlite:///a.db\n", SqliteTarget(Path("a.db"))),
        (
            "sqlite:///./contextpilot.db?timeout=30",
            SqliteTarget(Path("contextpilot.db"), busy_timeout=30),
        ),
        ("sqlite:///a.db?timeout=0", SqliteTarget(Path("a.db"), busy_timeout=0)),
        ("sqlite:///a.db?busy_timeout=2s", SqliteTarget(Path("a.db"), busy_timeout=2)),
        ("sqlite:///a.db?echo=on", SqliteTarget(Path("a.db"), echo=True)),
        (
            "sqlite:///a.db?slow=250ms&stats=off",
            SqliteTarget(Path("a.db"), slow=0.25, stats=False),
        ),
        ("sqlite:///a.db?slow=off", SqliteTarget(Path("a.db"))),
        ("sqlite:///a.db?timeout=250ms", SqliteTarget(Path("a.db"), busy_timeout=0.25)),
        (
            "sqlite:///a.db?statement_timeout=1.5&synchronous=normal",
            SqliteTarget(Path("a.db"), statement_timeout=1.5, synchronous="normal"),
        ),
        ("sqlite:///a.db?mode=ro", SqliteTarget(Path("a.db"), read_only=True)),
        (
            "sqlite:///a.db?immutable=1",
            SqliteTarget(Path("a.db"), read_only=True, immutable=True),
        ),
    ],
)
def test_sqlite_urls(url: str, target: SqliteTarget) -> None:
    assert parse_url(url) == target
    assert parse_url(str(target)) == target


LOCAL = {"fallback_application_name": "rawstore"}
REMOTE = {**LOCAL, "sslmode": "verify-full"}


@pytest.mark.parametrize(
    ("url", "conninfo"),
    [
        ("postgresql://", LOCAL),
        ("postgresql:///app", {**LOCAL, "dbname": "app"}),
        ("postgres://localhost/app", {**LOCAL, "host": "localhost", "dbname": "app"}),
        ("postgresql+psycopg://LOCALHOST", {**LOCAL, "host": "LOCALHOST"}),
        ("postgresql+psycopg2://127.0.0.9", {**LOCAL, "host": "127.0.0.9"}),
        (
            "postgresql+asyncpg://[::1]:5433/a",
            {**LOCAL, "host": "::1", "port": "5433", "dbname": "a"},
        ),
        ("postgresql://h", {**REMOTE, "host": "h"}),
        ("postgresql://10.0.0.1", {**REMOTE, "host": "10.0.0.1"}),
        ("postgresql://[2001:db8::1]", {**REMOTE, "host": "2001:db8::1"}),
        ("postgresql://[fe80::1%25eth0]:1", {**REMOTE, "host": "fe80::1%eth0", "port": "1"}),
        ("postgresql://h1:1,h2:2/a", {**REMOTE, "host": "h1,h2", "port": "1,2", "dbname": "a"}),
        ("postgresql://h1,h2:2/a", {**REMOTE, "host": "h1,h2", "port": ",2", "dbname": "a"}),
        ("postgresql://localhost,h2/a", {**REMOTE, "host": "localhost,h2", "dbname": "a"}),
        ("postgresql:///a?host=/run/pg", {**LOCAL, "host": "/run/pg", "dbname": "a"}),
        ("postgresql://%2Frun%2Fpg/a", {**LOCAL, "host": "/run/pg", "dbname": "a"}),
        (
            "postgresql://u@:5433/a?host=/run/pg",
            {**LOCAL, "host": "/run/pg", "port": "5433", "user": "u", "dbname": "a"},
        ),
        (
            "postgresql://u:p@/a?host=A:1&host=B:2",
            {**REMOTE, "host": "A,B", "port": "1,2", "user": "u", "password": "p", "dbname": "a"},
        ),
        ("postgresql://h?hostaddr=127.0.0.1", {**REMOTE, "host": "h", "hostaddr": "127.0.0.1"}),
        (
            "postgresql://localhost?hostaddr=10.0.0.1",
            {**REMOTE, "host": "localhost", "hostaddr": "10.0.0.1"},
        ),
        ("postgresql://h?sslmode=disable", {**LOCAL, "host": "h", "sslmode": "disable"}),
        (
            "postgresql://localhost?application_name=me&connect_timeout=3"
            "&target_session_attrs=read-write&options=-c%20geqo%3Doff",
            {
                "host": "localhost",
                "application_name": "me",
                "connect_timeout": "3",
                "target_session_attrs": "read-write",
                "options": "-c geqo=off",
            },
        ),
        (
            "postgresql://u:a@b:c#d e@localhost",
            {**LOCAL, "host": "localhost", "user": "u", "password": "a@b:c#d e"},
        ),
        (
            "postgresql://localhost?user=u%40corp&password=a%26b+c",
            {**LOCAL, "host": "localhost", "user": "u@corp", "password": "a&b+c"},
        ),
    ],
)
def test_postgres_urls(url: str, conninfo: dict[str, str]) -> None:
    target = postgres(url)
    given = dict(target.conninfo)
    given.pop("sslrootcert", None)  # this machine's: see test_tls
    assert given == conninfo
    shown = postgres(str(target)).conninfo
    assert {**shown, "password": ""} == {**target.conninfo, "password": ""}


def test_pool_options() -> None:
    target = postgres(
        "postgresql://?pool_min=2&pool_max=20&pool_timeout=250ms&statement_timeout=1min"
        "&lock_timeout=2s&prepare=off&echo=1&slow=1s&stats=no"
    )
    assert target == PostgresTarget(
        {},
        pool_min=2,
        pool_max=20,
        pool_timeout=0.25,
        statement_timeout=60.0,
        lock_timeout=2.0,
        prepare=False,
        echo=True,
        slow=1.0,
        stats=False,
    )
    assert parse_url(str(target)) == target
    assert postgres("postgresql://?timeout=7").statement_timeout == 7.0


@pytest.mark.parametrize(
    ("variable", "value", "sslmode"),
    [
        ("PGHOST", "db.example.org", "verify-full"),
        ("PGHOST", "localhost", None),
        ("PGHOSTADDR", "10.0.0.1", "verify-full"),
        ("PGSERVICE", "prod", "verify-full"),
    ],
)
def test_libpqs_own_variables_decide_where_the_url_names_no_host(
    variable: str, value: str, sslmode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert postgres("postgresql:///app").conninfo.get("sslmode") == sslmode


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca"])
def test_pgsslmode_weakens_nothing(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", mode)
    assert postgres("postgresql://db.example.org").conninfo["sslmode"] == "verify-full"
    assert postgres("postgresql://a,localhost").conninfo["sslmode"] == "verify-full"
    assert "sslmode" not in postgres("postgresql://localhost").conninfo
    monkeypatch.setenv("PGHOSTADDR", "10.0.0.1")
    assert postgres("postgresql://localhost").conninfo["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "starts with sqlite:// or postgresql://"),
        ("chat.db", "sqlite:///relative.db"),
        ("mysql://h/db", "starts with sqlite:// or postgresql://"),
        ("sqlite://chat.db", "has no host"),
        ("sqlite:///", "no file after"),
        ("sqlite:///file:a.db", "not a file: URI"),
        ("sqlite:///a%zz.db", "'%' that starts no escape"),
        ("sqlite:///a%00.db", "not UTF-8"),
        ("sqlite:///a%ff.db", "not UTF-8"),
        ("sqlite:///a\ud800.db", "not UTF-8"),
        ("sqlite:///a.db?mode=rw", "mode is one of ro, rwc"),
        ("sqlite://?mode=ro", "in memory"),
        ("sqlite:///a.db?timeout=soon", "timeout must be a duration such as"),
        ("sqlite:///a.db?timeout=-1", "timeout must be a duration"),
        ("sqlite:///a.db?timeout=1e3", "timeout must be a duration"),
        ("sqlite:///a.db?timeout=30y", "timeout must be a duration"),
        ("sqlite:///a.db?timeout=9999999", "from 0 to 2147483 seconds"),
        ("sqlite:///a.db?statement_timeout=0", "from 0.001 to"),
        ("sqlite:///a.db?immutable=maybe", "immutable must be on or off"),
        ("sqlite:///a.db?synchronus=full", "did you mean synchronous"),
        ("sqlite:///a.db?sslmode=require", "unknown option sslmode: "),
        ("postgresql://h:port/db", "host is not a name"),
        ("postgresql://h:0/db", "port is a number from 1"),
        ("postgresql://h:70000/db", "port is a number from 1"),
        ("postgresql://?port=x", "port is a number from 1"),
        ("postgresql://h1,h2?port=1,2,3", "one port for all hosts"),
        ("postgresql://h?ssl_mode=require", "did you mean sslmode"),
        ("postgresql://h?sslmode=required", "sslmode is one of disable, allow"),
        ("postgresql://h?sslmode", "no `name=value`"),
        ("postgresql://h?zzzzzzzz=1", "known are application_name, "),
        ("postgresql://h?pool_max=ten", "pool_max must be a whole number"),
        ("postgresql://h?pool_max=0", "pool_min (1) must be"),
        ("postgresql://h?pool_min=0", "pool_min (0) must be"),
        ("postgresql://h?pool_min=11", "at most pool_max (10)"),
        ("postgresql://h?pool_max=3&pool_max=4", "pool_max is given twice"),
        ("postgresql://h?timeout=3&statement_timeout=4", "another name of statement_timeout"),
        ("postgresql://h?statement_timeout=0", "from 0.001 to"),
        ("postgresql://h?connect_timeout=soon", "connect_timeout must be a whole number"),
        ("sqlite:///a.db?timeout=3&busy_timeout=4", "another name of busy_timeout"),
        ("sqlite:///a.db?slow=soon", "slow must be a duration"),
        ("sqlite:///a.db?slow=0.0001", "slow must be from 0.001 to"),
        ("postgresql://h?echo=loud", "echo must be on or off"),
        ("postgresql://h?prepare=never", "prepare must be on or off"),
    ],
)
def test_bad_urls_say_what_is_wrong(url: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(url)
    assert message in str(caught.value)


def test_only_text_is_a_url() -> None:
    with pytest.raises(ConfigError, match="is text, not bytes"):
        parse_url(b"sqlite://")  # type: ignore[arg-type]


def chain(error: BaseException | None) -> list[BaseException]:
    """Return an error with everything that its traceback could print."""
    return [error, *chain(error.__cause__), *chain(error.__context__)] if error else []


@pytest.mark.parametrize("url", BROKEN)
def test_a_bad_url_keeps_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(url)
    for error in chain(caught.value):
        assert CANARY not in f"{error} {error!r} {error.args} {vars(error)}"


@pytest.mark.parametrize("url", ODD)
def test_a_target_keeps_its_password(url: str) -> None:
    target = postgres(url)
    assert any(CANARY in value for value in target.conninfo.values())
    shown = f"{target} {target!r} {target.conninfo} {target.conninfo!r} {vars_of(target)}"
    assert CANARY not in shown
    assert "***" in str(target)


def vars_of(target: PostgresTarget) -> str:
    return repr({name: getattr(target, name) for name in vars(target)})


# Everything but what no URL can hold: NUL, and halves of surrogate pairs.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(user=TEXT, password=TEXT, database=TEXT)
def test_any_user_password_and_database(user: str, password: str, database: str) -> None:
    parts = [quote(part, safe="") for part in (user, password, database)]
    target = postgres("postgresql://{}:{}@localhost:1/{}".format(*parts))
    wanted = {"user": user, "password": password, "dbname": database}
    assert {key: target.conninfo.get(key, "") for key in wanted} == wanted
    again = postgres(str(target))
    assert again.conninfo.get("password") == ("***" if password else None)
    assert again.conninfo.get("user", "") == user


@given(st.text(), st.text())
def test_no_text_brings_another_error(before: str, after: str) -> None:
    for scheme in ("postgresql://", "sqlite:///", ""):
        shown = outcome(f"{scheme}{before}:{CANARY}@{after}")
        assert scheme == "sqlite:///" or CANARY not in shown


def outcome(url: str) -> str:
    """Return what a URL becomes, or everything its error could print."""
    try:
        return str(parse_url(url))
    except ConfigError as error:
        return repr(chain(error))


@given(TEXT.filter(lambda name: name not in ("", ".")))
def test_any_sqlite_file_name(name: str) -> None:
    target = SqliteTarget(Path(name))
    assert parse_url(str(target)) == target


def test_targets_are_values() -> None:
    target = postgres("postgresql://u:p@h/db?pool_max=3")
    assert {target: 1}[postgres("postgresql://u:p@h/db?pool_max=3")] == 1
    copy = pickle.loads(pickle.dumps(target))  # noqa: S301
    assert copy == target
    assert "***" in repr(copy.conninfo)


def test_secrets_are_cut_out_of_texts() -> None:
    target = postgres(f"postgresql://u:{CANARY}@h/db?sslpassword=other{CANARY}")
    assert CANARY not in target.hide(f"no {CANARY} for u: other{CANARY}")
    # One that is short would be told by its gaps.
    assert postgres("postgresql://u:x@h/db").hide("no example") == "no example"


def test_targets_of_other_passwords_or_options_differ() -> None:
    target = postgres("postgresql://u:p@h/db")
    assert target != postgres("postgresql://u:q@h/db")
    assert target != postgres("postgresql://u:p@h/db?prepare=off")
    assert SqliteTarget(Path("a.db")) != SqliteTarget(Path("a.db"), read_only=True)


def test_another_database_of_the_same_server() -> None:
    target = postgres("postgresql://u:p@h/db?pool_max=3&prepare=off&sslmode=require")
    other = postgres("postgresql://u:p@h/other?pool_max=3&prepare=off&sslmode=require")
    assert target.database("other") == other
    assert target.conninfo["dbname"] == "db"


def test_a_target_made_by_hand_is_checked_too() -> None:
    with pytest.raises(ConfigError, match="pool_min"):
        PostgresTarget({}, pool_min=3, pool_max=2)
    with pytest.raises(ConfigError, match="timeout"):
        SqliteTarget(None, busy_timeout=float("nan"))
    with pytest.raises(ConfigError, match="mode=ro"):
        SqliteTarget(Path("a.db"), immutable=True)


@pytest.mark.parametrize("option", pq.Conninfo.get_defaults(), ids=lambda o: o.keyword.decode())
def test_every_keyword_of_libpq_is_known(option: pq.ConninfoOption) -> None:
    word = option.keyword.decode()
    value = url._WORDS.get(word, ("321",))[0]
    target = postgres(f"postgresql://localhost?{word}={value}")
    assert target.conninfo[word] == value
    # libpq marks with * what a form should not show.
    assert option.dispchar != b"*" or value not in str(target)


def test_no_driver_is_loaded() -> None:
    code = (
        "import sys; from rawstore.target import parse_url; parse_url('postgresql://h/db');"
        "print({'psycopg', 'sqlite3', 'dotenv'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
