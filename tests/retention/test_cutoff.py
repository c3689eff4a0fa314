"""Ages and moments as cutoffs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from rawstore.errors import ConfigError
from rawstore.retention import moment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "cutoff"),
    [
        ("30d", NOW - timedelta(days=30)),
        ("2w", NOW - timedelta(days=14)),
        ("12h", NOW - timedelta(hours=12)),
        ("1.5d", NOW - timedelta(hours=36)),
        (" 5min ", NOW - timedelta(minutes=5)),
        (timedelta(days=1), NOW - timedelta(days=1)),
    ],
)
def test_an_age_counts_back_from_now(age: str | timedelta, cutoff: datetime) -> None:
    assert moment(age, None, NOW) == cutoff


@pytest.mark.parametrize(
    ("before", "cutoff"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        (date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        (
            datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=1))),
            datetime(2026, 1, 30, 23, tzinfo=UTC),
        ),
    ],
)
def test_a_moment_is_taken_as_it_is(before: str | date, cutoff: datetime) -> None:
    assert moment(None, before, NOW) == cutoff


@pytest.mark.parametrize(
    "age", ["", "30", "0d", "0h", "-1d", "d", "30 days", "1e3d", "\uff19d", timedelta(0)]
)
def test_what_is_no_age_is_refused(age: str | timedelta) -> None:
    with pytest.raises(ConfigError):
        moment(age, None, NOW)


@pytest.mark.parametrize(
    "before",
    ["", "yesterday", "2026-02-30", "2026-01-31T12:00", "2026-03-02", datetime(2026, 1, 1), NOW],
)
def test_what_is_no_moment_in_the_past_is_refused(before: str | datetime) -> None:
    with pytest.raises(ConfigError):
        moment(None, before, NOW)


def test_what_is_beyond_all_time_is_refused() -> None:
    with pytest.raises(ConfigError, match="year 1"):
        moment("999999d", None, NOW)
    with pytest.raises(ConfigError, match="years 1 to 9999"):
        moment(None, "0001-01-01T00:00+14:00", NOW)


def test_one_of_the_two_is_needed() -> None:
    with pytest.raises(ConfigError, match="older_than"):
        moment(None, None, NOW)
    with pytest.raises(ConfigError, match="older_than"):
        moment("1d", "2026-01-01", NOW)
