"""Columns packed as arrays: byte for byte what the encoder of an array parameter sends."""

from __future__ import annotations

import struct
from array import array
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rawstore.bulk import ARRAYS
from rawstore.columns import check_column
from rawstore.engines.postgres_arrays import array_encoder
from rawstore.engines.postgres_codec import encoder
from rawstore.query import Param
from rawstore.types import Type
from tests.roundtrip.strategies import TYPES

OIDS = {
    "text": 1009,
    "smallint": 1005,
    "int": 1007,
    "bigint": 1016,
    "float": 1022,
    "bool": 1000,
    "uuid": 2951,
    "timestamptz": 1185,
    "date": 1182,
    "numeric": 1231,
    "bytes": 1001,
    "json": 199,
}
VALUES = {name: TYPES[name].values for name in OIDS if name in TYPES}
VALUES["smallint"] = st.integers(-(2**15), 2**15 - 1)


def test_every_array_is_packed() -> None:
    assert set(OIDS) | {"vector"} == set(ARRAYS)


@pytest.mark.parametrize("name", OIDS)
@given(data=st.data())
def test_a_column_is_packed_as_an_array_parameter_is(name: str, data: st.DataObject) -> None:
    nullable = data.draw(st.booleans())
    cells = VALUES[name] | st.none() if nullable else VALUES[name]
    values = data.draw(st.lists(cells, min_size=1, max_size=20))
    ours = array_encoder(Param("v", Type(name)), 0)
    reference = encoder(Param("v", Type(name, array=True)), OIDS[name])
    packed = ours.encode(check_column(Param("v", Type(name)), values))
    expected = reference.encode(values)
    if name == "numeric":  # there each item is quoted
        expected = expected and expected.replace(b'"', b"")
    assert (packed, ours.format) == (expected, reference.format)


@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 70_000])
def test_texts_of_any_length(length: int) -> None:
    packed = array_encoder(Param("v", Type("text")), 0).encode(["x" * length])
    assert packed == struct.pack(">iiIii", 1, 0, 25, 1, 1) + struct.pack(">i", length) + (
        b"x" * length
    )


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=1), min_size=1))
def test_vectors_go_as_pgvector_sends_them(vectors: list[list[float]]) -> None:
    packed = array_encoder(Param("v", Type("vector")), 70000).encode(
        [array("f", each) for each in vectors]
    )
    expected = struct.pack(">iiIii", 1, 0, 70000, len(vectors), 1)
    for each in vectors:
        expected += struct.pack(f">iHH{len(each)}f", 4 + 4 * len(each), len(each), 0, *each)
    assert packed == expected


def test_packing_leaves_a_vector_as_it_was() -> None:
    numbers: Any = array("f", [1.0, 2.0])
    array_encoder(Param("v", Type("vector")), 70000).encode([numbers, None])
    assert list(numbers) == [1.0, 2.0]
