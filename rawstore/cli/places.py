"""From what was typed as SRC and DST to two open databases of one store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from ..target import PostgresTarget, SqliteTarget, Target, parse_url
from . import stores
from .errors import Mistake
from .options import given_url

if TYPE_CHECKING:
    from ..store import Store

_SUFFIXES = (".db", ".sqlite", ".sqlite3", ".db3")


class Place(NamedTuple):
    """A database: by its URL, or that of the store that is named (None: where the ladder says)."""

    url: str | None
    store: str | None


@contextmanager
def opened_pair(source: str, target: str, store: str | None) -> Iterator[tuple[Store, Store]]:
    """Both databases, open as the same store. Raises a Mistake that says what to give."""
    if given_url() is not None:
        raise Mistake("both databases are arguments here: leave --url out")
    one, other = _place(source), _place(target)
    named = {name for name in (one.store, other.store, store) if name}
    if len(named) > 1:
        raise Mistake(f"these are several stores: {', '.join(sorted(named))}")
    name = named.pop() if named else _found(one, source)
    if one.url is None and other.url is None:
        raise Mistake(f"SRC and DST are both the database of {name}: give a URL or a file for one")
    with ExitStack() as stack:
        yield (
            stack.enter_context(stores.open_store(name, one.url)),
            stack.enter_context(stores.open_store(name, other.url)),
        )


def _place(typed: str) -> Place:
    """A URL, an SQLite file, or a store."""
    if "://" in typed:
        return Place(typed, None)
    path = Path(typed).expanduser()
    if path.is_file() or (path.suffix in _SUFFIXES and not path.is_dir()):
        return Place(f"sqlite:///{quote(str(path), safe='/:~')}", None)
    if typed in stores.builtin() or path.is_dir():
        return Place(None, typed)
    raise Mistake(
        f"{typed!r} is no URL, no SQLite file and no store; stores are "
        f"{', '.join(stores.builtin())}, or a folder"
    )


def _found(place: Place, typed: str) -> str:
    """The shipped store whose migrations are applied in a database."""
    target = parse_url(place.url or "")
    held = _histories(target)
    fitting = [name for name in stores.builtin() if _fits(name, held)]
    if len(fitting) == 1:
        return fitting[0]
    where = typed if isinstance(target, SqliteTarget) else str(target)
    if not fitting:
        raise Mistake(f"{where} holds none of the built-in stores: give --store")
    raise Mistake(f"{where} holds {' and '.join(fitting)}: give --store")


def _fits(store: str, held: dict[str | None, set[str]]) -> bool:
    """Whether a history is the store's own: in its schema, or with no migration it does not know.

    Of two stores that begin alike, the one whose later migrations are there.
    """
    if store in held:
        return True
    applied = held.get(None, set())
    return bool(applied) and applied <= set(stores.migration_ids(store))


def _histories(target: Target) -> dict[str | None, set[str]]:
    """The ids of what is applied, by schema; None for a database without schemas."""
    if isinstance(target, PostgresTarget):
        return _postgres_histories(target)
    if target.path is None:
        raise Mistake("SRC is a new database in memory, with nothing in it")
    if not target.path.exists():
        raise Mistake(f"{target.path} does not exist")
    return {None: _sqlite_history(target)}


def _sqlite_history(target: SqliteTarget) -> set[str]:
    immutable = "&immutable=1" if target.immutable else ""
    address = f"file:{quote(str(target.path))}?mode=ro{immutable}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=target.busy_timeout)) as opened:
            return {id_ for (id_,) in opened.execute("SELECT migration_id FROM _yoyo_migration")}
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR":  # no such table
            return set()
        frozen = "; in a folder that nobody writes to, give its URL with ?mode=ro&immutable=1"
        hint = frozen if "unable to open" in str(error) else ""
        raise Mistake(f"{target.path} cannot be read: {error}{hint}") from None


def _postgres_histories(target: PostgresTarget) -> dict[str | None, set[str]]:
    from ..tables.postgres_connection import connect

    with connect(target, "public") as connection:
        found = connection.execute(
            "SELECT nspname::text FROM pg_class"
            " INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE relname = '_yoyo_migration'"
        ).fetchall()
    return {schema: set() for (schema,) in found}
