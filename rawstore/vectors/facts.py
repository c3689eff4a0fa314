"""What is known of a vector index, and what was done with one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Method = Literal["ivfflat", "hnsw", "scan"]


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """An index, or (`method` "scan", `index` None) a column of vectors that has none.

    `rows` are those it covers, an estimate where a count takes too long. `built_at` and
    `built_rows` are None where nothing has noted them. `search` is what searches are made with:
    probes of an IVFFlat index, ef_search of an HNSW index; `kept_in` says what sets it.
    Recall is of the ten nearest, by the index alone with `search` in force, over `sample` stored
    vectors; None where it was not measured. Times are milliseconds, as a client sees them.
    """

    table: str
    column: str
    index: str | None
    method: Method
    rows: int
    rows_estimated: bool
    dimension: int | None
    bytes: int
    operator_class: str | None = None
    valid: bool = True
    lists: int | None = None
    m: int | None = None
    ef_construction: int | None = None
    built_at: datetime | None = None
    built_rows: int | None = None
    search: int | None = None
    kept_in: str | None = None
    recall: float | None = None
    sample: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None
    exact_median_ms: float | None = None
    exact_p95_ms: float | None = None
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An index and why it was built anew: `reasons` is empty where it was left as it is.

    `lists` are those it has from now on. `seconds` is None where nothing ran. `statements` change
    the index, in their order.
    """

    table: str
    index: str
    reasons: tuple[str, ...]
    lists: int | None
    rows: int
    statements: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Tuned:
    """The smallest setting that reaches the recall asked for, or the best there is.

    `least` is the recall less the sample's error: with 95 % confidence it is no lower. `reached`
    is about `least`. `before` is what was in force. `kept_in` is None where nothing was kept, for
    it was a dry run, or out of reach, or there are no rows to tell by.
    """

    table: str
    index: str
    setting: str
    before: int
    search: int
    recall: float | None
    least: float | None
    reached: bool
    sample: int
    median_ms: float | None
    exact_median_ms: float | None
    kept_in: str | None
    statement: str | None
