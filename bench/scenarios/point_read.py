"""One user of ten thousand by primary key."""

from __future__ import annotations

from dataclasses import replace

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
from ..scenario import Scenario

HELD = Scenario(
    name="point-read",
    title="Point read, held connection",
    dialect="postgres",
    method="get_user",
    peers=(
        rawstore.SESSION,
        psycopg.HELD,
        psycopg.DEFAULT,
        psycopg.BINARY,
        aiosql.HELD,
        sqlspec.HELD,
        sqlalchemy_core.HELD,
        sqlalchemy_orm.HELD,
        pgbench.PGBENCH,
    ),
    draw=lambda place: place.any_user(),
    statements=("get_user",),
)

_POOLED = replace(
    HELD,
    name="point-read-pooled",
    title="Point read, a connection of the pool for each call",
    peers=(
        rawstore.STORE,
        psycopg.POOLED,
        psycopg.POOLED_DEFAULT,
        aiosql.POOLED,
        sqlspec.POOLED,
        sqlalchemy_core.POOLED,
        sqlalchemy_orm.POOLED,
    ),
)

_SQLITE = replace(
    HELD,
    title="Point read",
    dialect="sqlite",
    peers=(
        rawstore.SESSION,
        rawstore.STORE,
        sqlite3.TYPED,
        sqlite3.BARE,
        aiosql.SQLITE,
        aiosql.SQLITE_BARE,
        sqlspec.SQLITE,
        sqlspec.SQLITE_DICT,
        sqlalchemy_core.HELD,
        sqlalchemy_orm.HELD,
    ),
)

SCENARIOS = (HELD, _POOLED, _SQLITE)
