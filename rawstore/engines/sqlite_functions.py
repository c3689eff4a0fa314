"""SQL functions that every connection to SQLite brings, for what PostgreSQL has in extensions.

`cosine_distance(a, b)` is pgvector's `a <=> b`: 1 minus the cosine of the angle between two vectors
(blobs of little-endian float32), from 0 (the same direction) to 2 (the opposite one). It is NULL
where either is NULL or no vector, where the dimensions differ, and where a vector has no direction:
it is all zero, or so short or long that its square is out of float32's range, as in pgvector.

NumPy is imported by the first call that compares two vectors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from math import inf, sqrt

Distance = Callable[[object], float | None]


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known on a connection."""
    connection.create_function("cosine_distance", 2, _cosine_distance(), deterministic=True)


def _cosine_distance() -> Callable[[object, object], float | None]:
    """The function, which keeps the vector that a search compares with all the others."""
    kept: object = None
    distance = _no_distance

    def cosine_distance(vector: object, wanted: object) -> float | None:
        nonlocal kept, distance
        if wanted != kept:
            distance = _distance_to(wanted)
            kept = wanted
        return distance(vector)

    return cosine_distance


def _distance_to(wanted: object) -> Distance:
    """The distance from one vector to any other, in float32, as pgvector computes it."""
    if type(wanted) is not bytes or not wanted or len(wanted) % 4:
        return _no_distance
    from numpy import dtype, frombuffer, vdot  # only who searches by vectors pays for loading it

    size = len(wanted)
    float32 = dtype("<f4")
    wanted_numbers = frombuffer(wanted, float32)
    product = wanted_numbers.dot  # a little faster than vdot, but it warns of an overflow
    wanted_square = float(vdot(wanted_numbers, wanted_numbers))
    if not 0 < wanted_square < inf:
        return _no_distance

    def distance(vector: object) -> float | None:
        if type(vector) is not bytes or len(vector) != size:
            return None
        numbers = frombuffer(vector, float32)
        square = float(vdot(numbers, numbers))
        if not 0 < square < inf:
            return None
        cosine = float(product(numbers)) / sqrt(square * wanted_square)
        return 1.0 - max(-1.0, min(1.0, cosine))

    return distance


def _no_distance(_: object) -> None:
    return None
