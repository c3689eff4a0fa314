"""The registry's own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from ..place import Place
from . import Peer


class _Rawstore:
    """Over what has the queries as methods: a store or a session."""

    def __init__(self, caller: Any) -> None:
        self.caller = caller
        self.get_user = caller.get_user
        self.list_users = caller.list_users
        self.add_note = caller.add_note
        self.put_readings = caller.put_readings

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        with self.caller.transaction() as tx:
            return (
                tx.get_user(user_id),
                tx.add_note(user_id, body, created_at),
                tx.count_note(user_id),
            )

    def get_users(self, user_ids: Sequence[UUID]) -> object:
        with self.caller.batch() as batch:
            handles = [batch.get_user(user_id) for user_id in user_ids]
        return [handle.result() for handle in handles]


class _OneByOne:
    """As many calls as there are keys."""

    def __init__(self, caller: Any) -> None:
        self.get_user = caller.get_user

    def get_users(self, user_ids: Sequence[UUID]) -> object:
        return [self.get_user(user_id) for user_id in user_ids]


@contextmanager
def _store(place: Place) -> Iterator[_Rawstore]:
    yield _Rawstore(place.store)


@contextmanager
def _session(place: Place) -> Iterator[_Rawstore]:
    with place.store.session() as session:
        yield _Rawstore(session)


@contextmanager
def _calls(place: Place) -> Iterator[_OneByOne]:
    with place.store.session() as session:
        yield _OneByOne(session)


_LIBRARY = "rawstore"
_ROW = "NamedTuple"

STORE = Peer("rawstore, store", _LIBRARY, _ROW, _store)
SESSION = Peer("rawstore, store.session()", _LIBRARY, _ROW, _session)
CALLS = Peer("rawstore, one call after another", _LIBRARY, _ROW, _calls)
