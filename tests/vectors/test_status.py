from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import rawstore
from rawstore.errors import ConfigError, StatementTimeout, UndefinedObject
from rawstore.vectors import catalog, measure
from tests.vectors.shop import INDEX, Shop, clustered, insert, opened


def test_an_index_built_before_its_rows(shop: Shop) -> None:
    shop.index(lists=60)
    shop.fill(2000)
    insert(shop.connection, 5000, [None, [0.0] * 16])
    (index,) = shop.vectors.status()
    assert (index.table, index.column, index.index) == ("things", "place", INDEX)
    assert (index.method, index.operator_class) == ("ivfflat", "vector_cosine_ops")
    assert (index.rows, index.rows_estimated, index.dimension) == (2001, False, 16)
    assert (index.lists, index.m, index.ef_construction) == (60, None, None)
    assert (index.built_at, index.built_rows) == (None, None)
    assert (index.search, index.kept_in) == (1, "pgvector's default")
    assert index.bytes == shop.value(f"SELECT pg_relation_size('shop.{INDEX}')")
    assert index.sample == 50
    assert index.recall is not None
    assert index.recall < 0.9
    assert index.median_ms
    assert index.p95_ms
    assert index.exact_p95_ms
    assert index.advice[0] == f"recall {index.recall:.3f} is below 0.95: rebuild"
    (again,) = shop.vectors.status()
    assert again.recall == index.recall


def test_recall_is_that_of_the_setting_in_force(shop: Shop) -> None:
    shop.index(lists=60)
    shop.fill(1500)
    shop.connection.execute(f'ALTER DATABASE "{shop.value("SELECT current_database()")}"'
                            " SET ivfflat.probes = 60")  # fmt: skip
    (index,) = shop.vectors.status(sample=20)
    assert (index.search, index.kept_in) == (60, "the database")
    assert (index.recall, index.sample) == (1.0, 20)


def test_a_quick_look_measures_nothing(shop: Shop) -> None:
    shop.index(lists=60)
    shop.fill(200)
    (index,) = shop.vectors.status(recall=False)
    assert (index.rows, index.sample, index.recall, index.median_ms) == (200, 0, None, None)


def test_few_rows(shop: Shop) -> None:
    shop.index(lists=1)
    cases: list[tuple[list[list[float] | None], float | None]] = [
        ([], None),
        ([None, [0.0] * 16], None),
        ([[1.0] * 16], None),
        ([[1.0] * 16, [0.0] * 16, [1.0] * 15 + [2.0]], 1.0),
        ([[1.0] * 16] * 9, 1.0),
    ]
    for vectors, recall in cases:
        shop.connection.execute("TRUNCATE shop.things")
        insert(shop.connection, 0, vectors)
        (index,) = shop.vectors.status()
        assert (index.rows, index.recall) == (sum(each is not None for each in vectors), recall)
        assert index.advice == ("nothing to do",)
        (tuned,) = shop.vectors.tune(dry_run=True)
        assert (tuned.recall, tuned.reached) == (recall, True)
        assert shop.vectors.rebuild()[0].reasons == ()


def test_partial_indexes_of_expressions(shop: Shop) -> None:
    shop.connection.execute('ALTER TABLE shop.things ADD "odd %s {x}" vector')
    free = '"odd %s {x}"'
    shop.connection.execute(
        f"CREATE INDEX graph ON shop.things USING hnsw (({free}::vector(16)) vector_l2_ops)"
        f" WITH (m = 8, ef_construction = 40) WHERE vector_dims({free}) = 16 AND id >= 0"
    )
    shop.fill(600)
    shop.connection.execute(
        f"UPDATE shop.things SET {free} = CASE WHEN id % 2 = 0 THEN place ELSE '[1,2,3]' END"
    )
    index, column = shop.vectors.status(sample=30)
    assert (index.method, index.operator_class, index.dimension) == ("hnsw", "vector_l2_ops", 16)
    assert (index.rows, index.lists, index.m, index.ef_construction) == (300, None, 8, 40)
    assert (index.search, index.sample) == (40, 30)
    assert index.recall is not None
    assert index.recall > 0.95
    assert (column.column, column.index, column.method) == ("place", None, "scan")
    assert (column.rows, column.recall, column.sample) == (600, 1.0, 30)
    assert column.advice == ("nothing to do: no index, every vector is compared",)


def test_an_invalid_index_and_what_a_rebuild_left(shop: Shop) -> None:
    shop.index(lists=10)
    shop.fill(20)
    shop.connection.execute("CREATE INDEX rawstore_new_1 ON shop.things"
                            " USING ivfflat (place vector_cosine_ops)")  # fmt: skip
    shop.connection.execute(
        f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.{INDEX}'::regclass"
    )
    left, index = shop.vectors.status()
    assert (index.valid, index.recall) == (False, None)
    assert index.advice == ("invalid: no search uses it: rebuild",)
    assert left.index == "rawstore_new_1"
    assert left.advice == ("left by a rebuild that was stopped: the next rebuild drops it",)


def test_of_two_indexes_of_a_kind_the_planner_uses_one(shop: Shop) -> None:
    shop.index(lists=10)
    shop.fill(300)
    shop.connection.execute("CREATE INDEX other ON shop.things"
                            " USING hnsw (place vector_cosine_ops)")  # fmt: skip
    found = shop.vectors.status(sample=5)
    assert [each.recall is None for each in found].count(True) == 1
    (unused,) = [each for each in found if each.recall is None]
    assert unused.advice == ("not measured: the planner does not use this index",)


def test_what_takes_too_long_is_estimated_or_left_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "_COUNTING", "20ms")
    monkeypatch.setattr(measure, "_ONE_QUERY", "20ms")
    shop.connection.execute(
        "CREATE FUNCTION shop.slow(integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql"
        " AS 'BEGIN PERFORM pg_sleep(0.03); RETURN true; END'"
    )
    shop.connection.execute(
        f"CREATE INDEX {INDEX} ON shop.things USING ivfflat (place vector_l2_ops)"
        " WITH (lists = 10) WHERE shop.slow(id)"
    )
    insert(shop.connection, 0, [[1.0] * 16, [2.0] * 16])
    (index,) = shop.vectors.status()
    assert index.rows_estimated
    assert (index.recall, index.sample) == (None, 0)
    assert index.advice[-1].startswith("not measured: things: comparing a vector with all others")
    with pytest.raises(StatementTimeout, match="things: comparing"):
        shop.vectors.tune()


def test_pgvector_is_missing(tmp_path: Path, pg_database: Callable[[str | None], str]) -> None:
    with (
        opened(tmp_path, pg_database(None)) as store,
        pytest.raises(ConfigError, match="CREATE EXTENSION vector"),
    ):
        store.vectors.status()


def test_before_the_migrations(tmp_path: Path, shop: Shop) -> None:
    shop.connection.execute("DROP SCHEMA shop CASCADE")
    for work in (shop.vectors.status, shop.vectors.rebuild, shop.vectors.tune):
        with pytest.raises(UndefinedObject, match="migrate up"):
            work()
    url = f"sqlite:///{tmp_path}/new.db"
    (tmp_path / "new.db").touch()
    with (
        rawstore.open("collections", url) as store,
        pytest.raises(UndefinedObject, match="migrate up"),
    ):
        store.vectors.status()


@pytest.mark.parametrize("sample", [0, 10_001])
def test_an_unusable_sample(shop: Shop, sample: int) -> None:
    with pytest.raises(ConfigError, match=f"not {sample}"):
        shop.vectors.status(sample=sample)


@pytest.mark.parametrize("recall", [0.0, 1.01])
def test_an_unusable_recall(shop: Shop, recall: float) -> None:
    with pytest.raises(ConfigError, match="recall"):
        shop.vectors.tune(recall=recall)


def test_a_store_without_vectors(tmp_path: Path, store: rawstore.Store) -> None:
    assert store.vectors.status() == []
    assert store.vectors.rebuild() == []
    assert store.vectors.tune() == []


def test_sqlite(tmp_path: Path) -> None:
    with rawstore.open("contextpilot", f"sqlite:///{tmp_path}/units.db") as store:
        store.migrate()
        (empty,) = store.vectors.status()
        assert (empty.table, empty.column, empty.rows) == ("context_units", "embedding", 0)
        assert (empty.dimension, empty.recall, empty.sample) == (None, None, 0)
        vectors: list[list[float]] = [*clustered(20), [0.0] * 16, [1.0, 2.0]]
        for vector in [*vectors, None]:
            store.add_context("file", "a", "b", embedding=vector)
        two, many = store.vectors.status(sample=15)
        assert (two.dimension, two.rows, two.bytes, two.sample) == (2, 1, 8, 1)
        assert (many.dimension, many.rows, many.bytes) == (16, 21, 21 * 64)
        assert (many.recall, many.sample, many.method) == (1.0, 15, "scan")
        assert many.median_ms
        assert many.advice == ("nothing to do: no index, every vector is compared",)
        (_, quick) = store.vectors.status(recall=False)
        assert (quick.rows, quick.sample, quick.median_ms) == (21, 0, None)
        assert store.vectors.rebuild() == []
        assert store.vectors.tune() == []


def test_in_memory() -> None:
    with rawstore.open("contextpilot", "sqlite://") as store:
        store.migrate()
        store.add_context("file", "a", "b", embedding=[1.0, 2.0])
        assert [index.rows for index in store.vectors.status()] == [1]
