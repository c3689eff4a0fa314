"""`rawstore queries`: what a store can do, without a database."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import ConfigError
from ..query import Query
from ..scan import Dialect
from . import complete, output, stores
from .options import common, given_url, output_format, store_argument


@click.command()
@store_argument(required=False)
@click.argument("name", required=False, shell_complete=complete.queries)
@click.option(
    "--dialect",
    type=click.Choice(["sqlite", "postgres"]),
    help="Whose texts to show. [default: the store's database's, see rawstore config]",
)
@output_format("table")
@common
def queries(
    store: str | None, name: str | None, dialect: Dialect | None, form: output.Format | None
) -> None:
    """List a store's queries, or show one.

    With NAME: its parameters, row, documentation and place, and the text of each variant.
    Without STORE: list the built-in stores. No database is opened.
    """
    form = form or "table"
    if store is None:
        counted = [(each, len(stores.registry(each, "sqlite"))) for each in stores.builtin()]
        output.rows(("store", "queries"), counted, form)
        return
    registry = stores.registry(store, dialect or _dialect(store))
    if name is not None:
        query = stores.query(registry, name)
        _show(query) if form == "table" else output.facts(_as_data(query), form)
    elif form in ("json", "jsonl"):
        data = [_as_data(query) for query in registry]
        output.rows(list(data[0]), (list(each.values()) for each in data), form)
    else:
        found = [
            (_call(query), _returns(query), _summary(query), _place(query)) for query in registry
        ]
        output.rows(("query", "returns", "what", "where"), found, form)


def _dialect(store: str) -> Dialect:
    try:
        return stores.locate(store, given_url()).target.dialect
    except ConfigError:
        return "sqlite"


def _call(query: Query) -> str:
    return f"{query.name}({', '.join(param.name for param in query.params)})"


def _returns(query: Query) -> str:
    return query.signature.rpartition(") ")[2]


def _summary(query: Query) -> str:
    return query.doc.partition("\n")[0]


def _place(query: Query) -> str:
    here = Path.cwd()
    file = query.file.relative_to(here) if query.file.is_relative_to(here) else query.file
    return f"{file}:{query.line}"


def _show(query: Query) -> None:
    click.echo(f"{query.full_name}, {query.dialect}, {_place(query)}\n")
    click.echo(query.signature)
    if query.row:
        click.echo(f"row {query.row}")
    if query.timeout is not None:
        click.echo(f"timeout {query.timeout:g} s")
    if query.read:
        click.echo(f"read {query.read}")
    if query.doc:
        click.echo(f"\n{query.doc}")
    for variant in query.variants:
        given = [f"{name} given" for name in variant.conditions]
        if query.conditional:
            click.echo(f"\n-- {', '.join(given) or 'none of the conditions given'}", nl=False)
        click.echo(f"\n{variant.text}")
    if query.bulk:
        click.echo(f"\n-- many items at once\n{query.bulk.text}")


def _as_data(query: Query) -> dict[str, object]:
    return {
        "store": query.store,
        "name": query.name,
        "dialect": query.dialect,
        "kind": str(query.kind),
        "signature": query.signature,
        "params": [
            {
                "name": param.name,
                "type": str(param.type),
                "nullable": param.nullable,
                "required": param.required,
                "default": None if param.required else param.default,
            }
            for param in query.params
        ],
        "row": query.row and str(query.row),
        "doc": query.doc,
        "file": str(query.file),
        "line": query.line,
        "timeout": query.timeout,
        "read": query.read,
        "variants": [
            {"conditions": list(variant.conditions), "text": variant.text}
            for variant in query.variants
        ],
        "bulk": query.bulk and query.bulk.text,
    }
