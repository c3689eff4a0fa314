"""A folder of query files: what is read, in which order, and what two files may not share."""

from __future__ import annotations

from pathlib import Path

import pytest

from rawstore.errors import ConfigError, QueryFileError
from rawstore.registry import Registry, load

ROW = "-- row: User(id int, name text)\n"
USER = "-- name: get_user :one User\nSELECT 1 AS id, 'x' AS name;\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(folder: Path) -> Registry:
    return load(folder, "postgres", "shop")


def test_queries_come_in_the_order_of_files_and_text(tmp_path: Path) -> None:
    write(
        tmp_path,
        b="-- name: z :one\nSELECT 1;\n-- name: a :one\nSELECT 2;\n",
        a__c="-- name: m :one\nSELECT 3;\n",
        a="-- name: n :one\nSELECT 4;\n",
    )
    found = read(tmp_path)
    assert [query.name for query in found] == ["m", "n", "z", "a"]
    assert len(found) == 4
    assert found["m"].file == tmp_path / "a" / "c.sql"
    assert (found["m"].full_name, found["m"].dialect) == ("shop.m", "postgres")


def test_what_is_hidden_and_what_is_no_sql_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, a="-- name: a :one\nSELECT 1;\n", empty="", only_comments="-- nothing\n")
    (tmp_path / "._a.sql").write_bytes(b"\0\xff")
    (tmp_path / "README.md").write_text("-- name: b :one\n")
    assert [query.name for query in read(tmp_path)] == ["a"]


def test_an_unknown_name_names_near_ones(tmp_path: Path) -> None:
    write(tmp_path, a="-- name: name_it :one\nSELECT 1;\n-- name: other :one\nSELECT 1;\n")
    found = read(tmp_path)
    assert "name_it" in found
    assert "nmae_it" not in found
    with pytest.raises(KeyError, match="shop has no query 'nmae_it'; did you mean name_it"):
        found["nmae_it"]
    with pytest.raises(KeyError) as caught:
        found["zzzzz"]
    assert "did you mean" not in str(caught.value)


def test_rows_are_listed_by_name(tmp_path: Path) -> None:
    row = "-- row: New(name text)\n"
    write(tmp_path, a=f"{ROW}{row}{USER}-- name: add(users New[]) :exec\nSELECT :users;\n")
    assert {name: str(row) for name, row in read(tmp_path).rows.items()} == {
        "User": "User(id int, name text)",
        "New": "New(name text)",
    }


def test_a_folder_that_is_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is missing"):
        read(tmp_path / "nowhere")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigError, match=r"holds no \.sql file"):
        read(tmp_path)


def test_a_name_used_twice_names_both_places(tmp_path: Path) -> None:
    write(tmp_path, a=f"\n{ROW}{USER}", b=f"-- x\n{ROW}{USER}")
    with pytest.raises(QueryFileError) as caught:
        read(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/b.sql:3: query get_user stands in {tmp_path}/a.sql:3 too; rename one"
    )


def test_a_name_used_twice_in_one_file(tmp_path: Path) -> None:
    write(tmp_path, a="-- name: get-it :one\nSELECT 1;\n-- name: get_it :one\nSELECT 1;\n")
    with pytest.raises(QueryFileError, match=r"a\.sql:3: query get_it stands in .*a\.sql:1 too"):
        read(tmp_path)


def test_two_files_may_declare_one_row_alike(tmp_path: Path) -> None:
    write(tmp_path, a=ROW + USER, b=f"\n{ROW}{USER.replace('get', 'find')}")
    found = read(tmp_path)
    first, second = found["get_user"].row, found["find_user"].row
    assert first is not None
    assert second is not None
    assert first.cls is second.cls


@pytest.mark.parametrize(
    "use", ["-- name: b :one User\nSELECT 1;\n", "-- name: b(a User[]) :exec\nSELECT :a;\n"]
)
def test_two_files_may_not_declare_one_row_differently(tmp_path: Path, use: str) -> None:
    write(tmp_path, a=ROW + USER, b=f"\n-- row: User(id int, name text?)\n{use}")
    with pytest.raises(QueryFileError, match=r"b\.sql:2: row User differs from .*a\.sql:1"):
        read(tmp_path)


def test_windows_files_load(tmp_path: Path) -> None:
    text = f"{ROW}{USER}-- name: q(a int? = null) :one\n-- Doc.\nSELECT 1,\n:a -- if :a\n;\n"
    (tmp_path / "a.sql").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    found = read(tmp_path)["q"]
    assert (found.line, found.doc) == (4, "Doc.")
    assert [variant.text for variant in found.variants] == [
        "/* shop.q */ SELECT 1,",
        "/* shop.q */ SELECT 1,\n$1",
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"-- name: q :one\nSELECT '\xe9';\n", 2),
        ("-- name: q :one\n".encode("utf-16"), 1),
        (b"-- name: q :one\nSELECT 1\n\n-- \xff", 4),
    ],
)
def test_a_file_that_is_not_utf_8(tmp_path: Path, content: bytes, line: int) -> None:
    (tmp_path / "a.sql").write_bytes(content)
    with pytest.raises(QueryFileError, match="this is not UTF-8; save the file as UTF-8") as caught:
        read(tmp_path)
    assert (caught.value.file, caught.value.line) == (tmp_path / "a.sql", line)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.sql").mkdir()
    with pytest.raises(QueryFileError, match=r"a\.sql:1: cannot be read: Is a directory"):
        read(tmp_path)
