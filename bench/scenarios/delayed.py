"""The same over a network that takes half a millisecond there and back."""

from __future__ import annotations

from dataclasses import replace

from ..peers import psycopg, rawstore
from ..scenario import Scenario
from . import batch, point_read, writes


def _slow(scenario: Scenario) -> Scenario:
    return replace(
        scenario,
        name=f"{scenario.name}-delayed",
        title=f"{scenario.title}, 0.5 ms away",
        delayed=True,
        calls=min(scenario.calls, 50),
    )


SCENARIOS = (
    _slow(replace(point_read.HELD, peers=(rawstore.SESSION, psycopg.HELD, psycopg.DEFAULT))),
    _slow(
        replace(
            writes.TRANSACTION,
            peers=(rawstore.SESSION, psycopg.HELD, psycopg.DEFAULT),
        )
    ),
    _slow(
        replace(
            batch.BATCH,
            peers=(rawstore.SESSION, rawstore.CALLS, psycopg.HELD, psycopg.PIPELINE),
            calls=2,
        )
    ),
)
