"""How far a long piece of work is."""

from __future__ import annotations

from collections.abc import Callable

# What is being done, how much of it is done, and how much there is where that is known.
Progress = Callable[[str, int, int | None], None]


def quiet(what: str, done: int, total: int | None) -> None:
    """Tell nobody."""
