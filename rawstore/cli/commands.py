"""The command `rawstore`: its group, and the commands that concern a store as a whole."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import click

from .. import __version__
from . import errors, output, stores
from .check import check
from .migrate import migrate
from .options import common, confirm, given_url, output_format, store_argument, yes
from .plans import plans
from .queries import queries
from .run import run
from .stubs import stubs


class _Group(click.Group):
    """A group whose errors are one line and an exit code of their own."""

    def main(  # type: ignore[override]  # the overloads only say when it does not return
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002
        **extra: Any,
    ) -> int:
        """Run the command line and exit; without `standalone_mode` return the exit code."""
        output.prepare()
        # Python would print a library's warnings beside our one line; -v is the way to see them.
        logging.getLogger().addHandler(logging.NullHandler())
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, **extra)
        code = errors.guarded(run)
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was found; a closed pipe is ours to handle, not click's."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            return errors.pipe_closed()
        return result


@click.group(
    cls=_Group,
    epilog=errors.EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="rawstore %(version)s")
@common
def rawstore() -> None:
    """Run a store's SQL: its migrations, its queries, its health.

    STORE is a built-in store's name, or a folder that holds sql/<dialect>/ and
    migrations/<dialect>/ (with a slash: ./mystore).

    \b
    The database is the first that is given of
      --url
      the store's own variables
      DATABASE_URL
      DATABASE_URL_FILE, a file that holds the URL
      DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD
      the store's SQLite file, data/<store>.db
    also from .env in the working folder. `rawstore config` shows which one it is.

    \b
    Tab completion:
      bash  eval "$(_RAWSTORE_COMPLETE=bash_source rawstore)"
      zsh   eval "$(_RAWSTORE_COMPLETE=zsh_source rawstore)"
      fish  _RAWSTORE_COMPLETE=fish_source rawstore | source
    """  # noqa: D301 - click wants the character that \b stands for


@rawstore.command()
@store_argument(required=False)
@output_format("table")
@common
def config(store: str | None, form: output.Format | None) -> None:
    """Show which database a store uses, and what says so.

    Passwords are hidden.
    Without STORE: for each built-in store.
    """
    columns = ("store", "dialect", "database", "said by")
    names = [store] if store else stores.builtin()
    found = [(name, stores.locate(name, given_url())) for name in names]
    output.rows(
        columns,
        [(name, at.target.dialect, str(at.target), at.source) for name, at in found],
        form or "table",
    )


@rawstore.command()
@store_argument(required=False)
@output_format("table")
@common
def health(store: str | None, form: output.Format | None) -> int:
    """Ask a store's database how it is.

    Exit code 0: healthy; 7: out of reach; 1: something else is wrong, such as migrations that
    are pending or were edited.

    Without STORE: each built-in store.
    """
    found = [_health(name) for name in ([store] if store else stores.builtin())]
    if form in (None, "table"):
        for each in found:
            click.echo("\n".join(_health_lines(each)))
    elif store:
        output.facts(found[0], form)
    else:
        output.rows(list(found[0]), (list(each.values()) for each in found), form)
    return max(_health_code(each) for each in found)


def _health(store: str) -> dict[str, Any]:
    with stores.open_store(store, given_url()) as opened:
        return {"store": opened.name, **asdict(opened.health())}


def _health_code(health: Mapping[str, Any]) -> int:
    if health["healthy"]:
        return 0
    return errors.UNHEALTHY if health["server"] else errors.UNREACHABLE


def _health_lines(health: Mapping[str, Any]) -> Iterator[str]:
    yield f"{health['store']}: {'healthy' if health['healthy'] else 'not healthy'}"
    for name in ("database", "server", "migrations", "pool"):
        fact = health[name]
        if isinstance(fact, dict):
            fact = ", ".join(f"{count} {what}" for what, count in fact.items())
        if fact:
            yield f"  {name:<10}  {fact}"
    for name in ("problem", "warning"):
        yield from (f"  {name:<10}  {text}" for text in health[f"{name}s"])


@rawstore.command()
@store_argument()
@yes
@common
def drop(store: str, *, yes: bool) -> None:
    """Drop a store: its tables, its data, its migration history."""
    with stores.open_store(store, given_url()) as opened:
        confirm(f"Drop everything of {opened.name} in {opened.target}?", yes=yes)
        opened.drop()
        click.echo(f"dropped {opened.name}")


@rawstore.command()
@store_argument()
@yes
@common
def reset(store: str, *, yes: bool) -> None:
    """Drop a store and migrate it again, empty."""
    with stores.open_store(store, given_url()) as opened:
        confirm(f"Drop everything of {opened.name} in {opened.target} and start anew?", yes=yes)
        opened.reset()
        click.echo(f"reset {opened.name}")


for _command in (check, migrate, plans, queries, run, stubs):
    rawstore.add_command(_command)


def main() -> None:
    """Run the command line and exit."""
    rawstore(prog_name="rawstore")
