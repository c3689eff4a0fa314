"""The moment before which rows are old. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from ..errors import ConfigError
from ..url import parse_seconds


def moment(
    older_than: str | timedelta | None,
    before: str | date | datetime | None,
    now: datetime | None = None,
) -> datetime:
    """The cutoff that an age (`12h`, `30d`, `2w`) or a moment means: exactly one of them.

    A date is its first moment in UTC. Raises ConfigError where it is not one of these, has no
    time zone, or does not lie in the past.
    """
    if (older_than is None) == (before is None):
        raise ConfigError("say how old: either older_than (30d) or before (2026-01-31)")
    now = now or datetime.now(UTC)
    cutoff = _before(before) if before is not None else _older(older_than, now)
    if cutoff >= now:
        raise ConfigError("the cutoff must lie in the past: all would be old")
    return cutoff


def _older(age: str | timedelta | None, now: datetime) -> datetime:
    span = age if isinstance(age, timedelta) else _span(age or "")
    try:
        return now - span
    except OverflowError:
        raise ConfigError("this age goes back beyond the year 1") from None


def _span(text: str) -> timedelta:
    seconds = parse_seconds(text)
    # A bare number would be seconds, which nobody means here.
    if seconds is None or text.strip()[-1:].isdigit():
        raise ConfigError(f"{text!r} is no age; write for example 12h, 30d or 2w")
    return timedelta(seconds=seconds)


def _before(given: str | date | datetime) -> datetime:
    if isinstance(given, str):
        try:
            given = _read(given.strip())
        except ValueError:
            example = "2026-01-31 or 2026-01-31T12:00+00:00"
            raise ConfigError(
                f"{given!r} is no date or time; write for example {example}"
            ) from None
    if not isinstance(given, datetime):
        return datetime.combine(given, time(), UTC)
    if given.tzinfo is None:
        raise ConfigError("this time has no zone; add one, for example +00:00")
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise ConfigError("this time lies outside the years 1 to 9999, in UTC") from None


def _read(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)
