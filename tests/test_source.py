"""Where a store's files lie: shipped, or in a folder of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from rawstore.errors import ConfigError
from rawstore.source import Source, find, shipped


def folder(path: Path) -> Path:
    (path / "sql" / "sqlite").mkdir(parents=True)
    return path


def test_a_shipped_store_lies_below_its_dialects() -> None:
    source = find("minipilot")
    assert (source.name, source.shipped) == ("minipilot", True)
    assert source.sql("sqlite").parts[-3:] == ("sql", "sqlite", "minipilot")
    assert source.migrations("postgres").parts[-3:] == ("migrations", "postgres", "minipilot")
    assert source.migrations("postgres").is_dir()
    assert "create_user" in source.load("sqlite")
    assert "minipilot" in shipped()
    assert list(shipped()) == sorted(shipped())


@pytest.mark.parametrize("as_text", [True, False])
def test_a_folder_of_ones_own(tmp_path: Path, as_text: bool) -> None:  # noqa: FBT001
    path = folder(tmp_path / "shop")
    source = find(str(path) if as_text else path)
    assert source == Source("shop", path, shipped=False)
    assert source.sql("sqlite") == path / "sql" / "sqlite"
    assert source.migrations("postgres") == path / "migrations" / "postgres"


def test_a_relative_folder_is_found_from_elsewhere_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    assert find(".") == Source("shop", tmp_path / "shop", shipped=False)


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("shop", "shop"),
        ("My Shop-2", "my_shop_2"),
        ("2nd", "store_2nd"),
        ("pg_shop", "store_pg_shop"),
        ("_shop_", "shop"),
        ("名前", "store"),
        ("a" * 80, "a" * 63),
    ],
)
def test_a_folders_name_becomes_an_identifier(tmp_path: Path, called: str, name: str) -> None:
    assert find(folder(tmp_path / called)).name == name


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("minpilot", "unknown store 'minpilot'; did you mean minipilot"),
        ("zzz", "unknown store 'zzz'; known are"),
        ("zzz", "or give a folder that holds sql/sqlite/ or sql/postgres/"),
        (Path("/nowhere/shop"), "/nowhere/shop is missing"),
    ],
)
def test_a_store_that_is_none(store: str | Path, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find(store)
    assert said in str(caught.value)


def test_a_folder_without_queries(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no sql/ folder; put queries into"):
        find(tmp_path)
    with pytest.raises(ConfigError, match=r"no query files: .*postgres is missing"):
        find(folder(tmp_path / "shop")).load("postgres")
