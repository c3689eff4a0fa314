"""SQL functions that every connection to SQLite brings, for what PostgreSQL has in pgvector.

Vectors are blobs of little-endian float32. Two have a cosine where their dimensions are the same
and each has a direction: its length is between 1e-18 and 1e18. Beyond these, and at zero, there is
none, for squares leave float32's range (in which pgvector computes, too, and goes wrong there).

- `cosine_distance(a, b)` is pgvector's `a <=> b`: 1 minus the cosine, so from 0 (the same
  direction) to 2 (the opposite one); NULL where there is no cosine.
- `nearest(key, vector, wanted, count)` is an aggregate, faster where there are many vectors: the
  `count` that come nearest to `wanted`, as a JSON array of [key, cosine], the nearest first and of
  equally near ones the highest key; NULL where there are no rows. Keys are integers.

NumPy is imported by the first call that compares vectors.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

Distance = Callable[[object], float | None]

SHORTEST, LONGEST = 1e-36, 1e36  # the square of a length
CHUNK = 256  # vectors that `nearest` compares at a time: few enough for the processor's cache


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known on a connection."""
    connection.create_function("cosine_distance", 2, _cosine_distance(), deterministic=True)
    # typeshed knows only aggregates of one int.
    connection.create_aggregate("nearest", 4, Nearest)  # type: ignore[arg-type]


def _cosine_distance() -> Callable[[object, object], float | None]:
    """The function, which keeps the vector that a search compares with all the others."""
    kept: object = None
    distance: Distance = _no_distance

    def cosine_distance(vector: object, wanted: object) -> float | None:
        nonlocal kept, distance
        if wanted != kept:
            distance = _distance_to(wanted)
            kept = wanted
        return distance(vector)

    return cosine_distance


def _distance_to(wanted: object) -> Distance:
    """The distance from one vector to any other."""
    if type(wanted) is not bytes or not wanted or len(wanted) % 4:
        return _no_distance
    from numpy import dtype, frombuffer, vdot  # only who compares vectors pays for loading it

    size = len(wanted)
    float32 = dtype("<f4")
    wanted_numbers = frombuffer(wanted, float32)
    product = wanted_numbers.dot  # a little faster than vdot, but it warns of an overflow
    wanted_square = float(vdot(wanted_numbers, wanted_numbers))
    if not SHORTEST <= wanted_square <= LONGEST:
        return _no_distance

    def distance(vector: object) -> float | None:
        if type(vector) is not bytes or len(vector) != size:
            return None
        numbers = frombuffer(vector, float32)
        square = float(vdot(numbers, numbers))
        if not SHORTEST <= square <= LONGEST:
            return None
        cosine = float(product(numbers)) / sqrt(square * wanted_square)
        return 1.0 - max(-1.0, min(1.0, cosine))

    return distance


def _no_distance(_: object) -> None:
    return None


class Nearest:
    """The aggregate `nearest`, while it goes through the rows."""

    __slots__ = ("_count", "_found", "_keys", "_size", "_vectors", "_wanted")

    def __init__(self) -> None:
        self._size: int | None = None  # of every vector, in bytes; None before the first row
        self._wanted = b""
        self._count = 0
        self._keys: list[int] = []
        self._vectors: list[bytes] = []
        self._found: list[tuple[NDArray[Any], NDArray[Any]]] = []  # keys and cosines of a chunk

    def step(self, key: int, vector: object, wanted: object, count: int) -> None:
        """Take a row; `wanted` and `count` are those of the first."""
        if self._size is None:
            if isinstance(wanted, bytes) and not len(wanted) % 4:
                self._wanted = wanted
                self._count = count
            self._size = len(self._wanted) or -1
        if type(vector) is bytes and len(vector) == self._size:
            keys = self._keys
            keys.append(key)
            self._vectors.append(vector)
            if len(keys) == CHUNK:
                self._compare()

    def _compare(self) -> None:
        """Turn the vectors collected into cosines."""
        from numpy import array, einsum, float64, frombuffer, int64, sqrt as roots

        wanted = frombuffer(self._wanted, "<f4")
        vectors = frombuffer(b"".join(self._vectors), "<f4").reshape(-1, len(wanted))
        # einsum, because BLAS does not give equal vectors equal results wherever they stand.
        squares = einsum("ij,ij->i", vectors, vectors).astype(float64)
        usable = (squares >= SHORTEST) & (squares <= LONGEST)
        wanted_square = float(einsum("i,i", wanted, wanted))
        usable &= SHORTEST <= wanted_square <= LONGEST
        lengths = roots(squares[usable] * wanted_square)
        cosines = einsum("ij,j->i", vectors, wanted)[usable] / lengths
        self._found.append((array(self._keys, int64)[usable], cosines.clip(-1.0, 1.0)))
        self._keys.clear()
        self._vectors.clear()

    def finalize(self) -> str:
        """The answer."""
        if self._keys and self._wanted:
            self._compare()
        if not self._found or self._count < 1:
            return "[]"
        from numpy import concatenate, lexsort, partition

        keys = concatenate([keys for keys, _ in self._found])
        cosines = concatenate([cosines for _, cosines in self._found])
        if len(cosines) > self._count:  # leave out those that are certainly too far
            last = len(cosines) - self._count
            near = cosines >= partition(cosines, last)[last]
            keys, cosines = keys[near], cosines[near]
        order = lexsort((-keys, -cosines))[: self._count]
        return json.dumps([*zip(keys[order].tolist(), cosines[order].tolist(), strict=True)])
