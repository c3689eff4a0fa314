"""A hundred point reads at once."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

from ..peers import psycopg, rawstore, sqlite3, sqlspec
from ..place import Place
from ..scenario import Scenario

_SIZE = 100


def _users(place: Place) -> tuple[list[UUID]]:
    return (random.sample(place.users, _SIZE),)


BATCH = Scenario(
    name="batch-100",
    title="A batch of 100 point reads",
    dialect="postgres",
    method="get_users",
    peers=(
        rawstore.SESSION,
        rawstore.CALLS,
        psycopg.HELD,
        psycopg.PIPELINE,
        sqlspec.HELD,
    ),
    draw=_users,
    statements=("get_user",),
    calls=10,
)

SCENARIOS = (
    BATCH,
    replace(BATCH, dialect="sqlite", peers=(rawstore.SESSION, rawstore.CALLS, sqlite3.TYPED)),
)
