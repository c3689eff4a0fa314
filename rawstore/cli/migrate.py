"""`rawstore migrate …`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from . import complete, output, stores
from .errors import FINDINGS
from .options import common, duration, given_url, output_format, store_argument

_wait = click.option(
    "--wait",
    type=duration,
    metavar="DURATION",
    default="5min",
    help="How long to wait for another migration to end.",
    show_default=True,
)
_dry_run = click.option("--dry-run", is_flag=True, help="Say what would run, and run nothing.")


@click.group()
def migrate() -> None:
    """Change a store's schema, step by step.

    Each file is applied in one transaction together with its entry in the history, under a lock:
    any number may start at once, and none needs a hand after a crash.
    """


@migrate.command()
@store_argument()
@click.option(
    "--to",
    "last",
    metavar="ID",
    shell_complete=complete.migrations,
    help="The last migration to apply. [default: all]",
)
@_wait
@_dry_run
@common
def up(store: str, last: str | None, wait: float, *, dry_run: bool) -> None:
    """Apply what is pending."""
    with stores.open_store(store, given_url()) as opened:
        ids = opened.migrations.up(last, wait=wait, dry_run=dry_run, on_progress=click.echo)
    _say(ids, dry_run=dry_run)


@migrate.command()
@store_argument()
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many to roll back.",
)
@_wait
@_dry_run
@common
def down(store: str, count: int, wait: float, *, dry_run: bool) -> None:
    """Roll back the last migration, or several. What their tables held is lost."""
    with stores.open_store(store, given_url()) as opened:
        ids = opened.migrations.down(count, wait=wait, dry_run=dry_run, on_progress=click.echo)
    _say(ids, dry_run=dry_run)


@migrate.command()
@store_argument()
@click.argument("id", shell_complete=complete.migrations)
@_wait
@_dry_run
@common
def to(store: str, id: str, wait: float, *, dry_run: bool) -> None:
    """Apply or roll back until ID is the last migration applied."""
    with stores.open_store(store, given_url()) as opened:
        ids = opened.migrations.to(id, wait=wait, dry_run=dry_run, on_progress=click.echo)
    _say(ids, dry_run=dry_run)


@migrate.command()
@store_argument()
@output_format("table")
@common
def status(store: str, form: output.Format | None) -> None:
    """List the migrations: applied, pending, changed since, or missing."""
    with stores.open_store(store, given_url()) as opened:
        states = opened.migrations.status()
    found = [(state.id, state.state, state.applied_at) for state in states]
    output.rows(("id", "state", "applied_at"), found, form or "table")


@migrate.command()
@store_argument()
@output_format("table")
@common
def history(store: str, form: output.Format | None) -> None:
    """List what was applied and rolled back, when and by whom."""
    from dataclasses import fields

    from ..migrate import HistoryEntry

    with stores.open_store(store, given_url()) as opened:
        entries = opened.migrations.history()
    columns = [field.name for field in fields(HistoryEntry)]
    found = [[getattr(entry, column) for column in columns] for entry in entries]
    output.rows(columns, found, form or "table")


@migrate.command()
@store_argument()
@click.argument("title", nargs=-1, required=True)
def new(store: str, title: Sequence[str]) -> None:
    """Write the next migration's files, empty, for both dialects.

    TITLE is a verb and an object: rawstore migrate new ./mystore create orders
    """
    from ..migrate import new as write

    for path in write(list(stores.migrations(store).values()), " ".join(title)):
        click.echo(path)


@migrate.command()
@store_argument(required=False)
def check(store: str | None) -> int:
    """Say what is wrong with the migration files.

    Reads both dialects' files; no database is needed. Exit code 6 where something must be mended.

    Without STORE: of each built-in store.
    """
    from ..migrate.folder import read_folder
    from ..migrate.lint import ADVICE, check as lint

    grave = 0
    for name in [store] if store else stores.builtin():
        for dialect, folder in stores.migrations(name).items():
            for finding in lint(folder, read_folder(folder), dialect):
                click.echo(finding)
                grave += finding.rule not in ADVICE
    return FINDINGS if grave else 0


def _say(ids: Sequence[str], *, dry_run: bool) -> None:
    """Say what would be run, or that nothing was; what is run has been told as it went."""
    if not ids:
        click.echo("nothing to do", err=True)
    elif dry_run:
        for each in ids:
            click.echo(f"{each}: would run")
