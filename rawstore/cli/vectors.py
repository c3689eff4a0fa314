"""`rawstore vectors …`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from . import output, stores
from .errors import UNHEALTHY
from .options import Command, common, duration, given_url, output_format, store_argument
from .progress import bars

if TYPE_CHECKING:
    from ..store import Store
    from ..vectors import Rebuilt, Tuned, VectorIndex

_index = click.argument("index", required=False)
_dry_run = click.option("--dry-run", is_flag=True, help="Change nothing.")


def _sample(default: int) -> Callable[[Command], Command]:
    return click.option(
        "--sample",
        type=click.IntRange(1, 10_000),
        default=default,
        show_default=True,
        help="How many stored vectors to search by.",
    )


_recall = click.option(
    "--recall",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.95,
    show_default=True,
    help="The part of the ten nearest that is to be found.",
)


@click.group()
def vectors() -> None:
    """Look after a store's vector indexes.

    An IVFFlat index knows the vectors that were there when it was built; with many new ones it
    finds less, or takes longer. On SQLite there is no index: every vector is compared, and there is
    nothing to look after.
    """


@vectors.command()
@store_argument()
@_sample(50)
@click.option("--no-recall", is_flag=True, help="Measure nothing: a quick look.")
@output_format("text")
@common
def status(store: str, sample: int, form: output.Format | None, *, no_recall: bool) -> None:
    """Say what each vector index is, what it finds, and how fast.

    Recall is the part of the ten nearest that the index finds, as it is searched now, compared
    with an exact answer for each vector of the sample; within 30 seconds an index, with fewer
    vectors if need be. Times are milliseconds.
    """
    with stores.open_store(store, given_url()) as opened, bars() as on_progress:
        found = opened.vectors.status(sample=sample, recall=not no_recall, on_progress=on_progress)
        note = "" if found else _no_vectors(opened)
    _write(found, form, _status_lines, note)


@vectors.command()
@store_argument()
@_index
@click.option("--force", is_flag=True, help="Also where there is no reason.")
@_recall
@_sample(50)
@click.option(
    "--wait",
    type=duration,
    metavar="DURATION",
    default="60s",
    show_default=True,
    help="How long to wait for another rebuild to end.",
)
@_dry_run
@output_format("text")
@common
def rebuild(
    store: str,
    index: str | None,
    recall: float,
    sample: int,
    wait: float,
    form: output.Format | None,
    *,
    force: bool,
    dry_run: bool,
) -> None:
    """Build anew the vector indexes that have a reason, or INDEX.

    Reasons: it is invalid; it has too few lists for its rows, or these have doubled since it was
    built; its recall is below --recall and it was built on other rows. Searches and writers go on,
    and a run that was stopped leaves an index in place. --dry-run prints the statements.
    """
    with stores.open_store(store, given_url()) as opened, bars() as on_progress:
        done = opened.vectors.rebuild(
            index,
            force=force,
            dry_run=dry_run,
            recall=recall,
            sample=sample,
            wait=wait,
            on_progress=on_progress,
        )
        note = "" if done else _nothing_to_do(opened)
    _write(done, form, _rebuild_lines, note)


@vectors.command()
@store_argument()
@_index
@_recall
@_sample(100)
@_dry_run
@output_format("text")
@common
def tune(
    store: str,
    index: str | None,
    recall: float,
    sample: int,
    form: output.Format | None,
    *,
    dry_run: bool,
) -> int:
    """Find the smallest setting that has the recall, and keep it.

    That is probes of an IVFFlat index, ef_search of an HNSW index. It is kept in the database, so
    that the store's searches use it. Exit code 1 where an index cannot have the recall: nothing is
    kept for that one.
    """
    with stores.open_store(store, given_url()) as opened, bars() as on_progress:
        done = opened.vectors.tune(
            index, recall=recall, sample=sample, dry_run=dry_run, on_progress=on_progress
        )
        note = "" if done else _nothing_to_do(opened)
    _write(done, form, _tune_lines, note)
    return 0 if all(each.reached for each in done) else UNHEALTHY


def _write(
    found: Sequence[Any],
    form: output.Format | None,
    lines: Callable[[Any], Iterator[str]],
    note: str,
) -> None:
    if note:
        click.echo(note, err=True)
    if form not in (None, "table"):
        records = [asdict(each) for each in found]
        output.rows(
            list(records[0]) if records else [], (list(each.values()) for each in records), form
        )
        return
    for each in found:
        for line in lines(each):
            click.echo(output.printable(line))


def _no_vectors(store: Store) -> str:
    return f"{store.name} has no vectors"


def _nothing_to_do(store: Store) -> str:
    if store.dialect == "sqlite":
        return "nothing to do: SQLite has no index for vectors, every one is compared"
    return f"nothing to do: {store.name} has no vector index"


def _status_lines(index: VectorIndex) -> Iterator[str]:
    place = f"{index.table}, {index.column}"
    if index.index is None:
        yield f"{place}: no index"
    else:
        yield f"{index.index}: {index.method}, {index.operator_class}, on {place}"
    about = "about " if index.rows_estimated else ""
    lists = f", {index.lists} lists" if index.lists is not None else ""
    dimension = f", dimension {index.dimension}" if index.dimension else ""
    yield f"  rows    {about}{index.rows}{dimension}{lists}, {output.size(index.bytes)}"
    if index.index is not None:
        yield f"  built   {_built(index)}"
        name = "probes" if index.method == "ivfflat" else "ef_search"
        yield f"  search  {name} {index.search}: {index.kept_in}"
    if index.recall is not None:
        sample = f" of {index.sample}" if index.sample else ""
        yield f"  recall  {index.recall:.3f}{sample}"
    if index.median_ms is not None:
        yield f"  time    {_times(index.median_ms, index.p95_ms)}"
    if index.index is not None and index.exact_median_ms is not None:
        yield f"  exact   {_times(index.exact_median_ms, index.exact_p95_ms)}"
    yield from (f"  advice  {text}" for text in index.advice)


def _built(index: VectorIndex) -> str:
    if index.built_at is None:
        return "unknown"
    return f"{index.built_at:%Y-%m-%d %H:%M} UTC on {index.built_rows} rows"


def _times(median: float, p95: float | None) -> str:
    return f"{median:.2f} ms, 95 % within {p95 or median:.2f} ms"


def _rebuild_lines(done: Rebuilt) -> Iterator[str]:
    if not done.reasons:
        yield f"{done.index}: nothing to do"
        return
    reasons = "; ".join(done.reasons)
    if done.seconds is None:
        yield f"-- {done.index}: {reasons}"
        yield from (f"{statement};" for statement in done.statements)
        return
    lists = f", {done.lists} lists" if done.lists is not None else ""
    built = f"built anew on {done.rows} rows{lists}, in {done.seconds:.1f} s"
    yield f"{done.index}: {built} ({reasons})"


def _tune_lines(tuned: Tuned) -> Iterator[str]:
    if tuned.recall is None or tuned.least is None:
        why = "the planner does not use it" if tuned.sample else "too few rows to tell"
        yield f"{tuned.index}: nothing to do: {why}"
        return
    found = (
        f"recall {tuned.recall:.3f} (at least {tuned.least:.3f}) of {tuned.sample}, "
        f"{tuned.median_ms:.2f} ms; exact {tuned.exact_median_ms:.2f} ms"
    )
    if not tuned.reached:
        yield f"{tuned.index}: out of reach; the best is {tuned.setting} {tuned.search}: {found}"
        return
    yield f"{tuned.index}: {tuned.setting} {tuned.before} -> {tuned.search}: {found}"
    if tuned.kept_in is None:
        yield f"  would run  {tuned.statement}"
    else:
        yield f"  kept in    {tuned.kept_in}"
