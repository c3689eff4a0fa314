"""Finding the smallest setting of an index's searches that reaches a recall, and keeping it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import DatabaseError
from ..progress import Progress, quiet
from ..target import PostgresTarget
from .catalog import Index, load
from .connection import Connection, connected
from .facts import Tuned
from .kept import kept
from .measure import Answers, ask_exactly, ask_index, snapshot
from .rules import NEIGHBOURS
from .selection import selected
from .status import postgres, prepare

if TYPE_CHECKING:
    from ..store import Store

Ask = Callable[[int], Answers | None]
_WIDEST = 1000  # pgvector's limit of hnsw.ef_search


def tune(
    store: Store,
    name: str | None,
    *,
    recall: float,
    sample: int,
    dry_run: bool,
    on_progress: Progress = quiet,
) -> list[Tuned]:
    """Tune each index, or one; see `Vectors.tune`."""
    target = postgres(store)
    with connected(target) as connection:
        if not prepare(connection, store):
            return []
        found = []
        for index in selected(connection, store, name):
            if index.valid:
                tuned = _measured(connection, index, recall, sample, on_progress)
                keep = tuned.recall is not None and tuned.reached and not dry_run
                found.append(_kept(target, connection, index, tuned) if keep else tuned)
        return found


def _measured(
    connection: Connection, index: Index, recall: float, sample: int, on_progress: Progress
) -> Tuned:
    before = kept(connection, index)
    with snapshot(connection):
        questions, exact = ask_exactly(connection, index, sample, on_progress)

        def ask(number: int) -> Answers | None:
            on_progress(f"{index.name}: {index.setting} {number}", 0, None)
            return ask_index(connection, index, questions, number)

        first = max(before.least, NEIGHBOURS if index.method == "hnsw" else 1)
        last = _WIDEST if index.lists is None else index.lists
        number, answers = _least(ask, recall, first, last)
    reached = answers is not None and answers.least is not None and answers.least >= recall
    return Tuned(
        table=index.table,
        index=index.name,
        setting=index.setting,
        before=before.number,
        search=number if questions else before.number,
        recall=answers.recall if answers else None,
        least=answers.least if answers else None,
        reached=reached or not questions,
        sample=len(questions),
        median_ms=answers.median if answers else None,
        exact_median_ms=exact.median,
        kept_in=None,
        statement=before.text(connection, number) if reached else None,
    )


def _least(ask: Ask, recall: float, first: int, last: int) -> tuple[int, Answers | None]:
    """The smallest number whose recall is surely enough, by doubling and halving; or `last`."""

    def enough(answers: Answers | None) -> bool:
        return answers is not None and answers.least is not None and answers.least >= recall

    low, high = first - 1, first
    answers = ask(high)
    while not enough(answers) and answers is not None and high < last:
        low, high = high, min(2 * high, last)
        answers = ask(high)
    while enough(answers) and high - low > 1:
        middle = (low + high) // 2
        tried = ask(middle)
        if enough(tried):
            high, answers = middle, tried
        else:
            low = middle
    return high, answers


def _kept(target: PostgresTarget, connection: Connection, index: Index, tuned: Tuned) -> Tuned:
    """Keep it, and look, as a new session does, whether it is in force."""
    place = kept(connection, index)
    if (place.number, place.place) != (tuned.search, place.home):
        place.keep(connection, tuned.search)
    with connected(target) as fresh:
        load(fresh)
        now = kept(fresh, index)
    if now.number != tuned.search:
        raise DatabaseError(
            f"{index.setting} = {tuned.search} is kept in {place.home}, but {now.place} sets it to "
            f"{now.number} for role {connection.info.user}: change that"
        )
    return replace(tuned, kept_in=place.home)
