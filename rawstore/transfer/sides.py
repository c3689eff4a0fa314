"""Whether two databases may be compared, and copied: of one store, and not one and the same."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..target import PostgresTarget, SqliteTarget, Target

if TYPE_CHECKING:
    from ..store import Store


def check_sides(source: Store, target: Store) -> None:
    """Raise ConfigError unless these are two databases of one store; the mapped error."""
    if source.name != target.name:
        raise ConfigError(f"these are two stores: {source.name} and {target.name}")
    if source is target or _are_one(source.target, target.target):
        raise ConfigError(f"both sides are one database: {source.target}")


def _are_one(one: Target, other: Target) -> bool:
    """Whether both lead to one database, by whatever path, host or role."""
    if isinstance(one, SqliteTarget) and isinstance(other, SqliteTarget):
        if one.path is None or other.path is None:
            return False
        there = one.path.exists() and other.path.exists()
        return one.path.samefile(other.path) if there else one.path == other.path
    if isinstance(one, PostgresTarget) and isinstance(other, PostgresTarget):
        return _share_locks(one, other)
    return False


def _share_locks(one: PostgresTarget, other: PostgresTarget) -> bool:
    """Advisory locks are a database's own: what holds one side's keeps the other's from it."""
    from ..tables.postgres_connection import connect

    key = secrets.randbits(63)
    with closing(connect(one, "public")) as here, closing(connect(other, "public")) as there:
        here.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
        found = there.execute("SELECT pg_try_advisory_xact_lock(%s)", (key,)).fetchone()
    return found == (False,)
