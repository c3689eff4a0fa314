"""The vector indexes of a PostgreSQL schema: what they are, what they find, how long it takes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ConfigError, StatementTimeout
from ..progress import Progress, quiet
from ..target import PostgresTarget
from . import rules
from .catalog import Index, Searchable, bare_columns, count, extension, indexes, load
from .connection import Connection, connected
from .declared import no_tables, vector_names
from .facts import VectorIndex
from .kept import kept
from .measure import Answers, Question, ask_exactly, ask_index, snapshot

if TYPE_CHECKING:
    from ..store import Store

OLDEST = (0, 8)
_LEFTOVER = "left by a rebuild that was stopped: the next rebuild drops it"
_OLD = "pgvector is older than 0.8: a search with a condition may come back short; update it"


def status(
    store: Store, sample: int, *, recall: bool, on_progress: Progress = quiet
) -> list[VectorIndex]:
    """Every vector index of the store, and every column of vectors without one."""
    with connected(postgres(store)) as connection:
        if not prepare(connection, store):
            return []
        size = sample if recall else 0
        found = [
            describe(connection, index, size, on_progress)
            for index in indexes(connection, store.schema)
        ]
        found += [
            _describe_column(connection, place, dimension, size, on_progress)
            for place, dimension in bare_columns(connection, store.schema)
        ]
        if (extension(connection) or OLDEST) < OLDEST:
            found = [replace(each, advice=(*each.advice, _OLD)) for each in found]
        return found


def postgres(store: Store) -> PostgresTarget:
    """The store's database, which is on PostgreSQL."""
    if isinstance(store.target, PostgresTarget):
        return store.target
    raise TypeError(f"{store.target} is not on PostgreSQL")


def prepare(connection: Connection, store: Store) -> bool:
    """Load pgvector; False where neither the database nor the store knows of vectors.

    Raises ConfigError where the database has no pgvector, UndefinedObject where it has no tables.
    """
    if extension(connection) is not None:
        load(connection)
        if vector_names(store) and not any(
            found(connection, store.schema) for found in (indexes, bare_columns)
        ):
            raise no_tables(store)
        return True
    if vector_names(store):
        raise ConfigError(
            f"{store.name} keeps vectors, and pgvector is not in this database: as its owner, "
            "CREATE EXTENSION vector; then rawstore migrate up"
        )
    return False


def describe(
    connection: Connection, index: Index, sample: int, on_progress: Progress = quiet
) -> VectorIndex:
    """All about one index; its recall if `sample` is not 0."""
    rows, estimated = count(connection, index)
    setting = kept(connection, index)
    built_at, built_rows = index.built or (None, None)
    facts = VectorIndex(
        table=index.table,
        column=index.expression,
        index=index.name,
        method="ivfflat" if index.method == "ivfflat" else "hnsw",
        operator_class=index.operator_class[1],
        valid=index.valid,
        rows=rows,
        rows_estimated=estimated,
        dimension=index.dimension,
        lists=index.lists,
        m=_option(index, "m", 16),
        ef_construction=_option(index, "ef_construction", 64),
        bytes=index.bytes,
        built_at=built_at,
        built_rows=built_rows,
        search=setting.number,
        kept_in=setting.place,
    )
    if index.is_leftover:
        return replace(facts, advice=(_LEFTOVER,))
    if sample and index.valid:
        facts = _measured(connection, index, facts, sample, on_progress)
    return replace(facts, advice=facts.advice or rules.advice(facts))


def _option(index: Index, name: str, default: int) -> int | None:
    return int(index.options.get(name, default)) if index.method == "hnsw" else None


def _measured(
    connection: Connection, index: Index, facts: VectorIndex, sample: int, on_progress: Progress
) -> VectorIndex:
    try:
        with snapshot(connection):
            questions, exact = ask_exactly(connection, index, sample, on_progress)
            if not questions:
                return facts
            answers = ask_index(connection, index, questions, facts.search or 1)
    except StatementTimeout as error:
        return replace(facts, advice=(*rules.advice(facts), f"not measured: {error}"))
    facts = replace(
        facts,
        sample=len(questions),
        exact_median_ms=exact.median,
        exact_p95_ms=exact.p95,
    )
    if answers is None:
        return replace(facts, advice=("not measured: the planner does not use this index",))
    return replace(facts, recall=answers.recall, median_ms=answers.median, p95_ms=answers.p95)


def _describe_column(
    connection: Connection,
    place: Searchable,
    dimension: int | None,
    sample: int,
    on_progress: Progress,
) -> VectorIndex:
    rows, estimated = count(connection, place)
    # Of a column for any dimension there is no telling which vectors compare.
    size = sample if dimension else 0
    questions: list[Question] = []
    exact = Answers((), ())
    with suppress(StatementTimeout), snapshot(connection):
        questions, exact = ask_exactly(connection, place, size, on_progress)
    facts = VectorIndex(
        table=place.table,
        column=place.expression,
        index=None,
        method="scan",
        rows=rows,
        rows_estimated=estimated,
        dimension=dimension,
        bytes=0,
        recall=1.0 if rows else None,
        sample=len(questions),
        median_ms=exact.median,
        p95_ms=exact.p95,
        exact_median_ms=exact.median,
        exact_p95_ms=exact.p95,
    )
    return replace(facts, advice=rules.advice(facts))
