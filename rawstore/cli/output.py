"""Results on stdout: a table for people; JSON, JSON lines or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")
# Line breaks and tabs lay text out; the other control characters could drive the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PLAIN_WIDTH = 100_000


def prepare() -> None:
    """Let stdout and stderr take any character: what the encoding lacks is written as an escape."""
    if sys.stdout is None:  # closed by who started us
        sys.stdout = io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    """Return the text with control characters written as escapes, so that a terminal obeys none."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def default_format() -> Format:
    """Return `table` on a terminal, `jsonl` into a pipe or file."""
    return "table" if sys.stdout.isatty() else "jsonl"


def rows(columns: Sequence[str], found: Iterable[Sequence[Any]], form: Format) -> None:
    """Write rows; all but a table and JSON are written as they come."""
    if form == "table":
        _table(columns, found)
    elif form == "csv":
        _csv(columns, found)
    else:
        objects = (dict(zip(columns, row, strict=True)) for row in found)
        _json(objects) if form == "json" else _json_lines(objects)


def value(name: str, found: Any, form: Format) -> None:
    """Write a single value."""
    if form == "table":
        _line(_cell(found))
    elif form == "csv":
        _csv([name], [[found]])
    else:
        _line(_dumps(found))


def facts(found: Mapping[str, Any], form: Format) -> None:
    """Write one thing's properties: a line each for people, one object or row for programs."""
    if form == "table":
        width = max(map(len, found), default=0)
        for name, fact in found.items():
            _line(f"{name:<{width}}  {_cell(fact)}")
    elif form == "csv":
        _csv(list(found), [list(found.values())])
    else:
        _line(_dumps(dict(found)))


def size(count: int) -> str:
    """Bytes as PostgreSQL tells them (`pg_size_pretty`): a kB has 1024 of them."""
    amount, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.3g} {units[0]}" if amount < 1000 else f"{amount:.0f} {units[0]}"


def _table(columns: Sequence[str], found: Iterable[Sequence[Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if terminal else _PLAIN_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in found:
        table.add_row(*(Text(_cell(item), style="dim" if item is None else "") for item in row))
    if terminal:
        console.print(table)
    else:
        with console.capture() as capture:
            console.print(table)
        for line in capture.get().splitlines():
            _line(line.rstrip())


def _line(text: str) -> None:
    # Not click's echo, which takes ASCII for a mistake and writes UTF-8.
    sys.stdout.write(f"{text}\n")


def _cell(item: Any) -> str:
    return printable("null" if item is None else _text(item))


def _csv(columns: Sequence[str], found: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in found:
        writer.writerow("" if item is None else _text(item) for item in row)


def _text(item: Any) -> str:
    plain = _plain(item)
    return plain if isinstance(plain, str) else _dumps(plain)


def _json(objects: Iterable[Mapping[str, Any]]) -> None:
    opened = False
    for each in objects:
        sys.stdout.write(f"{',' if opened else '['}\n{_dumps(each)}")
        opened = True
    _line("\n]" if opened else "[]")


def _json_lines(objects: Iterable[Mapping[str, Any]]) -> None:
    for each in objects:
        _line(_dumps(each))


def _dumps(item: Any) -> str:
    return json.dumps(_plain(item), ensure_ascii=not _is_unicode(sys.stdout.encoding))


def _is_unicode(encoding: str | None) -> bool:
    return (encoding or "").lower().replace("-", "").startswith("utf")


def _plain(item: Any) -> Any:
    """Return the value as JSON has it; what JSON lacks becomes text."""
    match item:
        case dict():
            return {str(key): _plain(each) for key, each in item.items()}
        case list() | tuple():
            return [_plain(each) for each in item]
        case datetime() | date():
            return item.isoformat()
        case UUID() | Decimal():
            return str(item)
        case bytes() | bytearray() | memoryview():
            return f"\\x{bytes(item).hex()}"
        case float() if not math.isfinite(item):
            return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(item, "NaN")
    return item
