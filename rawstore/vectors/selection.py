"""The indexes that a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigError
from .catalog import Index, indexes
from .connection import Connection

if TYPE_CHECKING:
    from ..store import Store


def selected(connection: Connection, store: Store, name: str | None) -> list[Index]:
    """The store's vector indexes, or the one of this name; without what a stopped rebuild left.

    Raises ConfigError where there is none of the name.
    """
    found = [each for each in indexes(connection, store.schema) if not each.is_leftover]
    if name is None:
        return found
    bare = name.removeprefix(f"{store.schema}.")
    one = [each for each in found if each.name == bare]
    if not one:
        names = ", ".join(each.name for each in found) or "none"
        raise ConfigError(f"{store.name} has no vector index {name!r}; there are: {names}")
    return one
