"""`rawstore export` and `rawstore import`: rows as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import output, stores
from .errors import Mistake
from .options import common, given_url, output_format, store_argument
from .progress import bars

if TYPE_CHECKING:
    from ..transfer.importing import OnConflict


@click.command()
@store_argument()
@click.argument("folder")
@click.option(
    "--table", "tables", metavar="TABLE", multiple=True, help="Only this table, or these."
)
@click.option("--replace", is_flag=True, help="Overwrite files that are there.")
@output_format("table")
@common
def export(
    store: str, folder: str, tables: Sequence[str], form: output.Format | None, *, replace: bool
) -> None:
    """Write a store's rows as JSON lines, all of one moment.

    FOLDER, which is made if need be, gets <table>.jsonl for each table; - with one --table writes
    its rows to standard output.
    """
    with stores.open_store(store, given_url()) as opened, bars() as on_progress:
        if folder == "-":
            from ..transfer.export import export_table

            if len(tables) != 1:
                raise Mistake("standard output takes one table: give --table")
            export_table(opened, tables[0], sys.stdout.buffer, on_progress=on_progress)
            return
        done = opened.export(
            folder, tables=tables or None, replace=replace, on_progress=on_progress
        )
    output.rows(("table", "rows"), done, form or "table")


@click.command("import")
@store_argument()
@click.argument("source")
@click.option("--table", metavar="TABLE", help="The table. [default: named as the file]")
@click.option(
    "--on-conflict",
    type=click.Choice(["refuse", "skip"]),
    default="refuse",
    show_default=True,
    help="What to do with a row whose key is taken.",
)
@click.option("--dry-run", is_flag=True, help="Try everything, and undo it.")
@output_format("table")
@common
def import_(
    store: str,
    source: str,
    table: str | None,
    on_conflict: OnConflict,
    form: output.Format | None,
    *,
    dry_run: bool,
) -> None:
    """Insert rows from JSON lines or an array: all or none.

    SOURCE is a folder of <table>.jsonl, as export writes it, or one such file, or - for standard
    input. A file holds JSON lines, or one array of objects, as a service returns it. Columns with
    a default may be left out. What is wrong is told by file, line and column; exit code 5.
    """
    if source == "-" and table is None:
        raise Mistake("standard input does not say which table it is for: give --table")
    if source == "-" and sys.stdin is None:
        raise Mistake("standard input is closed")
    with stores.open_store(store, given_url()) as opened, bars() as on_progress:
        done = opened.import_(
            sys.stdin.buffer if source == "-" else Path(source),
            table=table,
            on_conflict=on_conflict,
            dry_run=dry_run,
            on_progress=on_progress,
        )
    if dry_run:
        click.echo("dry run: nothing was kept", err=True)
    output.rows(("table", "rows", "skipped"), done, form or "table")
