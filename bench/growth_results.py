"""What cost against growth was found, as `bench.growth` writes it, for the plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rawstore.errors import ConfigError


@dataclass(frozen=True)
class Growth:
    """A query's median at each of the volumes."""

    store: str
    dialect: str
    query: str
    sample: str
    rows: Sequence[int]
    p50_us: Sequence[float]

    @property
    def ratio(self) -> float:
        """The last median to the first."""
        return self.p50_us[-1] / self.p50_us[0]


def is_growth(found: object) -> bool:
    """Whether a file's JSON is of this kind."""
    return bool(_entries(found))


def read(file: Path) -> list[Growth]:
    """Read a file. Raises ConfigError for one that is of another kind."""
    try:
        entries = _entries(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read as JSON: {error}") from None
    if not entries:
        raise ConfigError(f"{file} has no figures of cost against growth")
    names = [field.name for field in fields(Growth)]
    return [Growth(**{name: entry[name] for name in names}) for entry in entries]


def _entries(found: object) -> list[Mapping[str, Any]]:
    """A list of entries, or an object that has one."""
    if isinstance(found, dict):
        lists = [each for each in found.values() if isinstance(each, list)]
        return next((each for each in map(_entries, lists) if each), [])
    if isinstance(found, list) and found and isinstance(found[0], dict) and "p50_us" in found[0]:
        return found
    return []
