"""The libraries that are measured, a file each: the same small application in each one's own way.

An application of the bench is any object with some of these methods, plain or `async def`:

- `get_user(user_id)`: a row by its key;
- `list_users(after, page)`: a list of rows;
- `add_note(user_id, body, created_at)`: an insert that returns its row;
- `put_readings(items)`: an upsert of many; `readings(rows)` makes of tuples the items it takes;
- `note_and_count(user_id, body, created_at)`: a transaction of a read, an insert and an update;
- `get_users(user_ids)`: many point reads, in what comes nearest to one go;
- `search_items(query, user_id)` and `search_similar(embedding, user_id)`: of the store collections.

What cannot be called from here, such as another process, has `sample(method)` and `rate(method)`
instead, which give what `scenario.Way` holds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ..place import Place


@dataclass(frozen=True)
class Peer:
    """A way of calling a database, and how its application is opened on one.

    `gives` says what a row is. `open` may raise ImportError: the library is then left out.
    """

    name: str
    library: str
    gives: str
    open: Callable[[Place], AbstractContextManager[Any]]


@dataclass(frozen=True)
class AsyncPeer:
    """The same for an application of coroutine functions."""

    name: str
    library: str
    gives: str
    open: Callable[[Place], AbstractAsyncContextManager[Any]]
