"""A query's one text, with its placeholders as each driver writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from rawstore.query import Query, Variant

_COMMENT = re.compile(r"\A/\*.*?\*/\s*", re.S)
_NUMBERED = re.compile(r"\$(\d+)")
_QUESTION = re.compile(r"(\?)")


@dataclass(frozen=True)
class Statement:
    """What the registry sends, without the comment that it puts in front.

    `text` has PostgreSQL's `$1` or SQLite's `?`; `names` has a parameter's name for each `$n`, or
    for each `?`.
    """

    text: str
    names: tuple[str, ...]
    numbered: bool

    @classmethod
    def of(cls, query: Query, variant: Variant | None = None) -> Statement:
        """The statement of a query, by default of its first variant."""
        chosen = variant or query.variants[0]
        names = tuple(query.params[index].name for index in chosen.order)
        return cls(_COMMENT.sub("", chosen.text), names, query.dialect == "postgres")

    @cached_property
    def percent(self) -> str:
        """With `%s`, for psycopg, each value once and in this order."""
        numbers = [int(number) for number in _NUMBERED.findall(self.text)]
        if numbers != list(range(1, len(self.names) + 1)):
            raise ValueError("a value is used twice, or out of order: psycopg needs its name")
        return _NUMBERED.sub("%s", self.text.replace("%", "%%"))

    @cached_property
    def percent_named(self) -> str:
        """With `%(name)s`, for psycopg."""
        return self._named(self.text.replace("%", "%%"), "%({})s")

    @cached_property
    def named(self) -> str:
        """With `:name`, for aiosql, SQLAlchemy and pgbench."""
        return self._named(self.text, ":{}")

    def _named(self, text: str, form: str) -> str:
        if self.numbered:
            return _NUMBERED.sub(lambda found: form.format(self.names[int(found[1]) - 1]), text)
        order = iter(self.names)
        return _QUESTION.sub(lambda _: form.format(next(order)), text)
