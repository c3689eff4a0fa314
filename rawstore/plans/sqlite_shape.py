"""A plan as SQLite's EXPLAIN QUERY PLAN gives it, to its shape and its faults. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from .plan import Plan

Line = tuple[int, int, int, str]  # id, parent, unused, text

# Numbers of subqueries, and how the last terms of a sort are told, differ between versions.
_SPELLINGS = (
    (re.compile(r"\bSUBQUERY \d+"), "SUBQUERY"),
    (re.compile(r"\(subquery-\d+\)"), "(subquery)"),
    (re.compile(r"FOR (?:RIGHT PART|LAST TERM|LAST \d+ TERMS) OF"), "FOR LAST TERMS OF"),
)
_LOOP = re.compile(r"(SCAN|SEARCH) (\S+)(.*)")
# Rows that stand in no table: values, and functions such as json_each, which are told from an FTS5
# table by the empty plan behind the colon.
_MADE = re.compile(r"CONSTANT ROW|VIRTUAL TABLE INDEX \d+:$")
_SORT = re.compile(r"USE TEMP B-TREE FOR (?:ORDER BY|GROUP BY|DISTINCT)")
_SUBQUERY = re.compile(r"(?:MATERIALIZE|CO-ROUTINE) (\S+)")
_CTE = re.compile(r"(\w+)\s+AS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\(", re.IGNORECASE)
_LIMIT = re.compile(r"\bLIMIT\b")
_FILTER = re.compile(r"\bWHERE\s++(?!TRUE\s*(?:$|ORDER|GROUP|LIMIT|\)))")


def plan(rows: Sequence[Line], text: str, partial: Collection[str] = ()) -> Plan:
    """The shape; the faults, as far as they can be told without numbers of rows.

    `partial` are the indexes that have a WHERE of their own.
    """
    lines = [(number, parent, _spelled(said)) for number, parent, _, said in rows]
    faults = dict.fromkeys(_faults(lines, text, partial))
    return Plan(tuple(_indented(lines, 0, "")), tuple(faults))


def _spelled(said: str) -> str:
    for pattern, word in _SPELLINGS:
        said = pattern.sub(word, said)
    return said


def _indented(lines: Sequence[tuple[int, int, str]], parent: int, indent: str) -> Iterator[str]:
    for number, above, said in lines:
        if above == parent:
            yield f"{indent}{said}"
            yield from _indented(lines, number, f"{indent}  ")


def _faults(
    lines: Sequence[tuple[int, int, str]], text: str, partial: Collection[str]
) -> Iterator[str]:
    made = {found[1] for _, _, said in lines if (found := _SUBQUERY.match(said))}
    made |= {"(subquery)", *_CTE.findall(text)}
    first: dict[int, str] = {}  # the table of the outermost loop, by the lines' parent
    for _, parent, said in lines:
        if loop := _LOOP.match(said):
            kind, table, how = loop.groups()
            stored = table not in made and not _MADE.search(said)
            first.setdefault(parent, table if stored else "")
            if stored and (fault := _loop(kind, table, how, text, partial)):
                yield fault
        elif _SORT.match(said) and first.get(parent):
            yield f"a sort of all that is found in {first[parent]}"


def _loop(kind: str, table: str, how: str, text: str, partial: Collection[str]) -> str | None:
    if "AUTOMATIC" in how:
        return f"an index over {table}, made for each call"
    if kind == "SEARCH" or "VIRTUAL TABLE" in how:
        return None
    if "USING" not in how:
        return f"a scan of {table}"
    index = how.split()[-1]
    if not _LIMIT.search(text):
        return f"all of {table}, read by {index}"
    if _FILTER.search(text) and index not in partial:
        return f"a walk along {index} for the rows of {table} that pass a filter"
    return None
