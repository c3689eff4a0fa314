"""Plans of a PostgreSQL database: the generic one, and one for the values of each sample.

The planner's settings are the defaults, whatever the server's are, but for parallel workers and
JIT, which come and go with the number of rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from ..engines.errormap import from_sqlstate
from ..engines.postgres_conninfo import session_conninfo
from ..engines.postgres_probe import connect_error
from ..errors import ConfigError
from ..query import Query, Variant
from ..registry import Registry
from ..source import Source
from ..target import PostgresTarget
from .plan import Plan
from .postgres_shape import Node, plan
from .samples import Sample, Samples

_SETTINGS = {
    "cpu_index_tuple_cost": "0.005",
    "cpu_operator_cost": "0.0025",
    "cpu_tuple_cost": "0.01",
    "effective_cache_size": "4GB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "4",
    "seq_page_cost": "1",
    "statement_timeout": "5min",  # for the samples
    "work_mem": "4MB",
}
_SIZES = """
SELECT relname, reltuples
FROM pg_class
WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')
"""


class PostgresPlanner:
    """A connection that explains. Nothing is changed, and only the samples are run."""

    def __init__(self, connection: psycopg.Connection, source: Source, registry: Registry) -> None:
        """Take the samples. Raises ConfigError, QueryFileError and the mapped errors."""
        self._connection = connection
        for name, value in _SETTINGS.items():
            self._run("SELECT set_config($1, $2, false)", [name, value])
        sizes = self._run(_SIZES, [f'"{source.name}"'])
        self._sizes = {str(name): float(str(rows)) for name, rows in sizes}
        self._samples = Samples(source, registry, self._sample)

    @property
    def version(self) -> str:
        """As in "PostgreSQL 18"."""
        return f"PostgreSQL {self._connection.info.server_version // 10_000}"

    def plans(self, variant: Variant) -> Mapping[str, Plan]:
        """The generic plan, and the samples'."""
        made = {"generic": self._generic(variant)}
        for label, sample in self._samples.of(variant.query).items():
            values = self._samples.values(variant, sample)
            made[label] = self._explain(variant.text, values, variant.query)
        return {label: plan(node, self._sizes) for label, node in made.items()}

    def _generic(self, variant: Variant) -> Node:
        query = variant.query
        values = f"({', '.join(['NULL'] * len(variant.order))})" if variant.order else ""
        self._run("SET plan_cache_mode = force_generic_plan")
        self._run(f"PREPARE rawstore_plan AS {variant.text}", query=query)
        try:
            return self._explain(f"EXECUTE rawstore_plan{values}", (), query)
        finally:
            self._run("DEALLOCATE rawstore_plan")
            self._run("RESET plan_cache_mode")

    def _explain(self, text: str, values: Sequence[str | None], query: Query) -> Node:
        ((found,),) = self._run(f"EXPLAIN (FORMAT JSON) {text}", values, query)
        (top,) = json.loads(str(found))
        node: Node = top["Plan"]
        return node

    def _sample(self, query: Query) -> Sample:
        cursor = self._execute(query.variants[0].text, (), query)
        names = [column.name for column in cursor.description or ()]
        rows = _texts(cursor)
        if len(rows) != 1:
            raise ConfigError(f"{query.file}:{query.line}: sample {query.name} must give one row")
        return dict(zip(names, rows[0], strict=True))

    def _run(
        self, text: str, values: Sequence[str | None] = (), query: Query | None = None
    ) -> list[list[str | None]]:
        return _texts(self._execute(text, values, query))

    def _execute(
        self, text: str, values: Sequence[str | None], query: Query | None
    ) -> psycopg.RawCursor[Any]:
        cursor = psycopg.RawCursor(self._connection)
        try:
            # As text of no type, so that the server decides on it as it does for a prepared one.
            return cursor.execute(text.encode(), values, prepare=False)
        except psycopg.Error as error:
            name = query.full_name if query else None
            said = error.diag.message_primary or str(error)
            raise from_sqlstate(error.sqlstate or "", said, query=name) from error


def _texts(cursor: psycopg.RawCursor[Any]) -> list[list[str | None]]:
    """The rows as the server wrote them, so that they can be given back as they are."""
    result = cursor.pgresult
    if result is None:
        return []
    return [
        [_text(result.get_value(row, column)) for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


@contextmanager
def planner(
    target: PostgresTarget, source: Source, registry: Registry
) -> Iterator[PostgresPlanner]:
    """A planner on a connection of its own. Raises the mapped error."""
    conninfo = make_conninfo(**session_conninfo(target, source.name))
    try:
        connection = psycopg.connect(conninfo, autocommit=True)
    except psycopg.Error as error:
        raise connect_error(error, target) from error
    with connection:
        yield PostgresPlanner(connection, source, registry)
