"""Reading a database URL, strictly and without ever repeating it.

No message holds a piece of the URL: what looks like a host, a port or an option may be the
rest of a password with an unescaped `@`, `/` or `&`. For the same reason nothing is raised while
another exception is being handled: a ValueError carries the text it was given as `__context__`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_to_bytes

from .errors import ConfigError
from .target import SECRETS, PostgresTarget, SqliteTarget, Target

_LIBPQ = frozenset(
    """service servicefile user password passfile channel_binding connect_timeout dbname host
    hostaddr port client_encoding options application_name fallback_application_name keepalives
    keepalives_idle keepalives_interval keepalives_count tcp_user_timeout sslmode sslnegotiation
    sslcompression sslcert sslkey sslcertmode sslpassword sslrootcert sslcrl sslcrldir sslsni
    requirepeer require_auth min_protocol_version max_protocol_version ssl_min_protocol_version
    ssl_max_protocol_version gssencmode krbsrvname gsslib gssdelegation replication
    target_session_attrs load_balance_hosts scram_client_key scram_server_key oauth_issuer
    oauth_client_id oauth_client_secret oauth_scope sslkeylogfile""".split()
)
_WORDS: dict[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": (
        *("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    ),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "synchronous": ("full", "normal"),
    "mode": ("ro", "rwc"),
}
_WHOLE = frozenset(
    """connect_timeout keepalives keepalives_idle keepalives_interval keepalives_count
    tcp_user_timeout pool_min pool_max""".split()
)
_SECONDS = frozenset(
    ("timeout", "pool_timeout", "statement_timeout", "lock_timeout", "busy_timeout", "slow")
)
_FLAGS = frozenset(("prepare", "immutable", "echo", "stats"))
_POSTGRES = frozenset(
    """pool_min pool_max pool_timeout timeout statement_timeout lock_timeout prepare echo
    stats slow""".split()
)
# check_same_thread comes with SQLAlchemy's URLs; connections here never change threads.
_SQLITE = frozenset(
    """timeout busy_timeout statement_timeout synchronous mode immutable echo stats slow
    check_same_thread""".split()
)

_SCHEME = re.compile(
    r"\s*(?P<name>sqlite|postgres(?:ql)?)(?:\+\w+)?://(?P<rest>.*?)\s*", re.S | re.I
)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(us|ms|s|min|h|d|w|)", re.ASCII)
_UNIT = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
_FLAG = dict.fromkeys(("1", "on", "true", "yes"), True) | dict.fromkeys(
    ("0", "off", "false", "no"), False
)
_NONE: Mapping[str, Any] = MappingProxyType({})
_ESCAPES = "percent-escape it there (@ is %40, / is %2F, ? is %3F, % is %25)"


def parse(url: str, defaults: Mapping[str, Any] = _NONE) -> Target:
    """Return the target that a URL names; ConfigError where it names none.

    `defaults` are options (as `converted` gives them) for what the URL leaves open; those that its
    dialect does not know are passed over.
    """
    if not isinstance(url, str):
        raise ConfigError(f"a database URL is text, not {type(url).__name__}")
    match = _SCHEME.fullmatch(url)
    if not match:
        raise ConfigError(
            "a database URL starts with sqlite:// or postgresql:// "
            "(a file is written sqlite:///relative.db or sqlite:////absolute.db)"
        )
    rest = match["rest"]
    read = _sqlite if match["name"].lower() == "sqlite" else _postgres
    return read(rest, defaults)


def parse_seconds(text: str) -> float | None:
    """Return the seconds in `30`, `1.5`, `250ms`, `2s`, `1min`, `1h`, `7d`; None if it is none."""
    match = _DURATION.fullmatch(text.strip())
    return float(match[1]) * _UNIT[match[2]] if match else None


def parse_flag(text: str) -> bool | None:
    """Return what `1 on true yes` or `0 off false no` say; None if it is neither."""
    return _FLAG.get(text.strip().lower())


def sqlite_path(text: str) -> Path | None:
    """Return the file that a path names, a leading `~/` expanded; None for `:memory:`."""
    if text == ":memory:":
        return None
    if text.startswith("file:"):
        raise ConfigError("write the file's path itself, not a file: URI")
    return Path.home() / text[2:] if text.startswith("~/") else Path(text)


def _sqlite(rest: str, defaults: Mapping[str, Any]) -> SqliteTarget:
    _refuse_lines(rest)
    place, _, query = rest.partition("?")
    options = _options(query, _SQLITE)
    options.pop("check_same_thread", None)
    _rename_timeout(options, "busy_timeout")
    if options.get("immutable") or options.get("mode") == "ro":
        options["read_only"] = True
    options.pop("mode", None)
    if place and not place.startswith("/"):
        raise ConfigError(
            "an SQLite URL has no host: sqlite:///relative.db, sqlite:////absolute.db"
        )
    if place == "/":
        raise ConfigError("no file after sqlite:/// (sqlite:// alone is a database in memory)")
    path = _unescape(place[1:], "the path")
    return sqlite_target(sqlite_path(path) if path else None, options, defaults)


def _refuse_lines(text: str) -> None:
    """Refuse what is more than a URL, such as a file of several lines."""
    if "\n" in text or "\r" in text:
        raise ConfigError("a database URL is one line: in it, a line break is written %0A")


def sqlite_target(
    path: Path | None, options: Mapping[str, Any], defaults: Mapping[str, Any]
) -> SqliteTarget:
    """Return an SQLite database with these options, and with the defaults for the rest."""
    fitting = {name: value for name, value in defaults.items() if name in _SQLITE}
    return SqliteTarget(path, **{**fitting, **options})


def _postgres(rest: str, defaults: Mapping[str, Any]) -> PostgresTarget:
    userinfo, _, rest = rest.rpartition("@")
    if "/" in userinfo or "?" in userinfo:
        raise ConfigError(
            "the database URL has a '/' or '?' in its user name or password, or an '@' after "
            f"its host: {_ESCAPES}"
        )
    _refuse_lines(rest)
    place, _, query = rest.partition("?")
    hosts, _, database = place.partition("/")
    user, _, password = userinfo.partition(":")
    conninfo = {
        "user": _unescape(user, "the user name"),
        "password": _unescape(password, "the password"),
        "dbname": _unescape(database, "the database's name"),
        **_hosts([_unescape(hosts, "the host")]),
    }
    options = _options(query, _LIBPQ | _POSTGRES)
    _rename_timeout(options, "statement_timeout")
    if "host" in options:
        # A port before the path stays where the hosts here have none.
        given = _hosts(options.pop("host"))
        conninfo.update({key: value for key, value in given.items() if value})
    conninfo.update({key: options.pop(key) for key in _LIBPQ & options.keys()})
    check_port(conninfo)
    return postgres_target(conninfo, options, defaults)


def postgres_target(
    conninfo: Mapping[str, str], options: Mapping[str, Any], defaults: Mapping[str, Any]
) -> PostgresTarget:
    """Return a server's database with these options, and with the defaults for the rest."""
    keywords = {name: value for name, value in defaults.items() if name in _LIBPQ}
    fitting = {name: value for name, value in defaults.items() if name in _POSTGRES}
    given = {name: value for name, value in conninfo.items() if value}
    return PostgresTarget({**keywords, **given}, **{**fitting, **options})


def _rename_timeout(options: dict[str, Any], name: str) -> None:
    if "timeout" in options:
        if name in options:
            raise ConfigError(f"timeout is another name of {name}: give one of them")
        options[name] = options.pop("timeout")


def _options(query: str, known: frozenset[str]) -> dict[str, Any]:
    """Return the options of a URL's query, each converted; `host` is a list."""
    options: dict[str, Any] = {}
    hosts: list[str] = []
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        name = _unescape(name, "an option's name")
        if name not in known or not equals:
            raise ConfigError(_unknown(name if equals else "", options, known))
        value = _unescape(value, f"option {name}")
        if name == "host":
            hosts.append(value)
        elif name in options:
            raise ConfigError(f"option {name} is given twice")
        elif value or name not in _LIBPQ:
            options[name] = converted(name, value, f"option {name}")
    return {**options, "host": hosts} if hosts else options


def _unknown(name: str, before: Mapping[str, Any], known: frozenset[str]) -> str:
    if SECRETS & before.keys() or not re.fullmatch(r"[a-z_]{1,40}", name, re.I):
        return (
            "the database URL has an option that is no `name=value` of a known name "
            "(in a value, & is written %26)"
        )
    from difflib import get_close_matches  # only a mistake needs it

    near = get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(known))}"
    return f"unknown option {name}: {hint}"


def converted(name: str, value: str, said_by: str) -> Any:
    """Return an option's value as its field holds it: text for libpq, else a number or a flag.

    Raises ConfigError, which names `said_by`.
    """
    if name in _WORDS and value not in _WORDS[name]:
        raise ConfigError(f"{said_by} is one of {', '.join(_WORDS[name])}")
    found: Any = value
    if name == "slow" and (parse_flag(value) is False or parse_seconds(value) == 0):
        return None  # no statement is slow
    if name in _SECONDS:
        found, wanted = parse_seconds(value), "a duration such as 30, 1.5, 250ms, 2s or 1min"
    elif name in _FLAGS:
        found, wanted = parse_flag(value), "on or off"
    elif name in _WHOLE:
        whole = re.fullmatch(r"\d{1,9}", value, re.ASCII)
        found = None if not whole else value if name in _LIBPQ else int(value)
        wanted = "a whole number"
    else:
        found, wanted = None if "\0" in value else value, "text without NUL characters"
    if found is None:
        raise ConfigError(f"{said_by} must be {wanted}")
    return found


def _hosts(texts: list[str]) -> dict[str, str]:
    """Return `host` and `port` as libpq writes several: lists with commas, one port a host."""
    found = [_host(entry) for text in texts for entry in text.split(",")]
    if None in found:
        raise ConfigError(
            "the database URL's host is not a name, an address ([::1] in brackets) or a socket's "
            f"folder; if the user name or password holds a special character, {_ESCAPES}"
        )
    pairs = [pair for pair in found if pair]
    ports = ",".join(port for _, port in pairs)
    return {"host": ",".join(host for host, _ in pairs), "port": ports if ports.strip(",") else ""}


def _host(entry: str) -> tuple[str, str] | None:
    if entry.startswith(("/", "@")):
        return entry, ""
    match = re.fullmatch(
        r"(?:\[(?P<six>[\da-fA-F:.]+(?:%[\w.-]+)?)\]|(?P<name>[\w.-]*))(?::(?P<port>\d{1,5}))?"
        r"|(?P<bare>[\da-fA-F.]*:[\da-fA-F:.]*:[\da-fA-F.]*(?:%[\w.-]+)?)",
        entry,
    )
    return match and (match["six"] or match["bare"] or match["name"] or "", match["port"] or "")


def check_port(conninfo: Mapping[str, str]) -> None:
    """Refuse (ConfigError) a port that is no number, or ports that are not one for each host."""
    ports = conninfo.get("port", "").split(",")
    for port in filter(None, ports):
        if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or not 0 < int(port) < 65536:
            raise ConfigError("a port is a number from 1 to 65535")
    if len(ports) not in (1, len((conninfo.get("host") or "").split(","))):
        raise ConfigError("give one port for all hosts, or one for each")


def _unescape(text: str, where: str) -> str:
    """Return the text with its percent-escapes replaced; ConfigError for bad ones."""
    if re.search(r"%(?![\da-fA-F]{2})", text, re.ASCII):
        raise ConfigError(f"{where} has a '%' that starts no escape: a percent sign is %25")
    # What UTF-8 cannot hold becomes U+FFFD on one side of the comparison only.
    plain = unquote_to_bytes(text.encode("utf-8", "replace"))
    decoded = plain.decode("utf-8", "replace")
    if decoded.encode() != plain or "\0" in decoded or any("\ud800" <= c <= "\udfff" for c in text):
        raise ConfigError(f"{where} has a character or an escape that is not UTF-8 text")
    return decoded
