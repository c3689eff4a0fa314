"""Rows of cells as COPY's text: for columns of types that have no binary form of ours. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..types import Type
from .cells import Cell, Cells, unpacker
from .model import Column

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def text_rows(columns: Sequence[Column], portion: Sequence[Cells]) -> bytes:
    """The rows, each with a line feed behind it."""
    texts = [
        [_text(column.type, cell) for cell in cells]
        for column, cells in zip(columns, portion, strict=True)
    ]
    return "".join("\t".join(row) + "\n" for row in zip(*texts, strict=True)).encode()


def _text(declared: Type, cell: Cell) -> str:
    if cell is None:
        return "\\N"
    return _value(declared, cell).translate(_ESCAPES)


def _value(declared: Type, cell: bytes) -> str:
    if declared.array:
        return _array(json.loads(cell))
    if declared.name in ("text", "json", "numeric"):
        return cell.decode()
    if declared.name == "bytes":
        return f"\\x{cell.hex()}"
    value = unpacker(declared)(cell)
    if declared.name == "vector":
        return f"[{','.join(map(repr, value))}]"
    return str(value)


def _array(items: Sequence[Any]) -> str:
    return f"{{{','.join(map(_item, items))}}}"


def _item(item: Any) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return _array(item)
    text = ("true" if item else "false") if isinstance(item, bool) else str(item)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
