"""Whether the two dialects' files declare the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..query import Param, Query, Row
from .files import Loaded
from .findings import Finding
from .place import Place


def compare(sqlite: Loaded, postgres: Loaded) -> list[Finding]:
    """What one dialect has and the other has not, and what differs: that is said of both."""
    found: list[Finding] = []
    for here, there, name in ((sqlite, postgres, "PostgreSQL"), (postgres, sqlite, "SQLite")):
        twins = {file.relative_to(there.folder) for file in there.files}
        found += (
            Finding(file, 1, "twin-missing", f"{name} has no file {twin}")
            for file in here.files
            if (twin := file.relative_to(here.folder)) not in twins
        )
        for query in here.by_name.values():
            other = there.by_name.get(query.name)
            if other is not None:
                found += _differences(query, other, name, here.place(query))
            elif query.name not in there.unread and query.file.relative_to(here.folder) in twins:
                message = f"{query.name}: {name} has no query of this name"
                found.append(Finding(query.file, query.line, "twin-missing", message))
    return found


def _differences(query: Query, other: Query, dialect: str, place: Place) -> Iterator[Finding]:
    for difference in (*_headers(query, other), *_params(query, other, place)):
        yield _finding(query.file, query.name, difference, f"{dialect} ({other.file}:{other.line})")
    for row, twin in _shared_rows(query, other):
        for difference in _columns(place, row, twin):
            where = f"{dialect} ({other.file}:{twin.line})"
            yield _finding(query.file, f"row {row.name}", difference, where)


Difference = tuple[int, str, object, object]
"""A line, what is said there, and what it is here and there."""


def _finding(file: Path, who: str, difference: Difference, where: str) -> Finding:
    line, what, here, there = difference
    return Finding(file, line, "twin-differs", f"{who}: {what} {here} here, {there} on {where}")


def _headers(query: Query, other: Query) -> Iterator[Difference]:
    if query.file.name != other.file.name:
        yield query.line, "stands in", query.file.name, other.file.name
    if query.kind is not other.kind:
        yield query.line, "is", f":{query.kind}", f":{other.kind}"
    if (query.type, query.nullable) != (other.type, other.nullable):
        yield query.line, "gives", _result(query), _result(other)
    if query.read != other.read:
        yield query.line, "is read from", query.read or "primary", other.read or "primary"
    here, there = (each.row.name if each.row else "no row" for each in (query, other))
    if here != there:
        yield query.line, "gives", here, there


def _result(query: Query) -> str:
    return f"{query.type or 'a value'}{'?' if query.type and query.nullable else ''}"


def _params(query: Query, other: Query, place: Place) -> Iterator[Difference]:
    here = [param.name for param in query.params]
    there = [param.name for param in other.params]
    if here != there:
        listed = [", ".join(names) or "no parameters" for names in (here, there)]
        yield query.line, "takes", f"({listed[0]})", f"({listed[1]})"
        return
    for param, twin in zip(query.params, other.params, strict=True):
        if _param(param) != _param(twin):
            yield place.of_parameter(param.name), "declares", param, twin


def _param(param: Param) -> tuple[object, ...]:
    default = None if param.required else (type(param.default), param.default)
    return param.name, param.type, param.nullable, default


def _shared_rows(query: Query, other: Query) -> Iterator[tuple[Row, Row]]:
    """The rows that both give or take, by name."""
    here, there = (
        {row.name: row for row in (each.row, *(param.row for param in each.params)) if row}
        for each in (query, other)
    )
    yield from ((row, there[name]) for name, row in here.items() if name in there)


def _columns(place: Place, row: Row, twin: Row) -> Iterator[Difference]:
    here = [column.name for column in row.columns]
    there = [column.name for column in twin.columns]
    if here != there:
        yield row.line, "is", f"({', '.join(here)})", f"({', '.join(there)})"
        return
    for column, other in zip(row.columns, twin.columns, strict=True):
        if column != other:
            yield place.of_column(column.name, row), "has", column, other
