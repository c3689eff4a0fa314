"""A store's registry beside its list in tests/: the same shape, and calls made from the list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from rawstore.errors import ParameterError
from rawstore.query import Param, Query

FINE: Mapping[str, Any] = {
    "uuid": uuid4(),
    "text": "text",
    "int": 1,
    "bigint": 1,
    "float": 1.5,
    "bool": True,
    "timestamptz": datetime(2024, 2, 29, tzinfo=UTC),
    "json": {"key": 1},
    "vector": [0.6, 0.8],
    "vector(1024)": [0.6, 0.8] * 512,
}
NO_TEXTS: tuple[Any, ...] = ("a\0b", "\ud800", "a\udfff", 1, 1.5, True, b"text", ["a"], uuid4())
NO_VECTORS: tuple[Any, ...] = (
    "[1, 2]",
    b"\0\0\x80?",
    1.0,
    {1.0: 1.0},
    iter([1.0]),
    [],
    [None],
    ["1"],
    [[1.0]],
    [float("nan"), 1.0],
    [float("inf"), 1.0],
    [1e39],
    [0.5] * 16001,
)
BAD: Mapping[str, Sequence[Any]] = {
    "uuid": ["", "text", "g" * 32, 1, b"0" * 16, [], True],
    "text": NO_TEXTS,
    "text(50)": [*NO_TEXTS, "x" * 51, "é" * 51],
    "text(512)": [*NO_TEXTS, "x" * 513],
    "int": ["1", 1.0, True, 2**31, -(2**31) - 1, b"1", [1]],
    "bigint": ["1", 1.0, True, 2**63, -(2**63) - 1, b"1", [1]],
    "float": ["1", True, float("nan"), b"1", [1.0], 10**400],
    "bool": [0, 1, "true", "", []],
    "timestamptz": [datetime(2024, 2, 29), "2024-02-29T00:00:00Z", 0, 0.5],
    "json": [float("nan"), [float("inf")], "a\0b", ["\ud800"], {1: "a"}, {1, 2}, b"{}", object()],
    "vector": NO_VECTORS,
    "vector(1024)": [*NO_VECTORS, [0.5], [0.5] * 1023, [0.5] * 1025],
}


def read_list(store: str) -> Any:
    """The list of a store's queries and rows."""
    return json.loads((Path(__file__).parents[1] / f"{store}_queries.json").read_text())


def declared(store: Any) -> dict[str, Any]:
    """What the registry holds, as the list would write it; queries in the order of their names."""
    queries = sorted(store.queries, key=lambda query: str(query.name))
    rows = {query.row.name: query.row for query in queries if query.row}
    return {
        "rows": {
            name: [
                {"name": one.name, "type": str(one.type), "nullable": one.nullable}
                for one in row.columns
            ]
            for name, row in rows.items()
        },
        "queries": [_query(query) for query in queries],
    }


def listed(store: str) -> Any:
    """The list, with its queries in the order of their names."""
    found = read_list(store)
    return found | {"queries": sorted(found["queries"], key=lambda query: str(query["name"]))}


def _query(query: Query) -> dict[str, Any]:
    result = query.row.name if query.row else query.type and str(query.type)
    return {
        "name": query.name,
        "params": [_param(param) for param in query.params],
        "kind": str(query.kind),
        "row": result,
    }


def _param(param: Param) -> dict[str, Any]:
    entry = {"name": param.name, "type": str(param.type), "nullable": param.nullable}
    return entry if param.required else entry | {"default": param.default}


def refusals(store: Any) -> Iterator[str]:
    """Call each query with each bad value of each parameter; yield what was not refused.

    A refusal is a ParameterError that names the query and the parameter.
    """
    for query in read_list(store.name)["queries"]:
        fine = {param["name"]: _fine(param["type"]) for param in query["params"]}
        for param in query["params"]:
            bad = [*BAD[param["type"]], *([] if param["nullable"] else [None])]
            if param["name"] in ("limit", "offset", "top_k"):
                bad += [-1, -(2**31)]
            for value in bad:
                told = _refusal(store, query["name"], fine | {param["name"]: value})
                if told != (f"{store.name}.{query['name']}", param["name"]):
                    yield f"{query['name']}({param['name']}={value!r}): {told}"


def _fine(declared: str) -> Any:
    return FINE[declared if declared in FINE else declared.partition("(")[0]]


def _refusal(store: Any, name: str, arguments: dict[str, Any]) -> Any:
    try:
        return getattr(store, name)(**arguments)
    except ParameterError as error:
        return error.query, error.parameter
    except Exception as error:
        return repr(error)
