"""Which database a store uses: an argument, variables, a secret, or the store's own file.

Where several are given, the first of this order wins: the argument; the store's own variables;
`DATABASE_URL`; `DATABASE_URL_FILE`; `PARAMETER_STORE_DB_URL`; `DB_HOST` and its companions; the
store's SQLite file. A `.env` in the working folder counts as part of the environment, which it
never overrides. Messages name variables, never their values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError
from ..target import PostgresTarget, Target
from ..url import check_port, parse, postgres_target, sqlite_path, sqlite_target
from .options import Make, Options
from .places import SERVER_VARIABLES, Places, Use, places
from .settings import Settings

ARGUMENT = "the url argument"
_LONGEST = 1 << 16  # characters of a URL in a file: the name may be that of anything


class Located(NamedTuple):
    """A store's database, and in words where that was said.

    `notes` are what was odd on the way, in sentences.
    """

    target: Target
    source: str
    notes: tuple[str, ...] = ()


def locate(
    store: str, url: str | None = None, *, environ: Mapping[str, str] | None = None
) -> Located:
    """Return the database of a store; ConfigError where what is said cannot be used.

    `store` is a built-in store's name, or any other, whose file is then `data/<name>.db`. A secret
    is read anew each time. Options that the URL leaves open are taken from variables.
    """
    return Search(store, url, os.environ if environ is None else environ).located()


class Search:
    """A look at the places of a store: what was found, and what else there was to see."""

    def __init__(self, store: str, url: str | None, environ: Mapping[str, str]) -> None:
        """Go through the places until one says where the data is. Raises ConfigError."""
        self.settings = Settings(environ)
        self.places = places(store)
        self.options = Options(self.settings, self.places)
        self.use = Use.ANY if url is not None else self.places.use(self.settings)
        self.found = self._find(store, url)

    def _find(self, store: str, url: str | None) -> _Found:
        if url is not None:
            return _Found(lambda defaults: parse(url, defaults), ARGUMENT)
        for rung in _LADDERS[self.use]:
            found = rung(self.settings, self.places, store)
            if found:
                return found
        raise ConfigError(
            f"{self.places.switch} asks for a server: set DATABASE_URL, DATABASE_URL_FILE, "
            "PARAMETER_STORE_DB_URL or DB_HOST"
        )

    def located(self) -> Located:
        """The database that was found, with the options that variables add. Raises ConfigError."""
        found = self.found
        try:
            target = self.options.target(found.make)
        except ConfigError as error:
            problem = str(error)
        else:
            if self.use is Use.SERVER and target.dialect != "postgres":
                raise ConfigError(
                    f"{self.places.switch} asks for PostgreSQL, "
                    f"but {found.source} names an SQLite file"
                )
            _say_if_weakened(target)
            return Located(target, found.source, found.notes)
        # An argument is seen where it is given.
        raise ConfigError(problem if found.source == ARGUMENT else f"{found.source}: {problem}")


def _say_if_weakened(target: Target) -> None:
    if isinstance(target, PostgresTarget) and target.conninfo.get("sslmode") != "verify-full":
        import logging  # psycopg has loaded it, or will

        from ..tls import verdict

        logging.getLogger("rawstore.config").info("%s: TLS is %s", target, verdict(target.conninfo))


class _Found(NamedTuple):
    """What a rung holds: how to make a target of it, and who says so."""

    make: Make
    source: str
    variables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _url(url: str, source: str, variable: str, *notes: str) -> _Found:
    return _Found(lambda defaults: parse(url.strip(), defaults), source, (variable,), notes)


def _own_url(settings: Settings, place: Places, store: str) -> _Found | None:
    name = place.url_variable
    url = settings.get(name)
    return _url(url, settings.said_by(name), name) if name and url else None


def _database_url(settings: Settings, place: Places, store: str) -> _Found | None:
    url = settings.get("DATABASE_URL")
    return _url(url, settings.said_by("DATABASE_URL"), "DATABASE_URL") if url else None


def _sqlite_url(settings: Settings, place: Places, store: str) -> _Found | None:
    """DATABASE_URL for a store that wants a file: a server's is not meant for it."""
    url = settings.get("DATABASE_URL") or ""
    return _database_url(settings, place, store) if url.strip()[:6].lower() == "sqlite" else None


def _database_url_file(settings: Settings, place: Places, store: str) -> _Found | None:
    name = settings.get("DATABASE_URL_FILE")
    if not name:
        return None
    source = f"the file of {settings.said_by('DATABASE_URL_FILE')}"
    try:
        with Path(name.strip()).open(encoding="utf-8-sig") as file:  # Windows' editors put a BOM
            url = file.read(_LONGEST + 1)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except ValueError:
        problem = "not UTF-8 text"
    else:
        if len(url) <= _LONGEST:
            return _url(url, source, "DATABASE_URL_FILE")
        problem = "too long for a URL"
    # Outside the handlers: an OSError carries the path, which may be a URL set by mistake.
    raise ConfigError(f"{source} cannot be read: {problem}")


def _parameter_store(settings: Settings, place: Places, store: str) -> _Found | None:
    variable = "PARAMETER_STORE_DB_URL"
    name = settings.get(variable)
    if not name:
        return None
    from ..parameter_store import read  # AWS's client is not for everybody

    said_by = settings.said_by(variable)
    region = settings.get("AWS_REGION") or settings.get("AWS_DEFAULT_REGION")
    secret = read(name.strip(), said_by, region)
    return _url(secret.value, f"the parameter of {said_by}", variable, *secret.notes)


def _db_host(settings: Settings, place: Places, store: str) -> _Found | None:
    names = settings.given(*SERVER_VARIABLES)
    if not names:
        return None
    conninfo = {"host": "localhost", "port": "5432", "user": "postgres"}
    conninfo["dbname"] = place.database or store
    conninfo.update({SERVER_VARIABLES[name]: settings.get(name) or "" for name in names})
    source = settings.said_by(*names)
    if any("\0" in value for value in conninfo.values()):
        raise ConfigError(f"{source}: a NUL character")
    try:
        check_port(conninfo)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None
    return _Found(lambda defaults: postgres_target(conninfo, {}, defaults), source, names)


def _path(settings: Settings, place: Places, store: str) -> _Found | None:
    name, path = place.path_variable, settings.get(place.path_variable)
    if not (name and path):
        return None
    source = settings.said_by(name)
    if "://" in path:
        raise ConfigError(f"{source} holds a file's path, not a URL")
    file = sqlite_path(path.strip())
    return _Found(lambda defaults: sqlite_target(file, {}, defaults), source, (name,))


def _default_file(settings: Settings, place: Places, store: str) -> _Found:
    file = Path(place.file)
    return _Found(lambda defaults: sqlite_target(file, {}, defaults), "the store's default file")


def _memory(settings: Settings, place: Places, store: str) -> _Found:
    switch = place.switch or ""
    source = settings.said_by(switch)
    return _Found(lambda defaults: sqlite_target(None, {}, defaults), source, (switch,))


_Rung = Callable[[Settings, Places, str], _Found | None]
_SERVER: tuple[_Rung, ...] = (
    _own_url,
    _database_url,
    _database_url_file,
    _parameter_store,
    _db_host,
)
_LADDERS: Mapping[Use, tuple[_Rung, ...]] = {
    Use.ANY: (*_SERVER, _path, _default_file),
    Use.FILE: (_path, _sqlite_url, _default_file),
    Use.SERVER: _SERVER,
    Use.MEMORY: (_memory,),
}
