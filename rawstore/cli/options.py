"""The arguments and options that several commands share."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..url import parse_seconds
from . import complete
from .errors import Mistake
from .output import FORMATS

# Not all loggers: what other libraries say in detail is not ours to answer for.
_LOGGERS = ("rawstore", "psycopg", "yoyo")
Command = TypeVar("Command", bound=Callable[..., Any])


def _set_url(context: click.Context, _: click.Parameter, url: str | None) -> None:
    if url is not None:
        context.ensure_object(dict)["url"] = url


def _set_verbose(_: click.Context, __: click.Parameter, verbose: bool) -> None:  # noqa: FBT001
    if verbose:
        logging.basicConfig(format="%(name)s: %(message)s", force=True)
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.DEBUG)


def common(command: Command) -> Command:
    """Add --url and -v, which stand before or behind the command's name alike."""
    url = click.option(
        "--url",
        metavar="URL",
        expose_value=False,
        callback=_set_url,
        help="The database. Other users of the machine can read it in the list of processes: "
        "keep a password in DATABASE_URL or DATABASE_URL_FILE instead.",
    )
    verbose = click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_set_verbose,
        help="Log to stderr what is done.",
    )
    return url(verbose(command))


def given_url() -> str | None:
    """Return what --url says."""
    return click.get_current_context().ensure_object(dict).get("url")


def output_format(help_default: str) -> Callable[[Command], Command]:
    """Add --format; `help_default` says what happens without it."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help=f"How to write the result. [default: {help_default}]",
    )


def store_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """Add the argument STORE."""
    return click.argument("store", required=required, shell_complete=complete.stores)


yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def confirm(question: str, *, yes: bool) -> None:
    """Ask on the terminal, unless `yes` is the answer.

    Raises click.Abort on a no, a Mistake where nobody can be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Mistake("nobody to ask: this is no terminal; give --yes")
    click.confirm(question, abort=True, err=True)


def duration(text: str) -> float:
    """Return the seconds of `30`, `1.5`, `250ms`, `2s` or `5min`; a usage error for other texts."""
    seconds = parse_seconds(text)
    if seconds is None:
        raise click.BadParameter(f"{text!r} is no duration such as 30, 250ms or 5min")
    return seconds
