"""The tables of the shipped stores: the same in both dialects."""

from __future__ import annotations

from typing import Any

from rawstore.tables import Snapshot, Table

KEYS = {
    "collections": {
        "items": ("user_id", "id"),
        "analyses": ("user_id", "id"),
        "embeddings": ("user_id", "id"),
    },
    "contextpilot": {"context_units": ("id",), "conversations": ("id",), "messages": ("id",)},
    "duiliocode": {
        "conversation_history": ("id",),
        "system_metrics": ("id",),
        "user_preferences": ("id",),
    },
    "minipilot": {
        "users": ("id",),
        "knowledge_chunks": ("id",),
        "conversations": ("id",),
        "messages": ("id",),
    },
    "omnimemory": {"tool_sessions": ("id",), "tool_operations": ("id",)},
}
OWN = {  # what a dialect has for itself
    "search_vector",
    *("seq", "is_known", "is_recorded", "owner"),
}


def check_tables(name: str, *stores: Any) -> None:
    """Hold the tables of filled databases of a shipped store against each other."""
    found = []
    for store in stores:
        with Snapshot(store) as snapshot:
            found.append(snapshot.tables)
            assert {table.name: table.key for table in snapshot.tables} == KEYS[name]
            apart = {column.name for table in snapshot.tables for column in table.others}
            assert apart <= OWN
            for table in snapshot.tables:
                rows = [row for portion in snapshot.rows(table) for row in portion]
                assert len(rows) == snapshot.count(table) == snapshot.digest(table).rows
    for one, other in zip(*found, strict=True):
        assert types(one) == types(other)
        assert sorted(one.references) == sorted(other.references)


def types(table: Table) -> set[tuple[str, str, bool]]:
    """Names and types: of an integer that no query knows SQLite does not tell the width."""
    return {
        (column.name, str(column.type).replace("bigint", "int"), column.nullable)
        for column in table.columns
    }
