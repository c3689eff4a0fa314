"""The report's figures, drawn with matplotlib as SVG that refers to nothing outside itself."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from .growth_results import Growth
from .results import PARTS, OpenLoopResult, ScenarioResult, WayResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# Okabe and Ito's: told apart also by those who see fewer colours.
_COLOURS = {
    "rawstore": "#0072B2",
    "psycopg": "#D55E00",
    "sqlite3": "#D55E00",
    "asyncpg": "#009E73",
    "aiosqlite": "#009E73",
    "aiosql": "#CC79A7",
    "sqlspec": "#E69F00",
    "SQLAlchemy": "#56B4E9",
    "pgbench": "#555555",
}
_LINES = ("-", "--", ":", "-.")
_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "rawstore",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
}


def distributions(result: ScenarioResult) -> str:
    """Which part of a way's calls took at most how long."""

    def draw(axes: Axes) -> None:
        for way, style in _styled(result.ways):
            axes.plot(way.quantiles, PARTS, label=way.name, **style)
        axes.set_xscale("log")
        axes.set_xlabel("µs")
        axes.set_ylabel("part of the calls")
        low = min(way.quantiles[0] for way in result.ways)
        high = max(way.at(0.97) for way in result.ways)
        axes.set_xlim(low * 0.9, high * 1.3)
        _plain_numbers(axes.xaxis)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))

    return _svg(draw, (8.6, 3.2))


def throughput(results: Sequence[ScenarioResult]) -> str:
    """Calls per second of each way, against the clients; the results are of one kind of client."""

    def draw(axes: Axes) -> None:
        for way, style in _styled(results[0].ways):
            found = [(each.clients, each.way(way.name)) for each in results]
            points = [(clients, at.middle) for clients, at in found if at is not None]
            axes.plot(*zip(*points, strict=True), label=way.name, marker="o", ms=4, **style)
        axes.set_xscale("log", base=2)
        clients = [each.clients for each in results]
        axes.set_xticks(clients, [str(each) for each in clients])
        axes.set_ylim(bottom=0)
        axes.set_xlabel("clients at once")
        axes.set_ylabel("calls per second")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))

    return _svg(draw, (8.6, 3.2))


def under_load(results: Sequence[OpenLoopResult]) -> str:
    """Median and 99th percentile of each way, against the rate of arrivals."""
    names = list(dict.fromkeys(each.way for each in results))
    colours = dict(zip(names, dict.fromkeys(_COLOURS.values()), strict=False))

    def draw(axes: Axes) -> None:
        for name in names:
            own = [each for each in results if each.way == name]
            rates = [each.rate for each in own]
            for part, line in ((0.5, "-"), (0.99, "--")):
                figures = [each.at(part) / 1000 for each in own]
                label = f"{name}, p{part * 100:g}"
                axes.plot(rates, figures, line, color=colours[name], label=label, marker="o", ms=4)
        axes.set_yscale("log")
        axes.set_xlabel("calls per second that come")
        axes.set_ylabel("ms, from when a call should begin")
        _plain_numbers(axes.yaxis)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))

    return _svg(draw, (8.6, 3.2))


def growth(entries: Sequence[Growth]) -> str:
    """The medians of a store's queries, against its rows; those that grew most are named."""
    most = sorted(entries, key=lambda entry: entry.ratio, reverse=True)[:6]
    names = Counter(entry.query for entry in most)

    def draw(axes: Axes) -> None:
        for entry in entries:
            if entry not in most:
                axes.plot(entry.rows, entry.p50_us, color="#bbbbbb", lw=0.9)
        for entry, colour in zip(most, dict.fromkeys(_COLOURS.values()), strict=False):
            sample = f" ({entry.sample})" if names[entry.query] > 1 else ""
            label = f"{entry.query}{sample}, {entry.ratio:.1f} times"
            axes.plot(entry.rows, entry.p50_us, color=colour, marker="o", ms=3, label=label)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("rows")
        axes.set_ylabel("µs, median")
        _plain_numbers(axes.yaxis)
        rows = entries[0].rows
        axes.set_xticks(rows, [f"{each:,}" for each in rows])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))

    return _svg(draw, (8.6, 3.2))


def _styled(ways: Sequence[WayResult]) -> Iterator[tuple[WayResult, dict[str, Any]]]:
    """A colour for each library, a line for each of its ways; ours is the thickest."""
    seen: Counter[str] = Counter()
    for way in ways:
        line = _LINES[seen[way.library] % len(_LINES)]
        seen[way.library] += 1
        width = 2.4 if way.library == "rawstore" else 1.4
        colour = _COLOURS.get(way.library, "#000000")
        yield way, {"color": colour, "linestyle": line, "linewidth": width}


def _plain_numbers(axis: Axis) -> None:
    """100, not a power of ten; between the powers where there is room."""
    axis.set_major_formatter(FuncFormatter(_number))
    axis.set_minor_formatter(FuncFormatter(_number) if _is_short(axis) else NullFormatter())


def _is_short(axis: Axis) -> bool:
    """Whether it has so few powers of ten that what lies between them needs its numbers."""
    low, high = axis.get_view_interval()
    return high / max(low, 1e-9) < 30


def _number(value: float, _: object) -> str:
    return f"{value:,g}" if value < 1e6 else f"{value:,.0f}"


def _svg(draw: Callable[[Axes], None], size: tuple[float, float]) -> str:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    _, start, svg = text.getvalue().partition("<svg")
    # In HTML an SVG needs no namespaces; the metadata names the program that drew it.
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    return start + re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
