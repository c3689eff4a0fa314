"""A photo collection: what a model says of each photo, found by words, by meaning and by both.

    $ python examples/photo_collection.py
    2 photos: animals 1, travel 1
    cat.jpg: animals, version 1
    beach.jpg: travel, version 2
    words: beach.jpg, "The beach at sunset"
    meaning: beach.jpg 0.58
    both: beach.jpg, first in both lists
    another tenant finds 0 photos

The database is the argument's (an URL), or where the environment says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from zlib import crc32

import rawstore

PHOTOS = {
    "beach": {"category": "travel", "summary": "The beach at sunset", "tags": ["sea", "sand"]},
    "cat": {"category": "animals", "summary": "A cat sleeps on a sofa", "tags": ["pet"]},
}


def embedding(texts: Iterable[str]) -> list[float]:
    """Stands for a model: each word adds one to one of the 1024 numbers."""
    numbers = [0.0] * 1024
    for word in " ".join(texts).lower().split():
        numbers[crc32(word.encode()) % 1024] += 1
    return numbers


def main(url: str | None = None) -> None:
    """Fill a small collection and search it."""
    with rawstore.open("collections", url) as store:
        store.migrate()
        for photo, result in PHOTOS.items():
            store.delete_item(photo, "ann")  # of an earlier run
            store.create_item(photo, f"{photo}.jpg", f"/photos/{photo}.jpg", "ann")
            if photo == "beach":
                store.create_analysis("beach-draft", "beach", "ann", {"category": "unknown"})
            store.create_analysis(photo, photo, "ann", result, model_used="large")
            vector = embedding([str(result["summary"]), *result["tags"]])
            store.create_embedding(photo, photo, "ann", vector, "words")

        categories = [f"{row.category} {row.items}" for row in store.list_categories("ann")]
        print(f"{store.count_items('ann')} photos: {', '.join(categories)}")
        for item in store.list_items("ann"):
            print(f"{item.filename}: {item.category}, version {item.version}")

        query = "beach sunset"
        for hit in store.search_items(query, "ann"):
            print(f'words: {hit.filename}, "{hit.summary}"')
        for like in store.search_similar(embedding([query]), "ann", min_similarity=0.1):
            print(f"meaning: {like.filename} {like.similarity:.2f}")
        best = store.hybrid_search(query, embedding([query]), "ann")[0]
        both = "first in both lists" if (best.text_rank, best.vector_rank) == (1, 1) else "not so"
        print(f"both: {best.filename}, {both}")
        print(f"another tenant finds {len(store.search_items(query, 'bob'))} photos")


if __name__ == "__main__":
    main(*sys.argv[1:])
