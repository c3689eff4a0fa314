"""The figures to reach beside those reached, in words: for the report and for the README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rawstore.errors import ConfigError

from .results import Results
from .targets import Reached, lines

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def heading(run: Results) -> str:
    """How a run was made, in few words."""
    return "held to one CPU" if run.pinned else "not held to one CPU"


def machine(run: Results) -> str:
    """What a run was taken on, in a sentence or two."""
    found = run.conditions
    memory = f", {found['memory_gib']:g} GiB" if found["memory_gib"] else ""
    postgres = found["postgres"].get("version")
    where = "the embedded server, over a unix socket" if found["embedded_server"] else "by URL"
    server = f" PostgreSQL {postgres} ({where})," if postgres else ""
    return (
        f"{found['cpu']}, {found['cores']} cores{memory}, {found['system']}; "
        f"{found['python']},{server} SQLite {found['sqlite']}."
    )


def targets_table(runs: Sequence[Results]) -> tuple[list[str], list[list[str]]]:
    """The columns and the rows: a column for each run."""
    columns = ["scenario", "against", "to reach", *(heading(run) for run in runs)]
    rows = [
        [
            f"{target.scenario}, {target.dialect}: {target.ours}",
            target.against,
            target.limit,
            *(_cell(each) for each in found),
        ]
        for target, found in lines(runs)
    ]
    return columns, rows


def _cell(figure: Reached | None) -> str:
    if figure is None:
        return "not measured"
    return f"{figure}{'' if figure.met else ': missed'}"


def markdown(runs: Sequence[Results]) -> str:
    """Machine and table, as they stand in the README."""
    columns, rows = targets_table(runs)
    table = [columns, ["---"] * len(columns), *rows]
    text = "\n".join(f"| {' | '.join(row)} |" for row in table)
    packages = runs[0].conditions["packages"]
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    return f"{machine(runs[0])}\n{versions}.\n\n{text}"


def write_readme(file: Path, runs: Sequence[Results]) -> None:
    """Put the table between the two marks of a Markdown file. Raises ConfigError without them."""
    text = file.read_text(encoding="utf-8")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ConfigError(f"{file} needs the lines {_BEGIN} and {_END}, between which figures go")
    made = f"{before}{begin}\n\n{markdown(runs)}\n\n{end}{after}"
    file.write_text(made, encoding="utf-8")
