"""Bars on a terminal for what takes longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..progress import Progress, quiet
from .output import printable

_PATIENCE = 1.0  # seconds before the first bar
_INTERVAL = 0.1  # seconds between two looks at the same bar


@contextmanager
def bars() -> Iterator[Progress]:
    """A bar on stderr for each thing that is told of; none where stderr is no terminal."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield quiet
        return
    shown = _Bars()
    try:
        yield shown.tell
    finally:
        shown.close()


class _Bars:
    """The bars of one command."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress as Rich,
            TaskID,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._rich = Rich(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._began = time.monotonic()
        self._told = 0.0
        self._running = False
        self._tasks: dict[str, TaskID] = {}

    def tell(self, what: str, done: int, total: int | None) -> None:
        """Draw the bar of `what`, unless it was drawn a moment ago and is not at its end."""
        now = time.monotonic()
        if now - self._began < _PATIENCE:
            return
        if what in self._tasks and done != total and now - self._told < _INTERVAL:
            return
        self._told = now
        if not self._running:
            self._running = True
            self._rich.start()
        if what not in self._tasks:
            self._tasks[what] = self._rich.add_task(printable(what), total=total)
        self._rich.update(self._tasks[what], completed=done, total=total)

    def close(self) -> None:
        """Leave what was drawn as it is."""
        if self._running:
            self._rich.stop()
