"""Pages of users in the order of their keys: a hundred, and all ten thousand."""

from __future__ import annotations

import random
from dataclasses import replace
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
from ..scenario import Scenario

_PAGE = 100
_BEFORE_ALL = UUID(int=0)


def _page(place: Place) -> tuple[UUID, int]:
    return random.choice(place.users[:-_PAGE]), _PAGE  # noqa: S311


HUNDRED = Scenario(
    name="list-100",
    title="A list of 100 rows",
    dialect="postgres",
    method="list_users",
    peers=(
        rawstore.SESSION,
        psycopg.HELD,
        psycopg.BINARY,
        aiosql.HELD,
        sqlspec.HELD,
        sqlalchemy_core.HELD,
        sqlalchemy_orm.HELD,
        pgbench.PGBENCH,
    ),
    draw=_page,
    statements=("list_users",),
    calls=50,
)

_SQLITE = replace(
    HUNDRED,
    dialect="sqlite",
    peers=(
        rawstore.SESSION,
        sqlite3.TYPED,
        sqlite3.BARE,
        aiosql.SQLITE,
        sqlspec.SQLITE,
        sqlalchemy_core.HELD,
        sqlalchemy_orm.HELD,
    ),
)


def _all(hundred: Scenario) -> Scenario:
    return replace(
        hundred,
        name="rows-10000",
        title="10 000 rows to named rows",
        draw=lambda place: (_BEFORE_ALL, len(place.users)),
        peers=tuple(peer for peer in hundred.peers if peer is not pgbench.PGBENCH),
        calls=3,
    )


ALL = _all(HUNDRED)

SCENARIOS = (HUNDRED, ALL, _SQLITE, _all(_SQLITE))
