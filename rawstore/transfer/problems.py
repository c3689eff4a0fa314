"""What is wrong with rows that are to be imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import ParameterError
from .jsonlines import Place


class Problem(NamedTuple):
    """What is wrong with one row, and where it stands; never a value."""

    file: str
    place: Place
    table: str
    column: str | None
    reason: str

    def __str__(self) -> str:
        """One line, that begins as editors and compilers begin theirs."""
        column = f"column {self.column!r}: " if self.column is not None else ""
        return f"{self.file}:{self.place}: {column}{self.reason}"


class RowsRefused(ParameterError):
    """Rows that were not taken, and so none was: `problems` says which, and why.

    `more` tells that the search ended with the last of `problems`.
    """

    def __init__(self, problems: Sequence[Problem], *, more: bool = False) -> None:
        first = problems[0]
        super().__init__(first.table, first.column or "", first.reason)
        self.problems = tuple(problems)
        self.more = more

    def __reduce__(self) -> Any:
        """Pickle by the problems, not by the message."""
        return type(self), (self.problems,), {"more": self.more}

    def __str__(self) -> str:
        """A line for each problem."""
        found = len(self.problems)
        count = f"the first {found} problems" if self.more else f"{found} problem{'s'[: found - 1]}"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        return f"nothing was imported; {count}:{lines}"
