from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cli.conftest import Cli
from tests.vectors.conftest import url as vector_url
from tests.vectors.shop import INDEX, Shop, folder, opened

database = vector_url
NOTHING = "nothing to do: SQLite has no index for vectors, every one is compared\n"


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path, database) as store, psycopg.connect(database) as connection:
        connection.autocommit = True
        yield Shop(store, database, connection)


@pytest.fixture
def to(shop: Shop, tmp_path: Path) -> tuple[Path | str, ...]:
    """The arguments that name the store and its database."""
    return (folder(tmp_path), "--url", shop.url)


def records(output: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(output)
    return found


def test_from_status_to_tuned(cli: Cli, shop: Shop, to: tuple[Path | str, ...]) -> None:
    shop.index(lists=10)
    shop.fill(1200)
    shown = cli("vectors", "status", *to, "--sample", "20")
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert lines[0] == f"{INDEX}: ivfflat, vector_cosine_ops, on things, place"
    assert lines[1].startswith("  rows    1200, dimension 16, 10 lists, ")
    assert lines[2:4] == ["  built   unknown", "  search  probes 1: pgvector's default"]
    assert lines[4].startswith("  recall  0.")
    assert lines[4].endswith(" of 20")
    assert lines[7] == "  advice  outgrown: 10 lists for 1200 rows, where 51 do: rebuild"

    planned = cli("vectors", "rebuild", *to, "--dry-run")
    assert planned.stdout.startswith(f"-- {INDEX}: outgrown")
    assert planned.stdout.endswith('";\n')
    assert planned.stdout.count("CONCURRENTLY") == 2
    built = cli("vectors", "rebuild", *to)
    assert built.stdout.startswith(f"{INDEX}: built anew on 1200 rows, 51 lists, in ")
    assert cli("vectors", "rebuild", *to).stdout == f"{INDEX}: nothing to do\n"

    dry = cli("vectors", "tune", *to, "--dry-run", "--sample", "20", "--recall", "0.9")
    assert dry.stdout.splitlines()[1].startswith("  would run  ALTER DATABASE ")
    tuned = cli("vectors", "tune", *to[:1], INDEX, *to[1:], "--sample", "20", "--format", "json")
    assert tuned.exit_code == 0
    (record,) = records(tuned.stdout)
    assert (record["index"], record["kept_in"]) == (INDEX, "the database")
    (status,) = records(cli("vectors", "status", *to, "--no-recall", "--format", "json").stdout)
    assert (status["search"], status["recall"]) == (record["search"], None)
    assert status["built_rows"] == 1200


def test_out_of_reach(cli: Cli, shop: Shop, to: tuple[Path | str, ...]) -> None:
    shop.connection.execute("CREATE INDEX graph ON shop.things USING hnsw (place vector_l2_ops)"
                            " WITH (m = 2, ef_construction = 4)")  # fmt: skip
    shop.fill(1500)
    result = cli("vectors", "tune", *to, "--recall", "1", "--sample", "30")
    assert result.exit_code == 1
    assert result.stdout.startswith("graph: out of reach; the best is hnsw.ef_search 1000: ")


def test_sqlite(cli: Cli) -> None:
    to = ("collections", "--url", "sqlite:///items.db")
    cli("migrate", "up", *to)
    assert cli("vectors", "status", *to).stdout.splitlines() == [
        "embeddings, vector: no index",
        "  rows    0, 0 bytes",
        "  advice  nothing to do: no index, every vector is compared",
    ]
    for verb in ("rebuild", "tune"):
        result = cli("vectors", verb, *to)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", NOTHING)
    assert records(cli("vectors", "tune", *to, "--format", "json").stdout) == []


def test_a_store_without_vectors(cli: Cli, url: str) -> None:
    result = cli("vectors", "status", "minipilot", "--url", url)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "minipilot has no vectors\n"
    result = cli("vectors", "rebuild", "minipilot", "--url", url)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("nothing to do: ")


def test_mistakes(cli: Cli, shop: Shop, to: tuple[Path | str, ...]) -> None:
    assert cli("vectors", "tune", *to, "--recall", "0").exit_code == 2
    assert cli("vectors", "status", *to, "--sample", "0").exit_code == 2
    unknown = cli("vectors", "rebuild", *to[:1], "other", *to[1:])
    assert (unknown.exit_code, unknown.stdout) == (3, "")
    assert "no vector index 'other'" in unknown.stderr
