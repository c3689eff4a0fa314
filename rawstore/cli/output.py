"""Results on stdout: a table for people; JSON, JSON lines or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import click

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")
# Line breaks and tabs lay text out; the other control characters could drive the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PLAIN_WIDTH = 100_000


def prepare() -> None:
    """Let stdout and stderr take any character: what the encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
        click.echo(_cell(found))
    elif form == "csv":
        _csv([name], [[found]])
    else:
        click.echo(_dumps(found))


def facts(found: Mapping[str, Any], form: Format) -> None:
    """Write one thing's properties: a line each for people, one object or row for programs."""
    if form == "table":
        width = max(map(len, found), default=0)
        for name, fact in found.items():
            click.echo(f"{name:<{width}}  {_cell(fact)}")
    elif form == "csv":
        _csv(list(found), [list(found.values())])
    else:
        click.echo(_dumps(dict(found)))


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
            click.echo(line.rstrip())


def _cell(item: Any) -> str:
    shown = "null" if item is None else item if isinstance(item, str) else _text(item)
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), shown)


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
        click.echo(f"{',' if opened else '['}\n{_dumps(each)}", nl=False)
        opened = True
    click.echo("\n]" if opened else "[]")


def _json_lines(objects: Iterable[Mapping[str, Any]]) -> None:
    for each in objects:
        click.echo(_dumps(each))


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
