"""Every scenario, in the order of the report."""

from __future__ import annotations

from ..scenario import Scenario
from . import batch, clients, delayed, imports, lists, on_loops, point_read, search, writes

SCENARIOS: tuple[Scenario, ...] = (
    *point_read.SCENARIOS,
    *lists.SCENARIOS,
    *batch.SCENARIOS,
    *writes.SCENARIOS,
    *on_loops.SCENARIOS,
    *search.SCENARIOS,
    *clients.SCENARIOS,
    *imports.SCENARIOS,
    *delayed.SCENARIOS,
)
