"""What is done for many values at once gives what it gives for each."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext

import pytest
from hypothesis import given, strategies as st

from rawstore.tables.canonical import canonical_all, check_json, check_json_all, json_canonical
from rawstore.tables.cells import Cells, Odd
from rawstore.tables.hashing import hashes, hashes_of_split, in_order
from rawstore.tables.model import Column
from rawstore.tables.rows import framed, split, unframed
from rawstore.types import Type

JSON = Type("json")
NUMBERS = ["-0", "-0.50", "1.0", "100.00", "1.5e3", "15E-1", "1e15", "1000000000000000", "0.10e-5"]
# Of which some are JSON only beside others, or hold what is put between the texts.
TEXTS = [
    *NUMBERS,
    *(" [1, 2] ", "[1", "2]", '"a', 'b"', "1,2", "", "null", "NaN", "1e999999", "01"),
    *('"\\udffe"', '3,"\\uDFFE",4', '{"b": 1, "a": {}}', '"\\\\udffe"', '"\\u0000"', '"é"'),
    '["x", "\\udffe", "y"]',
]
CELLS = st.none() | st.binary(max_size=300)


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6))
def test_json_read_together_is_what_it_is_alone(texts: list[str]) -> None:
    cells = [text.encode() for text in texts]
    assert canonical_all(JSON, cells) == {cell: json_canonical(cell) for cell in cells}
    wrong = [reason for text in dict.fromkeys(texts) if (reason := _reason(text))]
    with pytest.raises(ValueError, match=wrong[0]) if wrong else nullcontext():
        check_json_all(cells)


def _reason(text: str) -> str:
    try:
        check_json(text)
    except ValueError as error:
        return re.escape(str(error))
    return ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("-0.0", "0"), ("-0.50", "-5e-1"), ("100.00", "100"), ("0.10e-5", "0.000001"), ("7.0", "7")],
)
def test_equal_numbers(one: str, other: str) -> None:
    assert json_canonical(one.encode()) == json_canonical(other.encode())


def test_deep_json_goes_alone() -> None:
    deep = ("[" * 100_000).encode()
    assert canonical_all(JSON, [deep, b"[1, 2]"]) == {deep: b"\0" + deep, b"[1, 2]": b"[1,2]"}


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5), st.integers(0, 3))
def test_split_rows(rows: list[tuple[bytes | None, ...]], count: int) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    cells, rest = split(framed(columns), count)
    assert cells == columns[:count]
    assert [tuple(unframed(row, 3 - count)) for row in rest] == [row[count:] for row in rows]


def test_rows_are_hashed_by_what_they_mean() -> None:
    columns = [
        Column(name, Type(kind), nullable=True)
        for name, kind in (("id", "bigint"), ("data", "json"), ("ratio", "float"), ("x", "text"))
    ]
    ids: Cells = [number.to_bytes(8, "big") for number in range(3)]
    text = b'{"b": 1.50, "a": []}'
    one: list[Cells] = [
        ids,
        [text, None, Odd.of(1)],
        [bytes(8), None, bytes(8)],
        [b"x", None, b"y"],
    ]
    same = json.dumps({"a": [], "b": 1.5}).encode()
    minus_zero = b"\x80" + bytes(7)
    other: list[Cells] = [ids, [same, None, Odd.of(1)], [minus_zero, None, bytes(8)], one[3]]
    assert hashes(columns, one) == hashes(columns, other)
    assert len(set(hashes(columns, one))) == 3
    ordered, count = in_order(columns)
    assert [column.name for column in ordered] == ["data", "ratio", "id", "x"]
    rest = framed([one[0], one[3]])
    assert hashes_of_split(ordered, [one[1], one[2]], rest) == hashes(columns, one)
    assert count == 2
