"""The slow-query log: a warning for each call that took long. No parameters, no values."""

from __future__ import annotations

import logging
from collections import Counter

from .query import Variant
from .statistics import Calls

logger = logging.getLogger("rawstore.slow")

_NAMED = 5  # queries of a batch


class SlowLog:
    """Warns of calls and batches that take `threshold` seconds or more."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    def __call__(
        self, variant: Variant, seconds: float, rows: int | None, error: BaseException | None
    ) -> None:
        """One call, whose line names the query, its file, and the error's class."""
        if seconds < self._threshold:
            return
        query = variant.query
        if error is not None:
            outcome = f"failed with {type(error).__name__} after"
        else:
            outcome = f"was open for {rows} rows," if query.kind == "stream" else "took"
        count = "" if rows is None or query.kind == "stream" else f", {rows} rows"
        where = f"{query.file}:{query.line}"
        logger.warning("%s %s %.3f s%s: %s", query.full_name, outcome, seconds, count, where)

    def batch(self, calls: Calls, seconds: float) -> None:
        """One batch, whose line names the queries in it that are called most."""
        if seconds < self._threshold or len(calls) == 1:
            return
        names = Counter(variant.query.full_name for variant, _ in calls).most_common()
        named = ", ".join(f"{name} ({times})" for name, times in names[:_NAMED])
        more = ", …" if len(names) > _NAMED else ""
        logger.warning("a batch of %d calls took %.3f s: %s%s", len(calls), seconds, named, more)
