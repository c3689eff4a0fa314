"""TLS towards servers elsewhere: verified unless the URL says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import rawstore
from rawstore import tls
from rawstore.errors import ConnectionLost, UndefinedObject
from rawstore.target import PostgresTarget
from tests.postgres import Remote, Server
from tests.tls import Authority, Proxy
from tests.urls import database_name

HOST = "db.example.org"
_FORGOTTEN = ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*_FORGOTTEN, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


Serve = Callable[[str | None], str]


@pytest.fixture
def proxied(pg: Remote, authority: Authority, pg_database: Callable[..., str]) -> Iterator[Serve]:
    """A function: a server whose certificate bears that name (None: no TLS); returns its URL.

    The URL has the host name of a server elsewhere, and an address that leads here.
    """
    if not isinstance(pg, Server):
        pytest.skip("stands in front of a server's socket")
    url = pg_database(None)
    folder, port = (parse_qs(urlsplit(url).query)[name][0] for name in ("host", "port"))
    with ExitStack() as stack:

        def serve(name: str | None) -> str:
            context = authority.context(name) if name else None
            proxy = Proxy(f"{folder}/.s.PGSQL.{port}", context)
            stack.callback(proxy.close)
            place = f"{HOST}:{proxy.port}/{database_name(url)}"
            return f"postgresql://postgres@{place}?hostaddr=127.0.0.1&gssencmode=disable"

        yield serve


def assert_it_answers(url: str) -> None:
    with rawstore.open("duiliocode", url) as store, pytest.raises(UndefinedObject):
        store.get_preference("ann", "theme")


def test_a_certificate_of_ours_is_believed(proxied: Serve, authority: Authority) -> None:
    with rawstore.open("duiliocode", f"{proxied(HOST)}&sslrootcert={authority.root}") as store:
        store.migrate()
        assert store.set_preference("ann", "theme", "dark").value == "dark"


@pytest.mark.parametrize("name", ["PGSSLROOTCERT", "SSL_CERT_FILE", "root.crt"])
def test_other_ways_to_name_the_authority(
    name: str,
    proxied: Serve,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name == "root.crt":
        (tmp_path / ".postgresql").mkdir()
        authority.root.rename(tmp_path / ".postgresql" / "root.crt")
    else:
        monkeypatch.setenv(name, str(authority.root))
    assert_it_answers(proxied(HOST))


@pytest.mark.parametrize(
    ("server", "trusted", "reason"),
    [
        (HOST, False, "certificate verify failed: name its authority"),
        ("other.example.org", True, "does not match host name .*: connect by the name"),
        (None, True, "server does not support SSL.*: turn TLS on"),
    ],
    ids=["wrong authority", "wrong name", "no TLS"],
)
@pytest.mark.parametrize("pgsslmode", [None, "disable"])
def test_who_is_not_the_server_is_refused(
    server: str | None,
    trusted: bool,  # noqa: FBT001
    reason: str,
    pgsslmode: str | None,
    proxied: Serve,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if pgsslmode:
        monkeypatch.setenv("PGSSLMODE", pgsslmode)
    url = proxied(server) + (f"&sslrootcert={authority.root}" if trusted else "")
    with rawstore.open("duiliocode", f"{url}&pool_timeout=2") as store:
        with pytest.raises(ConnectionLost, match=reason):
            store.get_preference("ann", "theme")
        with pytest.raises(rawstore.RawstoreError, match=reason):
            store.migrate()


@pytest.mark.parametrize(("mode", "server"), [("require", "other"), ("disable", None)])
def test_weakening_is_for_who_asks(mode: str, server: str | None, proxied: Serve) -> None:
    assert_it_answers(f"{proxied(server)}&sslmode={mode}")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("disable", "weakened by sslmode=disable: nothing is encrypted"),
        ("allow", "may go unencrypted"),
        ("prefer", "may go unencrypted"),
        ("require", "certificate is not checked"),
        ("verify-ca", "the name in the server's certificate is not checked"),
        ("verify-full", "verified: "),
    ],
)
def test_the_verdict(mode: str, words: str) -> None:
    assert words in tls.verdict(PostgresTarget({"host": "h", "sslmode": mode}).conninfo)
    assert "this machine" in tls.verdict(PostgresTarget({"host": "localhost"}).conninfo)


def test_the_systems_authorities_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.crt"
    monkeypatch.setattr(tls, "_BUNDLES", (str(tmp_path / "none"), str(bundle)))
    assert PostgresTarget({"host": "h"}).conninfo["sslrootcert"] == "system"
    bundle.touch()
    assert PostgresTarget({"host": "h"}).conninfo["sslrootcert"] == str(bundle)
    asked = PostgresTarget({"host": "localhost", "sslmode": "verify-full"}).conninfo
    assert asked["sslrootcert"] == str(bundle)
    system = PostgresTarget({"host": "h", "sslrootcert": "system"}).conninfo
    assert system["sslrootcert"] == str(bundle)
    assert PostgresTarget({"host": "h", "sslrootcert": "x"}).conninfo["sslrootcert"] == "x"
    assert "sslrootcert" not in PostgresTarget({"host": "h", "sslmode": "require"}).conninfo
    # A service file may name its own.
    assert "sslrootcert" not in PostgresTarget({"service": "prod"}).conninfo
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert PostgresTarget({"host": "h"}).conninfo["sslrootcert"] == "system"
    monkeypatch.setenv("SSL_CERT_FILE", __file__)
    assert PostgresTarget({"host": "h"}).conninfo["sslrootcert"] == __file__
    assert str(PostgresTarget({"host": "h"})) == "postgresql://h/?sslmode=verify-full"


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert PostgresTarget({"host": "h"}).conninfo["sslrootcert"]
