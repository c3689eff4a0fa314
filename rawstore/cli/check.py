"""`rawstore check`: hold a store's files against real databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields
from typing import TYPE_CHECKING

import click

from ..scan import Dialect
from . import complete, output, stores
from .errors import FINDINGS, Mistake
from .options import common, given_url, output_format

if TYPE_CHECKING:
    from ..check import Finding


def _rules(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    if not wanted or context.resilient_parsing:
        return
    from ..check import RULES

    output.prepare()
    output.rows(("rule", "what it holds"), RULES.items(), "table")
    context.exit()


@click.command()
@click.argument("store", nargs=-1, metavar="[STORE]...", shell_complete=complete.stores)
@click.option(
    "--dialect",
    type=click.Choice(stores.DIALECTS),
    help="Only this one's database. [default: both, as far as the store has files for them]",
)
@click.option(
    "--rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_rules,
    help="List the rules and exit.",
)
@output_format("a line each: file:line: rule: message")
@common
def check(store: Sequence[str], dialect: Dialect | None, form: output.Format | None) -> int:
    """Hold query files against real databases.

    The migrations are run on a new database of each dialect, and every variant of every query is
    prepared there: parameters, columns, types and what may be null must be as the file declares,
    and both dialects' files must declare the same. Lists need a total order and a limit, foreign
    keys an index, the stores of tenants a tenant in every query. --rules lists the rules. Exit
    code 6 where something must be mended.

    SQLite's database is made in memory. PostgreSQL's is made on the server that --url names, which
    must allow CREATE DATABASE, and dropped again; without --url, on a server that is started for it
    (pip install 'rawstore[embedded]'). DATABASE_URL and the like are not looked at.

    Without STORE: each built-in store.
    """
    from ..check import check as run, relative

    wanted: tuple[Dialect, ...] = (dialect,) if dialect else stores.DIALECTS
    names = store or stores.builtin()
    needed = "postgres" in wanted and any("postgres" in stores.dialects(each) for each in names)
    for name in names:
        if dialect and dialect not in stores.dialects(name):
            raise Mistake(f"{name} has no query files for {dialect}")
    with _server(needed=needed) as url:
        found = [each for name in names for each in run(stores.find(name), wanted, url)]
    _write(relative(found), form)
    return FINDINGS if found else 0


@contextmanager
def _server(*, needed: bool) -> Iterator[str | None]:
    """The URL of the server for scratch databases: that given, or one started for the purpose."""
    url = given_url()
    if url is not None or not needed:
        yield url
        return
    from ..embedded import EmbeddedServer
    from ..errors import ConfigError

    try:
        server = EmbeddedServer()
    except ConfigError as error:
        raise ConfigError(f"{error}, or check SQLite alone: --dialect sqlite") from None
    with server:
        yield server.url()


def _write(found: Iterable[Finding], form: output.Format | None) -> None:
    from ..check import Finding

    if form is None:
        for each in found:
            click.echo(output.printable(str(each)))
        return
    columns = [field.name for field in fields(Finding)]
    output.rows(columns, ((str(file), *rest) for file, *rest in map(astuple, found)), form)
