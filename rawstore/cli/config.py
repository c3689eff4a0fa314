"""`rawstore config`: which database a store uses, and with which options."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ..config.report import Report, report
from . import output, stores
from .options import common, given_url, output_format, store_argument


@click.command()
@store_argument(required=False)
@output_format("table")
@common
def config(store: str | None, form: output.Format | None) -> None:
    """Show which database a store uses, and with which options.

    And what says so. Passwords are hidden. Nothing is connected, but the parameter of
    PARAMETER_STORE_DB_URL is read.
    Without STORE: for each built-in store.
    """
    names = [store] if store else stores.builtin()
    found = {name: report(stores.find(name).name, given_url()) for name in names}
    if form in (None, "table"):
        _show(found, options=store is not None)
        return
    columns = ("store", "dialect", "database", "said by", "tls", "options", "notes")
    output.rows(columns, [_row(name, each) for name, each in found.items()], form)


def _row(name: str, found: Report) -> list[object]:
    options = {
        option: {"value": value, "said by": source}
        for option, (value, source) in found.options.items()
    }
    return [*_place(name, found), found.tls, options, list(found.notes)]


def _place(name: str, found: Report) -> list[str]:
    return [name, found.target.dialect, str(found.target), found.source]


def _show(found: dict[str, Report], *, options: bool) -> None:
    places = [_place(name, each) for name, each in found.items()]
    output.rows(("store", "dialect", "database", "said by"), places, "table")
    for each in found.values() if options else ():
        rows = [(name, _shown(value), source) for name, (value, source) in each.options.items()]
        click.echo()
        output.rows(("option", "value", "said by"), rows, "table")
    noted = [f"{name}: {note}" for name, each in found.items() for note in _notes(each, options)]
    if noted:
        click.echo(output.printable("\n".join(["", *noted])))


def _notes(found: Report, every: bool) -> Iterator[str]:  # noqa: FBT001
    """What is worth a line: where all stores are listed, TLS only if it is weakened."""
    if found.tls and (every or found.tls.startswith("weakened")):
        yield f"TLS is {found.tls}"
    yield from found.notes


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g} s"
    return "none" if value is None else str(value)
