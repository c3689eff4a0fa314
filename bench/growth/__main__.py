"""`python -m bench.growth`: every query of every store, in tables of 10 000 to 1 000 000 rows."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg.conninfo import make_conninfo
from rich.console import Console
from rich.table import Table

from rawstore.scan import Dialect
from rawstore.source import shipped
from rawstore.target import PostgresTarget

from . import LIMIT, Result, compare
from .databases import filled

_DIALECTS: Sequence[Dialect] = ("sqlite", "postgres")


class _Volumes(click.ParamType[list[int]]):
    name = "rows"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        try:
            volumes = sorted({int(part) for part in str(value).split(",")})
        except ValueError:
            volumes = []
        if len(volumes) < 2 or volumes[0] < 1:
            self.fail(f"{value}: write two numbers of rows or more, as in 10000,1000000", param)
        return volumes


@click.command()
@click.option("--store", "stores", type=click.Choice(shipped()), multiple=True, help="Only these.")
@click.option("--dialect", "dialects", type=click.Choice(_DIALECTS), multiple=True, help="Only it.")
@click.option("--rows", default="10000,100000,1000000", show_default=True, type=_Volumes())
@click.option("--seconds", default=0.5, show_default=True, help="For each call, at all volumes.")
@click.option("--pin", type=int, help="Pin this process, and the server it starts, to one CPU.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Save it.")
def main(
    stores: Sequence[str],
    dialects: Sequence[Dialect],
    rows: list[int],
    seconds: float,
    pin: int | None,
    file: Path | None,
) -> None:
    """Time every query at each volume, in throw-away databases; all at once takes half an hour.

    A query must not take more than twice as long in the largest tables as in the smallest, unless
    its file says why: -- growth: reason. Without --json, the JSON goes to standard output.

    Where the machine does other work too, PostgreSQL's short calls compare only with --pin.
    """
    if pin is not None:
        os.sched_setaffinity(0, {pin})
    found = _Found()
    for store in stores or shipped():
        for dialect in dialects or _DIALECTS:
            _time(store, dialect, rows, seconds, found)
    text = json.dumps(found.plain())
    if file is None:
        click.echo(text)
    else:
        file.write_text(text, encoding="utf-8")


@dataclass(slots=True)
class _Found:
    """The results so far, and PostgreSQL's version once it is known."""

    results: list[Result] = field(default_factory=list)
    postgres: str | None = None

    def plain(self) -> dict[str, Any]:
        """What is saved."""
        return {
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "postgres": self.postgres,
            "limit": LIMIT,
            "results": [
                {**asdict(each), "ratio": each.ratio, "holds": each.holds} for each in self.results
            ],
        }


def _time(store: str, dialect: Dialect, rows: list[int], seconds: float, found: _Found) -> None:
    console = Console(stderr=True)
    with filled(store, dialect, rows, progress=console.print) as opened:
        if isinstance(opened[0].target, PostgresTarget):
            found.postgres = _version(opened[0].target)
        results = list(compare(opened, rows, seconds=seconds))
    console.print(_table(f"{store}, {dialect}", results))
    found.results += results


def _table(title: str, results: Sequence[Result]) -> Table:
    """What exceeds the limit."""
    queries = {result.query for result in results}
    over = [result for result in results if not result.holds]
    within = len(queries - {result.query for result in over})
    table = Table(title=f"{title}: {within} of {len(queries)} queries hold", title_justify="left")
    for column in ("query", "sample", "p50 µs", "ratio", "reason"):
        table.add_column(column, justify="right" if column == "ratio" else "left")
    for result in over:
        times = " ".join(f"{each:.0f}" for each in result.p50_us)
        told = result.reason or "[red]none[/red]"
        table.add_row(result.query, result.sample, times, f"{result.ratio:.1f}", told)
    return table


def _version(target: PostgresTarget) -> str:
    with psycopg.connect(make_conninfo(**target.conninfo)) as connection:
        number = connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"


if __name__ == "__main__":
    main()
