"""A connection of a store's engine, for the tools that work on one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .store import Store


@contextmanager
def lent(store: Store) -> Iterator[Any]:
    """A session that may write (see `engines.Session`), given back at the end of the block.

    What is left open is rolled back. Raises Overloaded, DatabaseBusy, ConnectionLost.
    """
    engine: Any = store._engine  # noqa: SLF001 - part of the store
    session = engine.borrow()
    try:
        yield session
    finally:
        engine.give(session)
