"""Every mistake is found: by its rule, at its line, and nothing else is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from rawstore import source
from rawstore.check import RULES, check
from rawstore.scan import Dialect
from tests.check.cases import Mistake, mistakes
from tests.check.conftest import CheckFolder, Write
from tests.check.shop import FILES, one_dialect

ROOT = Path(__file__).parents[2]


# Mistakes of which another follows.
FOLLOWS = {
    "select-star": {"column-names"},
    "migrations": set(RULES) - {"query-file"},
}


def break_(files: dict[str, str], dialect: str, mistake: Mistake) -> tuple[str, int]:
    """Make the mistake; the file and line where it is to be found."""
    old, new, _ = _texts(dialect, mistake)
    name = next(name for name in files if f"/{dialect}/{mistake.file}.sql" in name)
    assert files[name].count(old) == 1, f"{old!r} stands {files[name].count(old)} times"
    files[name] = files[name].replace(old, new)
    return _place(files, dialect, mistake)


def _texts(dialect: str, mistake: Mistake) -> tuple[str, str, str]:
    schema = "shop." if dialect == "postgres" else ""
    at, old, new = (text.replace("{s}", schema) for text in mistake[2:])
    return old, new, at


def _place(files: dict[str, str], dialect: str, mistake: Mistake) -> tuple[str, int]:
    *_, at = _texts(dialect, mistake)
    if not at:
        return f"migrations/{dialect}", 1
    name = next(name for name in files if f"/{dialect}/{mistake.file}.sql" in name)
    lines = files[name].split("\n")
    return name, next(n for n, line in enumerate(lines, 1) if at in line)


def test_nothing_is_wrong_with_a_clean_folder(write: Write, check_folder: CheckFolder) -> None:
    assert check_folder(write(FILES)) == []


def test_a_folder_may_speak_one_dialect(
    write: Write, check_folder: CheckFolder, dialect: Dialect
) -> None:
    assert check_folder(write(one_dialect(dialect))) == []


def groups() -> list[tuple[str, list[Mistake]]]:
    """The mistakes, as many together as touch different queries."""
    found: list[tuple[str, list[Mistake]]] = []
    for dialect in ("postgres", "sqlite"):
        made: list[tuple[set[str], list[Mistake]]] = []
        for mistake in mistakes("both") + mistakes(dialect):
            files = one_dialect(dialect)
            name, line = break_(files, dialect, mistake)
            queries = re.findall(r"-- (?:name|row): \w+", _until(files, name, line))
            query = queries[-1] if queries else name
            # Those that hide or bring others, and those of a row, which is several queries'.
            if mistake.rule in FOLLOWS or "row:" in query:
                found.append((dialect, [mistake]))
                continue
            group = next((each for each in made if query not in each[0]), None)
            if group is None:
                made.append(group := (set(), []))
            group[0].add(query)
            group[1].append(mistake)
        found += [(dialect, together) for _, together in made]
    return found


def _until(files: dict[str, str], name: str, line: int) -> str:
    return "\n".join(files.get(name, "").split("\n")[:line])


@pytest.mark.parametrize(("dialect", "together"), groups())
def test_a_mistake_is_found_at_its_line(
    write: Write, check_folder: CheckFolder, dialect: str, together: list[Mistake]
) -> None:
    files = one_dialect(dialect)
    for mistake in together:
        break_(files, dialect, mistake)
    wanted = {(*_place(files, dialect, mistake), mistake.rule) for mistake in together}

    folder = write(files)
    found = [(str(f.file.relative_to(folder)), f.line, f.rule) for f in check_folder(folder)]

    follow = {rule for mistake in together for rule in FOLLOWS.get(mistake.rule, ())}
    assert sorted(each for each in found if each in wanted or each[2] not in follow) == sorted(
        wanted
    )


TWINS = [
    ("twin-missing", "-- name: touch_customer(", "-- name: poke_customer("),
    ("twin-differs", "limit int = 100) :many Customer", "limit int = 50) :many Customer"),
    ("twin-differs", "limit int = 100) :many Customer", "limit bigint = 100) :many Customer"),
    ("twin-differs", "email text? = null) :one", "email text = '') :one"),
    ("twin-differs", "customer(id bigint, name text)", "customer(name text, id bigint)"),
    ("twin-differs", "touch_customer(id bigint) :exec", "touch_customer(id bigint) :affected"),
    ("twin-differs", "email text?, notes json?,", "email text?, notes text?,"),
    ("twin-differs", "-- read: replica\n", ""),
    ("twin-differs", ":scalar bigint\n", ":scalar bigint?\n"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new"), TWINS)
def test_what_twins_disagree_on_is_said_of_both(
    write: Write, dialect: Dialect, rule: str, old: str, new: str
) -> None:
    files = dict(FILES)
    name = f"sql/{dialect}/customers.sql"
    assert files[name].count(old) == 1
    files[name] = files[name].replace(old, new)

    folder = write(files)
    found = check(source.find(folder), (), None)

    assert {finding.rule for finding in found} == {rule}
    assert {finding.file.parent.name for finding in found} == {"sqlite", "postgres"}
    changed = {
        n for n, line in enumerate(files[name].split("\n"), 1) if line in _changed(name, files)
    }
    lines = {finding.line for finding in found if finding.file.parent.name == dialect}
    assert lines <= changed or old == "-- read: replica\n"


def _changed(name: str, files: dict[str, str]) -> set[str]:
    return set(files[name].split("\n")) - set(FILES[name].split("\n"))


def test_a_file_without_a_twin_is_found(write: Write) -> None:
    files = dict(FILES)
    del files["sql/sqlite/orders.sql"]
    folder = write(files)
    (found,) = check(source.find(folder), (), None)
    assert (found.rule, found.file, found.line) == (
        "twin-missing",
        folder / "sql/postgres/orders.sql",
        1,
    )


def test_a_stated_reason_is_enough(
    write: Write, check_folder: CheckFolder, dialect: Dialect
) -> None:
    files = one_dialect(dialect)
    name = f"sql/{dialect}/orders.sql"
    text = files[name].replace("INNER JOIN", "LEFT JOIN").replace("ORDER BY orders.id\n", "")
    header = "-- name: list_order_lines(limit int = 100) :many OrderLine\n"
    reasons = "-- order: nobody minds\n-- not null: customer: the foreign key has it\n"
    files[name] = text.replace(header, header + reasons)
    assert check_folder(write(files)) == []


def test_a_script_is_run_and_taken_back(
    write: Write, check_folder: CheckFolder, dialect: Dialect
) -> None:
    good = "-- name: tidy() :script\nCREATE TABLE tidy (n integer);\nDROP TABLE tidy;\n"
    bad = "\n-- name: untidy() :script\nCREATE TABLE tidy (n integer);\nDROP TABLE nothing;\n"
    files = one_dialect(dialect)
    files[f"sql/{dialect}/scripts.sql"] = good + bad
    folder = write(files)
    (found,) = check_folder(folder)
    assert found.rule == "does-not-prepare"
    assert found.line in (5, 7)  # PostgreSQL tells no place for a missing table in DROP


def test_each_variant_is_prepared(
    write: Write, check_folder: CheckFolder, dialect: Dialect
) -> None:
    files = one_dialect(dialect)
    name = f"sql/{dialect}/customers.sql"
    files[name] = files[name].replace("AND name = :name -- if", "AND nmae = :name -- if")
    (found,) = check_folder(write(files))
    assert found.rule == "does-not-prepare"
    assert "(with name given)" in found.message


def test_all_mistakes_in_one_copy_of_minipilot_are_found(
    tmp_path: Path, check_folder: CheckFolder
) -> None:
    folder = tmp_path / "minipilot"
    for kind in ("sql", "migrations"):
        for dialect in ("sqlite", "postgres"):
            shutil.copytree(ROOT / kind / dialect / "minipilot", folder / kind / dialect)
    assert check_folder(folder) == []

    made = mistakes("minipilot")
    for mistake in made:
        file = folder / mistake.file
        text = file.read_text(encoding="utf-8")
        assert text.count(mistake.old) == 1, mistake
        file.write_text(text.replace(mistake.old, mistake.new), encoding="utf-8")
    wanted = set()
    for mistake in made:
        lines = (folder / mistake.file).read_text(encoding="utf-8").split("\n")
        line = next(n for n, line in enumerate(lines, 1) if mistake.at in line)
        wanted.add((mistake.file, line, mistake.rule))

    found = {
        (str(each.file.relative_to(folder)), each.line, each.rule) for each in check_folder(folder)
    }

    assert wanted - found == set()
    assert len(wanted) == len(made) >= 20
    assert len({rule for *_, rule in wanted}) >= 14
