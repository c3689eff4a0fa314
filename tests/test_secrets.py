"""No secret of a URL comes to light, whatever is wrong with the URL and whoever holds it."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import socket
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import rawstore
from rawstore import parameter_store
from rawstore.cli.commands import rawstore as command
from rawstore.config import locate
from rawstore.config.report import report
from rawstore.errors import ConfigError, RawstoreError
from rawstore.target import SECRETS
from tests.leaky_urls import BROKEN, CANARY, ODD
from tests.postgres import Remote, Server
from tests.urls import with_options

ROOT = Path(__file__).parents[1]
# A variable of the environment holds no NUL and no half of a pair; a file may begin or end blank.
IN_VARIABLES = [url for url in BROKEN if not set("\0\ud800") & set(url)]


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATABASE_URL", "DATABASE_URL_FILE", "PARAMETER_STORE_DB_URL", "DB_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Everything that was logged or warned of, at any level."""
    with warnings.catch_warnings(record=True) as warned, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        yield lambda: caplog.text + "".join(map(str, warned))


def shown(error: BaseException | None) -> str:
    """Everything that an error, its causes and their tracebacks may print."""
    if error is None:
        return ""
    own = "".join(traceback.format_exception(error))
    attributes = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    rest = shown(error.__cause__) + shown(error.__context__)
    return f"{own} {error} {error!r} {error.args} {attributes} {rest}"


def test_there_are_enough_of_them() -> None:
    assert len(set(BROKEN)) >= 40
    assert all(CANARY in url for url in [*BROKEN, *ODD])


def by_argument(url: str, workdir: Path) -> None:
    locate("minipilot", url, environ={})


def by_variable(url: str, workdir: Path) -> None:
    locate("minipilot", environ={"DATABASE_URL": url})


def by_own_variable(url: str, workdir: Path) -> None:
    locate("contextpilot", environ={"CONTEXTPILOT_DATABASE_URL": url})


def by_report(url: str, workdir: Path) -> None:
    report("collections", environ={"DATABASE_URL": url, "DB_POOL_MAX": "3"})


def by_dotenv(url: str, workdir: Path) -> None:
    escaped = url.replace("\\", "\\\\").replace("'", "\\'")
    text = f"DATABASE_URL='{escaped}'\n"
    (workdir / ".env").write_text(text, encoding="utf-8", errors="surrogatepass")
    locate("minipilot", environ={})


def by_file(url: str, workdir: Path) -> None:
    (workdir / "secret").write_text(url, encoding="utf-8", errors="surrogatepass")
    locate("minipilot", environ={"DATABASE_URL_FILE": "secret"})


def by_file_name(url: str, workdir: Path) -> None:
    locate("minipilot", environ={"DATABASE_URL_FILE": url})


def by_path(url: str, workdir: Path) -> None:
    locate("minipilot", environ={"DB_PATH": f"x://{url}"})


def by_switch(url: str, workdir: Path) -> None:
    locate("omnimemory", environ={"OMNIMEMORY_DB_TYPE": url})


def by_parameter_name(url: str, workdir: Path) -> None:
    locate("minipilot", environ={"PARAMETER_STORE_DB_URL": url + " "})


def by_parameter(url: str, workdir: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        answer = {"Value": url, "Type": "SecureString"}
        patch.setattr(parameter_store, "_asked", lambda *_: answer)
        locate("minipilot", environ={"PARAMETER_STORE_DB_URL": "/chat/url"})


WAYS = [value for name, value in list(globals().items()) if name.startswith("by_")]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_way_in_shows_a_broken_url(
    way: Callable[[str, Path], None],
    workdir: Path,
    heard: Callable[[], str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    for url in BROKEN:
        if way is by_parameter_name and "://" not in url and " " not in url:
            continue  # it may be a name
        with pytest.raises(ConfigError) as caught:
            way(url, workdir)
        assert CANARY not in shown(caught.value), url
    assert CANARY not in heard()
    assert CANARY not in "".join(capfd.readouterr())


@pytest.mark.parametrize("name", ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"])
@pytest.mark.parametrize("value", [f"{CANARY}\0", f"{CANARY}\ud800\0"])
def test_no_piece_is_shown(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        locate("minipilot", environ={name: value})
    assert CANARY not in shown(caught.value)


def test_the_command_line_shows_no_broken_url(workdir: Path) -> None:
    runner = CliRunner()
    for url in BROKEN:
        for args in (["--url", url, "config"], ["config", "minipilot", f"--url={url}"]):
            result = runner.invoke(command, args)
            assert result.exit_code == 3, (url, result.output)
            assert CANARY not in result.output
    for url in IN_VARIABLES:
        result = runner.invoke(command, ["-v", "health", "minipilot"], env={"DATABASE_URL": url})
        assert result.exit_code == 3
        assert CANARY not in result.output


@pytest.mark.parametrize("url", ODD)
def test_the_command_line_shows_no_odd_url(url: str) -> None:
    for args, env in (
        (["config", "minipilot", "--format", "json", "--url", url], {}),
        (["config"], {"DATABASE_URL": url}),
        (["--help"], {"DATABASE_URL": url}),
        (["--url", url, "config", "--help"], {}),
    ):
        result = CliRunner().invoke(command, args, env=env)
        assert result.exit_code == 0
        assert CANARY not in result.output


AWAY = "postgresql://u:{}@localhost:1/db?pool_timeout=1"
LOST = [
    AWAY.format(CANARY),
    AWAY.format(f"%0A{CANARY}%20'%5C"),
    AWAY.format("x") + f"&password={CANARY}",
    *(AWAY.format("x") + f"&{name}={CANARY}" for name in sorted(SECRETS - {"password"})),
    f"postgresql://u:{CANARY}@localhost:1/db?pool_timeout=1&sslmode=verify-full",
    f"postgresql://u:{CANARY}@localhost:1/db?pool_timeout=1&sslcert=/none&sslkey=/none",
]


def errors_of(actions: list[Callable[[], Any]]) -> Iterator[RawstoreError]:
    for action in actions:
        with pytest.raises(RawstoreError) as caught:
            action()
        yield caught.value


@pytest.mark.parametrize("url", LOST)
def test_a_server_that_is_away(url: str, heard: Callable[[], str]) -> None:
    async def call() -> None:
        async with rawstore.open_async("minipilot", url) as store:
            await store.list_users()

    with rawstore.open("minipilot", url) as store:
        actions: list[Callable[[], Any]] = [store.migrate, lambda: asyncio.run(call())]
        actions.append(store.list_users)
        for error in errors_of(actions):
            assert CANARY not in shown(error)
        health = store.health()
        assert not health.healthy
        assert CANARY not in repr(health)
        engine: Any = store._engine
        assert CANARY not in f"{store} {store!r} {engine} {engine!r} {store.migrations!r}"
    assert CANARY not in heard()


def test_a_store_at_work(
    pg: Remote, pg_database: Callable[..., str], heard: Callable[[], str], workdir: Path
) -> None:
    if not isinstance(pg, Server):
        pytest.skip("RAWSTORE_TEST_URL's server may want another password")
    url = with_options(pg_database(None), password=CANARY, echo="on", slow="1ms")
    with rawstore.open("duiliocode", url) as store:
        store.migrate()
        store.set_preference("ann", "theme", "dark")
        engine: Any = store._engine
        pool = engine._pool.pool
        assert CANARY not in f"{store!r} {engine!r} {pool!r} {pool.get_stats()} {store.health()!r}"
        with store.session() as session, store.transaction() as tx:
            assert CANARY not in f"{session!r} {tx!r} {engine.borrow()!r}"
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as caught:
            pickle.dumps(store)
        assert CANARY not in shown(caught.value)
    assert CANARY not in heard()


def test_the_list_of_processes_shows_nothing(workdir: Path) -> None:
    """While a command waits for its server, what `ps` shows of it and of its children."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:{CANARY}@127.0.0.1:{silent.getsockname()[1]}/db"
        with subprocess.Popen(
            [sys.executable, "-m", "rawstore", "run", "minipilot", "list_users"],
            env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
            cwd=workdir,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as waiting:
            silent.settimeout(60)
            silent.accept()[0].close()
            listed = subprocess.run(
                ["ps", "-e", "-o", "pid=,args="], capture_output=True, check=True, text=True
            ).stdout
            waiting.kill()
            said = waiting.communicate()[0].decode()
    assert f"{waiting.pid} " in listed
    assert "list_users" in listed
    assert CANARY not in listed + said


def test_help_warns_of_the_list_of_processes() -> None:
    text = " ".join(CliRunner().invoke(command, ["run", "--help"]).output.split())
    assert "can read it in the list of processes: keep a password in DATABASE_URL" in text
