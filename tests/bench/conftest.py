"""The bench at its smallest; what needs its peers only where they are installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from bench.run import Effort

PEERS = ("aiosql", "aiosqlite", "asyncpg", "matplotlib", "sqlalchemy", "sqlspec", "uvloop")

if not all(map(find_spec, PEERS)):  # the extra `bench`
    collect_ignore = ["test_commands.py", "test_report.py", "test_scenarios.py"]


@pytest.fixture(scope="session")
def tiny() -> Effort:
    return Effort(rounds=1, share=0.02, seconds=0.01, users=300)


@pytest.fixture
def noted() -> dict[str, Any]:
    """Conditions as a run notes them, of a machine that there is not."""
    return {
        "system": "Linux 6.1",
        "cpu": "a processor",
        "cores": 2,
        "memory_gib": 4.0,
        "python": "CPython 3.11.7",
        "sqlite": "3.40.1",
        "libpq": "18.0",
        "packages": {"rawstore": "0.1.0", "psycopg": "3.3.0"},
        "pinned_to": 1,
        "embedded_server": True,
        "quick": False,
        "postgres": {"version": "18.1"},
        "network": {"delay_each_way_us": 250.0, "added_round_trip_us": 560.0},
        "left_out": {"search-words": "there is no pgvector"},
    }
