"""What a store is, whichever its colour: its query files and its database."""

from __future__ import annotations

from pathlib import Path

from .registry import Registry
from .source import Source, find
from .target import Target


class Identity:
    """The names of a store, from its `source`, `target` and `queries`."""

    source: Source
    target: Target
    queries: Registry

    @property
    def name(self) -> str:
        """The store's name."""
        return self.source.name

    @property
    def schema(self) -> str:
        """Its schema on PostgreSQL."""
        return self.source.name

    @property
    def dialect(self) -> str:
        """One of "sqlite" and "postgres"."""
        return self.target.dialect

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} at {self.target}>"


def located(store: str | Path, url: str | None) -> tuple[Source, Target, Registry]:
    """A store's files, its database and its queries. Raises ConfigError, QueryFileError."""
    from .config import locate  # only an open needs it

    source = find(store)
    target = locate(source.name, url).target
    return source, target, source.load(target.dialect)
