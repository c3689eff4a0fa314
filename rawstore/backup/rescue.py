"""The new file of a recovery: filled row by row, and checked."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ..migrate import Migrator
from ..migrate.folder import sql_files
from ..progress import Progress
from ..scan import scan
from ..source import Source
from ..tables.quoting import identifier, text
from ..tables.triggers import mentions
from ..target import SqliteTarget
from . import orphans, schema, sqlite
from .contents import is_data
from .recovery import RecoveredTable, Recovery, missing
from .salvage import Salvage
from .schema import Table
from .trees import Row
from .unfinished import Unfinished, unfinished

REJECTED = ".rejected.jsonl"
_APART = "SELECT name FROM pragma_table_list WHERE type IN ('virtual', 'shadow')"
_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
_VIRTUAL = "SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'"
_EXTERNAL = re.compile(r"fts5\b.*\bcontent\s*=\s*(?!''|\"\")", re.IGNORECASE | re.DOTALL)
_ENTRIES = ("_docsize", "_content", "_rowid")  # of FTS5, of FTS3 and 4, of an R*Tree
_RAISE = "UPDATE sqlite_sequence SET seq = max(seq, :seq) WHERE name = :name"
_BEGIN = """
INSERT INTO sqlite_sequence (name, seq)
SELECT :name, :seq
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)
"""
_HISTORY = {"rawstore_migration": 0, "_yoyo_migration": 1}  # the place of the id in a row

_TAKEN = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID")


class Rescue:
    """One recovery into a file that is not complete yet."""

    def __init__(
        self,
        salvage: Salvage,
        source: Source,
        run: Unfinished,
        on_progress: Progress,
        *,
        keep_orphans: bool,
    ) -> None:
        self._salvage = salvage
        self._source = source
        self._unfinished = run
        self._progress = on_progress
        self._keep_orphans = keep_orphans
        self._saved: dict[str, set[int]] = defaultdict(set)
        self._met: dict[str, set[int]] = defaultdict(set)
        self._report: dict[str, RecoveredTable] = {}
        self._rejected: list[bytes] = []
        self._triggers: list[str] = []
        self._entries: dict[str, int] = {}
        self._left: set[str] = set()
        self._unknown: list[str] = []

    def run(self) -> Recovery:
        """Make the new file, and say what is in it."""
        target = SqliteTarget(self._unfinished.beside)
        applied = self._migrate(target)
        with (
            sqlite.told(self._unfinished.final),
            closing(sqlite.connect(self._unfinished.beside)) as connection,
        ):
            tables = schema.tables(connection)
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("BEGIN IMMEDIATE")
            self._quiet(connection)
            self._empty(connection, tables)
            self._fill(connection, tables)
            self._orphans(connection, tables)
            self._loud(connection)
            self._compare(connection, tables)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = DELETE")
            sqlite.check(connection, "the new file", foreign_keys=not self._keep_orphans)
            sqlite.check_full_text(connection, "the new file")
        for portion in sqlite.portions(self._unfinished.beside):
            self._unfinished.file.write(portion)
        rejected = self._write_rejected()
        self._unfinished.complete()
        return self._recovery(applied, rejected)

    def _migrate(self, target: SqliteTarget) -> str | None:
        """Bring the new file to where the damaged one was, as far as that can be read."""
        migrator = Migrator(self._source.migrations("sqlite"), target, self._source.name)
        known = {path.stem for path in sql_files(self._source.migrations("sqlite"))}
        applied = self._applied()
        self._unknown = sorted(applied - known)
        last = max(applied & known, default=None)
        migrator.up(last)
        return last

    def _applied(self) -> set[str]:
        found: set[str] = set()
        for name, place in _HISTORY.items():
            if self._salvage.root(name) is None:
                continue
            table = Table(name, (), 0, strict=False, apart=True, by_key=False)
            for _, values in Salvage(self._salvage.pages).rows(table):
                found.update(each for each in values[place : place + 1] if isinstance(each, str))
        return found

    # -- rows

    def _empty(self, connection: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
        """Delete what the migrations have inserted: it may have been changed since, or deleted."""
        for name, table in tables.items():
            if not table.apart:
                connection.execute(text("DELETE FROM {table}", table=identifier(name)))

    def _fill(self, connection: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
        """Rows by their own trees, then those on stray pages."""
        own = {name: table for name, table in tables.items() if not table.apart}
        for name, table in own.items():
            self._report[name] = RecoveredTable(name)
            for row in self._told(name, self._salvage.rows(table)):
                self._insert(connection, table, row)
        for table in tables.values():
            if table.apart:  # so that its pages are not taken for others
                self._entries[table.name] = sum(1 for _ in self._salvage.rows(table))
        indexed = {name: self._salvage.indexed(table) for name, table in own.items()}
        for table, row in self._salvage.stray(tables, self._progress):
            self._insert(connection, table, row)
        for name, ids in indexed.items():
            saved = [] if own[name].by_key else sorted(self._saved[name])
            self._report[name].known_lost = len(ids - self._met[name])
            self._report[name].lost = list(missing(self._salvage.gaps[name], saved))
        self._sequences(connection, own)

    def _told(self, name: str, rows: Iterable[Row]) -> Iterator[Row]:
        for done, row in enumerate(rows):
            if done % 1000 == 0:
                self._progress(name, done, None)
            yield row

    def _insert(self, connection: sqlite3.Connection, table: Table, row: Row) -> None:
        report, rowid = self._report[table.name], row[0]
        if not table.by_key and rowid in self._saved[table.name]:
            report.duplicates += 1
            return
        self._met[table.name].add(rowid)
        values = table.named(row)
        try:
            if not table.fits(row[1]):
                raise sqlite3.IntegrityError("the record is not one of this table")
            connection.execute(table.insert(list(values)), list(values.values()))
        except (sqlite3.DatabaseError, OverflowError) as error:
            self._reject(table.name, values, str(error))
            if getattr(error, "sqlite_errorname", "") in _TAKEN:
                report.duplicates += 1
            else:
                report.rejected += 1
        else:
            report.saved += 1
            self._saved[table.name].add(rowid)

    def _reject(self, table: str, values: Mapping[str, Any], why: str) -> None:
        plain = {k: f"\\x{v.hex()}" if isinstance(v, bytes) else v for k, v in values.items()}
        self._rejected.append(json.dumps({"table": table, "why": why, "row": plain}).encode())

    def _sequences(self, connection: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
        """No id that was given is given again, though its row may be lost."""
        table = Table("sqlite_sequence", (), 0, strict=False, apart=True, by_key=False)
        for _, values in Salvage(self._salvage.pages).rows(table):  # its pages were read before
            if len(values) == 2 and values[0] in tables and isinstance(values[1], int):
                params = {"name": values[0], "seq": values[1]}
                connection.execute(_RAISE, params)
                connection.execute(_BEGIN, params)

    def _orphans(self, connection: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
        """Count the rows whose parent is lost; take them out, unless they are to stay."""
        while found := orphans.orphans(connection, tables):
            for each in found:
                self._report[each.table].orphans += len(each.rows)
                if not self._keep_orphans:
                    for row in each.rows:
                        self._reject(each.table, row, f"its row of {each.parents} is lost")
                    connection.execute(each.delete)
                    self._report[each.table].saved -= len(each.rows)
            if self._keep_orphans:
                return

    # -- triggers

    def _quiet(self, connection: sqlite3.Connection) -> None:
        """Drop the triggers but those that fill full-text tables: rows come as they were."""
        apart = {name for (name,) in connection.execute(_APART)}
        for name, written in connection.execute(_TRIGGERS).fetchall():
            if not mentions(written, "sqlite", apart):
                connection.execute(text("DROP TRIGGER {name}", name=identifier(name)))
                self._triggers.append(written)

    def _loud(self, connection: sqlite3.Connection) -> None:
        for written in self._triggers:
            connection.execute(written)
        for name, written in connection.execute(_VIRTUAL).fetchall():
            if _EXTERNAL.search(written):
                rebuild = text("INSERT INTO {t} ({t}) VALUES ('rebuild')", t=identifier(name))
                connection.execute(rebuild)

    def _compare(self, connection: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
        """Note which virtual tables have rows of their own that nothing has brought back."""
        for name, written in connection.execute(_VIRTUAL).fetchall():
            for entries in (f"{name}{suffix}" for suffix in _ENTRIES):
                if entries in tables and not _EXTERNAL.search(written):
                    count = text("SELECT count(*) FROM {table}", table=identifier(entries))
                    if connection.execute(count).fetchone()[0] < self._entries[entries]:
                        self._left.add(name)
        ours = tables.keys() | {name for name, _ in connection.execute(_VIRTUAL)}
        self._left |= {
            each.name
            for each in self._salvage.objects
            if each.kind == "table" and each.root and not _is_known(each.name, ours)
        }

    # -- the report

    def _write_rejected(self) -> Path | None:
        if not self._rejected:
            return None
        final = self._unfinished.final
        path = final.with_name(f"{final.name}{REJECTED}")
        with unfinished(path) as run:
            run.file.writelines(line + b"\n" for line in self._rejected)
            run.complete()
        return path

    def _recovery(self, applied: str | None, rejected: Path | None) -> Recovery:
        pages = self._salvage.pages
        zeros = len(pages.doubtful)
        told = {
            "the file's own schema is damaged; the migrations' was used": (
                not self._salvage.schema_is_whole
            ),
            f"{pages.logged} pages came from its write-ahead log": pages.logged,
            "a transaction was under way (-journal): some rows may be half its own": pages.journal,
            f"the new file is at migration {applied}": applied,
            f"rows that do not fit stand in {rejected}": rejected,
            f"the file has migrations that are unknown here: {', '.join(self._unknown)}": (
                self._unknown
            ),
            f"{zeros} rows have a page of nothing but zeros, which may have been lost": zeros,
            f"not brought back: all rows of {', '.join(sorted(self._left))}": self._left,
        }
        notes = *self._salvage.notes, *(note for note, so in told.items() if so)
        report = tuple(self._report[name] for name in sorted(self._report))
        whole = not (self._left or pages.journal or zeros)
        return Recovery(self._unfinished.final, report, rejected, notes, whole)


def made(source: Source) -> set[str]:
    """The names in a store's migrations for SQLite."""
    return {
        token.text
        for file in sql_files(source.migrations("sqlite"))
        for token in scan(file.read_text(encoding="utf-8-sig"), "sqlite")
        if token.kind == "word"
    }


def _is_known(name: str, ours: set[str]) -> bool:
    return name in ours or not is_data(name)
