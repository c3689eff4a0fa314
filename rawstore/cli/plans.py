"""`rawstore plans …`: query plans at volume, kept beside the sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ..scan import Dialect
from ..source import Source
from . import output, stores
from .errors import FINDINGS
from .options import common, given_url, store_argument

if TYPE_CHECKING:
    from ..plans import Snapshot

_rows = click.option(
    "--rows",
    type=click.IntRange(min=1000),
    default=100_000,
    show_default=True,
    help="How many rows the larger tables get, where there is no --url.",
)
_dialect = click.option(
    "--dialect",
    type=click.Choice(stores.DIALECTS),
    help="Only this one's plans. [default: both, or that of --url]",
)


@click.group()
def plans() -> None:
    """Hold each query's plan against the one that was reviewed.

    The shapes of the plans (scans, indexes, joins, sorts; no costs) are kept in
    plans/<dialect>/<store>.txt: on PostgreSQL the generic plan and one for the values of each
    sample in plans/<store>.sql, on SQLite the one that its schema gives.

    With --url they are taken from that database as it is. Without, from throw-away ones, of
    which PostgreSQL's is filled first: only a checkout of rawstore can do that.
    """


@plans.command()
@store_argument(required=False)
@click.option(
    "--also", is_flag=True, help="Keep the plans that are there, and these as alternatives to them."
)
@_rows
@_dialect
@common
def snapshot(store: str | None, rows: int, dialect: Dialect | None, *, also: bool) -> None:
    """Write the plans as they are now.

    Some come out otherwise with fewer rows and are as good there: take a snapshot at full volume
    (--rows 1000000), and with --also another one at what verify is to load.

    Without STORE: those of all shipped stores.
    """
    from ..plans import path, render

    for source, now in _taken(store, rows, dialect):
        kept = path(source, now.registry.dialect)
        before = kept.read_text(encoding="utf-8") if also and kept.exists() else ""
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(render(now, before), encoding="utf-8")
        click.echo(f"wrote {kept}")


@plans.command()
@store_argument(required=False)
@_rows
@_dialect
@common
def verify(store: str | None, rows: int, dialect: Dialect | None) -> int:
    """Compare the plans with those that are kept.

    Exit code 6 where they differ; and where one reads a whole table, or sorts a large part of it,
    and its query does not say why: -- plan: reason.

    Without STORE: those of all shipped stores.
    """
    from ..check import relative
    from ..plans import verify as compare

    code = 0
    for source, now in _taken(store, rows, dialect):
        findings, difference = compare(source, now)
        for finding in relative(findings):
            click.echo(output.printable(str(finding)))
            code = FINDINGS
        if difference:
            click.echo(difference)
    return code


def _taken(store: str | None, rows: int, only: Dialect | None) -> Iterator[tuple[Source, Snapshot]]:
    from ..plans import Databases

    with Databases(given_url(), rows) as databases:
        for name in [store] if store else stores.builtin():
            source = stores.find(name)
            for dialect in databases.dialects(stores.dialects(name)):
                if only in (None, dialect):
                    yield source, databases.snapshot(source, dialect)
