"""Types that a database defines for itself: enums, domains, citext, vectors, composites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rawstore
from rawstore.errors import CheckViolation, DataError, ParameterError
from tests.engines.conftest import direct, on_postgres

if TYPE_CHECKING:
    from tests.postgres import Remote

pytestmark = on_postgres

SCHEMA = """
CREATE EXTENSION vector;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('happy', 'sad');
CREATE DOMAIN shop.age AS integer CHECK (value >= 0);
CREATE DOMAIN shop.adult AS shop.age CHECK (value >= 18);
CREATE DOMAIN shop.temper AS shop.mood;
CREATE DOMAIN shop.embedding AS vector(3);
CREATE TYPE shop.pair AS (n integer, text text);
CREATE TABLE shop.things (
    id integer PRIMARY KEY,
    mood shop.mood NOT NULL DEFAULT 'happy',
    moods shop.mood[] NOT NULL DEFAULT '{}',
    adult shop.adult,
    temper shop.temper,
    spot vector(3),
    spots vector(3)[],
    pair shop.pair,
    embedding shop.embedding
);
"""
QUERIES = """
-- name: put(id int, mood text, adult int? = null, temper text? = null) :exec
INSERT INTO things (id, mood, adult, temper)
VALUES (:id, :mood, :adult, :temper);

-- name: put_any(id, mood, adult) :exec
INSERT INTO things (id, mood, adult)
VALUES (:id, :mood, :adult);

-- name: put_vectors(id int, spot vector(3), embedding vector(3)) :exec
INSERT INTO things (id, spot, embedding, spots)
VALUES (:id, :spot, :embedding, ARRAY['[1,2,3]', NULL]::vector[]);

-- name: put_moods(id int, moods text[]) :exec
INSERT INTO things (id, moods)
VALUES (:id, :moods);

-- name: put_pair(id int, n int, text text) :exec
INSERT INTO things (id, pair)
VALUES (:id, ROW(CAST(:n AS int), CAST(:text AS text)));

-- name: get(id int) :one
SELECT id, mood, moods, adult, temper
FROM things
WHERE id = :id;

-- name: get_vectors(id int) :one
SELECT id, spot, spots, embedding
FROM things
WHERE id = :id;

-- name: get_pair(id int) :one
SELECT id, pair, mood, spot
FROM things
WHERE id = :id;

-- name: by_mood(moods text[]) :many
SELECT id
FROM things
WHERE mood = ANY (:moods)
ORDER BY id;

-- name: nearest(spot vector) :many
SELECT id
FROM things
WHERE spot IS NOT NULL
ORDER BY spot <-> :spot;

-- name: stream() :stream
SELECT id, mood, spot
FROM things
ORDER BY id;
"""


@pytest.fixture(params=["on", "off"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, empty_url: str, pg: Remote
) -> Iterator[Any]:
    folder = tmp_path / "shop" / "sql" / "postgres"
    folder.mkdir(parents=True)
    (folder / "things.sql").write_text(QUERIES)
    with rawstore.open(tmp_path / "shop", empty_url) as opened, direct(pg, opened) as connection:
        connection.execute(SCHEMA)
        database = connection.info.dbname
        connection.execute(f"ALTER DATABASE {database} SET search_path = shop, public")
    with rawstore.open(tmp_path / "shop", f"{empty_url}&prepare={request.param}") as opened:
        yield opened


def test_an_enum_is_its_label(store: Any) -> None:
    store.put(1, "sad")
    row = store.get(1)
    assert row == (1, "sad", [], None, None)
    assert store.by_mood(["sad", "happy"]) == [(1,)]
    assert store.by_mood([]) == []
    with pytest.raises(DataError) as caught:
        store.put(2, "furious")
    assert caught.value.code == "22P02"
    assert "furious" not in str(caught.value)


def test_an_array_of_enums_is_a_list_of_labels(store: Any) -> None:
    store.put_moods(1, ["sad", "happy", "sad"])
    assert store.get(1).moods == ["sad", "happy", "sad"]


def test_a_domain_is_its_base(store: Any) -> None:
    store.put(1, "sad", 18, "happy")
    assert store.get(1) == (1, "sad", [], 18, "happy")
    for age in (17, -1):
        with pytest.raises(CheckViolation) as caught:
            store.put(2, "sad", age)
        assert caught.value.constraint in ("adult_check", "age_check")
    with pytest.raises(ParameterError):
        store.put(2, "sad", "18")


def test_an_undeclared_parameter_takes_what_the_column_takes(store: Any) -> None:
    store.put_any(1, "sad", 20)
    assert store.get(1).adult == 20
    with pytest.raises(ParameterError):
        store.put_any(2, "sad", "20")


def test_vectors_are_lists_of_floats(store: Any) -> None:
    store.put_vectors(1, [1, 0.5, -2], (0.0, 0.25, 1e-3))
    row = store.get_vectors(1)
    assert (row.spot, row.spots) == ([1.0, 0.5, -2.0], [[1.0, 2.0, 3.0], None])
    assert row.embedding == pytest.approx([0.0, 0.25, 1e-3])
    store.put_vectors(2, [9, 9, 9], [0, 0, 1])
    assert store.nearest([8, 8, 8]) == [(2,), (1,)]
    assert [(row.id, row.spot) for row in store.stream()] == [
        (1, [1.0, 0.5, -2.0]),
        (2, [9.0, 9.0, 9.0]),
    ]
    with pytest.raises(ParameterError):
        store.put_vectors(3, [1, 2], [1, 2, 3])
    with pytest.raises(DataError):
        store.nearest([1, 2])


def test_a_composite_is_its_text(store: Any) -> None:
    store.put_pair(1, 7, "a b")
    assert store.get_pair(1) == (1, '(7,"a b")', "happy", None)
    store.put_vectors(2, [1, 2, 3], [1, 2, 3])
    assert store.get_pair(2) == (2, None, "happy", [1.0, 2.0, 3.0])


def test_a_type_of_another_database_is_another(store: Any, pg: Remote) -> None:
    """Oids are looked up per store: a second database has its own."""
    url = pg.create_database()
    try:
        with rawstore.open(store.source.root, url) as other, direct(pg, other) as connection:
            connection.execute("CREATE TYPE filler AS ENUM ('x')")
            connection.execute(SCHEMA)
            other.put(1, "sad")
            store.put(1, "happy")
            assert (other.get(1).mood, store.get(1).mood) == ("sad", "happy")
    finally:
        pg.drop_database(url.rpartition("/")[2].partition("?")[0])
