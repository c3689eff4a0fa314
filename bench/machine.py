"""What the figures were taken on: machine, versions, settings. No names of hosts, no paths."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psycopg

import rawstore

_PACKAGES = (
    *("psycopg", "psycopg-binary", "psycopg-pool", "asyncpg", "aiosql", "aiosqlite", "sqlspec"),
    *("SQLAlchemy", "uvloop", "pgvector", "numpy"),
)
_SETTINGS = """
SELECT name, current_setting(name)
FROM pg_settings
WHERE name IN (
    'fsync', 'full_page_writes', 'jit', 'max_connections', 'shared_buffers',
    'statement_timeout', 'synchronous_commit', 'wal_level'
)
ORDER BY name
"""


def conditions(*, pinned_to: int | None, embedded: bool, quick: bool) -> dict[str, Any]:
    """The machine, the versions, and how this run is made."""
    return {
        "system": _system(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": _memory(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "libpq": _dotted(psycopg.pq.version()),
        "packages": {"rawstore": rawstore.__version__, **_versions()},
        "pinned_to": pinned_to,
        "embedded_server": embedded,
        "quick": quick,
        "postgres": {},
        "network": {},
        "left_out": {},
    }


def server(conninfo: str) -> dict[str, str]:
    """A PostgreSQL server's version, and the settings that timings hang on."""
    with psycopg.connect(conninfo) as connection:
        settings: dict[str, str] = dict(connection.execute(_SETTINGS).fetchall())
        return {"version": _dotted(connection.info.server_version), **settings}


def _dotted(number: int) -> str:
    return f"{number // 10000}.{number % 10000}"


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _system() -> str:
    """The system and its kernel's version, without what a builder has added to that."""
    release = re.match(r"[\d.]+\d", platform.release())
    return f"{platform.system()} {release[0] if release else ''}".strip()


def _cpu() -> str:
    file = Path("/proc/cpuinfo")
    if file.exists():
        for line in file.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> float | None:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
    return round(pages / 2**30, 1)
