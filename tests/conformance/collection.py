"""Items, analyses and vectors for the tests of the collections store."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin
from typing import Any

DIMENSIONS = 1024


def direction(degrees: float, axis: int = 0) -> list[float]:
    """A vector at this angle to direction(0), of a length other than one."""
    numbers = [0.0] * DIMENSIONS
    numbers[0] = 3 * cos(radians(degrees))
    numbers[axis + 1] += 3 * sin(radians(degrees))
    return numbers


def put_item(store: Any, item_id: str, user_id: str = "ann", **more: Any) -> Any:
    """Create an item named after its id."""
    return store.create_item(item_id, f"{item_id}.jpg", f"/photos/{item_id}.jpg", user_id, **more)


def analyse(store: Any, item_id: str, result: Any, user_id: str = "ann") -> Any:
    """Create the next analysis of an item; its id is the item's with the version."""
    version = len(store.list_analyses(item_id, user_id)) + 1
    return store.create_analysis(f"{item_id}-{version}", item_id, user_id, result)


def put(
    store: Any,
    item_id: str,
    summary: str,
    category: str | None = None,
    user_id: str = "ann",
    **more: Any,
) -> Any:
    """Create an item with one analysis, which is returned."""
    put_item(store, item_id, user_id)
    result = {"summary": summary, **({} if category is None else {"category": category}), **more}
    return analyse(store, item_id, result, user_id)


def embed(
    store: Any, item_id: str, vector: Sequence[float], user_id: str = "ann", model: str = "m"
) -> Any:
    """Create an item with an analysis, where there is none yet, and an embedding."""
    if store.get_item(item_id, user_id) is None:
        put_item(store, item_id, user_id)
        analyse(store, item_id, {}, user_id)
    return store.create_embedding(item_id, f"{item_id}-1", user_id, vector, model)


def ids(rows: Sequence[Any]) -> list[str]:
    """The ids of rows, in their order."""
    return [row.id for row in rows]
