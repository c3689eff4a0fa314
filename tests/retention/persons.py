"""Two persons in each store that knows persons; all that is written of one holds her canary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rawstore.tables import Snapshot

CANARY = "xylocopa"


def fill(store: Any, who: str, mark: str) -> Any:
    """Write some of everything that a person can have; the subject that the store knows them by."""
    if store.name == "minipilot":
        return _minipilot(store, who, mark)
    if store.name == "duiliocode":
        store.set_preference(who, f"key {mark}", mark)
        for number in range(5):
            store.save_message(
                who, f"s{number % 2}", "user", f"{mark} lamp {number}", extra_data={"note": mark}
            )
        return who
    for item in ("x", "y"):
        store.create_item(item, f"{mark}.jpg", f"/{mark}/{item}", who)
        for version in (1, 2):
            key = f"{item}{version}"
            store.create_analysis(key, item, who, {"summary": f"{mark} lamp", "tags": [mark]})
            store.create_embedding(item, key, who, [1.0] * 1024, "m", {"from": mark})
    return who


def _minipilot(store: Any, who: str, mark: str) -> Any:
    user = store.create_user(email=f"{who}@{mark}.example", name=mark, external_id=f"{who} {mark}")
    for number in range(3):
        conversation = store.create_conversation(user.id, title=f"{mark} {number}")
        for _ in range(3):
            store.add_message(conversation.id, "user", f"{mark} lamp", {"note": mark})
    store.create_conversation(user.id, title=mark)
    return user.id


def found(store: Any, who: str) -> list[Any]:
    """What a search for what all have written finds of one."""
    if store.name == "duiliocode":
        return [row.content for row in store.search_history(who, "lamp")]
    if store.name == "collections":
        return [row.id for row in store.search_items("lamp", who)]
    return []


def digests(store: Any) -> dict[str, Any]:
    """What the tables hold, as digests."""
    with Snapshot(store) as snapshot:
        return {table.name: snapshot.digest(table) for table in snapshot.tables}


def columns(store: Any) -> dict[str, tuple[str, ...]]:
    """The tables with all of their columns."""
    with Snapshot(store) as snapshot:
        return {
            table.name: tuple(column.name for column in (*table.columns, *table.others))
            for table in snapshot.tables
        }


def mentions(store: Any, raw: Any, *needles: str) -> Iterator[str]:
    """Where the rows of a store hold one of these, in any column, read as text."""
    for table, names in columns(store).items():
        shown = [
            f"hex({name})" if name == "vector" and store.dialect == "sqlite" else name
            for name in names
        ]
        text = " || ' ' || ".join(f"coalesce(CAST({name} AS text), '')" for name in shown)
        for (row,) in raw(store, f"SELECT {text} FROM {table}"):
            yield from (f"{table}: {needle}" for needle in needles if needle in str(row))
