"""A report of runs as one HTML file, which loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from . import plots
from .growth_results import Growth
from .measure import ratios
from .results import Results, ScenarioResult
from .summary import heading, machine, targets_table

_STYLE = Path(__file__).with_name("report.css")


def html(runs: Sequence[Results], growth: Sequence[Growth]) -> str:
    """The report. Several runs (held to one CPU, and not) stand one after another."""
    body = [
        "<h1>rawstore beside other ways</h1>",
        *_conditions(runs),
        "<h2>Figures to reach</h2>",
        "<p>Ours divided by theirs: the median of the rounds, and from their 10th to their 90th "
        "percentile.</p>",
        _table(*targets_table(runs)),
    ]
    for run in runs:
        body += [f"<h2>Client and server {_text(heading(run))}</h2>", *_run(run)]
    if growth:
        body += ["<h2>Cost against growth</h2>", *_growth(growth)]
    style = _STYLE.read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>rawstore beside other ways</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _conditions(runs: Sequence[Results]) -> Iterator[str]:
    if runs:
        yield f"<p>{_text(machine(runs[0]))}</p>"
        packages = runs[0].conditions["packages"]
        versions = ", ".join(f"{name} {version}" for name, version in packages.items())
        yield f"<p>{_text(versions)}.</p>"
    if any(run.conditions["quick"] for run in runs):
        yield "<p><strong>A quick run: it shows that the bench works, no more.</strong></p>"


def _run(run: Results) -> Iterator[str]:
    if run.conditions["network"]:
        network = run.conditions["network"]
        yield (
            f"<p>“0.5 ms away”: each piece is handed on {network['delay_each_way_us']:g} µs late, "
            f"there and back; measured, a round trip took {network['added_round_trip_us']:g} µs "
            "longer.</p>"
        )
    for name, why in run.conditions["left_out"].items():
        yield f"<p>{_text(name)} was left out: {_text(why)}.</p>"
    for result in run.scenarios:
        yield f"<h3>{_text(result.title)}</h3>"
        yield f"<p class=name>{_text(result.scenario)}, {_text(result.dialect)}</p>"
        if result.unit == "us":
            yield f"<figure>{plots.distributions(result)}</figure>"
        yield _table(*_ways(result))
        yield from _statements(result)
    yield from _throughputs(run)
    yield from _open_loops(run)


def _ways(result: ScenarioResult) -> tuple[list[str], list[list[str]]]:
    ours = result.ways[0]
    latency = result.unit == "us"
    columns = ["p50 µs", "p90", "p99", "p99.9"] if latency else ["calls per second"]
    rows = []
    for way in result.ways:
        figures = [way.at(part) for part in (0.5, 0.9, 0.99, 0.999)] if latency else [way.middle]
        middle, low, high = ratios(ours.rounds, way.rounds)
        ratio = "1" if way is ours else f"{middle:.2f} ({low:.2f} to {high:.2f})"
        rows.append([way.name, way.gives, *(f"{figure:,.1f}" for figure in figures), ratio])
    for name, why in result.skipped.items():
        rows.append([name, f"left out: {why}", *[""] * len(columns), ""])
    return ["way", "a row is a", *columns, "ours / this"], rows


def _statements(result: ScenarioResult) -> Iterator[str]:
    yield "<details><summary>Statements</summary>"
    for name, text in result.statements.items():
        yield f"<p class=name>{_text(name)}</p><pre>{_text(text)}</pre>"
    yield "</details>"


def _throughputs(run: Results) -> Iterator[str]:
    counted = [each for each in run.scenarios if each.unit == "calls/s"]
    for (dialect, kind), found in groupby(
        counted, lambda each: (each.dialect, each.scenario.partition("-")[0])
    ):
        yield f"<h3>Calls per second of {_text(kind)} at once, {_text(dialect)}</h3>"
        yield f"<figure>{plots.throughput(list(found))}</figure>"


def _open_loops(run: Results) -> Iterator[str]:
    if not run.open_loop:
        return
    yield "<h3>Latency under load</h3>"
    yield (
        "<p>Calls come at a fixed rate, answered or not; a latency counts from the moment at "
        "which the call should have begun.</p>"
    )
    yield f"<figure>{plots.under_load(run.open_loop)}</figure>"
    rows = [
        [
            each.way,
            f"{each.rate:,.0f}",
            f"{each.achieved:,.0f}",
            *(f"{each.at(part):,.0f}" for part in (0.5, 0.9, 0.99, 0.999)),
        ]
        for each in run.open_loop
    ]
    columns = ["way", "calls per second", "held", "p50 µs", "p90", "p99", "p99.9"]
    yield _table(columns, rows)


def _growth(entries: Sequence[Growth]) -> Iterator[str]:
    yield (
        "<p>The median of every query of a store while its tables grow; the six that grow most "
        "are named.</p>"
    )
    for (store, dialect), found in groupby(
        sorted(entries, key=lambda entry: (entry.store, entry.dialect)),
        lambda entry: (entry.store, entry.dialect),
    ):
        yield f"<h3>{_text(store)}, {_text(dialect)}</h3>"
        yield f"<figure>{plots.growth(list(found))}</figure>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(column)}" for column in columns)
    body = "\n".join("<tr>" + "".join(f"<td>{_text(cell)}" for cell in row) for row in rows)
    return f"<table>\n<thead><tr>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _text(text: str) -> str:
    return escape(text, quote=False)
