"""Giving out what one person has: JSON, in one snapshot."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from ..errors import ConfigError
from ..progress import Progress, quiet
from ..query import Kind, Query
from . import duties

if TYPE_CHECKING:
    from ..store import Store

Form = Literal["json", "jsonl"]


@dataclass(frozen=True, slots=True)
class SubjectExport:
    """How many rows each query gave; the files written, if it was to a folder."""

    store: str
    rows: Mapping[str, int]
    files: tuple[Path, ...] = ()


class Part:
    """What one query gives: read `rows` once, before the next part."""

    def __init__(self, query: Query, rows: Iterator[Any]) -> None:
        self.query = query
        self.rows = rows
        self.count = 0

    @property
    def what(self) -> str:
        """What this is, as the query's file says."""
        return duties.what(self.query, "export")

    def __iter__(self) -> Iterator[str]:
        """The rows as JSON objects."""
        for row in self.rows:
            self.count += 1
            yield _dumps(row._asdict())


def export_subject(
    store: Store,
    subject: Any,
    to: Path | IO[str],
    *,
    form: Form = "json",
    on_progress: Progress = quiet,
) -> SubjectExport:
    """See `Care.export_subject`."""
    if form not in ("json", "jsonl"):
        raise ConfigError(f"unknown form {form!r}; known are json, jsonl")
    write = _json if form == "json" else _jsonl
    with _parts(store, subject) as parts:
        if not isinstance(to, (Path, str)):
            rows = write(store, subject, parts, _Single(to), on_progress)
            return SubjectExport(store.name, rows)
        with _Folder(Path(to)) as folder:
            rows = write(store, subject, parts, folder, on_progress)
        return SubjectExport(store.name, rows, tuple(folder.files))


def counted(store: Store, subject: Any) -> dict[str, int]:
    """How many rows each `-- export:` query gives."""
    with _parts(store, subject) as parts:
        return {part.query.name: sum(1 for _ in part.rows) for part in parts}


@contextmanager
def _parts(store: Store, subject: Any) -> Iterator[Iterator[Part]]:
    found = duties.queries(store.queries, "export")
    whose = duties.values(found, subject)
    with store.transaction("repeatable read", read_only=True) as tx:
        yield (Part(query, _rows(tx, query, whose)) for query in found)


def _rows(tx: Any, query: Query, values: Mapping[str, Any]) -> Iterator[Any]:
    answer = getattr(tx, query.name)(**values)
    if query.kind is Kind.ONE:
        answer = [] if answer is None else [answer]
    return iter(answer)


# -- the forms


class _Single:
    """One open file for everything; it is the caller's to close."""

    together = True

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def open(self, name: str) -> IO[str]:
        """The file, whatever the name."""
        return self._stream


class _Folder:
    """Files in a folder, for their owner's eyes; they get their names when all are complete."""

    together = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.files: list[Path] = []

    def __enter__(self) -> _Folder:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def open(self, name: str) -> IO[str]:
        """A new file. Raises FileExistsError rather than write over one."""
        path = self._folder / name
        if path.exists():
            raise FileExistsError(17, "is there already: name another folder", str(path))
        self.files.append(path)
        opened = os.open(_partial(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return self._stack.enter_context(os.fdopen(opened, "w", encoding="utf-8"))

    def __exit__(self, failed: object, *_: object) -> None:
        self._stack.close()
        for path in self.files:
            if failed:
                _partial(path).unlink(missing_ok=True)
            else:
                _partial(path).replace(path)


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _json(
    store: Store, subject: Any, parts: Iterator[Part], to: _Single | _Folder, tell: Progress
) -> dict[str, int]:
    """One document."""
    out = to.open(f"{store.name}.json")
    head = {"store": store.name, "subject": subject, "exported_at": datetime.now(UTC)}
    out.write(f'{_dumps(head)[:-1]}, "parts": [')
    rows = {}
    for number, part in enumerate(parts):
        told = {"name": part.query.name, "what": part.what}
        out.write(f'{"," if number else ""}\n{_dumps(told)[:-1]}, "rows": [')
        for line in part:
            out.write(f"{',' if part.count > 1 else ''}\n{line}")
            tell(part.query.name, part.count, None)
        out.write("]}")
        rows[part.query.name] = part.count
    out.write("]}\n")
    return rows


def _jsonl(
    _store: Store, _subject: Any, parts: Iterator[Part], to: _Single | _Folder, tell: Progress
) -> dict[str, int]:
    """A line for each row: in a folder a file for each query; else each line names its own."""
    rows = {}
    for part in parts:
        name = part.query.name
        out = to.open(f"{name}.jsonl")
        for line in part:
            out.write(
                f'{{"name": {_dumps(name)}, "row": {line}}}\n' if to.together else f"{line}\n"
            )
            tell(name, part.count, None)
        rows[name] = part.count
    return rows


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"\\x{bytes(value).hex()}"
    return str(value)  # UUID, Decimal
