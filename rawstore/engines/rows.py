"""The shape of a result, the same on both engines: row classes, and what each kind gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..errors import ResultError, TooManyRows
from ..query import Query, row_class

MakeRow = Callable[[Sequence[Any]], Any]


def row_maker(query: Query, names: Sequence[str]) -> MakeRow:
    """What makes a row of `query` from a tuple of values.

    `names` are the result's columns; ResultError where they are not the declared row's.
    """
    if query.row is None:
        return _new(row_class(query.name, tuple(names)))
    declared = [column.name for column in query.row.columns]
    if declared != list(names):
        got, want = ", ".join(names), ", ".join(declared)
        message = f"the result has the columns ({got}), but row {query.row.name} declares ({want})"
        raise ResultError(f"{message}: {query.file}:{query.line}", query=query.full_name)
    return _new(query.row.cls)


def _new(cls: type[tuple[Any, ...]]) -> MakeRow:
    """As namedtuple's `_make`, without its Python frame and its count, known to be right."""
    return partial(tuple.__new__, cls)


def too_many(query: Query) -> TooManyRows:
    """The error for a second row of a `:one` or `:scalar` query."""
    message = "more than one row"
    if query.writes:
        message += " (outside a transaction, what the statement wrote stays written)"
    return TooManyRows(message, query=query.full_name)


def no_columns(query: Query) -> ResultError:
    """The error for a statement that gives no rows under a kind that wants them."""
    message = (
        f"the statement gives back no rows; make the query :affected or :exec, not :{query.kind}"
    )
    return ResultError(message, query=query.full_name)
