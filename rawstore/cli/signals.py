"""Signals that mean something of their own for as long as a command works."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def handled(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Have `handler` called for these signals in the block; after it the former ones are back."""
    known = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in known.items():
            signal.signal(number, former)
