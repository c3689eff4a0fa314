"""A plan as PostgreSQL's EXPLAIN gives it in JSON, to its shape and its faults. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .plan import Plan

Node = Mapping[str, Any]

LARGE_PART = 0.1  # of a table: to sort as much takes a reason

_CONDITIONS = {
    "Index Cond": "cond",
    "Order By": "order by",
    "Recheck Cond": "",
    "Hash Cond": "hash",
    "Merge Cond": "merge",
    "Join Filter": "join filter",
    "One-Time Filter": "one-time filter",
    "TID Cond": "cond",
    "Filter": "filter",
}
_TYPE = (
    r"::(?:timestamp with(?:out)? time zone|double precision|character varying"
    r'|(?:\w+\.)?"[^"]+"|[\w.]+)(?:\(\d+\))?(?:\[\])?'
)
_VALUE = re.compile(
    r"(?:'(?:[^']|'')*'|\$\d+"
    r"|(?<![\w.\"])(?<!InitPlan )(?<!SubPlan )\d+(?:\.\d+)?(?![\w\"]))"
    rf"(?:{_TYPE})*"
)
_AGGREGATES = {"Sorted": "GroupAggregate", "Hashed": "HashAggregate", "Mixed": "MixedAggregate"}
_UNORDERED = ("BitmapAnd", "BitmapOr")  # the most selective first: a matter of the data
_READ_ALL_FIRST = ("Sort", "Aggregate", "Hash", "ModifyTable", "SetOp")


def plan(top: Node, sizes: Mapping[str, float]) -> Plan:
    """The shape; the faults given the tables' numbers of rows."""
    return Plan(tuple(_lines(top, "")), tuple(dict.fromkeys(_faults(top, sizes, limited=False))))


# -- the shape


def _lines(node: Node, indent: str) -> Iterator[str]:
    subplan = f"{node['Subplan Name']}: " if "Subplan Name" in node else ""
    yield f"{indent}{subplan}{_title(node)}"
    indent += "  "
    for key, word in _CONDITIONS.items():
        if word and key in node:
            yield f"{indent}{word} {_without_values(node[key])}"
    children = [list(_lines(child, indent)) for child in node.get("Plans", ())]
    if node["Node Type"] in _UNORDERED:
        children.sort()
    for lines in children:
        yield from lines


def _title(node: Node) -> str:
    kind: str = node["Node Type"]
    if kind == "ModifyTable":
        arbiters = node.get("Conflict Arbiter Indexes")
        conflict = f", on conflict of {', '.join(arbiters)}" if arbiters else ""
        return f"{node['Operation']} on {_relation(node)}{conflict}"
    if kind == "Aggregate":
        return _AGGREGATES.get(node["Strategy"], kind) + _keys(node, "Group Key")
    if "Join Type" in node and node["Join Type"] != "Inner":
        kind = f"{kind.removesuffix(' Join')} {node['Join Type']} Join"
    if "Index Name" in node:
        backward = " Backward" if node.get("Scan Direction") == "Backward" else ""
        on = f" on {_relation(node)}" if "Relation Name" in node else ""
        return f"{kind}{backward} using {node['Index Name']}{on}"
    for key in ("Relation Name", "Function Name", "CTE Name"):
        if key in node:
            return f"{kind} on {_relation(node)}"
    presorted = _keys(node, "Presorted Key").replace(" by", ", presorted by")
    return f"{kind}{_keys(node, 'Sort Key')}{presorted}"


def _relation(node: Node) -> str:
    name = node.get("Relation Name") or node.get("Function Name") or node.get("CTE Name")
    alias = node.get("Alias")
    return f"{name} {alias}" if alias and alias != name else str(name)


def _keys(node: Node, key: str) -> str:
    return f" by {', '.join(map(_without_values, node[key]))}" if key in node else ""


def _without_values(condition: str) -> str:
    return _VALUE.sub("?", condition)


# -- the faults


def _faults(node: Node, sizes: Mapping[str, float], *, limited: bool) -> Iterator[str]:
    """`limited`: whether a node above stops this one before its end."""
    kind = node["Node Type"]
    if kind == "Seq Scan":
        yield f"a sequential scan of {node['Relation Name']}"
    elif kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node:
        yield from _whole_index(node, limited=limited)
    elif kind == "Sort":
        yield from _large_sort(node, sizes)
    if kind == "Limit":
        limited = True
    elif kind in _READ_ALL_FIRST:
        limited = False
    for child in node.get("Plans", ()):
        inside = child.get("Parent Relationship") not in ("InitPlan", "SubPlan")
        yield from _faults(child, sizes, limited=limited and inside)


def _whole_index(node: Node, *, limited: bool) -> Iterator[str]:
    table, index = node["Relation Name"], node["Index Name"]
    if "Filter" in node and "Order By" not in node:
        yield f"a walk along {index} for the rows of {table} that pass a filter"
    elif not limited:
        yield f"all of {table}, read by {index}"


def _large_sort(node: Node, sizes: Mapping[str, float]) -> Iterator[str]:
    tables = {table: sizes.get(table, 0) for table in _tables(node)}
    if not tables:
        return
    largest = max(tables, key=lambda table: tables[table])
    if node["Plans"][0]["Plan Rows"] >= max(1000, tables[largest] * LARGE_PART):
        yield f"a sort of a large part of {largest}"


def _tables(node: Node) -> Iterator[str]:
    if "Relation Name" in node:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _tables(child)
