"""Which database a store uses, with every option in force and who says so: for people."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..target import PostgresTarget, SqliteTarget, Target
from ..tls import is_local, verdict
from . import ARGUMENT, Search
from .places import Use


class Setting(NamedTuple):
    """An option in force. Durations are seconds; None is "none"."""

    value: str | int | float | bool | None
    source: str


class Report(NamedTuple):
    """A store's database, its options, and what one should know about them.

    `tls` says what protects the connection; None on SQLite. No field holds a secret.
    """

    target: Target
    source: str
    tls: str | None
    options: Mapping[str, Setting]
    notes: tuple[str, ...]


def report(
    store: str, url: str | None = None, *, environ: Mapping[str, str] | None = None
) -> Report:
    """Return what `locate` finds, and why. Raises ConfigError."""
    search = Search(store, url, os.environ if environ is None else environ)
    target, source, notes = search.located()
    tls = verdict(target.conninfo) if isinstance(target, PostgresTarget) else None
    notes = (*notes, *_unused_places(search), *_unused_options(search, target), *_tls(target))
    return Report(target, source, tls, _settings(search, target), notes)


def options_of(target: Target) -> dict[str, Any]:
    """The options of a database that its URL can name, by their names there."""
    watching = {"echo": target.echo, "stats": target.stats, "slow": target.slow}
    if isinstance(target, SqliteTarget):
        own = ("busy_timeout", "statement_timeout", "synchronous", "read_only")
        return {**{name: getattr(target, name) for name in own}, **watching}
    pool = ("pool_min", "pool_max", "pool_timeout")
    limits = ("statement_timeout", "lock_timeout", "prepare")
    return {
        **{name: getattr(target, name) for name in pool},
        "connect_timeout": float(target.conninfo.get("connect_timeout", 5)),
        **{name: getattr(target, name) for name in limits},
        "sslmode": target.conninfo.get("sslmode"),
        "sslrootcert": target.conninfo.get("sslrootcert"),
        **watching,
    }


def _settings(search: Search, target: Target) -> dict[str, Setting]:
    try:
        bare = options_of(search.found.make({}))
    except ConfigError:  # the URL alone does not do
        bare = {}
    usual = options_of(_usual(target))
    variables = search.options.variables
    found = {}
    for name, value in options_of(target).items():
        source = "default" if value in (None, usual[name]) else "the URL"
        if name in variables and bare.get(name, usual[name]) != value:
            source = variables[name]
        found[name] = Setting(value, source)
    return found


def _usual(target: Target) -> Target:
    """The same place, without the options that are shown."""
    if isinstance(target, SqliteTarget):
        return SqliteTarget(target.path)
    shown = ("sslmode", "sslrootcert", "connect_timeout")
    return PostgresTarget({k: v for k, v in target.conninfo.items() if k not in shown})


def _unused_places(search: Search) -> Iterator[str]:
    if search.found.source == ARGUMENT:
        return
    settings, places = search.settings, search.places
    reason = {
        Use.FILE: f"{places.switch} is not postgresql",
        Use.SERVER: f"{places.switch} is postgresql",
        Use.MEMORY: f"{places.switch} is false",
    }.get(search.use, "")
    for name in settings.given(*places.variables):
        if name in search.found.variables:
            continue
        said = reason if _ruled_out(name, search) else f"{search.found.source} comes first"
        yield f"{settings.said_by(name)} is set, but not used: {said}"


def _ruled_out(name: str, search: Search) -> bool:
    """Whether the store's switch, and not the order, is why a variable is not used."""
    file = name == search.places.path_variable
    if search.use is Use.FILE and name == "DATABASE_URL":
        url = search.settings.get(name) or ""
        return not url.strip().lower().startswith("sqlite")
    return {Use.FILE: not file, Use.SERVER: file, Use.MEMORY: True}.get(search.use, False)


def _unused_options(search: Search, target: Target) -> Iterator[str]:
    known = options_of(target)
    engine = "SQLite" if isinstance(target, SqliteTarget) else "PostgreSQL"
    for option, variable in search.options.variables.items():
        if option not in known:
            yield f"{variable} is set, but not used: {engine} has no {option}"
        elif _differ(search.options.values[option], known[option]):
            yield f"{variable} is set, but not used: the URL says {option}"


def _differ(said: Any, used: Any) -> bool:
    """Whether a variable's value is not the one in force."""
    if said == "system":  # of certificates: a file is used for it
        return False
    return bool((float(said) if isinstance(used, float) and said else said) != used)


def _tls(target: Target) -> Iterator[str]:
    mode = os.environ.get("PGSSLMODE") or "verify-full"
    if isinstance(target, SqliteTarget) or mode == "verify-full" or is_local(target.conninfo):
        return
    if target.conninfo.get("sslmode") == "verify-full":
        yield "PGSSLMODE is set, but not used: only sslmode in the URL, or DB_SSLMODE, weakens TLS"
