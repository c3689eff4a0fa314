"""A scenario: one task, done by each library in its own way, and how the ways are opened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal

from .clients import tasks, threads
from .measure import Args, Sample, timed, timed_async
from .peers import AsyncPeer, Peer
from .place import Place
from .rows import plain

Dialect = Literal["postgres", "sqlite"]
LoopName = Literal["asyncio", "uvloop"]


@dataclass(frozen=True)
class Scenario:
    """What is called with what, by whom; see `peers` for the methods.

    The first peer is the one that ratios are of. `calls` is how many make a round, `rounds` how
    many rounds there are at most; `warm_up` calls at least go before, since psycopg prepares a
    statement when it runs for the sixth time. `seen` makes of a place and an answer what must be
    equal between the ways. `before` runs ahead of each call. With `clients` calls per second are
    counted, of so many threads or tasks at once. `delayed` goes through the slow network.
    """

    name: str
    title: str
    dialect: Dialect
    method: str
    peers: tuple[Peer | AsyncPeer, ...]
    draw: Callable[[Any], Args]
    statements: tuple[str, ...]
    calls: int = 200
    rounds: int = 1000
    warm_up: int = 10
    seen: Callable[[Any, Any], Any] = lambda _, answer: plain(answer)
    before: Callable[[Place], None] | None = None
    loop: LoopName | None = None
    clients: int = 0
    delayed: bool = False
    place: str = "users"


@dataclass(frozen=True)
class Way:
    """A peer's application, opened, at a scenario's method.

    `answer` is None where the way is another process, which gives none. `rate` takes arguments,
    clients and seconds, and gives calls per second; None where calls per second mean nothing.
    """

    peer: Peer | AsyncPeer
    answer: Callable[[Args], Any] | None
    sample: Sample
    rate: Callable[[Sequence[Args], int, float], float] | None


@dataclass(frozen=True)
class Skipped:
    """A peer that could not be opened."""

    name: str
    why: str


@contextmanager
def opened(scenario: Scenario, place: Place) -> Iterator[tuple[list[Way], list[Skipped]]]:
    """Every way of a scenario on a place, and the peers that are not installed."""
    ways: list[Way] = []
    skipped: list[Skipped] = []
    with ExitStack() as stack:
        runner = stack.enter_context(_runner(scenario.loop))
        for peer in scenario.peers:
            try:
                if isinstance(peer, AsyncPeer):
                    application = _entered(peer, place, runner, stack)
                    ways.append(_async_way(scenario, peer, application, runner))
                else:
                    application = stack.enter_context(peer.open(place))
                    ways.append(_way(scenario, peer, application))
            except ImportError as error:
                skipped.append(Skipped(peer.name, str(error)))
        yield ways, skipped


def _runner(name: LoopName | None) -> asyncio.Runner:
    """It makes no loop before something runs."""
    factory = import_module("uvloop").new_event_loop if name == "uvloop" else None
    return asyncio.Runner(loop_factory=factory)


def _entered(peer: AsyncPeer, place: Place, runner: asyncio.Runner, stack: ExitStack) -> Any:
    lasting = AsyncExitStack()
    stack.callback(lambda: runner.run(lasting.aclose()))
    return runner.run(lasting.enter_async_context(peer.open(place)))


def _way(scenario: Scenario, peer: Peer, application: Any) -> Way:
    method = scenario.method
    if hasattr(application, "sample"):
        rate = application.rate(method) if scenario.clients else None
        return Way(peer, None, application.sample(method), rate)
    call: Callable[..., object] = getattr(application, method)
    prepared = _preparation(scenario, application)
    return Way(
        peer,
        lambda args: call(*prepared(args)),
        lambda arguments: timed(call, [prepared(args) for args in arguments]),
        partial(threads, call),
    )


def _async_way(
    scenario: Scenario, peer: AsyncPeer, application: Any, runner: asyncio.Runner
) -> Way:
    call: Callable[..., Awaitable[object]] = getattr(application, scenario.method)
    prepared = _preparation(scenario, application)
    return Way(
        peer,
        lambda args: runner.run(_awaited(call(*prepared(args)))),
        lambda arguments: runner.run(timed_async(call, [prepared(args) for args in arguments])),
        lambda arguments, clients, seconds: runner.run(tasks(call, arguments, clients, seconds)),
    )


async def _awaited(answer: Awaitable[object]) -> object:
    return await answer


def _preparation(scenario: Scenario, application: Any) -> Callable[[Args], Args]:
    """What gives a bulk's items the form that the library takes, outside what is timed."""
    form = getattr(application, "readings", None)
    if scenario.method != "put_readings" or form is None:
        return lambda args: args
    return lambda args: (form(args[0]),)
