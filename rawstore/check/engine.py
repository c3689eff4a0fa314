"""What the rules ask of a database, the same for both dialects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..query import Param, Variant
from ..types import Type
from .algebra import Query
from .catalog import Catalog


@dataclass(frozen=True)
class Description:
    """A statement as the database has prepared it.

    `columns` are the result's names with their types, `params` the placeholders' types, each in the
    engine's own terms. `statement` is None where it cannot be followed; `reason` says why.
    """

    columns: tuple[tuple[str, Any], ...]
    params: tuple[Any, ...] = ()
    statement: Query | None = None
    reason: str = ""


@dataclass
class Refused(Exception):
    """The database does not take a statement.

    `offset` is the place in the variant's text where it tells; `word` what its message is about,
    the `nth` time that it stands there.
    """

    message: str
    offset: int | None = None
    word: str = ""
    nth: int = 0


class Engine(Protocol):
    """A migrated database of one dialect, with nothing in it."""

    @property
    def catalog(self) -> Catalog:
        """Its tables."""

    def describe(self, variant: Variant) -> Description:
        """Prepare a statement. Raises Refused."""

    def run_script(self, variant: Variant) -> None:
        """Run a :script and take it back. Raises Refused."""

    def takes(self, param: Param, server: Any) -> bool:
        """Whether a placeholder of this type takes what the parameter is declared as."""

    def gives(self, declared: Type, server: Any) -> bool:
        """Whether a column of this type can be read as it is declared."""

    def type_name(self, server: Any) -> str:
        """A type as a query file would declare it."""
