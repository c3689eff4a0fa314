"""What a plan comes to, whichever database made it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..query import Variant


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan's shape as lines of text; what in it takes a stated reason."""

    lines: tuple[str, ...]
    faults: tuple[str, ...] = ()


class Planner(Protocol):
    """A database of one dialect that is asked for plans."""

    @property
    def version(self) -> str:
        """The engine and as much of its version as plans depend on."""

    def plans(self, variant: Variant) -> Mapping[str, Plan]:
        """The plans of a statement, by whom they are for: a sample, or any values."""
