"""The minipilot store offers what tests/minipilot_queries.json lists, no more and no less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rawstore.query import Param

LISTED = json.loads((Path(__file__).parents[1] / "minipilot_queries.json").read_text())
QUERIES: dict[str, dict[str, Any]] = {query["name"]: query for query in LISTED["queries"]}
ITEMS = "rows"  # a list of dicts, declared as a list of some row: `NAME[]`


def test_the_list_names_each_query_once() -> None:
    assert len(QUERIES) == len(LISTED["queries"]) == 37


def test_every_listed_query_exists_and_no_other(store: Any) -> None:
    assert sorted(query.name for query in store.queries) == sorted(QUERIES)


def test_parameters_are_as_listed(store: Any) -> None:
    declared = {query.name: list(map(listed, query.params)) for query in store.queries}
    assert declared == {name: query["params"] for name, query in QUERIES.items()}


def listed(param: Param) -> dict[str, Any]:
    """Return the parameter as the list writes it."""
    entry: dict[str, Any] = {"name": param.name}
    entry["type"] = ITEMS if param.row else str(param.type)
    entry["nullable"] = param.nullable
    return entry if param.required else entry | {"default": param.default}


def test_kinds_and_results_are_as_listed(store: Any) -> None:
    declared = {}
    for query in store.queries:
        result = query.row.name if query.row else query.type and str(query.type)
        declared[query.name] = (str(query.kind), result)
    assert declared == {name: (query["kind"], query["row"]) for name, query in QUERIES.items()}


def test_rows_are_as_listed(store: Any) -> None:
    declared = {
        query.row.name: [
            {"name": one.name, "type": str(one.type), "nullable": one.nullable}
            for one in query.row.columns
        ]
        for query in store.queries
        if query.row
    }
    assert declared == LISTED["rows"]


def test_items_of_a_bulk_upsert_are_as_listed(store: Any) -> None:
    (chunks,) = store.queries["bulk_upsert_knowledge_chunks"].params
    assert chunks.row
    assert [(one.name, str(one.type), one.nullable) for one in chunks.row.columns] == [
        ("source", "text", False),
        ("content", "text", False),
        ("external_id", "text", True),
        ("title", "text", True),
        ("chunk_metadata", "json", True),
    ]


def test_every_query_stands_in_its_dialects_folder(store: Any) -> None:
    for query in store.queries:
        assert query.file.parts[-3:-1] == (store.dialect, "minipilot")
        line = query.file.read_text().splitlines()[query.line - 1]
        assert line.startswith(f"-- name: {query.name}(")


def test_every_text_says_whose_it_is_and_holds_no_named_parameter(store: Any) -> None:
    for query in store.queries:
        for variant in query.variants:
            assert variant.text.startswith(f"/* minipilot.{query.name} */")
            assert all(f":{param.name}" not in variant.text for param in query.params)


def test_only_a_write_is_marked_as_one(store: Any) -> None:
    writing = ("create", "get_or_create", "update", "delete", "archive", "add", "upsert", "bulk")
    for query in store.queries:
        assert query.writes == query.name.startswith(writing), query.name
