"""The demo's command line, and its order of events."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from shutil import which

import click
from rich.console import Console

from .. import store as stores
from ..cli import errors, output
from ..store import Store
from . import ask, ingest, pointread
from .timing import Calls, Timed

DEFAULT_URL = "sqlite:///data/demo.db"
_PLAIN_WIDTH = 100


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--url",
    default=DEFAULT_URL,
    metavar="URL",
    show_default=True,
    help="The database. Nothing in it is dropped, and one whose minipilot store holds other "
    "rows than the demo's is refused. A password is better kept in PGPASSWORD or ~/.pgpass.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read N docstrings only.")
def demo(url: str, limit: int | None) -> None:
    """Show rawstore at work.

    It migrates the store minipilot, fills it with the docstrings of Python's standard library,
    asks a few questions, keeps them as a conversation, and says what each query cost. Run again,
    it brings the same rows up to date and adds a conversation.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    with stores.open("minipilot", url) as store:
        run(store, console, limit)


def run(store: Store, console: Console, limit: int | None) -> None:
    """The whole demo, on an open store."""
    calls = Calls()
    timed = Timed(store, calls)
    console.print(f"rawstore's store {store.name} on {store.target}", markup=False, soft_wrap=True)
    user = ingest.prepare(store, timed, console)
    ingest.fill(timed, console, limit)
    ask.converse(timed, console, user)
    pointread.compare(store, calls, console, user)
    console.print(calls.table())
    _say_how_to_go_on(store, console)


def _say_how_to_go_on(store: Store, console: Console) -> None:
    url = f"--url '{store.target}'"
    console.print(
        "\nIt is all still there. Look into it, or drop it:\n"
        f"  {_program()} run {store.name} search_knowledge_chunks query='priority queue' {url}\n"
        f"  {_program()} drop {store.name} {url}",
        markup=False,
        soft_wrap=True,
    )


def _program() -> str:
    """How the command `rawstore` is called from here."""
    if which("rawstore"):
        return "rawstore"
    python, here = Path(sys.executable), Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m rawstore"


def main() -> None:
    """Run the demo and exit, with the exit codes of the command `rawstore`."""
    output.prepare()
    sys.exit(errors.guarded(partial(demo.main, prog_name="rawstore.demo", standalone_mode=False)))


if __name__ == "__main__":
    main()
