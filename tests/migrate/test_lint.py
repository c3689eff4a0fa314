"""Files that would be run wrongly are found, and refused, before a database hears of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rawstore.errors import MigrationError
from rawstore.migrate import Migrator
from rawstore.scan import Dialect
from rawstore.target import PostgresTarget, SqliteTarget, Target
from tests.migrate.conftest import Place

ROOT = Path(__file__).parents[2]
NOWHERE = PostgresTarget({"host": "/nowhere", "dbname": "none"})


def rules(folder: Path, dialect: Dialect = "postgres") -> list[tuple[str, int]]:
    target: Target = NOWHERE if dialect == "postgres" else SqliteTarget(folder / "none.db")
    return [(f.rule, f.line) for f in Migrator(folder, target, "shop").check()]


def write(
    folder: Path, text: str, rollback: str | None = "SELECT 1;\n", name: str = "0001_do_it"
) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.sql").write_bytes(text.encode())
    if rollback is not None:
        (folder / f"{name}.rollback.sql").write_bytes(rollback.encode())


@pytest.mark.parametrize(
    "text",
    [
        "-- Why.\n-- depends:\n-- transactional: true\nSELECT 1;\n",
        "-- only a comment\n",
        "",
        "SELECT 1;\r\nSELECT 2;\r\n",
        "CREATE TABLE t (a text DEFAULT 'x;y');\nCREATE INDEX t_a_idx ON t (a);\n-- the end",
        "DO $$ BEGIN PERFORM 1; END $$;\nSELECT '%';\n",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;\nSELECT 2;\n",
    ],
)
def test_a_sound_file_has_no_findings(tmp_path: Path, text: str) -> None:
    write(tmp_path / "m", text)
    assert rules(tmp_path / "m") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/* why */\n-- transactional: false\nVACUUM;\n", 2),
        ("-- Transactional: false\nSELECT 1;\n", 1),
        ("-- transactional: no\nSELECT 1;\n", 1),
        ("-- transactional: False\nSELECT 1;\n", 1),
        ("-- transactional: true \nSELECT 1;\n", 1),
        ("-- transactional: true\n-- transactional: true\nSELECT 1;\n", 2),
        ("SELECT 1;\n-- transactional: false\nSELECT 2;\n", 2),
        ("SELECT 1;\n-- depends: 0000_x\n", 2),
    ],
)
def test_a_header_that_yoyo_ignores_or_chokes_on(tmp_path: Path, text: str, line: int) -> None:
    write(tmp_path / "m", text)
    assert ("header", line) in rules(tmp_path / "m")


def test_a_header_in_a_rollback_file_is_read_by_nobody(tmp_path: Path) -> None:
    write(tmp_path / "m", "SELECT 1;", "-- transactional: false\nSELECT 1;")
    assert rules(tmp_path / "m") == [("header", 1)]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("postgres", "SELECT 'C:\\';\nSELECT 'D:\\';\n"),
        ("sqlite", "INSERT INTO t VALUES ('C:\\');\nSELECT 'x';\n"),
        ("postgres", "/* a /* b */ ; */\nSELECT 1;\nSELECT 2;\n"),
        ("postgres", "SELECT 5 # 3;\nSELECT 2;\n"),
        (
            "postgres",
            "CREATE TABLE t (begin int, a int);\nCREATE TABLE u (declare int);\nSELECT 1;\n",
        ),
        ("postgres", "SELECT 'never closed;\n"),
        ("postgres", "SELECT $x$ never closed;\n"),
        ("sqlite", "/* never closed\nSELECT 1;\n"),
    ],
)
def test_a_file_that_yoyo_would_cut_in_the_wrong_places(
    tmp_path: Path, dialect: Dialect, text: str
) -> None:
    write(tmp_path / "m", text)
    assert [rule for rule, _ in rules(tmp_path / "m", dialect)] == ["split"]


@pytest.mark.parametrize(
    "word", ["BEGIN", "COMMIT", "ROLLBACK", "END", "START TRANSACTION", "SAVEPOINT a"]
)
def test_transaction_control(tmp_path: Path, word: str) -> None:
    write(tmp_path / "m", f"CREATE TABLE t (a int);\n{word};\n", f"{word};\n")
    assert rules(tmp_path / "m") == [("transaction-control", 1), ("transaction-control", 2)]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (
            "postgres",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;",
        ),
        ("sqlite", "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END;"),
    ],
)
def test_begin_in_a_body_is_no_transaction_control(
    tmp_path: Path, dialect: Dialect, text: str
) -> None:
    write(tmp_path / "m", text)
    assert rules(tmp_path / "m", dialect) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("PRAGMA foreign_keys = ON;", "pragma"),
        ("COPY t FROM stdin;", "copy"),
        ("\ufeffSELECT 1;", "encoding"),
        ("SELECT '\0';", "encoding"),
        ("-- depends: 0009_later\nSELECT 1;", "depends"),
        ("CREATE INDEX CONCURRENTLY a ON t (a);", "concurrently"),
    ],
)
def test_what_has_no_place_in_a_migration(tmp_path: Path, text: str, rule: str) -> None:
    write(tmp_path / "m", text)
    assert [found for found, _ in rules(tmp_path / "m")] == [rule]


BUILD = "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_idx ON t (a);\n"
DROP = "DROP INDEX CONCURRENTLY IF EXISTS a_idx;\n"


@pytest.mark.parametrize(
    ("text", "rollback", "expected"),
    [
        (BUILD, None, []),
        (DROP + BUILD, None, []),
        (DROP + BUILD.replace("IF NOT EXISTS ", ""), None, []),
        (BUILD.replace("CREATE", "CREATE UNIQUE"), None, []),
        (BUILD.replace("IF NOT EXISTS ", ""), None, ["idempotent"]),
        (BUILD, "DROP INDEX a_idx;", ["rollback-beside"]),
        ("CREATE TABLE t (a int);\n" + BUILD, None, ["one-statement"]),
        (DROP.replace("a_idx", "b_idx") + BUILD, None, ["one-statement"]),
        (BUILD + BUILD.replace("a_idx", "b_idx"), None, ["one-statement"]),
        ("CREATE INDEX CONCURRENTLY ON t (a);", None, ["index-name"]),
    ],
)
def test_a_file_without_a_transaction_stands_alone(
    tmp_path: Path, text: str, rollback: str | None, expected: list[str]
) -> None:
    write(tmp_path / "m", "-- transactional: false\n" + text, rollback)
    assert [rule for rule, _ in rules(tmp_path / "m")] == expected


def test_names_and_numbers(tmp_path: Path) -> None:
    for name in ("0001_create_a", "0001_create_b", "2_create_c", "0003-create-d", "post-apply"):
        write(tmp_path, "SELECT 1;", name=name)
    (tmp_path / "0004_run.py").write_text("step('SELECT 1')")
    (tmp_path / "0009_gone.rollback.sql").write_text("SELECT 1;")
    assert sorted(rule for rule, _ in rules(tmp_path)) == [
        *["name"] * 4,
        "number",
        "rollback-alone",
    ]


def test_a_missing_rollback_file_is_advice_only(place: Place) -> None:
    place.write("0001_create_users", "CREATE TABLE users (id {id});\n")
    assert [finding.rule for finding in place.migrator.check()] == ["rollback-missing"]
    assert place.migrator.up() == ["0001_create_users"]


def test_a_run_refuses_bad_files_and_names_file_and_line(place: Place) -> None:
    place.write_shop()
    path = place.write("0004_break_it", "CREATE TABLE broken (id {id});\nCOMMIT;\n")
    with pytest.raises(MigrationError) as caught:
        place.migrator.up()
    assert f"{path}:2: " in str(caught.value)
    assert place.migrator.status()[0].state == "pending"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "0001_do_it.sql").write_bytes(b"SELECT '\xff';")
    with pytest.raises(MigrationError, match=r"0001_do_it\.sql: the file is not UTF-8"):
        rules(tmp_path)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_our_own_migrations_have_no_findings(dialect: Dialect) -> None:
    folders = sorted(path for path in (ROOT / "migrations" / dialect).iterdir() if path.is_dir())
    assert folders
    assert [rules(folder, dialect) for folder in folders] == [[] for _ in folders]
