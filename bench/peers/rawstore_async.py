"""The registry's own way on an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import rawstore

from ..place import FOLDER, Place
from . import AsyncPeer


class _Rawstore:
    """Over what has the queries as methods: a store or a session."""

    def __init__(self, caller: Any) -> None:
        self.caller = caller
        self.get_user = caller.get_user
        self.list_users = caller.list_users
        self.add_note = caller.add_note
        self.put_readings = caller.put_readings

    async def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        async with self.caller.transaction() as tx:
            return (
                await tx.get_user(user_id),
                await tx.add_note(user_id, body, created_at),
                await tx.count_note(user_id),
            )

    async def get_users(self, user_ids: Sequence[UUID]) -> object:
        async with self.caller.batch() as batch:
            handles = [batch.get_user(user_id) for user_id in user_ids]
        return [handle.result() for handle in handles]


@asynccontextmanager
async def _store(place: Place) -> AsyncIterator[_Rawstore]:
    async with rawstore.open_async(FOLDER, place.url) as store:
        async with store.session():
            pass  # connected
        yield _Rawstore(store)


@asynccontextmanager
async def _session(place: Place) -> AsyncIterator[_Rawstore]:
    async with rawstore.open_async(FOLDER, place.url) as store, store.session() as session:
        yield _Rawstore(session)


STORE = AsyncPeer("rawstore, async store", "rawstore", "NamedTuple", _store)
SESSION = AsyncPeer("rawstore, async store.session()", "rawstore", "NamedTuple", _session)
