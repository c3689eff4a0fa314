"""Searches of the store collections, by words and by meaning: ten of ten thousand items."""

from __future__ import annotations

from dataclasses import replace

from ..peers import search
from ..scenario import Scenario

_WORDS = Scenario(
    name="search-words",
    title="Full-text search of collections, 10 best",
    dialect="postgres",
    method="search_items",
    peers=(search.RAWSTORE, search.PSYCOPG),
    draw=lambda place: place.any_word(),
    statements=("search_items",),
    calls=5,
    place="collections",
)
_MEANING = replace(
    _WORDS,
    name="search-vectors",
    title="Vector search of collections, 10 best of 1024 dimensions",
    method="search_similar",
    draw=lambda place: place.any_embedding(),
    statements=("search_similar",),
    calls=10,
)

SCENARIOS = (
    _WORDS,
    _MEANING,
    replace(_WORDS, dialect="sqlite", peers=(search.RAWSTORE, search.SQLITE)),
    replace(_MEANING, dialect="sqlite", peers=(search.RAWSTORE, search.SQLITE)),
)
