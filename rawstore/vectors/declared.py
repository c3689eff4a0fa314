"""What a store's query files say of its vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UndefinedObject

if TYPE_CHECKING:
    from ..store import Store


def vector_names(store: Store) -> set[str]:
    """What the store's queries give a vector's type: the columns of vectors are called so."""
    typed = [(param.name, param.type) for query in store.queries for param in query.params]
    rows = store.queries.rows.values()
    typed += [(column.name, column.type) for row in rows for column in row.columns]
    return {name for name, type_ in typed if type_.name == "vector"}


def no_tables(store: Store) -> UndefinedObject:
    """The error where a store's columns of vectors are not there."""
    return UndefinedObject(
        f"{store.name} has no column of vectors in {store.target}; "
        "are the migrations applied (rawstore migrate up)?"
    )
