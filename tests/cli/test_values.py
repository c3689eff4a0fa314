"""`name=value` becomes what a parameter declares."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rawstore.cli.errors import Mistake
from rawstore.cli.values import parse
from rawstore.errors import ParameterError
from rawstore.parse import parse as parse_file
from rawstore.query import Query

CANARY = "hunTER2canary"
MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def query(params: str, kind: str = "many") -> Query:
    names = [part.split()[0] for part in params.split(", ")]
    values = ", ".join(f":{name}" for name in names)
    text = (
        f"-- row: Thing(id int, at timestamptz?)\n-- name: q({params}) :{kind}\nSELECT {values};\n"
    )
    return parse_file(text, Path("q.sql"), "sqlite", "shop")[0]


@pytest.mark.parametrize(
    ("declared", "argument", "value"),
    [
        ("x text", "x=a=b", "a=b"),
        ("x text", "x=", ""),
        ("x text", "x=null", "null"),
        ("x text?", "x:=null", None),
        ("x text", 'x:="-"', "-"),
        ("x int", "x=-3", -3),
        ("x bigint", "x= 9007199254740993 ", 9007199254740993),
        ("x float", "x=1e3", 1000.0),
        ("x bool", "x=yes", True),
        ("x bool", "x=False", False),
        ("x numeric", "x=1.10", Decimal("1.10")),
        ("x numeric", 'x:="1.10"', Decimal("1.10")),
        (
            "x uuid",
            "x=00000000-0000-0000-0000-000000000001",
            "00000000-0000-0000-0000-000000000001",
        ),
        ("x timestamptz", "x=2026-01-31T12:00:00Z", MOMENT),
        ("x date", "x=2026-01-31", date(2026, 1, 31)),
        ("x json", 'x={"a": [1]}', {"a": [1]}),
        ("x json", "x=null", None),
        ("x bytes", r"x=\x00fF", b"\x00\xff"),
        ("x vector", "x=[1, 2.5]", [1, 2.5]),
        ("x text[]", 'x=["a", "b"]', ["a", "b"]),
        ("x date[]", 'x=["2026-01-31"]', [date(2026, 1, 31)]),
        ("x int[]", "x:=[1, null]", [1, None]),
        ("x Thing[]", 'x=[{"id": 1}]', [{"id": 1}]),
        ("x Thing[]", 'x=[{"at": "2026-01-31T12:00:00Z"}]', [{"at": MOMENT}]),
        ("x", "x=5", 5),
        ("x", "x=5.5", 5.5),
        ("x", "x=five", "five"),
        ("x", 'x:="5"', "5"),
    ],
)
def test_values_by_type(declared: str, argument: str, value: Any) -> None:
    found = parse(query(declared), [argument])["x"]
    assert (found, type(found)) == (value, type(value))


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("é\n")
    assert parse(query("x text"), [f"x=@{file}"]) == {"x": "é\n"}
    assert parse(query("x bytes"), [f"x=@{file}"]) == {"x": "é\n".encode()}
    file.write_text("[1, 2]\n")
    assert parse(query("x json"), [f"x=@{file}"]) == {"x": [1, 2]}


@pytest.mark.parametrize(
    ("declared", "value", "message"),
    [
        ("x int", CANARY, "expected a whole number"),
        ("x int", "1.5", "expected a whole number"),
        ("x int", "9" * 5000, "expected a whole number"),
        ("x float", CANARY, "expected a number"),
        ("x bool", CANARY, "expected true or false"),
        ("x numeric", CANARY, "expected a decimal number"),
        ("x timestamptz", CANARY, "expected a moment such as"),
        ("x date", CANARY, "expected a date such as"),
        ("x bytes", CANARY, "expected bytes as"),
        ("x json", "{" + CANARY, r"expected JSON \(character 2\)"),
        ("x json", "[" * 100_000, "expected JSON"),
        ("x text", f"@/none/{CANARY}", "cannot read the file: No such file"),
        ("x text", f"@{CANARY}\0", "cannot read the file"),
        ("x date[]", f'["{CANARY}"]', "expected a date such as"),
        ("x Thing[]", f'{{"id": "{CANARY}"}}', "expected a JSON list"),
        ("x Thing[]", f'[{{"at": "{CANARY}"}}]', "expected a moment such as"),
    ],
)
def test_a_bad_value_names_the_parameter_and_not_the_value(
    declared: str, value: str, message: str
) -> None:
    with pytest.raises(ParameterError, match=f"shop.q: parameter 'x': {message}") as caught:
        parse(query(declared), [f"x={value}"])
    assert CANARY not in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xff")
    with pytest.raises(ParameterError, match="expected UTF-8 text in the file"):
        parse(query("x text"), [f"x=@{file}"])
    assert parse(query("x bytes"), [f"x=@{file}"]) == {"x": b"\xff"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x"], "write a value as name=value; q(x int, limit int = 3)"),
        (["limit=1"], "q needs x: q(x int"),
        (["x=1", "limt=1"], "no parameter 'limt'; did you mean limit?"),
        (["x=1", "zzzz=1"], "no parameter 'zzzz'; it takes x, limit"),
        (["x=1", "x=2"], "'x' is given twice"),
    ],
)
def test_mistakes(arguments: list[str], message: str) -> None:
    with pytest.raises(Mistake) as caught:
        parse(query("x int, limit int = 3"), arguments)
    assert message in str(caught.value)


def test_a_batch_takes_a_list_of_objects() -> None:
    batch = query("x date, y text", kind="batch")
    items = parse(batch, ['items=[{"x": "2026-01-31", "y": "a"}, {"z": 1}, 5]'])["items"]
    assert items == [{"x": date(2026, 1, 31), "y": "a"}, {"z": 1}, 5]
    with pytest.raises(Mistake, match="it takes items"):
        parse(batch, ["x=2026-01-31"])
    with pytest.raises(ParameterError, match="expected a JSON list"):
        parse(batch, ["items=5"])
