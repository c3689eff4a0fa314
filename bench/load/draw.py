"""What a volume's values are drawn from: skewed owners, rising times, words, clustered vectors.

Everything follows from the seed, the table and the row's number, so two runs fill two databases
alike. Values are what both dialects take: text for uuids and times, 0 and 1 for truth values.

One owner has half of everything. Another, who has gone, has 20 % of everything, all of it in the
older half of the time; eight more share a tenth, and the many others the rest, the newer half's.
Their rows lie between each other's, in the order of time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import accumulate
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

_BEGINNING = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1000
_SPAN = 700 * 86_400_000  # milliseconds
_TOGETHER = 4  # rows of one moment, as a batch leaves them
_FEW = 8
_CLUSTERS = 100

COMMON = """
    water time people day house light work night place year city road river garden book music
    family school market window table morning summer winter field stone paper letter story voice
    report invoice contract meeting error server index query session token release account
    """.split()
_SYLLABLES = "ka lo mi ran tes vor ne shu pal dri go fen bus cha ler mun zi tor wex hy".split()


@dataclass(slots=True)
class Draw:
    """One row in the making: row `number` of `table`; `totals` are the tables' rows.

    `row` holds what the row's columns so far have drawn.
    """

    table: str
    totals: Mapping[str, int]
    seed: int
    number: int = 0
    random: random.Random = field(init=False)
    numbers: np.random.Generator = field(init=False)
    row: dict[str, Any] = field(default_factory=dict)
    seen: Counter[object] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Seed both sources: one for choices, one for vectors."""
        self.random = random.Random(f"{self.seed} {self.table}")  # noqa: S311 - no secret
        self.numbers = np.random.default_rng([self.seed, crc32(self.table.encode())])

    @property
    def total(self) -> int:
        """How many rows the table gets."""
        return self.totals[self.table]

    @property
    def old(self) -> bool:
        """Whether the row is of the older half."""
        return self.number < self.total / 2

    def owner(self, owners: int, table: str | None = None, number: int | None = None) -> int:
        """Which of so many owns a row: 0 is the heavy one, 1 the one that has gone."""
        table, number = table or self.table, self._at(number)
        chance = crc32(f"{self.seed} {table} {number}".encode()) / 2**32
        if chance < 0.5:
            return 0
        if chance < 0.9 and number < self.totals[table] / 2:
            return 1
        if chance > 0.9:
            return min(2 + int((chance * 10 - 9) * _FEW), owners - 1)
        others = max(1, owners - 2 - _FEW)
        return min(2 + _FEW + int((chance * 2.5 - 1.25) ** 2 * others), owners - 1)

    def chance(self, probability: float) -> bool:
        """True so often."""
        return self.random.random() < probability

    def moment(self, number: int | None = None, later: float = 0.0) -> str:
        """When a row of the table was made (or `later`, in seconds): a few to a moment."""
        return _iso(_milliseconds(self._at(number), self.total) + int(later * 1000))

    def key(self, table: str | None = None, number: int | None = None) -> str:
        """The UUIDv7 of a row, by default of this one."""
        table = table or self.table
        number = self._at(number)
        made = _milliseconds(number, self.totals[table])
        mark = crc32(table.encode()) & 0xFFF
        return f"{made >> 16:08x}-{made & 0xFFFF:04x}-7{mark:03x}-8000-{number:012x}"

    def count(self, key: object) -> int:
        """How often it was asked for this key before."""
        before = self.seen[key]
        self.seen[key] += 1
        return before

    def words(self, least: int, most: int) -> str:
        """Some words: few are in many texts, most in few."""
        words, weights = _vocabulary()
        count = self.random.randint(least, most)
        return " ".join(self.random.choices(words, cum_weights=weights, k=count))

    def vector(self, size: int) -> Vector:
        """A unit vector near one of a hundred centres, rounded to four decimals."""
        centre = _centres(size)[int(self.random.random() ** 2 * _CLUSTERS)]
        made = centre + self.numbers.standard_normal(size, dtype=np.float32) * 0.6
        scaled: Vector = np.round(made / np.linalg.norm(made), 4).astype(np.float32)
        return scaled

    def _at(self, number: int | None) -> int:
        return self.number if number is None else number


def _milliseconds(number: int, total: int) -> int:
    return _BEGINNING + number // _TOGETHER * _TOGETHER * _SPAN // total


def _iso(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}000Z"


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    made = [a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES]
    words = COMMON + made
    return words, list(accumulate(1 / (rank + 20) for rank in range(len(words))))


@cache
def _centres(size: int) -> Vector:
    return np.random.default_rng(size).standard_normal((_CLUSTERS, size), dtype=np.float32)
