"""How large a portion is, by the time that the one before took."""

from __future__ import annotations

import pytest

from rawstore.retention.portions import LEAST, SECONDS, next_size


@pytest.mark.parametrize(
    ("count", "took", "size"),
    [
        (200, SECONDS / 10, 400),  # twice as many at most
        (200, SECONDS, 200),
        (200, SECONDS * 1.5, 133),
        (200, SECONDS * 10, 100),
        (20, SECONDS / 100, 400),  # full it would take a tenth of it
        (20, SECONDS / 15, 300),
        (20, SECONDS, 200),  # not full, and slow: that tells nothing
        (0, 1e-9, 200),
    ],
)
def test_the_next_portion_takes_as_long_as_one_may(count: int, took: float, size: int) -> None:
    assert next_size(200, count, took) == size


def test_it_is_never_tiny() -> None:
    assert next_size(60, 60, SECONDS * 10) == LEAST
