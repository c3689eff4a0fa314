"""rawstore: a data layer without an ORM. SQL in files, typed calls, SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import RawstoreError
from .query import Query
from .session import Session
from .store import Store, open
from .stream import Stream
from .transaction import Transaction

if TYPE_CHECKING:
    from .aio import AsyncSession, AsyncStore, AsyncStream, AsyncTransaction, open_async
else:

    def __getattr__(name):  # asyncio is loaded by those who use it
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import aio

        return getattr(aio, name)


__version__ = "0.1.0"

__all__ = [
    "AsyncSession",
    "AsyncStore",
    "AsyncStream",
    "AsyncTransaction",
    "Query",
    "RawstoreError",
    "Session",
    "Store",
    "Stream",
    "Transaction",
    "open",
    "open_async",
]
