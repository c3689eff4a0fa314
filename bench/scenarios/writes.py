"""An insert that returns its row, a bulk upsert, and a transaction of three statements."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ..peers import (
    aiosql,
    pgbench,
    psycopg,
    rawstore,
    sqlalchemy_core,
    sqlalchemy_orm,
    sqlite3,
    sqlspec,
)
from ..place import Place
from ..rows import plain
from ..scenario import Scenario

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)

_HELD = (
    rawstore.SESSION,
    psycopg.HELD,
    aiosql.HELD,
    sqlspec.HELD,
    sqlalchemy_core.HELD,
    sqlalchemy_orm.HELD,
)
_SQLITE = (
    rawstore.SESSION,
    sqlite3.TYPED,
    aiosql.SQLITE,
    sqlspec.SQLITE,
    sqlalchemy_core.HELD,
    sqlalchemy_orm.HELD,
)


def _note(place: Place) -> tuple[UUID, str, datetime]:
    moment = _BEGINNING + timedelta(microseconds=random.randrange(10**12))  # noqa: S311
    return (*place.any_user(), "A note of some words, as one writes them.", moment)


def _without_key(_: Place, note: Any) -> Any:
    """Each insert has an id of its own."""
    return plain(note)[1:]


def _three_without_key(_: Place, answer: Any) -> Any:
    user, note, count = answer
    return plain([user, plain(note)[1:], count])


INSERT = Scenario(
    name="insert",
    title="Insert returning its row, autocommitted",
    dialect="postgres",
    method="add_note",
    peers=(*_HELD, pgbench.PGBENCH),
    draw=_note,
    statements=("add_note",),
    seen=_without_key,
    calls=100,
)

BULK = Scenario(
    name="bulk-upsert",
    title="Bulk upsert of 10 000 rows, half of them new",
    dialect="postgres",
    method="put_readings",
    peers=_HELD,
    draw=lambda place: (place.readings(),),
    statements=("put_readings",),
    seen=lambda place, _: place.stored_readings(),
    before=Place.reset_readings,
    calls=1,
    rounds=15,
    warm_up=2,
)

TRANSACTION = Scenario(
    name="transaction",
    title="Transaction of three statements, held connection",
    dialect="postgres",
    method="note_and_count",
    peers=(
        rawstore.SESSION,
        psycopg.HELD,
        psycopg.DEFAULT,
        *_HELD[2:],
        pgbench.PGBENCH,
    ),
    draw=_note,
    statements=("get_user", "add_note", "count_note"),
    seen=_three_without_key,
    calls=100,
)

_POOLED = replace(
    TRANSACTION,
    name="transaction-pooled",
    title="Transaction of three statements, a connection of the pool for each",
    peers=(rawstore.STORE, psycopg.POOLED_DEFAULT),
)

SCENARIOS = (
    INSERT,
    BULK,
    TRANSACTION,
    _POOLED,
    replace(INSERT, dialect="sqlite", peers=_SQLITE),
    replace(BULK, dialect="sqlite", peers=_SQLITE),
    replace(
        TRANSACTION,
        title="Transaction of three statements",
        dialect="sqlite",
        peers=_SQLITE,
    ),
)
