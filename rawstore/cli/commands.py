"""The command `rawstore`: its group, and the commands that concern a store as a whole."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from .. import __version__
from . import errors, output, stores
from .backup import backup, backups, recover, restore
from .check import check
from .config import config
from .copy import copy, verify
from .export import export, import_
from .health import health, wait
from .migrate import migrate
from .options import common, confirm, given_url, store_argument, yes
from .plans import plans
from .queries import queries
from .retention import erase, export_subject, prune
from .run import run
from .stats import stats, top
from .stubs import stubs
from .vectors import vectors


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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what they are for, a sentence each."""
        longest = max(map(len, self.commands))
        width = formatter.width - 6 - longest
        for title, commands in _SECTIONS.items():
            rows = [
                ((each.name or "").ljust(longest), each.get_short_help_str(width))
                for each in commands
            ]
            with formatter.section(title):
                formatter.write_dl(rows)

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
      PARAMETER_STORE_DB_URL, a SecureString in AWS
      DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD
      the store's SQLite file, data/<store>.db
    also from .env in the working folder. `rawstore config` shows which one it is.

    \b
    Tab completion:
      bash  eval "$(_RAWSTORE_COMPLETE=bash_source rawstore)"
      zsh   eval "$(_RAWSTORE_COMPLETE=zsh_source rawstore)"
      fish  _RAWSTORE_COMPLETE=fish_source rawstore | source
    """  # noqa: D301 - click wants the character that \b stands for


@click.command()
@store_argument()
@yes
@common
def drop(store: str, *, yes: bool) -> None:
    """Drop a store: its tables, its data, its migration history."""
    with stores.open_store(store, given_url()) as opened:
        confirm(f"Drop everything of {opened.name} in {opened.target}?", yes=yes)
        opened.drop()
        click.echo(f"dropped {opened.name}")


@click.command()
@store_argument()
@yes
@common
def reset(store: str, *, yes: bool) -> None:
    """Drop a store and migrate it again, empty."""
    with stores.open_store(store, given_url()) as opened:
        confirm(f"Drop everything of {opened.name} in {opened.target} and start anew?", yes=yes)
        opened.reset()
        click.echo(f"reset {opened.name}")


_SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Set up": (config, migrate, reset, drop),
    "Use": (queries, run, prune, erase, export_subject),
    "Watch": (health, wait, stats, top, vectors),
    "Move and keep": (copy, verify, export, import_, backup, backups, restore, recover),
    "Write SQL": (check, plans, stubs),
}
for _command in (command for section in _SECTIONS.values() for command in section):
    rawstore.add_command(_command)


def main() -> None:
    """Run the command line and exit."""
    rawstore(prog_name="rawstore")
