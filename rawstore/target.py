"""A database and how to talk to it, as one value made from a URL.

Pure: no driver is imported and nothing is opened. No error, repr or str made here holds a
password, nor any other part of a URL but option names, whatever is wrong with the URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote

from .errors import ConfigError
from .tls import is_local, root_certificates

HIDDEN = "***"
SECRETS = frozenset(
    ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
)
# Both engines count timeouts in milliseconds, in 32 bits.
MAX_SECONDS = 2_147_483.0


class _Value:
    """Equal to another of its class with the same attributes, none of which ever changes."""

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


class SqliteTarget(_Value):
    """An SQLite database: a file, or memory where `path` is None. Times are seconds."""

    dialect: ClassVar[Literal["sqlite"]] = "sqlite"

    def __init__(
        self,
        path: Path | None,
        *,
        busy_timeout: float = 30.0,
        statement_timeout: float | None = None,
        synchronous: Literal["full", "normal"] = "full",
        read_only: bool = False,
        immutable: bool = False,
        echo: bool = False,
        stats: bool = True,
        slow: float | None = None,
    ) -> None:
        """Refuse what cannot work (ConfigError)."""
        _check_seconds("timeout", busy_timeout, least=0.0)
        if statement_timeout is not None:
            _check_seconds("statement_timeout", statement_timeout)
        if slow is not None:
            _check_seconds("slow", slow)
        if path is None and read_only:
            raise ConfigError("a database in memory is empty at first: it cannot be read-only")
        if immutable and not read_only:
            raise ConfigError("immutable=1 is for a file that nobody writes: add mode=ro")
        self.path: Final = path
        self.busy_timeout: Final = busy_timeout
        self.statement_timeout: Final = statement_timeout
        self.synchronous: Final = synchronous
        self.read_only: Final = read_only
        self.immutable: Final = immutable
        self.echo: Final = echo
        self.stats: Final = stats
        self.slow: Final = slow

    def __str__(self) -> str:
        """Return the URL."""
        path = "" if self.path is None else quote(self.path.as_posix(), safe="/:.~")
        if path.startswith(("~", "file:", ":memory:")):
            # A file of this name, not what parse_url reads in it.
            path = f"./{path}"
        shown = {
            "timeout": None if self.busy_timeout == 30.0 else f"{self.busy_timeout:.12g}",
            "statement_timeout": self.statement_timeout and f"{self.statement_timeout:.12g}",
            "synchronous": None if self.synchronous == "full" else self.synchronous,
            "mode": "ro" if self.read_only else None,
            "immutable": "1" if self.immutable else None,
            **_watching(self),
        }
        return f"sqlite://{path and '/'}{path}{_query(shown)}"

    def __repr__(self) -> str:
        """Return the class and the URL."""
        return f"SqliteTarget({str(self)!r})"


class Conninfo(dict[str, str]):
    """libpq's keywords and values; secrets are not in the repr."""

    def __repr__(self) -> str:
        """Return the keywords with secrets hidden."""
        return repr({k: HIDDEN if k in SECRETS else v for k, v in self.items()})

    __str__ = __repr__


class PostgresTarget(_Value):
    """A PostgreSQL database. `conninfo` holds libpq's keywords; times are seconds.

    Three keywords are filled in where they are missing: `sslmode` is verify-full for a server
    that is not on this machine, whatever PGSSLMODE says; `sslrootcert` is then the system's
    certificates (see `rawstore.tls`); and the application is called rawstore.
    """

    dialect: ClassVar[Literal["postgres"]] = "postgres"

    def __init__(
        self,
        conninfo: Mapping[str, str],
        *,
        pool_min: int = 1,
        pool_max: int = 10,
        pool_timeout: float = 5.0,
        statement_timeout: float = 30.0,
        lock_timeout: float = 10.0,
        prepare: bool = True,
        echo: bool = False,
        stats: bool = True,
        slow: float | None = None,
    ) -> None:
        """Fill in the safe defaults; refuse what cannot work (ConfigError)."""
        _check_seconds("pool_timeout", pool_timeout)
        _check_seconds("statement_timeout", statement_timeout)
        _check_seconds("lock_timeout", lock_timeout)
        if slow is not None:
            _check_seconds("slow", slow)
        if not 1 <= pool_min <= pool_max:
            raise ConfigError(
                f"pool_min ({pool_min}) must be at least 1 and at most pool_max ({pool_max})"
            )
        self.conninfo: Final[Mapping[str, str]] = _with_defaults(conninfo)
        self.pool_min: Final = pool_min
        self.pool_max: Final = pool_max
        self.pool_timeout: Final = pool_timeout
        self.statement_timeout: Final = statement_timeout
        self.lock_timeout: Final = lock_timeout
        self.prepare: Final = prepare
        self.echo: Final = echo
        self.stats: Final = stats
        self.slow: Final = slow

    def hide(self, text: str) -> str:
        """The text without this target's secrets.

        A password of three letters would be betrayed by the gaps it leaves in other words.
        """
        for name in SECRETS & self.conninfo.keys():
            if len(self.conninfo[name]) > 3:
                text = text.replace(self.conninfo[name], HIDDEN)
        return text

    def database(self, name: str) -> PostgresTarget:
        """The same server and options with another database."""
        options: dict[str, Any] = {**vars(self), "conninfo": {**self.conninfo, "dbname": name}}
        return PostgresTarget(**options)

    def __str__(self) -> str:
        """Return the URL, each secret written as `***`."""
        rest = {k: HIDDEN if k in SECRETS else v for k, v in self.conninfo.items()}
        user, password = quote(rest.pop("user", ""), safe=""), rest.pop("password", "")
        userinfo = f"{user}:{password}@" if password else f"{user}@" if user else ""
        database = quote(rest.pop("dbname", ""), safe="")
        if rest.get("fallback_application_name") == "rawstore":
            del rest["fallback_application_name"]
        if rest.get("sslrootcert") == root_certificates({**rest, "sslrootcert": ""}):
            rest.pop("sslrootcert", None)
        shown = {**rest, **self._own_options()}
        authority = _authority(shown)
        return f"postgresql://{userinfo}{authority}/{database}{_query(shown)}"

    def __repr__(self) -> str:
        """Return the class and the URL with secrets hidden."""
        return f"PostgresTarget({str(self)!r})"

    def _own_options(self) -> dict[str, str]:
        default = PostgresTarget({})
        names = ("pool_min", "pool_max", "pool_timeout", "statement_timeout", "lock_timeout")
        changed = [name for name in names if getattr(self, name) != getattr(default, name)]
        own = {name: f"{getattr(self, name):.12g}" for name in changed}
        return own | _watching(self) | ({} if self.prepare else {"prepare": "off"})


def _watching(target: Target) -> dict[str, str]:
    """What is not usual of how the statements are watched, as options of the URL."""
    echo = {"echo": "on"} if target.echo else {}
    stats = {} if target.stats else {"stats": "off"}
    return {**echo, **stats, **({"slow": f"{target.slow:.12g}"} if target.slow else {})}


def _with_defaults(given: Mapping[str, str]) -> Conninfo:
    conninfo = Conninfo((key, value) for key, value in given.items() if value)
    if "application_name" not in conninfo:
        # libpq's "fallback" leaves PGAPPNAME in charge.
        conninfo.setdefault("fallback_application_name", "rawstore")
    if not is_local(conninfo):
        conninfo.setdefault("sslmode", "verify-full")
    if conninfo.get("sslmode") == "verify-full" and (root := root_certificates(conninfo)):
        conninfo["sslrootcert"] = root
    return conninfo


Target = SqliteTarget | PostgresTarget


def parse_url(url: str) -> Target:
    """Return the target that a URL names; ConfigError says what is wrong with it.

    `sqlite://` (memory), `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite:///~/home.db`;
    `postgresql://user:password@host:port/database?option=value`, also with several hosts, with
    SQLAlchemy's `+driver` suffix (ignored) and with any keyword of libpq as an option.
    """
    # Read on first use: `url` needs the classes above.
    from .url import parse

    return parse(url)


def _check_seconds(name: str, seconds: float, least: float = 0.001) -> None:
    if not least <= seconds <= MAX_SECONDS:
        raise ConfigError(f"{name} must be from {least:g} to {MAX_SECONDS:.0f} seconds")


def _authority(keywords: dict[str, str]) -> str:
    """Take `host` and `port` out of the keywords where they can stand before the path."""
    hosts = keywords.get("host", "").split(",")
    ports = keywords.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    if any(host.startswith(("/", "@")) or not host for host in hosts) or len(ports) != len(hosts):
        return ""
    del keywords["host"]
    keywords.pop("port", None)
    named = [f"[{h.replace('%', '%25')}]" if ":" in h else h for h in hosts]
    return ",".join(f"{h}:{p}" if p else h for h, p in zip(named, ports, strict=True))


def _query(options: Mapping[str, str | float | None]) -> str:
    given = [
        f"{name}={HIDDEN if value == HIDDEN else quote(str(value), safe='/:,.*')}"
        for name, value in options.items()
        if value is not None
    ]
    return "?" + "&".join(given) if given else ""
