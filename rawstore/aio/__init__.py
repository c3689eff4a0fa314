"""Stores for asyncio: `rawstore.open_async`."""

from __future__ import annotations

from .session import AsyncSession
from .store import AsyncStore, open_async
from .stream import AsyncStream
from .transaction import AsyncTransaction

__all__ = ["AsyncSession", "AsyncStore", "AsyncStream", "AsyncTransaction", "open_async"]
