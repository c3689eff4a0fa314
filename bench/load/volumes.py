"""Each store's volume: its tables in the order of their references, a generator for each column.

A share is how many rows a table gets for each row of the volume's size. Columns that are not named
get their defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .draw import Draw

Column = Callable[[Draw], Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its rows as a share of the volume's, and its columns.

    `without` names the triggers that must not fire: the columns say what they would do.
    """

    name: str
    share: float
    columns: Mapping[str, Column]
    without: tuple[str, ...] = ()


def _sometimes(probability: float, column: Column) -> Column:
    """Null otherwise."""
    return lambda draw: column(draw) if draw.chance(probability) else None


def _one_of(*values: Any) -> Column:
    """The first most often: each half as often as the one before."""

    def choose(draw: Draw) -> Any:
        chance = draw.random.random()
        for value in values:
            chance *= 2
            if chance >= 1:
                return value
        return values[0]

    return choose


def _words(least: int, most: int) -> Column:
    return lambda draw: draw.words(least, most)


def _owner(table: str, share: float = 1.0) -> Column:
    """The key of a row of the table, a share of which own the rows."""
    return lambda draw: draw.key(table, draw.owner(int(draw.totals[table] * share)))


def _later(draw: Draw) -> str:
    return draw.moment(later=draw.number % 3600)


_STAMPS: Mapping[str, Column] = {"created_at": Draw.moment, "updated_at": _later}
_JSON = _one_of('{"tag": "a"}', '{"tag": "b", "pages": 3}')
_ROLE = _one_of("user", "assistant", "system")

MINIPILOT = (
    Table(
        "users",
        0.1,
        {
            "id": Draw.key,
            "external_id": lambda draw: f"ext-{draw.number}",
            "name": _words(2, 2),
            "email": _sometimes(0.8, lambda draw: f"user{draw.number}@example.com"),
            **_STAMPS,
        },
    ),
    Table(
        "conversations",
        1,
        {
            "id": Draw.key,
            "user_id": _sometimes(0.95, _owner("users")),
            "title": _words(2, 6),
            # Nearly all that is archived is old.
            "status": lambda draw: (
                "archived" if draw.chance(0.3 if draw.old else 0.001) else "active"
            ),
            **_STAMPS,
        },
    ),
    Table(
        "messages",
        1,
        {
            "id": Draw.key,
            "conversation_id": _owner("conversations", 0.2),
            "sender_type": _ROLE,
            "content": _words(4, 20),
            "role_metadata": _sometimes(0.1, _JSON),
            **_STAMPS,
        },
    ),
    Table(
        "knowledge_chunks",
        1,
        {
            "id": Draw.key,
            "source": lambda draw: f"source-{draw.owner(200):03}",
            # Many sources have one of the same.
            "external_id": _sometimes(0.9, lambda draw: f"doc-{draw.count(draw.row['source']):07}"),
            "title": _words(2, 6),
            "content": _words(10, 30),
            "chunk_metadata": _sometimes(0.1, _JSON),
            **_STAMPS,
        },
    ),
)

_TOOLS: Mapping[str, Column] = {"tool_id": lambda draw: f"tool-{draw.owner(30):02}"}

OMNIMEMORY = (
    Table(
        "tool_sessions",
        0.5,
        {
            "session_id": Draw.key,
            **_TOOLS,
            "tool_version": _one_of("2.1", "2.0", "1.9"),
            "started_at": Draw.moment,
            "ended_at": _sometimes(0.98, _later),
            "last_activity": _later,
            "tokens_saved": lambda draw: draw.random.randrange(100_000),
        },
    ),
    Table(
        "tool_operations",
        1,
        {
            "id": Draw.key,
            "session_id": _owner("tool_sessions", 0.2),
            "tool_name": _one_of("read", "search"),
            "operation_mode": _one_of("full", "overview", "symbol", "semantic", "tri_index"),
            "parameters": _sometimes(0.3, _JSON),
            "file_path": _sometimes(0.8, lambda draw: f"src/{draw.words(1, 2)}.py"),
            "tokens_original": lambda draw: 1000 + draw.random.randrange(10_000),
            "tokens_actual": lambda draw: draw.random.randrange(1000),
            "tokens_prevented": lambda draw: (
                draw.row["tokens_original"] - draw.row["tokens_actual"]
            ),
            "response_time_ms": lambda draw: round(draw.random.lognormvariate(3, 1), 3),
            "created_at": Draw.moment,
            **_TOOLS,
        },
    ),
)

DUILIOCODE = (
    Table(
        "user_preferences",
        0.2,
        {
            "user_id": lambda draw: f"user-{draw.number // 10}",
            "key": lambda draw: f"editor.key{draw.number % 10}",
            "value": _words(1, 3),
            **_STAMPS,
        },
    ),
    Table(
        "conversation_history",
        1,
        {
            "user_id": lambda draw: f"user-{draw.owner(draw.total // 50)}",
            "session_id": lambda draw: f"{draw.row['user_id']}-{draw.random.randrange(20)}",
            "role": _ROLE,
            "content": _words(6, 25),
            "model": _one_of("large", "small"),
            "workspace_path": _sometimes(0.5, lambda draw: f"/src/{draw.words(1, 1)}"),
            "extra_data": _sometimes(0.1, _JSON),
            "created_at": Draw.moment,
        },
    ),
    Table(
        "system_metrics",
        1,
        {
            "operation": lambda draw: f"operation-{draw.owner(40):02}",
            "duration_ms": lambda draw: round(draw.random.lognormvariate(3, 1), 3),
            "success": lambda draw: int(draw.chance(0.97)),
            "error": lambda draw: None if draw.row["success"] else draw.words(3, 6),
            "extra_data": _sometimes(0.1, _JSON),
            "created_at": Draw.moment,
        },
    ),
)


def _superseded(draw: Draw) -> str | None:
    """One unit in ten by the one five rows on, which is not superseded itself."""
    heir = draw.number + 5
    return draw.key(number=heir) if draw.number % 10 == 0 and heir < draw.total else None


CONTEXTPILOT = (
    Table(
        "context_units",
        1,
        {
            "id": Draw.key,
            # The second most are all old.
            "source_type": lambda draw: ("file", "url", "code_symbol", "note")[draw.owner(4)],
            "name": _words(1, 3),
            "content": _words(10, 30),
            "metadata": _JSON,
            # One unit in ten has an embedding; most are of one model.
            "embedding": lambda draw: (
                draw.vector(_one_of(384, 768, 1024, 1536, 512)(draw))
                if draw.number % 10 == 5
                else None
            ),
            **_STAMPS,
            "superseded_by": _superseded,
        },
        without=(
            "context_units_superseded_by",
            "context_units_superseded_by_insert",
        ),
    ),
    Table(
        "conversations",
        0.5,
        {
            "id": Draw.key,
            "task": _words(3, 8),
            "provider": lambda draw: f"provider-{draw.owner(12):02}",
            "model": _one_of("large", "small"),
            "created_at": Draw.moment,
        },
    ),
    Table(
        "messages",
        1,
        {
            "conversation_id": _owner("conversations", 0.2),
            "role": _ROLE,
            "content": _words(4, 20),
            "timestamp": Draw.moment,
            "tokens": _sometimes(0.9, lambda draw: draw.random.randrange(500)),
            "finish_reason": _sometimes(0.3, _one_of("stop", "length")),
        },
    ),
)


def _tenant(draw: Draw, item: int) -> str:
    return f"tenant-{draw.owner(draw.totals['items'] // 100, 'items', item):05}"


def _item(draw: Draw) -> int:
    """Of an analysis: its item's number; each item has one, and each fifth a second one."""
    items = draw.totals["items"]
    return draw.number if draw.number < items else (draw.number - items) * 5


def _category(draw: Draw, analysis: int) -> str:
    return f"category-{draw.owner(40, 'analyses', analysis):02}"


def _latest(draw: Draw) -> int:
    """Of an item: the number of its latest analysis."""
    second = draw.total + draw.number // 5
    return draw.number if draw.number % 5 or second >= draw.totals["analyses"] else second


COLLECTIONS = (
    Table(
        "items",
        1,
        {
            "user_id": lambda draw: _tenant(draw, draw.number),
            "id": lambda draw: f"item-{draw.number}",
            "filename": lambda draw: f"{draw.words(1, 2)}.jpg",
            "original_filename": _sometimes(0.7, _words(1, 3)),
            "file_path": lambda draw: f"/files/{draw.number}",
            "file_size": lambda draw: draw.random.randrange(10_000_000),
            "mime_type": _one_of("image/jpeg", "image/png", "text/plain", "application/pdf"),
            "latest_version": lambda draw: 1 + (_latest(draw) != draw.number),
            "latest_category": lambda draw: _category(draw, _latest(draw)),
            **_STAMPS,
        },
    ),
    Table(
        "analyses",
        1.2,
        {
            "user_id": lambda draw: _tenant(draw, _item(draw)),
            "id": lambda draw: f"analysis-{draw.number}",
            "item_id": lambda draw: f"item-{_item(draw)}",
            "version": lambda draw: 1 + (draw.number >= draw.totals["items"]),
            "category": lambda draw: _category(draw, draw.number),
            "summary": _words(8, 20),
            "raw_response": lambda draw: f'{{"tags": ["{draw.words(1, 1)}", "photo"]}}',
            "provider_used": _one_of("one", "other"),
            "model_used": _one_of("large", "small"),
            "created_at": Draw.moment,
        },
        without=("analyses_latest", "analyses_latest_insert"),
    ),
    Table(
        "embeddings",
        0.1,
        {
            "user_id": lambda draw: _tenant(draw, draw.number * 10),
            "id": Draw.key,
            "item_id": lambda draw: f"item-{draw.number * 10}",
            "analysis_id": lambda draw: f"analysis-{draw.number * 10}",
            "vector": lambda draw: draw.vector(1024),
            "embedding_model": _one_of("large", "small"),
            "embedding_dimensions": lambda _: 1024,
            "created_at": Draw.moment,
        },
    ),
)

VOLUMES: Mapping[str, tuple[Table, ...]] = {
    "collections": COLLECTIONS,
    "contextpilot": CONTEXTPILOT,
    "duiliocode": DUILIOCODE,
    "minipilot": MINIPILOT,
    "omnimemory": OMNIMEMORY,
}
