"""The lines `-- prune:`, `-- erase:` and `-- export:`: what may stand with them, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rawstore.errors import ConfigError, QueryFileError
from rawstore.parse import parse
from rawstore.retention import duties
from rawstore.source import find, shipped
from tests.conftest import Dialect, OpenFolder

GOOD = {
    "prune": "(cutoff timestamptz, limit int = 100) :affected\n-- prune: old ones\n"
    "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE at < :cutoff LIMIT :limit);",
    "erase": "(who text) :affected\n-- erase: all\nDELETE FROM t WHERE owner = :who;",
    "export": "(who text) :many\n-- export: all\nSELECT id FROM t WHERE owner = :who;",
}
BAD = {
    "prune with no limit": "(cutoff timestamptz) :affected\n-- prune: old\n"
    "DELETE FROM t WHERE at < :cutoff;",
    "prune without a default": "(cutoff timestamptz, limit int) :affected\n-- prune: old\n"
    "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE at < :cutoff LIMIT :limit);",
    "prune by a text": "(cutoff text, limit int = 5) :affected\n-- prune: old\n"
    "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE at < :cutoff LIMIT :limit);",
    "prune that reads": "(cutoff timestamptz, limit int = 5) :many\n-- prune: old\n"
    "SELECT id FROM t WHERE at < :cutoff LIMIT :limit;",
    "prune that gives nothing": "(cutoff timestamptz, limit int = 5) :exec\n-- prune: old\n"
    "DELETE FROM t WHERE id IN (SELECT id FROM t WHERE at < :cutoff LIMIT :limit);",
    "erase of two": "(who text, key text) :affected\n-- erase: all\n"
    "DELETE FROM t WHERE owner = :who AND key = :key;",
    "erase of nobody": "() :affected\n-- erase: all\nDELETE FROM t;",
    "export that writes": "(who text) :many\n-- export: all\n"
    "DELETE FROM t WHERE owner = :who RETURNING id;",
    "export of a page": "(who text, limit int = 10) :many\n-- export: all\n"
    "SELECT id FROM t WHERE owner = :who LIMIT :limit;",
    "erase without words": "(who text) :affected\n-- erase:\nDELETE FROM t WHERE owner = :who;",
}


@pytest.mark.parametrize("duty", GOOD)
def test_a_query_of_the_right_form_is_taken(duty: str, dialect: Dialect) -> None:
    (query,) = parse(f"-- name: clean{GOOD[duty]}", Path("t.sql"), dialect, "shop")
    assert query.reasons[duty]
    assert query.doc == ""


@pytest.mark.parametrize("case", BAD)
def test_a_query_of_another_form_is_refused_with_its_place(case: str, dialect: Dialect) -> None:
    with pytest.raises(QueryFileError) as caught:
        parse(f"\n-- name: clean{BAD[case]}", Path("t.sql"), dialect, "shop")
    assert f"-- {case.split()[0]}: " in str(caught.value)
    assert str(caught.value).startswith(("t.sql:2:", "t.sql:3:"))


def test_queries_that_call_the_person_differently_are_refused(open_folder: OpenFolder) -> None:
    text = f"-- name: first{GOOD['erase']}\n\n-- name: second{GOOD['erase'].replace('who', 'whom')}"
    store = open_folder({"t.sql": text})
    with pytest.raises(QueryFileError, match=r"t\.sql:5: second takes whom text, but first takes"):
        store.erase("ann")


def test_a_store_without_such_queries_says_so(open_folder: OpenFolder) -> None:
    store = open_folder({"t.sql": "-- name: one() :scalar int\nSELECT 1;"})
    for call in (lambda: store.prune("1d"), lambda: store.erase("ann")):
        with pytest.raises(ConfigError, match="none of its queries stands with"):
            call()


@pytest.mark.parametrize("store", shipped())
def test_every_pruning_query_of_a_shipped_store_has_a_twin_that_counts(
    store: str, dialect: Dialect
) -> None:
    registry = find(store).load(dialect)
    for query in duties.queries(registry, "prune"):
        assert duties.counting(registry, query), query.name
        assert duties.table(query)


@pytest.mark.parametrize("store", shipped())
def test_both_dialects_have_the_same_duties(store: str) -> None:
    for duty in ("prune", "erase", "export"):
        told = [
            [
                (query.name, query.reasons[duty])
                for query in find(store).load(dialect)
                if duty in query.reasons
            ]
            for dialect in ("sqlite", "postgres")
        ]
        assert told[0] == told[1]
