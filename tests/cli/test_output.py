"""One result in each of the formats."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from rawstore.cli import output
from rawstore.cli.output import Format

COLUMNS = ("id", "name", "data")
MOMENT = datetime(2026, 1, 31, 12, 0, 0, 250, tzinfo=UTC)
ROWS = [
    (UUID(int=1), "Élise", {"a": [1, None, True]}),
    (2, None, b"\x00\xff"),
    (MOMENT, 'two\nlines, and "quotes"', Decimal("1.50")),
    (date(2026, 1, 31), "", float("inf")),
]
AS_JSON = [
    {"id": "00000000-0000-0000-0000-000000000001", "name": "Élise", "data": {"a": [1, None, True]}},
    {"id": 2, "name": None, "data": "\\x00ff"},
    {"id": "2026-01-31T12:00:00.000250+00:00", "name": ROWS[2][1], "data": "1.50"},
    {"id": "2026-01-31", "name": "", "data": "Infinity"},
]


def written(capsys: pytest.CaptureFixture[str], form: Format) -> str:
    output.rows(COLUMNS, iter(ROWS), form)
    return capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(written(capsys, "json")) == AS_JSON


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert [json.loads(line) for line in written(capsys, "jsonl").splitlines()] == AS_JSON


def test_csv(capsys: pytest.CaptureFixture[str]) -> None:
    read = list(csv.reader(io.StringIO(written(capsys, "csv"))))
    assert read == [
        ["id", "name", "data"],
        ["00000000-0000-0000-0000-000000000001", "Élise", '{"a": [1, null, true]}'],
        ["2", "", "\\x00ff"],
        ["2026-01-31T12:00:00.000250+00:00", 'two\nlines, and "quotes"', "1.50"],
        ["2026-01-31", "", "Infinity"],
    ]


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    head, rule, first, second, *_ = written(capsys, "table").splitlines()
    assert head.split() == ["id", "name", "data"]
    assert set(rule) == {"─"}
    assert first.split(maxsplit=2)[1:] == ["Élise", '{"a": [1, null, true]}']
    assert second.split() == ["2", "null", "\\x00ff"]


@pytest.mark.parametrize(
    ("form", "shown"),
    [("json", "[]\n"), ("jsonl", ""), ("csv", "id,name,data\n")],
)
def test_nothing_found(form: Format, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.rows(COLUMNS, [], form)
    assert capsys.readouterr().out == shown


def test_a_table_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.rows(["[red]x"], [["\x1b[2J[bold]a\x9b\r"], ["\x00\x7f"]], "table")
    shown = capsys.readouterr().out
    assert "[red]x" in shown
    assert "\\x1b[2J[bold]a\\x9b\\r" in shown
    assert "\\x00\\x7f" in shown
    assert not any(mark in shown for mark in "\x1b\x9b\r\x00\x7f")


@pytest.mark.parametrize(
    ("form", "shown"),
    [("table", "null\n"), ("json", "null\n"), ("jsonl", "null\n"), ("csv", 'n\n""\n')],
)
def test_a_single_value(form: Format, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.value("n", None, form)
    assert capsys.readouterr().out == shown


def test_json_is_written_as_rows_come(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []

    def rows() -> object:
        for number in range(3):
            seen.append(capsys.readouterr().out)
            yield [number]

    output.rows(["n"], rows(), "jsonl")  # type: ignore[arg-type]
    assert seen == ["", '{"n": 0}\n', '{"n": 1}\n']
