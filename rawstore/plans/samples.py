"""The values that plans are made for: a file of queries, each of which gives one row.

The file is `plans/<store>.sql`, of a shipped store and of a folder alike. A query's name is the
sample's, its columns are called like the parameters they are for. `heavy_users` is for the queries
of `users.sql` alone, and there adds to what `heavy` gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import ConfigError
from ..parse import parse
from ..query import Query, Variant
from ..registry import Registry
from ..source import Source

Sample = Mapping[str, str | None]
"""Values by parameter, as text that the database gave."""
Take = Callable[[Query], Sample]


class Samples:
    """The samples of a store, taken from one database."""

    def __init__(self, source: Source, registry: Registry, take: Take) -> None:
        """Take every sample. Raises QueryFileError, and what `take` raises."""
        self.file = source.root / "plans" / f"{source.name}.sql"
        text = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        stems = [query.file.stem for query in registry]
        self._taken: dict[str | None, dict[str, Sample]] = {}
        for query in parse(text, self.file, registry.dialect, source.name):
            label, stem = _split(query.name, stems)
            self._taken.setdefault(stem, {})[label] = take(query)

    def of(self, query: Query) -> Mapping[str, Sample]:
        """The samples for a query, by label."""
        common, own = self._taken.get(None, {}), self._taken.get(query.file.stem, {})
        return {label: {**common.get(label, {}), **own.get(label, {})} for label in common | own}

    def values(self, variant: Variant, sample: Sample) -> list[str | None]:
        """A value for each placeholder: the sample's, or the parameter's default.

        Raises ConfigError where there is neither.
        """
        params = variant.query.params
        return [self._value(variant, params[index].name, sample) for index in variant.order]

    def _value(self, variant: Variant, name: str, sample: Sample) -> str | None:
        query = variant.query
        param = next(param for param in query.params if param.name == name)
        if sample.get(name) is not None:
            return sample[name]
        if param.required or name in variant.conditions:
            remedy = f"give it as a column {name} in {self.file}"
            raise ConfigError(f"{query.full_name}: no sample has a value for {name}; {remedy}")
        return _as_text(param.default)


def _split(name: str, stems: Iterable[str]) -> tuple[str, str | None]:
    """A sample's label, and the query file that it is for; None: for all."""
    for stem in stems:
        if name.endswith(f"_{stem}"):
            return name.removesuffix(f"_{stem}"), stem
    return name, None


def _as_text(default: Any) -> str | None:
    if default is None or isinstance(default, str):
        return default
    return json.dumps(default, default=str)
