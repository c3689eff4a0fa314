"""The calls to be timed: each query in each of its variants, with the values of each sample.

The samples are those that plans are made with, `plans/<store>.sql`, taken from each volume anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
from psycopg.conninfo import make_conninfo

from rawstore import Query, Store
from rawstore.cli.values import parse
from rawstore.engines.postgres_conninfo import session_conninfo
from rawstore.errors import ConfigError
from rawstore.plans.samples import Sample, Samples
from rawstore.query import Kind, Variant
from rawstore.target import SqliteTarget

ITEMS = 100  # of a bulk, and of a batch of a clean-up

Arguments = dict[str, Any]

_KINDS = (Kind.ONE, Kind.MANY, Kind.STREAM, Kind.SCALAR, Kind.AFFECTED)

# Keys that a new row may not share with one that is there, as a sample's row is.
_NEW = {
    "add_context": ("id",),
    "create_analysis": ("analysis_id",),
    "create_conversation": ("id",),
    "create_embedding": ("id",),
    "create_item": ("item_id",),
    "create_user": ("email", "external_id"),
    "record_operation": ("id",),
    "start_session": ("session_id",),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A call: `arguments` has those for each volume."""

    query: Query
    sample: str
    arguments: Sequence[Arguments]


def with_new_keys(query: Query, arguments: Arguments) -> Arguments:
    """The arguments of one more call, which no row so far stands in the way of."""
    return arguments | {
        name: str(uuid4()) for name in _NEW.get(query.name, ()) if name in arguments
    }


def cases(stores: Sequence[Store]) -> list[Case]:
    """The calls of one store at several volumes: reads first, for a write leaves dead rows.

    Raises ConfigError where a parameter has no sample, or a query is of a kind not timed here.
    """
    samples = [_samples(store) for store in stores]
    queries = sorted(stores[0].queries, key=lambda query: query.writes)
    return [case for query in queries for case in _of_query(query, samples)]


def _of_query(query: Query, samples: Sequence[Samples]) -> Iterator[Case]:
    if query.kind not in _KINDS:
        raise ConfigError(f"{query.full_name}: no way to time a :{query.kind} query is known")
    labels = [*samples[0].of(query)] or ["any"]
    for variant in query.variants:
        found: dict[str, Sequence[Arguments]] = {}
        for label in labels:
            found[label] = [_arguments(variant, each.of(query).get(label, {})) for each in samples]
        for label, arguments in _distinct(found).items():
            given = f" with {', '.join(variant.conditions)}" if variant.conditions else ""
            yield Case(query, f"{label}{given}", arguments)


def _distinct(found: Mapping[str, Sequence[Arguments]]) -> dict[str, Sequence[Arguments]]:
    """Samples that come to the same arguments as one; as "any" where all do."""
    groups: list[tuple[list[str], Sequence[Arguments]]] = []
    for label, arguments in found.items():
        same = next((labels for labels, known in groups if known == arguments), None)
        if same is None:
            groups.append(([label], arguments))
        else:
            same.append(label)
    if len(groups) == 1:
        return {"any": groups[0][1]}
    return {", ".join(labels): arguments for labels, arguments in groups}


def _arguments(variant: Variant, sample: Sample) -> Arguments:
    query = variant.query
    conditional = {query.params[index].name for index in query.conditional}
    texts = []
    for param in query.params:
        name, value = param.name, sample.get(param.name)
        if name in conditional and name not in variant.conditions:
            continue
        if param.bound and query.writes:
            value = str(ITEMS)
        if value is not None:
            if param.row:
                value = json.dumps(json.loads(value) * ITEMS)
            is_text = param.type.name == "text" and not param.type.array
            texts.append(f"{name}:={json.dumps(value)}" if is_text else f"{name}={value}")
        elif param.required or name in conditional:
            raise ConfigError(f"{query.full_name}: no sample has a value for {name}")
    return parse(query, texts)


# -- the samples of a database


def _samples(store: Store) -> Samples:
    with _taking(store) as take:
        return Samples(store.source, store.queries, take)


@contextmanager
def _taking(store: Store) -> Iterator[Callable[[Query], Sample]]:
    if isinstance(store.target, SqliteTarget):
        with closing(sqlite3.connect(str(store.target.path))) as file:
            yield lambda query: _row(query, file.execute(query.variants[0].text))
        return
    conninfo = make_conninfo(**session_conninfo(store.target, store.name))
    with psycopg.connect(conninfo) as server:
        yield lambda query: _row(query, server.execute(query.variants[0].text.encode()))


def _row(query: Query, cursor: sqlite3.Cursor | psycopg.Cursor[Any]) -> Sample:
    rows: list[Sequence[Any]] = cursor.fetchall()
    if len(rows) != 1:
        raise ConfigError(f"{query.file}:{query.line}: sample {query.name} must give one row")
    names = [column[0] for column in cursor.description or ()]
    return dict(zip(names, map(_text, rows[0]), strict=True))


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):  # a vector
        return json.dumps(np.frombuffer(value, dtype="<f4").astype(float).tolist())
    return None if value is None else str(value)
