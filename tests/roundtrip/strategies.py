"""The declared types, the values each of them takes, and what comes back for a value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NASTY_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "'",
        '"',
        "''",
        "\\",
        "%s %(v)s {} $1 ? :v :: @v",
        "-- comment",
        "/* open",
        "; DROP TABLE x;",
        "NULL",
        "null",
        "{}",
        "{1,2}",
        "[]",
        "true",
        "0",
        "1e5",
        "\r\n\t\x01\x1f\x7f",
        "\ufeff",
        "\ufffe\uffff",
        "e\u0301 \u00e9",
        "\U0010ffff🎉",
        "x" * 10_000,
    ]
)
TEXT = TEXTS | NASTY_TEXTS
INT = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, -1, 2**31 - 1, -(2**31)])
BIGINT = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 2**63 - 1, -(2**63)])
FLOAT = st.floats(allow_nan=False) | st.sampled_from(
    [0.0, -0.0, 0.1, 1e16, 1e23, 1e308, 5e-324, 2.0**53, math.inf, -math.inf]
)
# Zones of fixed offset and of the tz database; the ends of time fall out of range in some of them.
ZONES = st.timezones() | st.builds(
    timezone, st.integers(-1439, 1439).map(lambda minutes: timedelta(minutes=minutes))
)
MOMENT = st.datetimes(
    datetime(1, 1, 3),
    datetime(9999, 12, 29),
    timezones=ZONES,
) | st.sampled_from(
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1899, 12, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=53, seconds=28))),
    ]
)
NUMERIC = st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda value: -10_000 < value.adjusted() < 10_000
) | st.sampled_from(
    [
        Decimal("0"),
        Decimal("-0"),
        Decimal("1.10"),
        Decimal("1E+5"),
        Decimal("1e-16383"),
        Decimal("9" * 1000 + "." + "9" * 1000),
        Decimal("0.1"),
        Decimal(2) ** 200,
    ]
)
JSON_NUMBER = (
    st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [2**63, 2**64 + 1, -(2**70), 10**400, 1e23, 1e308, 5e-324, -0.0, 1.0, 1e16, 1e-7]
    )
)
JSON_LEAF = st.none() | st.booleans() | JSON_NUMBER | TEXT
JSON = st.recursive(
    JSON_LEAF,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=12,
).filter(lambda value: value is not None)


def itself(value: Any) -> Any:
    """Return what comes back for a value of most types."""
    return value


def in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def as_json(value: Any) -> Any:
    """Return the value with lists for tuples."""
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class Declared:
    """A type as a query file names it, with its names in SQL and the values it takes."""

    name: str
    postgres: str
    sqlite: str
    values: SearchStrategy[Any]
    back: Callable[[Any], Any] = itself

    @property
    def label(self) -> str:
        """The name, fit for an identifier."""
        return self.name.replace("[]", "_list")


TYPES = {
    declared.name: declared
    for declared in (
        Declared("text", "text", "text", TEXT),
        Declared("int", "integer", "integer", INT),
        Declared("bigint", "bigint", "integer", BIGINT),
        Declared("float", "double precision", "real", FLOAT),
        Declared("bool", "boolean", "integer", st.booleans()),
        Declared("uuid", "uuid", "text", st.uuids()),
        Declared("timestamptz", "timestamptz", "text", MOMENT, in_utc),
        Declared("date", "date", "text", st.dates()),
        Declared("json", "jsonb", "text", JSON, as_json),
        Declared("bytes", "bytea", "blob", st.binary()),
        Declared("numeric", "numeric", "text", NUMERIC),
        Declared("text[]", "text[]", "text", st.lists(st.none() | TEXT)),
        Declared("int[]", "integer[]", "text", st.lists(st.none() | INT)),
        Declared("uuid[]", "uuid[]", "text", st.lists(st.none() | st.uuids())),
    )
}
DIALECTS = ("sqlite", "postgres")


def echo_queries(dialect: str) -> str:
    """Return a query file with one query per type, `echo_TYPE`, that gives back its parameter."""
    parts = []
    for declared in TYPES.values():
        cast = f"::{declared.postgres}" if dialect == "postgres" else ""
        header = f"-- name: echo_{declared.label}(v {declared.name}?) :scalar {declared.name}?"
        parts.append(f"{header}\nSELECT :v{cast};\n")
    return "\n".join(parts)


def alike(first: Any, second: Any) -> bool:
    """Whether two values are equal and of the same types, at every depth."""
    if type(first) is not type(second):
        return False
    if isinstance(first, list):
        return len(first) == len(second) and all(map(alike, first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(alike(first[k], second[k]) for k in first)
    return bool(first == second)
