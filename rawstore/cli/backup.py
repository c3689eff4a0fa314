"""`rawstore backup`, `restore`, `backups` and `recover`."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import RawstoreError
from . import output, stores
from .errors import UNHEALTHY, Mistake, code_of
from .options import common, duration, given_url, output_format, store_argument
from .progress import bars
from .signals import handled

if TYPE_CHECKING:
    from ..backup import Backup, Listed, Recovery, Restored, Run
    from ..store import Store

_FOLDER = "backups"
_INTERNAL = 70
logger = logging.getLogger("rawstore.cli")
_path = click.Path(path_type=Path)
_program = click.Path(path_type=Path, exists=True, dir_okay=False)


def _place(_: click.Context, __: click.Parameter, value: str) -> Path:
    """A file's name or a folder's; what ends in a slash must not be taken for a file's."""
    path = Path(value)
    if value.endswith(("/", os.sep)) and path.suffix and not path.is_dir():
        raise Mistake(f"{path} is not there, and its name would be a file's: make the folder first")
    return path


@click.command()
@store_argument()
@click.argument("to", metavar="[FILE|FOLDER]", callback=_place, default=_FOLDER)
@click.option(
    "--every",
    type=duration,
    metavar="DURATION",
    help="Go on, and make a backup this often: 24h, 30min.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="After a success, remove the store's oldest backups in FOLDER beyond so many.",
)
@click.option("--pg-dump", type=_program, metavar="PATH", help="PostgreSQL: the pg_dump to use.")
@click.option("--dry-run", is_flag=True, help="Say what would be written and removed, do neither.")
@output_format("text")
@common
def backup(
    store: str,
    to: Path,
    every: float | None,
    keep: int | None,
    pg_dump: Path | None,
    *,
    dry_run: bool,
    form: output.Format | None,
) -> int | None:
    """Write a store into one new file.

    The file holds the store as it is at one moment; writers need not stop.

    In FOLDER (default: backups) the file gets a name with the time. A name without a suffix is a
    folder's. No file is ever replaced.

    With --every it stays in the foreground. A run that fails is told of on stderr, and tried again
    before the interval is over. SIGTERM and Ctrl-C end it; the exit code is that of the last run.
    """
    if every == 0:
        raise Mistake("--every 0: give an interval, such as 24h")
    if (every or keep) and to.suffix and not to.is_dir():
        raise Mistake(f"{to} is a file's name: --every and --keep need a folder")
    with stores.open_store(store, given_url()) as opened:
        if dry_run:
            _would(opened, to, every, keep)
        elif every:
            return _schedule(opened, to, every, keep, pg_dump, form)
        else:
            _once(opened, to, keep, pg_dump, form)
    return None


def _once(
    store: Store, to: Path, keep: int | None, pg_dump: Path | None, form: output.Format | None
) -> None:
    with bars() as on_progress:
        made = store.backup(to, pg_dump=pg_dump, on_progress=on_progress)
    _say_made(made, form)
    if keep:
        from ..backup import prune

        _say_removed(prune(made.path.parent, store, keep))


def _would(store: Store, to: Path, every: float | None, keep: int | None) -> None:
    from ..backup import listing, make, scheduling

    at = scheduling.next_run(store, to, every) if every else datetime.now(UTC)
    path = make.place(store, to, at)
    click.echo(f"would write {path}")
    for each in listing.surplus(path.parent, store, keep, more=1) if keep else ():
        click.echo(f"would remove {each}")


def _schedule(
    store: Store,
    to: Path,
    every: float,
    keep: int | None,
    pg_dump: Path | None,
    form: output.Format | None,
) -> int:
    from ..backup import schedule

    def say(run: Run) -> None:
        if run.backup:
            _say_made(run.backup, form)
        _say_removed(run.removed)
        if run.error:
            click.echo(f"rawstore: error: backup failed: {_reason(run.error)}", err=True)
        click.echo(f"next backup at {run.next_at:%Y-%m-%d %H:%M:%S} UTC", err=True)

    with _stopped() as stop:
        error = schedule(store, to, every=every, keep=keep, pg_dump=pg_dump, stop=stop, on_run=say)
    if error is None:
        return 0
    return code_of(error) if isinstance(error, RawstoreError) else _INTERNAL


@contextmanager
def _stopped() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    with handled(lambda *_: stop.set(), signal.SIGTERM, signal.SIGINT):
        yield stop


def _reason(error: Exception) -> str:
    """What is told of an error; a message that is not ours may hold values."""
    logger.debug("the run failed", exc_info=error)
    return output.printable(str(error) if isinstance(error, RawstoreError) else repr(type(error)))


def _say_made(made: Backup, form: output.Format | None) -> None:
    if form in (None, "table"):
        click.echo(f"wrote {made.path}: {made.manifest.rows} rows, {made.size} bytes")
        return
    output.facts(_facts(made.path, made.size, made.manifest), form)


def _say_removed(paths: Any) -> None:
    for path in paths:
        click.echo(f"removed {path}", err=True)


def _facts(path: Path, size: int, manifest: Any) -> dict[str, Any]:
    return {
        "file": str(path),
        "store": manifest.store,
        "dialect": manifest.dialect,
        "made_at": manifest.made_at,
        "size": size,
        "rows": manifest.rows,
        "schema": manifest.schema_version,
    }


@click.command()
@store_argument()
@click.argument("file", type=_path)
@click.option(
    "--pg-restore", type=_program, metavar="PATH", help="PostgreSQL: the pg_restore to use."
)
@click.option("--dry-run", is_flag=True, help="Check everything, and write nothing.")
@output_format("text")
@common
def restore(
    store: str,
    file: Path,
    pg_restore: Path | None,
    *,
    dry_run: bool,
    form: output.Format | None,
) -> None:
    """Restore a backup where there is nothing yet.

    What is there afterwards is verified. The file, its manifest, the migrations and the target
    are checked before anything is written.
    The schema is what it was: rawstore migrate up applies what came later.
    """
    with stores.open_store(store, given_url()) as opened, bars() as on_progress:
        done = opened.restore(file, dry_run=dry_run, pg_restore=pg_restore, on_progress=on_progress)
        target = str(opened.target)
    _say_restored(done, file, target, form, dry_run=dry_run)


def _say_restored(
    done: Restored, file: Path, target: str, form: output.Format | None, *, dry_run: bool
) -> None:
    if form in (None, "table"):
        state = "can be restored" if dry_run else "restored and verified"
        click.echo(f"{state}: {done.manifest.rows} rows of {done.manifest.store} in {target}")
    else:
        found = {**_facts(file, file.stat().st_size, done.manifest), "restored": not dry_run}
        found |= {"pending": list(done.pending), "notes": list(done.notes)}
        output.facts(found, form)
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    if done.pending:
        pending = ", ".join(done.pending)
        click.echo(f"pending since this backup: {pending} (rawstore migrate up)", err=True)


@click.command()
@click.argument("folder", metavar="[FOLDER|FILE]", type=_path, default=_FOLDER)
@click.option("--check/--no-check", default=True, help="Read every byte of each. [default: yes]")
@output_format("table")
def backups(folder: Path, *, check: bool, form: output.Format | None) -> int:
    """List the backups in a folder, and check them.

    The oldest comes first. Exit code 1 where one is damaged.
    """
    from ..backup import backups as listed

    with bars() as on_progress:
        found = listed(folder, check=check, on_progress=on_progress)
    columns = ("file", "store", "dialect", "made_at", "size", "rows", "schema", "state")
    output.rows(columns, (_row(each) for each in found), form or "table")
    for each in found:
        if each.problem:
            click.echo(f"rawstore: {output.printable(each.problem)}", err=True)
    return UNHEALTHY if any(each.problem for each in found) else 0


def _row(listed: Listed) -> list[Any]:
    state = "damaged" if listed.problem else "ok" if listed.checked else "not checked"
    if listed.manifest is None:
        return [str(listed.path), None, None, None, listed.size, None, None, state]
    return [*_facts(listed.path, listed.size, listed.manifest).values(), state]


@click.command()
@click.argument("damaged", type=_path)
@click.argument("new", type=_path)
@click.option("--store", help="Whose file it is. [default: found out from its tables]")
@click.option(
    "--keep-orphans", is_flag=True, help="Keep rows that refer to a row that was lost, too."
)
@output_format("table")
def recover(
    damaged: Path, new: Path, store: str | None, *, keep_orphans: bool, form: output.Format | None
) -> int:
    """Save what can be read of a damaged SQLite file.

    It goes into a new file, and what was lost is listed. DAMAGED is only read. NEW is made by
    the store's migrations. Rows that the new file cannot take
    go into NEW.rejected.jsonl. Exit code 1 where something was lost.
    """
    from ..backup import recover as rescue

    source = stores.find(store) if store else None
    with bars() as on_progress:
        done = rescue(damaged, new, source, keep_orphans=keep_orphans, on_progress=on_progress)
    _say_recovered(done, form)
    return 0 if done.complete else UNHEALTHY


def _say_recovered(done: Recovery, form: output.Format | None) -> None:
    columns = ("table", "saved", "known lost", "rejected", "orphans", "duplicates", "lost ids")
    rows = [
        (
            *(each.name, each.saved, each.known_lost, each.rejected, each.orphans),
            *(each.duplicates, each.ranges),
        )
        for each in done.tables
    ]
    output.rows(columns, rows, form or "table")
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
