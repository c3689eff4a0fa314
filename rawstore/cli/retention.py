"""`rawstore prune`, `erase` and `export-subject`: what goes with time, and with a person."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import click

from ..errors import ConfigError
from . import errors, output, progress, stores
from .errors import Mistake
from .options import common, confirm, duration, given_url, output_format, store_argument, yes
from .signals import handled
from .values import parse

if TYPE_CHECKING:
    from ..retention import Erased, Pruned
    from ..store import Store

_INTERRUPTED = 130
_batch = click.option(
    "--batch", type=click.IntRange(min=1), help="Rows of a portion at most. [default: the query's]"
)
_pause = click.option(
    "--pause",
    metavar="DURATION",
    callback=lambda _, __, text: None if text is None else duration(text),
    help="Between two portions. [default: as long as the last one took]",
)
_dry_run = click.option("--dry-run", is_flag=True, help="Count only.")


@click.command()
@store_argument()
@click.option("--older-than", metavar="AGE", help="For example 12h, 30d or 2w.")
@click.option("--before", metavar="TIME", help="A date (its begin in UTC), or a time with a zone.")
@click.option("--user", help="Whose rows, in a store of tenants.")
@_batch
@_pause
@_dry_run
@yes
@output_format("table")
@common
def prune(
    store: str,
    *,
    older_than: str | None,
    before: str | None,
    user: str | None,
    batch: int | None,
    pause: float | None,
    dry_run: bool,
    yes: bool,
    form: output.Format | None,
) -> int:
    """Delete what is history and old, in short portions.

    What that is, the store's files say: their queries with a line `-- prune:`. Ctrl-C and SIGTERM
    end it after the portion, with exit code 130; to go on, run it again.
    """
    from ..retention import moment

    try:
        cutoff = moment(older_than, before)
    except ConfigError as error:
        raise Mistake(str(error)) from None
    with stores.open_store(store, given_url()) as opened:
        subject = _value(opened, "prune", user)
        if not dry_run:
            when = f"{cutoff:%Y-%m-%d %H:%M} UTC"
            confirm(f"Delete what is from before {when}\n{_lines(opened, 'prune')}?", yes=yes)
        with _stopping() as stop, progress.bars() as on_progress:
            done = opened.prune(
                before=cutoff,
                subject=subject,
                batch=batch,
                pause=pause,
                dry_run=dry_run,
                stop=stop,
                on_progress=on_progress,
            )
    _write_pruned(done, form or "table")
    return 0 if done.finished else _stopped()


def _write_pruned(done: Pruned, form: output.Format) -> None:
    rows = [(each.table, each.before, each.deleted, each.after) for each in done.tables]
    output.rows(("table", "before", "deleted", "after"), rows, form)


@click.command()
@store_argument()
@click.argument("subject")
@click.option(
    "--export",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="First write there what is to be deleted.",
)
@_batch
@_pause
@_dry_run
@yes
@output_format("table")
@common
def erase(
    store: str,
    subject: str,
    *,
    export: Path | None,
    batch: int | None,
    pause: float | None,
    dry_run: bool,
    yes: bool,
    form: output.Format | None,
) -> int:
    """Delete all that one person has. SUBJECT is the id that the store knows them by.

    By the store's queries with a line `-- erase:`. Exit code 130 where it was interrupted, 1 where
    rows kept coming: then run it again.
    """
    with stores.open_store(store, given_url()) as opened:
        value = _value(opened, "erase", subject)
        if not dry_run:
            confirm(f"Delete for ever\n{_lines(opened, 'erase')}?", yes=yes)
        with _stopping() as stop, progress.bars() as on_progress:
            done = opened.erase(
                value,
                export=export,
                batch=batch,
                pause=pause,
                dry_run=dry_run,
                stop=stop,
                on_progress=on_progress,
            )
            stopped = stop.is_set()
    output.rows(("query", "rows"), list(done.rows.items()), form or "table")
    _tell_left(done, stopped=stopped, dry_run=dry_run)
    if done.finished:
        return 0
    return _stopped() if stopped else errors.UNHEALTHY


def _tell_left(done: Erased, *, stopped: bool, dry_run: bool) -> None:
    if done.untouched:
        click.echo(f"not looked into: {', '.join(done.untouched)}", err=True)
    for note in done.notes:
        click.echo(note, err=True)
    if not dry_run and not any(done.rows.values()):
        click.echo("nothing was there", err=True)
    if not done.finished and not stopped:
        click.echo("not finished: rows kept coming; run it again", err=True)


@click.command("export-subject")
@store_argument()
@click.argument("subject")
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), required=False, default=None
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "jsonl"]),
    default="json",
    show_default=True,
    help="One document, or a line for each row.",
)
@common
def export_subject(
    store: str, subject: str, folder: Path | None, form: Literal["json", "jsonl"]
) -> None:
    """Write all that one person has, to FOLDER or stdout.

    SUBJECT is the id that the store knows them by. By the store's queries with a line
    `-- export:`. In FOLDER one file, or with jsonl one for each query; none is written over.
    """
    with stores.open_store(store, given_url()) as opened, progress.bars() as on_progress:
        value = _value(opened, "export", subject)
        to = sys.stdout if folder is None else folder
        done = opened.export_subject(value, to, form=form, on_progress=on_progress)
    for file in done.files:
        click.echo(file)
    click.echo(", ".join(f"{name}: {rows}" for name, rows in done.rows.items()), err=True)


def _value(store: Store, duty: Literal["prune", "erase", "export"], text: str | None) -> Any:
    """What was typed as the value of the parameter that says whose rows."""
    from ..retention import duties

    found = duties.queries(store.queries, duty)
    param = duties.subject(found)
    if param is None or text is None:
        return text
    query = next(query for query in found if param in query.params)
    # As JSON, a text is taken as it stands: "@ann" is no file.
    plain = param.type.name == "text" and not param.type.array
    given = [f"{param.name}:={json.dumps(text)}" if plain else f"{param.name}={text}"]
    if duty == "prune":
        given.append(f"{duties.CUTOFF}=1970-01-01T00:00:00Z")  # what it needs besides
    return parse(query, given)[param.name]


def _lines(store: Store, duty: Literal["prune", "erase", "export"]) -> str:
    from ..retention import duties

    found = duties.queries(store.queries, duty)
    told = "\n".join(f"  {duties.what(query, duty)}" for query in found)
    return f"{told}\nin {store.target}"


def _stopped() -> int:
    click.echo("interrupted; what is listed is done, run it again to go on", err=True)
    return _INTERRUPTED


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; a second signal interrupts at once."""
    stop = threading.Event()

    def note(_: int, __: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    with handled(note, signal.SIGINT, signal.SIGTERM):
        yield stop
