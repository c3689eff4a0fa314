"""What the shell offers behind Tab. Nothing here opens a database, and a mistake offers nothing."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from ..errors import RawstoreError
from ..query import Query
from . import stores as places


def stores(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the built-in stores, and folders."""
    names = [name for name in places.builtin() if name.startswith(typed)]
    if names and "/" not in typed:
        return [CompletionItem(name) for name in names]
    return [CompletionItem(typed, type="dir")]


def queries(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the queries of the store, each with the first line of its documentation."""
    return [
        CompletionItem(query.name, help=query.doc.partition("\n")[0])
        for query in _queries(context)
        if query.name.startswith(typed)
    ]


def parameters(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer `name=` for each parameter of the query that is not given yet."""
    given = {value.partition("=")[0] for value in context.params.get("values") or ()}
    return [
        CompletionItem(f"{param.name}=", help=str(param))
        for query in _queries(context)
        if query.name == context.params.get("query")
        for param in query.params
        if param.name.startswith(typed) and param.name not in given
    ]


def migrations(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the ids of the store's migrations."""
    try:
        ids = places.migration_ids(context.params.get("store") or "")
    except (RawstoreError, click.ClickException):
        return []
    return [CompletionItem(each) for each in ids if each.startswith(typed)]


def _queries(context: click.Context) -> Iterable[Query]:
    store = context.params.get("store") or ""
    try:
        return list(places.registry(store, places.dialects(store)[0]))
    except (RawstoreError, click.ClickException):
        return []
