"""How many of the ten nearest an index finds, and how long it takes, on a sample of stored vectors.

A query is a stored vector, and looks for the ten nearest to it among the others: the row itself,
which any index finds, would flatter it. An answer is as good as the exact one where its distances
are, so that of rows at the same distance any will do. The sample is the same each time, as long as
the table is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isnan, sqrt
from statistics import fmean, median, stdev
from typing import Any

import psycopg
from psycopg import sql

from ..errors import StatementTimeout
from ..progress import Progress, quiet
from .catalog import Index, Searchable, as_sql
from .connection import Connection, Statement, configure, value
from .rules import NEIGHBOURS

PATIENCE = 30.0
"""Seconds for the exact answers to a sample; what is not asked by then is not asked."""
_ONE_QUERY = "60s"
_SEED = 42
_CONFIDENCE = 1.645  # standard errors below which the true mean is in one case of twenty

_EXACT = {"enable_indexscan": "off", "jit": "off"}
# Whatever the statistics say: the index is asked, not the planner.
_INDEXED = {
    "enable_indexscan": "on",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A stored vector, where its row lies, and the exact distances of the nearest others."""

    row: str
    vector: str
    nearest: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """The recall of each question, and the milliseconds of each."""

    recalls: tuple[float, ...]
    times: tuple[float, ...]

    @property
    def recall(self) -> float | None:
        """The mean; None of no questions."""
        return fmean(self.recalls) if self.recalls else None

    @property
    def least(self) -> float | None:
        """The mean less its error: in 19 cases of 20 the true one is not below."""
        if not self.recalls:
            return None
        error = stdev(self.recalls) / sqrt(len(self.recalls)) if len(self.recalls) > 1 else 0.0
        return fmean(self.recalls) - _CONFIDENCE * error

    @property
    def median(self) -> float | None:
        """The median time."""
        return median(self.times) if self.times else None

    @property
    def p95(self) -> float | None:
        """The time that 19 of 20 keep."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else None


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A block in which every search sees the same rows, and no one takes more than a minute."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        configure(connection, {"statement_timeout": _ONE_QUERY}, locally=True)
        yield


def ask_exactly(
    connection: Connection, place: Searchable, sample: int, on_progress: Progress = quiet
) -> tuple[list[Question], Answers]:
    """Take a sample of at most `sample` rows and compare each with all others, within `PATIENCE`.

    Fewer questions than asked for come back where that takes too long. Raises StatementTimeout
    where it does for the first one.
    """
    questions: list[Question] = []
    times: list[float] = []
    end = time.monotonic() + PATIENCE
    query = _nearest(place)
    configure(connection, _EXACT, locally=True)
    try:
        with connection.transaction():
            rows = _sample(connection, place, sample)
            for row, vector in rows:
                if questions and time.monotonic() > end:
                    break
                distances, milliseconds = _search(connection, query, row, vector)
                if distances:
                    questions.append(Question(row, vector, tuple(distances)))
                    times.append(milliseconds)
                on_progress(f"{place.table}: comparing every vector", len(times), len(rows))
    except psycopg.errors.QueryCanceled as error:
        if not questions:
            told = f"{place.table}: comparing a vector with all others takes over {_ONE_QUERY}"
            raise StatementTimeout(told, code=error.sqlstate) from error
    return questions, Answers((1.0,) * len(times), tuple(times))


def ask_index(
    connection: Connection, index: Index, questions: Sequence[Question], number: int
) -> Answers | None:
    """Ask the index the same, with so many probes or so wide; None where it is not used."""
    query = _nearest(index)
    settings = {**_INDEXED, index.setting: str(number)}
    configure(connection, settings, locally=True)
    if not questions or not _uses(connection, index, query, questions[0]):
        return None
    recalls, times = [], []
    _search(connection, query, questions[0].row, questions[0].vector)  # warms up
    for question in questions:
        found, milliseconds = _search(connection, query, question.row, question.vector)
        farthest = question.nearest[-1]
        good = sum(distance <= farthest for distance in found)
        recalls.append(good / len(question.nearest))
        times.append(milliseconds)
    return Answers(tuple(recalls), tuple(times))


def _nearest(place: Searchable) -> Statement:
    vector = sql.SQL("%(vector)s::{}").format(sql.SQL(place.type))
    return sql.SQL(
        "SELECT {distance} FROM {relation} WHERE {covered} AND ctid <> %(row)s::tid"
        " ORDER BY {distance} LIMIT {count}"
    ).format(
        distance=place.distance(vector),
        relation=place.relation,
        covered=place.covered,
        count=sql.Literal(NEIGHBOURS),
    )


def _search(
    connection: Connection, query: Statement, row: str, vector: str
) -> tuple[list[float], float]:
    start = time.perf_counter()
    rows = connection.execute(query, {"row": row, "vector": vector}).fetchall()
    milliseconds = (time.perf_counter() - start) * 1000
    # Of a vector without a direction the distance is no number, and no index holds it.
    found = [distance for (distance,) in rows if distance is not None and not isnan(distance)]
    return found, milliseconds


def _uses(connection: Connection, index: Index, query: Statement, question: Question) -> bool:
    explain = sql.SQL("EXPLAIN (FORMAT JSON) {}").format(query)
    values = {"row": question.row, "vector": question.vector}
    row = connection.execute(explain, values).fetchone()
    return row is not None and index.name in _index_names(row[0][0]["Plan"])


def _index_names(plan: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in plan:
        yield plan["Index Name"]
    for part in plan.get("Plans", ()):
        yield from _index_names(part)


def _sample(connection: Connection, place: Searchable, sample: int) -> list[tuple[str, str]]:
    """Rows that have a direction: where they lie, and their vectors, as text."""
    expression = as_sql(place.expression)
    itself = place.distance(sql.SQL("({})").format(expression))
    query = sql.SQL(
        "SELECT ctid::text, ({expression})::text FROM {relation} WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM {relation} TABLESAMPLE SYSTEM ({percent}) REPEATABLE ({seed})"
        # CASE keeps the order: to a row that is not covered the expression may not apply.
        " WHERE {covered} AND CASE WHEN {covered} THEN {itself} <> 'NaN' END"
        " ORDER BY md5(ctid::text) LIMIT {count}))"
        " ORDER BY md5(ctid::text)"
    )
    pages = value(
        connection,
        "SELECT pg_catalog.pg_relation_size(%s::regclass) / current_setting('block_size')::int8",
        place.relation.as_string(connection),
    )
    # Of a page few rows may be covered: first 20 pages for each, then more.
    percent = min(100.0, 100.0 * 20 * sample / max(pages, 1))
    while True:
        found = connection.execute(
            query.format(
                expression=expression,
                relation=place.relation,
                percent=sql.Literal(percent),
                seed=sql.Literal(_SEED),
                covered=place.covered,
                itself=itself,
                count=sql.Literal(sample),
            ),
            (),
        ).fetchall()
        if len(found) >= sample or percent >= 100:
            return [(row, vector) for row, vector in found]
        percent = min(100.0, percent * 10)
