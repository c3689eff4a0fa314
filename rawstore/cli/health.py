"""`rawstore health` and `rawstore wait`: how a database is, and waiting for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from . import errors, output, stores
from .options import common, duration, given_url, output_format, store_argument

if TYPE_CHECKING:
    from ..health import Until


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    return None if text is None else duration(text)


@click.command()
@store_argument(required=False)
@click.option(
    "--max-lag",
    metavar="TIME",
    callback=_seconds,
    help="Look at replication too: how far a standby may be behind, such as 5s.",
)
@click.option(
    "--integrity", is_flag=True, help="Read an SQLite file as a whole, and its foreign keys."
)
@click.option(
    "--deadline",
    metavar="TIME",
    callback=_seconds,
    help="How long it may take.  [default: 1s, with --integrity 10min]",
)
@output_format("table")
@common
def health(
    store: str | None,
    *,
    max_lag: float | None,
    integrity: bool,
    deadline: float | None,
    form: output.Format | None,
) -> int:
    """Ask a store's database how it is.

    Exit code 0: healthy; 7: out of reach (down, frozen, exhausted); 1: something else is wrong,
    such as migrations that are pending or were edited.

    Without STORE: each built-in store.
    """
    asked = {"max_lag": max_lag, "integrity": integrity, "deadline": deadline}
    found = [_health(name, asked) for name in ([store] if store else stores.builtin())]
    if form in (None, "table"):
        for each in found:
            click.echo(output.printable("\n".join(_lines(each))))
    elif store:
        output.facts(found[0], form)
    else:
        output.rows(list(found[0]), (list(each.values()) for each in found), form)
    return max(_code(each) for each in found)


def _health(store: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    with stores.open_store(store, given_url()) as opened:
        return {"store": opened.name, **asdict(opened.health(**asked))}


def _code(health: Mapping[str, Any]) -> int:
    from ..health.verdict import OUT_OF_REACH

    if health["healthy"]:
        return 0
    return errors.UNREACHABLE if health["status"] in OUT_OF_REACH else errors.UNHEALTHY


_FACTS = (
    *("database", "server", "extensions", "migrations", "pool", "connections"),
    *("replication", "storage"),
)


def _lines(health: Mapping[str, Any]) -> Iterator[str]:
    verdict = "healthy" if health["healthy"] else f"not healthy ({health['status']})"
    yield f"{health['store']}: {verdict}"
    for name in _FACTS:
        fact = health[name]
        if isinstance(fact, dict):
            fact = ", ".join(_described(name, what, value) for what, value in fact.items())
        if fact:
            yield f"  {name:<11}  {fact}"
    for problem in health["problems"]:
        yield f"  {'problem':<11}  {problem['code']}: {problem['text']}"
    for warning in health["warnings"]:
        yield f"  {'warning':<11}  {warning}"


def _described(name: str, what: str, value: Any) -> str:
    if name in ("migrations", "pool", "connections"):
        return f"{value} {what.replace('_', ' ')}"
    if what in ("file", "wal", "free"):
        return f"{what} {output.size(value)}"
    if isinstance(value, list):
        return f"{len(value)} {what}"
    return f"{what} {value}"


@click.command()
@store_argument()
@click.option(
    "--timeout",
    metavar="TIME",
    default="60s",
    show_default=True,
    callback=_seconds,
    help="How long to wait.",
)
@click.option(
    "--for",
    "until",
    type=click.Choice(("reachable", "migrated", "healthy")),
    default="reachable",
    show_default=True,
    help="What to wait for.",
)
@output_format("nothing is written")
@common
def wait(store: str, *, timeout: float, until: Until, form: output.Format | None) -> None:
    """Wait until a store's database can be worked with.

    Says on stderr what it waits for. A server that starts or refuses us, and a user or a database
    that does not exist yet, may still come; an SQLite file that is to be made by the migrations
    is reachable.

    Exit code 0: it is as asked; 7: it was not in time; 3: waiting cannot mend it.
    """
    say: Callable[[str], None] = lambda text: click.echo(output.printable(text), err=True)  # noqa: E731
    with stores.open_store(store, given_url()) as opened:
        found = opened.wait(timeout=timeout, until=until, on_change=say)
        if form:
            output.facts({"store": opened.name, **asdict(found)}, form)
