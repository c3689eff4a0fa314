"""`python -m bench`: how long a registry call takes beside the same work done otherwise."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

import rawstore
from rawstore.errors import RawstoreError

from . import growth_results
from .machine import conditions
from .measure import ratios
from .open_loop import RATES, measured as measured_open_loop
from .results import Results, ScenarioResult, read, save
from .run import QUICK, Disagreement, Effort, run
from .scenarios import SCENARIOS


class _DefaultRun(click.Group):
    """`run` where no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_DefaultRun)
def main() -> None:
    """Time the registry's calls beside the same statements called in other ways."""


_url = click.option("--url", help="A database to use; by default fresh ones of both dialects.")
_pin = click.option("--pin", type=int, help="Hold this process, and what it starts, to one CPU.")
_json = click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures.")


@main.command("run")
@_url
@_pin
@_json
@click.option("--scenario", "names", multiple=True, help="Only these; a part of a name will do.")
@click.option("--rounds", type=click.IntRange(1), help="Interleaved rounds [default: 30].")
@click.option("--quick", is_flag=True, help="A few rounds of a few calls: to see that it works.")
def run_command(
    url: str | None,
    pin: int | None,
    file: Path | None,
    names: Sequence[str],
    rounds: int | None,
    *,
    quick: bool,
) -> None:
    """Measure the scenarios (the default command)."""
    chosen = [each for each in SCENARIOS if not names or any(name in each.name for name in names)]
    if not chosen:
        known = ", ".join(dict.fromkeys(each.name for each in SCENARIOS))
        raise click.BadParameter(f"there is no such scenario; there are {known}")
    hold(pin)
    effort = QUICK if quick else Effort()
    if rounds:
        effort = Effort(rounds, effort.share, effort.seconds, effort.users)
    results = Results(conditions(pinned_to=pin, embedded=url is None, quick=quick))
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        with databases(url, {each.dialect for each in chosen}) as urls:
            run(chosen, urls, results, effort, lambda found: console.print(_table(found)))
    except (RawstoreError, Disagreement) as error:
        raise click.ClickException(str(error)) from None
    finally:
        for name, why in results.conditions["left_out"].items():
            console.print(f"{name} was left out: {why}", markup=False)
        if file is not None:
            save(results, file)


def hold(cpu: int | None) -> None:
    """Hold this process, and those it starts, to one CPU."""
    if cpu is None:
        return
    if sys.platform != "linux":
        raise click.ClickException("--pin works on Linux only")
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        raise click.ClickException(f"--pin: there is no CPU {cpu}") from None


@contextmanager
def databases(url: str | None, dialects: set[str]) -> Iterator[list[str]]:
    """The databases to measure on: the one given, or a fresh one of each dialect."""
    if url:
        yield [url]
        return
    from rawstore.embedded import EmbeddedServer

    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{Path(folder) / 'bench.db'}"] if "sqlite" in dialects else []
        if "postgres" not in dialects:
            yield urls
            return
        with EmbeddedServer() as server:
            yield [server.url(), *urls]


def _table(result: ScenarioResult) -> Table:
    table = Table(title=f"{result.scenario}, {result.dialect}: {result.title}")
    table.title_justify = "left"
    table.add_column("way", no_wrap=True)
    latency = result.unit == "us"
    columns = ("p50 µs", "p90", "p99", "p99.9") if latency else ("calls/s",)
    for column in (*columns, "ours / this", "10 to 90 %"):
        table.add_column(column, justify="right", no_wrap=True)
    for way in result.ways:
        figures = [way.at(part) for part in (0.5, 0.9, 0.99, 0.999)] if latency else [way.middle]
        middle, low, high = ratios(result.ways[0].rounds, way.rounds)
        table.add_row(
            way.name,
            *(f"{figure:.1f}" for figure in figures),
            f"{middle:.2f}",
            f"{low:.2f} to {high:.2f}",
        )
    if result.skipped:
        table.caption = "\n".join(f"{name}: {why}" for name, why in result.skipped.items())
    return table


@main.command("report")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The HTML file to write.")
@click.option("--readme", type=click.Path(path_type=Path, exists=True), help="Renew its table.")
def report_command(files: Sequence[Path], output: Path | None, readme: Path | None) -> None:
    """Make a report of FILES: of runs, and of cost against growth, told apart by what they hold."""
    from . import report, summary  # matplotlib is for reports alone

    try:
        growth = [each for file in files if _is_growth(file) for each in growth_results.read(file)]
        runs = [read(file) for file in files if not _is_growth(file)]
        if output is not None:
            output.write_text(report.html(runs, growth), encoding="utf-8")
        if readme is not None:
            summary.write_readme(readme, runs)
    except RawstoreError as error:
        raise click.ClickException(str(error)) from None


@main.command("open-loop")
@_url
@_pin
@_json
@click.option("--rate", "rates", multiple=True, type=float, help="Calls per second; several.")
@click.option("--seconds", default=5.0, show_default=True, help="How long each rate lasts.")
@click.option("--workers", default=16, show_default=True, help="Threads that make the calls.")
def open_loop_command(
    url: str | None,
    pin: int | None,
    file: Path | None,
    rates: Sequence[float],
    seconds: float,
    workers: int,
) -> None:
    """Measure point reads that come at fixed rates, from when each should begin.

    On PostgreSQL, the store's calls and hand-written psycopg with its pool, in turns. With --json
    the figures join those that the file holds.
    """
    hold(pin)
    fresh = Results(conditions(pinned_to=pin, embedded=url is None, quick=False))
    results = read(file) if file is not None and file.exists() else fresh
    try:
        with databases(url, {"postgres"}) as urls:
            for found in measured_open_loop(urls[0], rates or RATES, seconds, workers):
                results.open_loop.append(found)
                figures = ", ".join(
                    f"p{p * 100:g} {found.at(p):.0f} µs" for p in (0.5, 0.99, 0.999)
                )
                click.echo(f"{found.way}, {found.rate:g} a second: {figures}")
    except RawstoreError as error:
        raise click.ClickException(str(error)) from None
    if file is not None:
        save(results, file)


@main.command("export-pgbench")
@click.argument("store")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--url", help="A filled database; by default one that `bench.load` fills.")
@click.option("--rows", default=10_000, show_default=True, help="Of the one that is filled.")
def export_command(store: str, folder: Path, url: str | None, rows: int) -> None:
    """Write each query of STORE as a pgbench script, with values, to the new FOLDER."""
    from rawstore.embedded import EmbeddedServer

    from .export import export
    from .load import load

    with ExitStack() as stack:
        try:
            if url is None:
                url = stack.enter_context(EmbeddedServer()).url()
                load(store, url, rows)
            opened = stack.enter_context(rawstore.open(store, url))
            files = export(opened, folder)
        except RawstoreError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{len(files)} scripts in {folder}; see its README.md")


def _is_growth(file: Path) -> bool:
    try:
        return growth_results.is_growth(json.loads(file.read_text(encoding="utf-8")))
    except ValueError:
        return False


if __name__ == "__main__":
    main()
