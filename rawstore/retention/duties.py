"""The queries of a store that its files give to a tool: `-- prune:`, `-- erase:`, `-- export:`.

What form they must have is checked when the files are read, by `parse`; what they must have in
common, here. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from ..errors import ConfigError, ParameterError, QueryFileError
from ..query import Param, Query
from ..registry import Registry

Duty = Literal["prune", "erase", "export"]

CUTOFF, LIMIT = "cutoff", "limit"
_LACKS = {
    "prune": "nothing of it is history: none of its queries stands with -- prune:",
    "erase": "it knows no persons: none of its queries stands with -- erase:",
    "export": "it knows no persons: none of its queries stands with -- export:",
}
_TARGET = re.compile(
    r'(?:\bDELETE\s+FROM|(?<!FOR )\bUPDATE)\s+(?:ONLY\s+)?(?:"?\w+"?\.)?"?(\w+)', re.IGNORECASE
)


def queries(registry: Registry, duty: Duty) -> list[Query]:
    """Those of a duty, in the order of files and lines. Raises ConfigError where there is none."""
    found = [query for query in registry if duty in query.reasons]
    if not found:
        raise ConfigError(f"{registry.store}: {_LACKS[duty]}")
    return found


def what(query: Query, duty: Duty) -> str:
    """What the query's line says that it deletes or gives."""
    return query.reasons[duty]


def subject(found: Sequence[Query]) -> Param | None:
    """The parameter that says whose rows: one and the same of all queries that have one.

    Raises QueryFileError for a query whose parameter differs from that of one before it.
    """
    first: tuple[Param, Query] | None = None
    for query in found:
        for param in query.params:
            if not param.required or param.name == CUTOFF:
                continue
            if first is None:
                first = param, query
            elif (first[0].name, str(first[0].type)) != (param.name, str(param.type)):
                told = f"{query.name} takes {param}, but {first[1].name} takes {first[0]}"
                raise QueryFileError(query.file, query.line, f"{told}; give both the same name")
    return first[0] if first else None


def values(found: Sequence[Query], given: Any) -> dict[str, Any]:
    """What is given for the parameter that says whose rows, by its name. Raises ParameterError."""
    param = subject(found)
    if param is None:
        return {}
    query = next(query for query in found if param in query.params)
    try:
        param.check(given)
    except ValueError as error:
        raise ParameterError(query.full_name, param.name, str(error)) from None
    return {param.name: given}


def most(query: Query) -> int | None:
    """How many rows one call deletes at most; None where it takes no limit."""
    for param in query.params:
        if param.name == LIMIT:
            return int(param.default)
    return None


def table(query: Query) -> str:
    """The table from which the query deletes, without its schema; empty where it is not plain."""
    found = _TARGET.findall(query.variants[0].text)
    return found[-1] if found else ""


def counting(registry: Registry, query: Query) -> Query | None:
    """The twin of `delete_…` that counts what it would delete: `count_…`, if there is one."""
    name = query.name.replace("delete_", "count_", 1)
    twin = registry[name] if name != query.name and name in registry else None
    required = {param.name for param in query.params if param.required}
    if twin is None or {param.name for param in twin.params} != required:
        return None
    return twin
