"""`python -m bench`: time the call path on SQLite and PostgreSQL, or on one database by URL."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from . import point_read
from .measure import Timing, compare


@click.command()
@click.option("--url", help="A database to use; it keeps the users made for this.")
@click.option("--rounds", default=30, show_default=True, help="Interleaved rounds of 200 calls.")
@click.option("--pin", type=int, help="Pin this process (and a server it starts) to one CPU.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(url: str | None, rounds: int, pin: int | None, *, as_json: bool) -> None:
    """Time a point read through the registry beside the same written by hand."""
    if pin is not None:
        os.sched_setaffinity(0, {pin})
    with _databases(url) as urls:
        results = {name: _timed(each, rounds) for name, each in urls.items()}
    if as_json:
        click.echo(json.dumps({name: [asdict(t) for t in r] for name, r in results.items()}))
        return
    console = Console()
    console.print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    for name, timings in results.items():
        console.print(_table(name, timings))


def _timed(url: str, rounds: int) -> list[Timing]:
    with point_read.ways(url) as ways:
        return compare(ways, rounds=rounds)


@contextmanager
def _databases(url: str | None) -> Iterator[dict[str, str]]:
    """The databases to measure on: the one given, or a fresh one of each dialect."""
    if url:
        yield {"point read": url}
        return
    from rawstore.embedded import EmbeddedServer

    with tempfile.TemporaryDirectory() as folder, EmbeddedServer() as server:
        yield {
            "point read, SQLite": f"sqlite:///{Path(folder) / 'bench.db'}",
            "point read, PostgreSQL": server.url(),
        }


def _table(title: str, timings: list[Timing]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("way")
    for column in ("p50 µs", "p90", "p99", "ratio", "spread"):
        table.add_column(column, justify="right")
    for timing in timings:
        figures = (timing.p50, timing.p90, timing.p99)
        table.add_row(
            timing.name,
            *(f"{figure:.1f}" for figure in figures),
            f"{timing.ratio:.2f}",
            f"{timing.ratio_low:.2f} to {timing.ratio_high:.2f}",
        )
    return table


if __name__ == "__main__":
    main()
