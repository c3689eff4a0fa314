"""Which database a store uses: an argument, variables, a secret file, or the store's own file.

Where several are given, the first of this order wins: the argument; the store's own variables;
`DATABASE_URL`; `DATABASE_URL_FILE`; `DB_HOST` and its companions; the store's SQLite file. A
`.env` in the working folder counts as part of the environment, which it never overrides.
Messages name variables, never their values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from .errors import ConfigError
from .target import PostgresTarget, SqliteTarget, Target
from .url import check_port, parse, parse_flag, sqlite_path


class Located(NamedTuple):
    """A store's database, and in words where that was said."""

    target: Target
    source: str


class _Use(Enum):
    """What a store's switch allows."""

    ANY = "any"
    FILE = "file"
    SERVER = "server"
    MEMORY = "memory"


class _Places(NamedTuple):
    """Where a store looks, beyond what all stores share."""

    file: str
    path_variable: str | None = None
    url_variable: str | None = None
    database: str | None = None
    # A variable that chooses among the ways, its values in lower case, "" where it is not set.
    switch: str | None = None
    choices: Mapping[str, _Use] = {"": _Use.ANY}


_STORES = {
    "omnimemory": _Places(
        file="data/omnimemory.db",
        path_variable="SQLITE_DB_PATH",
        switch="OMNIMEMORY_DB_TYPE",
        choices={"": _Use.FILE, "sqlite": _Use.FILE, "postgresql": _Use.SERVER},
    ),
    "duiliocode": _Places(file="data/duiliocode.db"),
    "contextpilot": _Places(
        file="data/contextpilot.db",
        url_variable="CONTEXTPILOT_DATABASE_URL",
        switch="CONTEXTPILOT_USE_DATABASE",
        choices={"": _Use.ANY, "true": _Use.ANY, "false": _Use.MEMORY},
    ),
    "collections": _Places(file="data/collections.db", path_variable="DATABASE_PATH"),
    "minipilot": _Places(
        file="data/maveric_minipilot.db",
        path_variable="DB_PATH",
        database="maveric_minipilot",
    ),
}


def locate(
    store: str, url: str | None = None, *, environ: Mapping[str, str] | None = None
) -> Located:
    """Return the database of a store; ConfigError where what is said cannot be used.

    `store` is a built-in store's name, or any other, whose file is then `data/<name>.db`.
    """
    if url is not None:
        return Located(parse(url), "the url argument")
    places = _STORES.get(store) or _Places(file=f"data/{store}.db")
    settings = _Settings(os.environ if environ is None else environ)
    use = _use(settings, places)
    for rung in _LADDERS[use]:
        located = rung(settings, store, places)
        if located:
            _check_use(located, use, places)
            return located
    raise ConfigError(
        f"{places.switch} asks for a server: set DATABASE_URL, DATABASE_URL_FILE or DB_HOST"
    )


class _Settings:
    """The environment, and `.env` behind it. A variable that is empty is not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._sources = [("", environ), (" in .env", _dotenv(Path(".env")))]

    def get(self, name: str | None) -> str | None:
        """Return a variable's value; None where it is not set."""
        return next((value for value, _ in self._found(name)), None)

    def said_by(self, *names: str) -> str:
        """Return in words where these variables are set."""
        found = [f"{name}{where}" for name in names for _, where in list(self._found(name))[:1]]
        return ", ".join(found)

    def _found(self, name: str | None) -> Iterator[tuple[str, str]]:
        for where, values in self._sources if name else ():
            value = values.get(name or "")
            if value and value.strip():
                yield value, where


def _dotenv(file: Path) -> Mapping[str, str]:
    if not file.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        read = dotenv_values(file, encoding="utf-8")
    except (OSError, UnicodeError) as error:
        problem = type(error).__name__
    else:
        return {name: value for name, value in read.items() if value is not None}
    # Outside the handler: a UnicodeError carries the file's text.
    raise ConfigError(f".env cannot be read as UTF-8 text ({problem})")


def _use(settings: _Settings, places: _Places) -> _Use:
    value = (settings.get(places.switch) or "").strip().lower()
    if value not in places.choices and parse_flag(value) is not None:
        value = str(parse_flag(value)).lower()
    if value not in places.choices:
        allowed = " or ".join(choice for choice in places.choices if choice)
        raise ConfigError(f"{places.switch} must be {allowed}")
    return places.choices[value]


def _check_use(located: Located, use: _Use, places: _Places) -> None:
    if use is _Use.SERVER and located.target.dialect != "postgres":
        raise ConfigError(
            f"{places.switch} asks for PostgreSQL, but {located.source} names an SQLite file"
        )


def _parse(url: str, source: str) -> Located:
    try:
        return Located(parse(url.strip()), source)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None


def _own_url(settings: _Settings, store: str, places: _Places) -> Located | None:
    name = places.url_variable
    url = settings.get(name)
    return _parse(url, settings.said_by(name)) if name and url else None


def _database_url(settings: _Settings, store: str, places: _Places) -> Located | None:
    url = settings.get("DATABASE_URL")
    return _parse(url, settings.said_by("DATABASE_URL")) if url else None


def _database_url_file(settings: _Settings, store: str, places: _Places) -> Located | None:
    name = settings.get("DATABASE_URL_FILE")
    if not name:
        return None
    source = f"the file of {settings.said_by('DATABASE_URL_FILE')}"
    try:
        url = Path(name.strip()).read_text(encoding="utf-8")
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except ValueError:
        problem = "not UTF-8 text"
    else:
        return _parse(url, source)
    # Outside the handlers: an OSError carries the path, which may be a URL set by mistake.
    raise ConfigError(f"{source} cannot be read: {problem}")


_KEYWORDS = {
    "DB_HOST": "host",
    "DB_PORT": "port",
    "DB_NAME": "dbname",
    "DB_USER": "user",
    "DB_PASSWORD": "password",
}


def _db_host(settings: _Settings, store: str, places: _Places) -> Located | None:
    given = {keyword: settings.get(name) for name, keyword in _KEYWORDS.items()}
    if not any(given.values()):
        return None
    conninfo = {"host": "localhost", "port": "5432", "user": "postgres"}
    conninfo["dbname"] = places.database or store
    conninfo.update({keyword: value for keyword, value in given.items() if value})
    if any("\0" in value for value in conninfo.values()):
        raise ConfigError(f"{settings.said_by(*_KEYWORDS)}: a NUL character")
    try:
        check_port(conninfo)
        return Located(PostgresTarget(conninfo), settings.said_by(*_KEYWORDS))
    except ConfigError as error:
        raise ConfigError(f"{settings.said_by(*_KEYWORDS)}: {error}") from None


def _file(settings: _Settings, store: str, places: _Places) -> Located:
    name, path = places.path_variable, settings.get(places.path_variable)
    if not (name and path):
        return Located(SqliteTarget(Path(places.file)), "the store's default file")
    if "://" in path:
        raise ConfigError(f"{settings.said_by(name)} holds a file's path, not a URL")
    return Located(SqliteTarget(sqlite_path(path.strip())), settings.said_by(name))


def _memory(settings: _Settings, store: str, places: _Places) -> Located:
    return Located(SqliteTarget(None), settings.said_by(places.switch or ""))


_Rung = Callable[[_Settings, str, _Places], Located | None]
_SERVER: tuple[_Rung, ...] = (_own_url, _database_url, _database_url_file, _db_host)
_LADDERS: Mapping[_Use, tuple[_Rung, ...]] = {
    _Use.ANY: (*_SERVER, _file),
    _Use.FILE: (_file,),
    _Use.SERVER: _SERVER,
    _Use.MEMORY: (_memory,),
}
