"""rawstore: a data layer without an ORM. SQL in files, typed calls, SQLite and PostgreSQL."""

from __future__ import annotations

from .errors import RawstoreError
from .query import Query
from .store import Store, open
from .stream import Stream
from .transaction import Transaction

__version__ = "0.1.0"

__all__ = ["Query", "RawstoreError", "Store", "Stream", "Transaction", "open"]
