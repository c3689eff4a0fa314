"""`rawstore run`: one query, with values from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import click

from ..query import Kind, Query
from . import complete, output, stores, values as arguments
from .options import common, given_url, output_format, store_argument


@click.command(epilog=arguments.HELP)
@store_argument()
@click.argument("query", shell_complete=complete.queries)
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...", shell_complete=complete.parameters)
@output_format("table on a terminal, else jsonl")
@common
def run(store: str, query: str, values: Sequence[str], form: output.Format | None) -> None:
    """Run a query of a store and write its result.

    rawstore run minipilot create_user email=user@example.com name="John Doe"
    """
    form = form or output.default_format()
    with stores.open_store(store, given_url()) as opened:
        found = stores.query(opened.queries, query)
        result = getattr(opened, found.name)(**arguments.parse(found, values))
        _write(found, result, form)


def _write(query: Query, result: Any, form: output.Format) -> None:
    match query.kind:
        case Kind.ONE:
            _row(query, result, form)
        case Kind.MANY | Kind.STREAM:
            _rows(query, result, form)
        case Kind.SCALAR:
            output.value(query.name, result, form)
        case Kind.AFFECTED:
            output.value("affected", result, form)
        case Kind.BATCH:
            if isinstance(result, int):
                output.value("affected", result, form)
            else:
                _rows(query, result, form)


def _row(query: Query, found: Any, form: output.Format) -> None:
    if form == "json":
        output.value(query.name, found and found._asdict(), form)
    else:
        _rows(query, [] if found is None else [found], form)


def _rows(query: Query, found: Iterable[Any], form: output.Format) -> None:
    """Write rows; the columns are the declared row's, else those of the first row that comes."""
    rows = iter(found)
    first = next(rows, None)
    columns: Sequence[str] = ()
    if query.row:
        columns = [column.name for column in query.row.columns]
    elif first is not None:
        columns = first._fields
    output.rows(columns, () if first is None else chain([first], rows), form)
