"""What a new process takes to import the library and answer a first query."""

from __future__ import annotations

from ..peers import new_process
from ..scenario import Scenario

SCENARIOS = (
    Scenario(
        name="import",
        title="A new process: import, and a first point read",
        dialect="sqlite",
        method="get_user",
        peers=(new_process.RAWSTORE, new_process.BY_HAND),
        draw=lambda place: place.any_user(),
        statements=("get_user",),
        calls=1,
    ),
)
