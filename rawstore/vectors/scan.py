"""Vectors on SQLite: no index holds them, and a search compares every one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ..engines.errormap import from_sqlite
from ..progress import Progress, quiet
from ..tables.quoting import identifier, text
from . import rules
from .declared import no_tables, vector_names
from .facts import VectorIndex
from .measure import PATIENCE, Answers

if TYPE_CHECKING:
    from ..store import Store

_COLUMNS = """
SELECT tables.name, columns.name
FROM pragma_table_list AS tables
CROSS JOIN pragma_table_info(tables.name) AS columns
WHERE tables.schema = 'main' AND tables.type = 'table' AND upper(columns.type) = 'BLOB'
ORDER BY tables.name, columns.cid
"""
_DIMENSIONS = """
SELECT length({column}) / 4, count(*), sum(length({column}))
FROM {table}
WHERE typeof({column}) = 'blob' AND length({column}) > 0
GROUP BY length({column})
ORDER BY length({column})
"""
# The first bytes are the least of the first number: as good as chance, and the same each time.
_SAMPLE = """
SELECT {column}
FROM {table}
WHERE length({column}) = ? AND cosine_distance({column}, {column}) IS NOT NULL
ORDER BY substr({column}, 1, 4), {column}
LIMIT ?
"""
_NEAREST = """
SELECT cosine_distance({column}, ?) AS distance
FROM {table}
WHERE length({column}) = ?
ORDER BY distance NULLS LAST
LIMIT ?
"""


def status(
    store: Store, sample: int, *, recall: bool, on_progress: Progress = quiet
) -> list[VectorIndex]:
    """Each column of vectors, once for each dimension that it holds."""
    names = vector_names(store)
    with _reading(store) as connection:
        columns = [row for row in connection.execute(_COLUMNS) if row[1] in names]
        if names and not columns:
            raise no_tables(store)
        return [
            each
            for table, column in columns
            for each in _column(connection, table, column, sample if recall else 0, on_progress)
        ]


@contextmanager
def _reading(store: Store) -> Iterator[sqlite3.Connection]:
    engine = store._engine  # noqa: SLF001 - part of the store
    session = engine.borrow(writes=False)
    try:
        yield session.connection
    except sqlite3.Error as error:
        raise from_sqlite(error.sqlite_errorname, str(error)) from error
    finally:
        engine.give(session)


def _column(
    connection: sqlite3.Connection, table: str, column: str, sample: int, on_progress: Progress
) -> Iterator[VectorIndex]:
    names = {"table": identifier(table), "column": identifier(column)}
    found = connection.execute(text(_DIMENSIONS, **names)).fetchall()
    for dimension, rows, size in found or [(None, 0, 0)]:
        facts = VectorIndex(
            table=table,
            column=column,
            index=None,
            method="scan",
            rows=rows,
            rows_estimated=False,
            dimension=dimension,
            bytes=size,
            recall=1.0 if rows else None,
        )
        asked = connection.execute(text(_SAMPLE, **names), (4 * (dimension or 0), sample))
        vectors = [vector for (vector,) in asked]
        answers = _asked(connection, text(_NEAREST, **names), table, vectors, on_progress)
        yield replace(
            facts,
            sample=len(answers.times),
            median_ms=answers.median,
            p95_ms=answers.p95,
            exact_median_ms=answers.median,
            exact_p95_ms=answers.p95,
            advice=rules.advice(facts),
        )


def _asked(
    connection: sqlite3.Connection,
    query: str,
    table: str,
    vectors: list[bytes],
    on_progress: Progress,
) -> Answers:
    times: list[float] = []
    end = time.monotonic() + PATIENCE
    for vector in vectors:
        start = time.perf_counter()
        connection.execute(query, (vector, len(vector), rules.NEIGHBOURS)).fetchall()
        times.append((time.perf_counter() - start) * 1000)
        on_progress(f"{table}: comparing every vector", len(times), len(vectors))
        if time.monotonic() > end:
            break
    return Answers((1.0,) * len(times), tuple(times))
