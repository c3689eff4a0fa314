"""What a PostgreSQL server is doing, and has done, by the names of queries and their files.

A statement of ours begins with a comment that names its query. Only names that are known are shown;
of other statements, which may hold values, the text without literals.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DatabaseError
from ..registry import Registry
from ..target import PostgresTarget, SqliteTarget, Target
from .inquiry import Ask, inquiry
from .masking import masked

if TYPE_CHECKING:
    from ..store import Store

Places = Mapping[str, str]
"""Of each query that is known, by its full name: file:line."""

OTHERS = 10  # statements that are no known query, in the totals

_NAME = re.compile(r"/\* ([^\W\d]\w*\.[^\W\d]\w*) \*/")
_ACTIVITY = b"""
SELECT coalesce(jsonb_agg(to_jsonb(running) ORDER BY running.seconds DESC NULLS LAST), '[]')
FROM (
    SELECT
        pid,
        usename AS "user",
        application_name AS application,
        state,
        extract(epoch FROM clock_timestamp() - query_start)::float8 AS seconds,
        extract(epoch FROM clock_timestamp() - xact_start)::float8 AS transaction_seconds,
        wait_event_type || ': ' || wait_event AS waits_for,
        to_jsonb(pg_blocking_pids(pid)) AS blocked_by,
        query
    FROM pg_catalog.pg_stat_activity
    WHERE
        datname = current_database()
        AND pid <> pg_backend_pid()
        AND backend_type IN ('client backend', 'parallel worker')
        AND (state IS NULL OR state <> 'idle')
) AS running
"""
_ALLOWED = b"SELECT to_jsonb(pg_has_role('pg_read_all_stats', 'USAGE'))"
_EXTENSION = b"""
SELECT to_jsonb(nspname)
FROM pg_catalog.pg_extension INNER JOIN pg_catalog.pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'pg_stat_statements'
UNION ALL
SELECT NULL
LIMIT 1
"""
_STATEMENTS = """
SELECT coalesce(jsonb_agg(to_jsonb(statements)), '[]')
FROM (
    SELECT
        query,
        calls,
        total_exec_time / 1000 AS seconds,
        rows,
        shared_blks_hit AS hit,
        shared_blks_read AS read
    FROM {schema}.pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
) AS statements
"""
_HIDDEN = "<insufficient privilege>"


class Running(NamedTuple):
    """A connection that is doing something, or is in a transaction. Times are seconds."""

    pid: int
    user: str | None
    application: str | None
    state: str | None
    seconds: float | None
    transaction_seconds: float | None
    waits_for: str | None
    blocked_by: tuple[int, ...]
    query: str
    """The name of a query that is known, else `(other) ` and the statement without literals."""
    place: str | None
    """The file:line of a query that is known."""


class Total(NamedTuple):
    """What a statement has cost on this database since the server's figures began."""

    query: str
    place: str | None
    calls: int
    seconds: float
    mean: float
    share: float
    """Its part of the seconds of all statements, 0 to 1."""
    rows: int
    hit_ratio: float | None
    """The part of the blocks it wanted that the server had in memory, 0 to 1."""


class Top(NamedTuple):
    """What runs now, the oldest first; the totals, the largest first; and what could not be had.

    The totals are of all known queries, and of the ten others that have cost most.
    """

    running: tuple[Running, ...]
    totals: tuple[Total, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it, by name."""
        return {
            "running": [each._asdict() for each in self.running],
            "totals": [each._asdict() for each in self.totals],
            "notes": list(self.notes),
        }


def top(store: Store) -> Top:
    """See `Store.top`."""
    return look(store.target, known([store.queries]))


def known(registries: Iterable[Registry]) -> Places:
    """Where the queries of the stores that come with the package, and of others, stand."""
    from ..source import find, shipped

    loaded = [find(name).load("postgres") for name in shipped()]
    return {
        query.full_name: f"{query.file}:{query.line}"
        for registry in (*loaded, *registries)
        for query in registry
    }


def look(target: Target, places: Places) -> Top:
    """Ask a server, within 5 s a question. Raises the mapped error."""
    if isinstance(target, SqliteTarget):
        note = "SQLite has no server to ask; what a process has done itself, its store.stats() says"
        return Top((), (), (note,))
    with inquiry(target, "public") as ask:
        running = tuple(_running(each, places) for each in ask(_ACTIVITY))
        notes = [] if ask(_ALLOWED) else [_no_right(target)]
        totals, missing = _totals(ask, places)
    return Top(running, totals, (*notes, *missing))


def _no_right(target: PostgresTarget) -> str:
    user = target.conninfo.get("user") or "this user"
    return (
        f"{user} sees only its own statements: "
        f'GRANT pg_read_all_stats TO "{user}" shows it all of them'
    )


def _named(text: str | None, places: Places) -> tuple[str, str | None]:
    if text is None or text == _HIDDEN:
        return "(other) not visible", None
    match = _NAME.search(text)
    if match and match[1] in places:
        return match[1], places[match[1]]
    return f"(other) {masked(text)}", None


def _running(found: dict[str, Any], places: Places) -> Running:
    query, place = _named(found.pop("query"), places)
    blocked_by = tuple(sorted(set(found.pop("blocked_by") or ())))
    return Running(**found, blocked_by=blocked_by, query=query, place=place)


def _totals(ask: Ask, places: Places) -> tuple[tuple[Total, ...], list[str]]:
    from ..tables.quoting import identifier, text

    schema = ask(_EXTENSION)
    if schema is None:
        remedy = "CREATE EXTENSION pg_stat_statements, with it in shared_preload_libraries"
        return (), [f"no totals: pg_stat_statements is not installed in this database ({remedy})"]
    try:
        found = ask(text(_STATEMENTS, schema=identifier(schema)).encode())
    except DatabaseError as error:
        if error.code == "55000":
            remedy = "add it to shared_preload_libraries and restart the server"
            return (), [f"no totals: pg_stat_statements is not preloaded ({remedy})"]
        if error.code in ("42501", "42703"):
            return (), [f"no totals: pg_stat_statements cannot be read: {error}"]
        raise
    return _summed(found, places), []


def _summed(found: Sequence[dict[str, Any]], places: Places) -> tuple[Total, ...]:
    """One row for each query: its variants, and roles, are added up."""
    groups: dict[tuple[str, str | None], list[dict[str, Any]]] = defaultdict(list)
    for each in found:
        groups[_named(each["query"], places)].append(each)
    everything = sum(each["seconds"] for each in found)
    totals = [_total(*named, group, everything) for named, group in groups.items()]
    totals.sort(key=lambda total: (-total.seconds, total.query))
    others = [total for total in totals if total.place is None][OTHERS:]
    return tuple(total for total in totals if total not in others)


def _total(
    query: str, place: str | None, group: Sequence[dict[str, Any]], everything: float
) -> Total:
    calls, seconds, rows, hit, read = (
        sum(each[name] for each in group) for name in ("calls", "seconds", "rows", "hit", "read")
    )
    return Total(
        query=query,
        place=place,
        calls=calls,
        seconds=seconds,
        mean=seconds / calls if calls else 0.0,
        share=seconds / everything if everything else 0.0,
        rows=rows,
        hit_ratio=hit / (hit + read) if hit + read else None,
    )
