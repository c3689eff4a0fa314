"""Reading rows of JSON as a stream: whatever the layout, the same rows at the right places."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from rawstore.transfer import jsonlines
from rawstore.transfer.jsondecoder import Exact
from rawstore.transfer.jsonlines import Fault, Item, Place, member_place, read

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
)
rows = st.lists(st.dictionaries(st.text(max_size=5), values, max_size=4), max_size=6)
spaces = st.text(" \t\r\n", max_size=4)
few = settings(max_examples=settings().max_examples // 5)  # each is dear


class Trickle(io.RawIOBase):
    """A stream that gives as much as it likes at a time."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._rest.readline(size)


def found(data: bytes, columns: tuple[str, ...] = ()) -> list[Item | Fault]:
    return list(read(io.BytesIO(data), columns, exact=False))


def faults(data: bytes) -> list[str]:
    """Each fault with its place; what is read well is `row` at its place."""
    return [
        f"{each.place}: {each.reason}" if isinstance(each, Fault) else f"{each.place}: row"
        for each in found(data)
    ]


def laid_out(value: Any, space: Iterator[str]) -> str:
    """JSON with the next of `space` wherever white space may stand."""
    if isinstance(value, dict):
        members = [
            f"{next(space)}{json.dumps(name)}{next(space)}:{laid_out(each, space)}"
            for name, each in value.items()
        ]
        inner = f"{{{','.join(members)}{next(space)}}}"
    elif isinstance(value, list):
        inner = f"[{','.join(laid_out(each, space) for each in value)}{next(space)}]"
    else:
        inner = json.dumps(value, ensure_ascii=False)
    return f"{next(space)}{inner}{next(space)}"


def endless(choices: list[str]) -> Iterator[str]:
    while True:
        yield from choices or [""]


@few
@given(rows, st.lists(spaces), st.integers(1, 50), st.sampled_from(["array", "object"]))
@example([{"a": "é\u2028😀", "b": 1e308}, {"c": -0.0}], ["\r\n"], 1, "object")
def test_an_array_however_it_is_laid_out(
    expected: list[dict[str, Any]], space: list[str], chunk: int, outside: str
) -> None:
    # Without a row in it, such an object is a row itself.
    whole = {"items": expected} if outside == "object" and expected else expected
    text = laid_out(whole, endless(space))
    with pytest.MonkeyPatch.context() as patch:
        # The head is looked at as a whole; it has to reach the first row.
        head = text.index("[") if whole is expected else text.index("{", text.index("["))
        patch.setattr(jsonlines, "_CHUNK", max(chunk, head + 1))
        items = found(text.encode())
    assert all(isinstance(item, Item) for item in items), items
    read_rows = [item.row for item in items if isinstance(item, Item)]
    assert json.dumps(read_rows) == json.dumps(expected)
    lines = text.split("\n")
    for item in items:
        assert isinstance(item, Item)
        line, character = item.place
        assert character is not None
        rest = "\n".join([lines[line - 1][character - 1 :], *lines[line:]])
        assert rest.startswith(item.text)
        for name in item.row:
            line, character = member_place(item, name)
            assert character is not None
            assert lines[line - 1][character - 1 :].startswith(json.dumps(name))


@few
@given(rows, st.lists(st.sampled_from(["", " ", "\t", "\r\n", "\n", "\n\n", " \n"])))
def test_lines_with_whatever_between_them(expected: list[dict[str, Any]], space: list[str]) -> None:
    between = endless(space)
    text, places = "", []
    for row in expected:
        text += next(between)
        places.append(text.count("\n") + 1)
        text += json.dumps(row, ensure_ascii=False) + "\n"
    items = found(text.encode(), tuple(name for row in expected for name in row))
    assert [item.place.line for item in items] == places
    assert json.dumps([item.row for item in items if isinstance(item, Item)]) == json.dumps(
        expected
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n \r\n\n", []),
        (b"[]", []),
        (b" [ ] \n", []),
        (b'{"items": []}', ["1: row"]),
        (b'\xef\xbb\xbf{"a":1}', ["1: row"]),
        (b'\xef\xbb\xbf[{"a":1}]', ["1:2: row"]),
        (b'{"a":1}\r\n\r\n{"a":2}', ["1: row", "3: row"]),
        (b'{"a":1}\n{"a":\n{"a":3}\n', ["1: row", "2:7: not JSON: expecting value", "3: row"]),
        (b'{"a":1}\n{"a":"x', ["1: row", "2:6: the file ends within a row"]),
        (b'{"a":1}\n{"a":tru', ["1: row", "2:6: the file ends within a row"]),
        (b'{"a":1}\n{"a" 1}', ["1: row", "2:6: not JSON: expecting ':' delimiter"]),
        (b'{"a":1} {"a":2}\n', ["1:9: expected one object a line"]),
        (b'{"a":1},\n', ["1:8: expected one object a line"]),
        (b'{"a":1}\n7\n', ["1: row", "2: expected an object, got a number"]),
        (b'{"a":1}\n[1]\n', ["1: row", "2: expected an object, got an array"]),
        (b'"a"\nnull\ntrue', ["1: expected an object, got a string",
                              "2: expected an object, got null",
                              "3: expected an object, got a truth value"]),
        (b'{"a":1,"a":2}\n{"a":1}', ["1: 'a' stands twice in one object", "2: row"]),
        (b'{"a":{"b":1,"b":2}}', ["1: 'b' stands twice in one object"]),
        (b'{"a":NaN}', ['1: expected JSON, which has no NaN; write "NaN" in quotes']),
        (b'{"a":"\xff"}\n{"a":1}', ["1:7: expected UTF-8", "2: row"]),
        (b'{"a":"\xc3\xa9\xc3"}', ["1:8: expected UTF-8"]),
        (b'{"a":"x\ty"}', ["1:8: not JSON: invalid control character"]),
        (b'{"a":"\\x"}', ["1:7: not JSON: invalid \\escape"]),
        (b'{"a":' + b"9" * 5000 + b"}", ["1: expected numbers of at most 4 300 digits"]),
        (b'{"a":' + b"[" * 100_000, ["1: expected JSON of fewer levels"]),
        (b'[{"a":1},\n {"a" 2}]', ["1:2: row", "2:7: not JSON: expecting ':' delimiter"]),
        (b'[{"a":1}\n {"a":2}]', ["1:2: row", "2:2: expected a comma or the array's end"]),
        (b'[{"a":1},\n]', ["1:2: row", "2:1: expected an object"]),
        (b"[1]", ["1:2: expected an object"]),
        (b'[{"a":1}', ["1:2: row",
                       "1:9: expected a comma or the array's end; the file ends here"]),
        (b'[{"a":1},', ["1:2: row", "1:10: expected an object; the file ends here"]),
        (b'[{"a":1},{"a":"', ["1:2: row", "1:15: the file ends within a row"]),
        (b"[\n", ["2:1: expected an object; the file ends here"]),
        (b'[{"a":1}]\n7', ["1:2: row", "2:1: expected the end of the file"]),
        (b'[{"a":1,"a":1},\n{"a":2}]', ["1:2: 'a' stands twice in one object", "2:1: row"]),
        (b'[{"a":1},\n{"a":"\xff"}]', ["1:2: row", "2:7: expected UTF-8"]),
        (b'{"items":[{"a":1}], "total": 1}', [
            "1:11: row",
            "1:19: expected the end of the object: nothing stands beside the array"]),
        (b'{"items":[{"a":1}]', [
            "1:11: row",
            "1:19: expected the end of the object: nothing stands beside the array;"
            " the file ends here"]),
        (b"\xff\xfe{\x00", ["1:1: expected UTF-8"]),
        (b'{"a":[' + b"[" * 100_000, ["1: expected JSON of fewer levels"]),
        (b'[{"a":' + b"[" * 100_000, ["1:2: expected JSON of fewer levels"]),
        (b'[{"a":1}, {"a":fal', ["1:2: row", "1:16: the file ends within a row"]),
        (b"PK\x03\x04", ["1:1: not JSON: expecting value"]),
    ],
)  # fmt: skip
def test_what_is_wrong_and_where(data: bytes, expected: list[str]) -> None:
    assert faults(data) == expected


def test_an_object_of_one_array_may_be_a_row() -> None:
    (item,) = found(b'{"tags": [1, 2]}', ("id", "tags"))
    assert isinstance(item, Item)
    assert item.row == {"tags": [1, 2]}


def test_numbers_that_keep_their_digits() -> None:
    (item,) = read(io.BytesIO(b'{"a": 1.10, "b": 5}'), (), exact=True)
    assert isinstance(item, Item)
    number = item.row["a"]
    assert isinstance(number, Exact)
    assert (number, number.text, item.row["b"]) == (1.1, "1.10", 5)


@pytest.mark.parametrize("data", [b'{"a":"%s"}\n', b'[{"a":"%s"}]'])
def test_a_row_may_be_large_but_not_endless(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "MAX_ROW", 1 << 20)
    (item,) = found(data % (b"x" * 1_000_000))
    assert isinstance(item, Item)
    (fault,) = found(data % (b"x" * 3_000_000))
    assert isinstance(fault, Fault)
    assert "rows of at most" in fault.reason


@pytest.mark.parametrize("layout", ["array in one line", "array of lines", "lines"])
def test_memory_is_bounded(layout: str) -> None:
    row = b'{"id": 1, "content": "' + b"x" * 200 + b'"}'
    between, start, end = {
        "array in one line": (b", ", b"[", b"]"),
        "array of lines": (b",\n", b"[\n", b"\n]"),
        "lines": (b"\n", b"", b"\n"),
    }[layout]
    data = start + between.join([row] * 16_000) + end
    tracemalloc.start()
    try:
        count, last = 0, Place(0)
        for item in read(Trickle(data), (), exact=False):  # type: ignore[arg-type]
            assert isinstance(item, Item)
            count, last = count + 1, item.place
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 16_000
    assert last.line == (1 if layout == "array in one line" else 16_001 - (layout == "lines"))
    assert peak < 3_000_000 < len(data)
