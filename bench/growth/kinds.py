"""What a query is, and whether it must cost the same in a large table as in a small one. Pure.

Every query must, unless its file says beside it why some call of it cannot: `-- growth: reason`.
"""

from __future__ import annotations

import re
from typing import Literal

from rawstore import Query
from rawstore.query import Kind

LIMIT = 2.0  # times what it takes in the smallest volume

KindOfQuery = Literal["point", "page", "search", "aggregate", "write"]

_WORDS = re.compile(r"@@|\bMATCH\b")  # full text, in either dialect


def kind_of(query: Query) -> KindOfQuery:
    """By what the query does; an aggregate is a read without a limit that grows."""
    if query.writes:
        return "write"
    if any(param.search for param in query.params) or _WORDS.search(query.variants[0].text):
        return "search"
    if query.kind is Kind.MANY and any(param.bound for param in query.params):
        return "page"
    if reason(query):
        return "aggregate"
    return "page" if query.kind is Kind.MANY else "point"


def reason(query: Query) -> str | None:
    """Why the query may exceed LIMIT; None where it may not."""
    return query.reasons.get("growth")
