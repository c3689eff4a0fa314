"""`rawstore copy` and `rawstore verify`: rows from one database into another, and both compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from . import complete, output
from .errors import REFUSED, UNHEALTHY
from .options import common, confirm, output_format, yes
from .places import opened_pair
from .progress import bars

if TYPE_CHECKING:
    from ..store import Store
    from ..transfer.outcome import Copied, TableOutcome, Unfit, Verified

_store = click.option(
    "--store",
    metavar="STORE",
    shell_complete=complete.stores,
    help="Whose rows. [default: what SRC or DST names, or the tables of SRC are of]",
)


@click.command()
@click.argument("source", metavar="SRC", shell_complete=complete.stores)
@click.argument("target", metavar="DST", shell_complete=complete.stores)
@_store
@click.option("--replace", is_flag=True, help="Delete the rows that DST holds.")
@click.option("--dry-run", is_flag=True, help="Look at every row, and write nothing.")
@yes
@output_format("table")
@common
def copy(
    source: str,
    target: str,
    store: str | None,
    form: output.Format | None,
    *,
    replace: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Copy a store's rows into another database, and compare.

    SRC and DST are each a URL, an SQLite file, or a store, whose own database it then is.

    DST is migrated first. All rows go in one transaction: whatever happens, DST is as it was or
    complete; run it again. Where DST is equal already there is nothing to do; where it holds other
    rows, it is left alone unless --replace is given. Rows that cannot go are listed before
    anything is written; exit code 5. Exit code 1: the two differ afterwards.
    """
    from ..transfer.outcome import UnfitRows

    with opened_pair(source, target, store) as (one, other):
        if replace and not dry_run:
            confirm(f"Replace what {one.name} has in {other.target}?", yes=yes)
        if getattr(other.target, "path", "") is None:
            click.echo("DST is in memory: nothing is kept", err=True)
        try:
            with bars() as on_progress:
                done = one.copy(other, replace=replace, dry_run=dry_run, on_progress=on_progress)
        except UnfitRows as error:
            return _refuse(error.rows, error.total, form)
        if done.done == "copied":
            _hint(other)
    if done.unfit:
        return _refuse(done.unfit, done.unfit_total, form)
    return _say_copied(done, form)


@click.command()
@click.argument("source", metavar="A", shell_complete=complete.stores)
@click.argument("target", metavar="B", shell_complete=complete.stores)
@_store
@output_format("table")
@common
def verify(source: str, target: str, store: str | None, form: output.Format | None) -> int:
    """Compare a store's rows in two databases.

    By counts and a hash of all rows; then it says what differs.

    A and B are each a URL, an SQLite file, or a store, whose own database it then is. Exit code 0:
    equal; 1: they differ.
    """
    with opened_pair(source, target, store) as (one, other), bars() as on_progress:
        found = one.verify(other, on_progress=on_progress)
    _tables(found.tables, form)
    if found.left_out:
        click.echo(f"not compared: {', '.join(found.left_out)}", err=True)
    click.echo("equal" if found.equal else "different", err=form not in (None, "table"))
    return _differences(found, form)


_IVFFLAT = """
SELECT pg_class.oid::regclass::text
FROM pg_class
INNER JOIN pg_am ON pg_am.oid = relam
INNER JOIN pg_index ON indexrelid = pg_class.oid
INNER JOIN pg_class AS held ON held.oid = indrelid
WHERE
    amname = 'ivfflat' AND held.reltuples > 0
    AND pg_class.relnamespace = to_regnamespace(%s)
"""


def _hint(target: Store) -> None:
    """Say which indexes have lists for none of the rows, which came after them."""
    from ..target import PostgresTarget

    if not isinstance(target.target, PostgresTarget):
        return
    from psycopg import sql

    from ..tables.postgres_connection import connect

    with connect(target.target, target.schema) as connection:
        for (index,) in connection.execute(_IVFFLAT, (sql.Identifier(target.schema).as_string(),)):
            click.echo(f"{index} is older than its rows: rawstore vectors rebuild", err=True)


def _say_copied(done: Copied, form: output.Format | None) -> int:
    _tables(done.tables, form)
    if done.left_out:
        click.echo(f"not copied: {', '.join(done.left_out)}", err=True)
    aside = form not in (None, "table")
    if done.done == "would copy":
        migrations = f", after {len(done.migrated)} migrations" if done.migrated else ""
        replaced = f", in place of {done.deleted}" if done.deleted else ""
        click.echo(f"would copy {done.rows} rows{replaced}{migrations}", err=aside)
        return 0
    if done.done == "equal already":
        click.echo("equal already: nothing to do", err=aside)
        return 0
    if done.deleted:
        click.echo(f"{done.deleted} rows were replaced", err=True)
    click.echo(f"verified: {'equal' if done.equal else 'different'}", err=aside)
    return _differences(done, form)


def _tables(tables: Sequence[TableOutcome], form: output.Format | None) -> None:
    columns = ("table", "source_rows", "target_rows", "equal")
    if form in (None, "table"):
        output.rows(columns, [[getattr(each, c) for c in columns] for each in tables], "table")
    else:
        names = (*columns, "differences")
        found = [[_plain(each)[name] for name in names] for each in tables]
        output.rows(names, found, form)


def _plain(table: TableOutcome) -> dict[str, Any]:
    return asdict(table)


def _differences(found: Verified, form: output.Format | None) -> int:
    """List what differs; the exit code."""
    if form in (None, "table"):
        for table in found.tables:
            for difference in table.differences:
                click.echo(f"  {table.table} {difference.key}: {difference.what}")
    return 0 if found.equal else UNHEALTHY


def _refuse(rows: Sequence[Unfit], total: int, form: output.Format | None) -> int:
    output.rows(("table", "key", "column", "reason"), rows, form or "table")
    few = f", of which the first {len(rows)} are listed" if len(rows) < total else ""
    what = "1 value" if total == 1 else f"{total} values"
    click.echo(f"rawstore: error: nothing was written: {what} cannot go{few}", err=True)
    return REFUSED
