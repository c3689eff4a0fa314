"""Point reads of 1, 4 and 16 threads at once, a connection of the pool for each call."""

from __future__ import annotations

from dataclasses import replace

from ..peers import (
    pgbench,
    psycopg,
    rawstore,
    sqlalchemy_core,
    sqlite3,
)
from ..scenario import Scenario
from . import on_loops

_NUMBERS = (1, 4, 16)

_THREADS = Scenario(
    name="threads",
    title="Point reads of threads at once, pooled",
    dialect="postgres",
    method="get_user",
    peers=(
        rawstore.STORE,
        psycopg.POOLED,
        psycopg.POOLED_DEFAULT,
        sqlalchemy_core.POOLED,
        pgbench.PGBENCH,
    ),
    draw=lambda place: place.any_user(),
    statements=("get_user",),
    rounds=6,
)
_TASKS = replace(
    _THREADS,
    name="tasks",
    title="Point reads of tasks at once on asyncio, pooled",
    peers=on_loops.POOLED,
    loop="asyncio",
)
_SQLITE = replace(
    _THREADS,
    title="Point reads of threads at once",
    dialect="sqlite",
    peers=(rawstore.STORE, sqlite3.POOLED),
)

SCENARIOS = tuple(
    replace(each, name=f"{each.name}-{number}", clients=number)
    for each in (_THREADS, _TASKS, _SQLITE)
    for number in _NUMBERS
)
