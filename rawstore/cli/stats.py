"""`rawstore stats` and `rawstore top`: where the space goes, and the time."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from . import complete, output, stores
from .errors import Mistake
from .options import common, duration, given_url, output_format, store_argument
from .signals import handled

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..monitor.sizes import Sizes, TableSize
    from ..monitor.top import Places, Running, Top, Total
    from ..target import Target


@click.command()
@store_argument()
@click.option("--exact", is_flag=True, help="Count every row, however long it takes.")
@click.option("--indexes", is_flag=True, help="List the indexes instead of the tables.")
@output_format("table")
@common
def stats(store: str, form: output.Format | None, *, exact: bool, indexes: bool) -> None:
    """Say how large tables and indexes are, and how used.

    Rows of large tables are the planner's estimate (~), unless --exact counts them.
    """
    with stores.open_store(store, given_url()) as opened:
        found = opened.sizes(exact=exact)
    if indexes:
        output.rows(_INDEX, _index_rows(found), form or "table")
    elif form in (None, "table"):
        _show_tables(found)
    elif form == "json":
        output.facts(found.to_dict(), form)
    else:
        rows = [{**table._asdict(), "indexes": len(table.indexes)} for table in found.tables]
        output.rows(list(rows[0]) if rows else [], [list(row.values()) for row in rows], form)


_UNFOLDED = 1000  # columns, where no terminal says how wide it is
_INDEX = ("table", "index", "bytes", "scans", "unused")


def _index_rows(found: Sizes) -> Iterator[Sequence[Any]]:
    for table in found.tables:
        for index in table.indexes:
            yield (table.table, *index)


def _show_tables(found: Sizes) -> None:
    on_server = found.file_bytes is None
    columns = ["table", "rows", "total", "table only", "indexes", "toast"]
    if on_server:
        columns += ["dead rows", "seq scans", "index scans", "vacuumed", "analyzed", "unused"]
    else:
        columns.remove("toast")
    output.rows(columns, (_table_row(table, on_server) for table in found.tables), "table")
    parts = (
        {"all": found.total_bytes}
        if on_server
        else {
            "file": found.file_bytes,
            "wal": found.wal_bytes,
            "free in the file": found.free_bytes,
        }
    )
    click.echo(", ".join(f"{name} {_size(size)}" for name, size in parts.items()))


def _table_row(table: TableSize, on_server: bool) -> list[str]:  # noqa: FBT001 - which columns
    rows = "unknown" if table.rows is None else f"{'' if table.exact else '~'}{table.rows}"
    parts = (table.total_bytes, table.table_bytes, table.index_bytes)
    row = [table.table, rows, *map(_size, parts)]
    if not on_server:
        return row
    counts = (table.dead_rows, table.seq_scans, table.index_scans)
    times = (table.vacuumed, table.analyzed)
    unused = [index.name for index in table.indexes if index.unused]
    return [
        *row,
        _size(table.toast_bytes),
        *("" if count is None else str(count) for count in counts),
        *(f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in times),
        ", ".join(unused),
    ]


def _size(count: int | None) -> str:
    return "unknown" if count is None else output.size(count)


@click.command()
@click.argument("database", required=False, metavar="[URL|STORE]", shell_complete=complete.stores)
@click.option(
    "--store",
    "folders",
    multiple=True,
    metavar="FOLDER",
    help="A store of your own, whose queries are to be known too.",
)
@click.option(
    "--watch",
    is_flag=False,
    flag_value="2s",
    metavar="[TIME]",
    help="Look again and again, until Ctrl-C.  [2s where no time is given]",
)
@output_format("table")
@common
def top(
    database: str | None, folders: Sequence[str], watch: str | None, form: output.Format | None
) -> None:
    """Say what a PostgreSQL server is doing, by query names.

    And what has cost most.

    What runs now is of pg_stat_activity; the totals are of pg_stat_statements, where the server has
    it. Of statements that are no known query the text is shown without its literals.
    """
    target, places = _target(database), _places(database, folders)
    if watch is not None:
        _watch(target, places, duration(watch), form)
        return
    _write(_look(target, places), form)


def _look(target: Target, places: Places) -> Top:
    from ..monitor.top import look

    return look(target, places)


def _target(database: str | None) -> Target:
    from ..url import parse

    if database is not None and "://" in database:
        return parse(database)
    if database is not None:
        return stores.locate(database, given_url()).target
    url = given_url()
    if url is None:
        raise Mistake("name a store, or give a database URL")
    return parse(url)


def _places(database: str | None, folders: Sequence[str]) -> Places:
    from ..monitor.top import known

    named = [] if database is None or "://" in database else [database]
    found = [stores.find(name) for name in (*named, *folders)]
    return known(store.load("postgres") for store in found if store.sql("postgres").is_dir())


def _write(found: Top, form: output.Format | None) -> None:
    if form in (None, "table"):
        from rich.console import Console

        width = None if sys.stdout.isatty() else _UNFOLDED
        Console(highlight=False, markup=False, width=width).print(_page(found))
    elif form == "json":
        output.facts(found.to_dict(), form)
    else:
        _write_rows(found, form)


_COLUMNS = (
    *("what", "query", "place", "seconds", "pid", "user", "application", "state"),
    *("transaction_seconds", "waits_for", "blocked_by", "calls", "mean", "share", "rows"),
    "hit_ratio",
)


def _write_rows(found: Top, form: output.Format) -> None:
    each = [
        *({"what": "running", **one._asdict()} for one in found.running),
        *({"what": "total", **one._asdict()} for one in found.totals),
    ]
    output.rows(_COLUMNS, [[one.get(name) for name in _COLUMNS] for one in each], form)
    for note in found.notes:
        click.echo(output.printable(note), err=True)


def _page(found: Top) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    running = ("pid", "for", "state", "waits for", "blocked by", "query", "file")
    totals = ("calls", "seconds", "mean ms", "share", "rows", "hits", "query", "file")
    parts: list[RenderableType] = []
    if found.running:
        parts.append(_table("running", running, map(_running_row, found.running)))
    if found.totals:
        parts.append(_table("totals", totals, map(_total_row, found.totals)))
    nothing_runs = not found.running and not found.notes
    notes = [*found.notes, *(["nothing else runs on this database"] if nothing_runs else [])]
    return Group(*parts, *(Text(output.printable(note)) for note in notes))


def _table(title: str, columns: Sequence[str], rows: Iterator[Sequence[str]]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(output.printable(cell)) for cell in row))
    return table


def _running_row(found: Running) -> Sequence[str]:
    seconds = "" if found.seconds is None else f"{found.seconds:.1f} s"
    blocked_by = ", ".join(map(str, found.blocked_by))
    state, waits_for, place = found.state or "", found.waits_for or "", found.place or ""
    return str(found.pid), seconds, state, waits_for, blocked_by, found.query, place


def _total_row(found: Total) -> Sequence[str]:
    hits = "" if found.hit_ratio is None else f"{found.hit_ratio:.1%}"
    return (
        *(str(found.calls), f"{found.seconds:.3f}", f"{found.mean * 1000:.3f}"),
        *(f"{found.share:.1%}", str(found.rows), hits, found.query, found.place or ""),
    )


def _watch(target: Target, places: Places, pause: float, form: output.Format | None) -> None:
    if form not in (None, "table") or not sys.stdout.isatty():
        raise Mistake("--watch is for a terminal, and a table; without it top looks once")
    from rich.live import Live

    with (
        handled(_end, signal.SIGTERM),
        Live(_page(_look(target, places)), screen=True, auto_refresh=False) as live,
    ):
        while True:
            time.sleep(pause)
            live.update(_page(_look(target, places)), refresh=True)


def _end(number: int, _: object) -> None:
    """As Ctrl-C: SIGTERM alone would leave the terminal as it is."""
    sys.exit(128 + number)
