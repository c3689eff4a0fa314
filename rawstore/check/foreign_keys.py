"""Whether every foreign key has an index, and the line of the migration that makes it."""

from __future__ import annotations

import re
from pathlib import Path

from .catalog import Catalog, ForeignKey, Table
from .findings import Finding


def without_index(catalog: Catalog, folder: Path) -> list[Finding]:
    """The foreign keys whose columns no index begins with: a delete would read the whole table."""
    found = []
    for table in catalog.own:
        for key in table.foreign_keys:
            if not any(_serves(index.columns, index.where, key) for index in table.indexes) and (
                not _serves(table.primary_key, "", key)
            ):
                columns = ", ".join(key.columns)
                message = (
                    f"{table.name} ({columns}) references {key.references} and no index begins "
                    f"with ({columns}): deleting there reads all of {table.name}"
                )
                found.append(
                    Finding(*_place(folder, table, key), "foreign-key-without-index", message)
                )
    return found


def _serves(columns: tuple[str, ...], where: str, key: ForeignKey) -> bool:
    if set(columns[: len(key.columns)]) != set(key.columns):
        return False
    # A null refers to nothing, so an index may leave it out.
    plain = re.sub(r'[()"\s]+', " ", where).strip().lower()
    return not where or plain in [f"{column} is not null" for column in key.columns]


def _place(folder: Path, table: Table, key: ForeignKey) -> tuple[Path, int]:
    """Where the migrations name the constraint, or where the column references the table."""
    name = table.name.rpartition(".")[2]
    makes = re.compile(rf"\b(?:CREATE|ALTER)\s+TABLE\b.*\b{re.escape(name)}\b", re.IGNORECASE)
    columns = r"\s*,\s*".join(map(re.escape, key.columns))
    refers = re.compile(
        rf"FOREIGN\s+KEY\s*\(\s*{columns}\s*\)|^\s*{re.escape(key.columns[0])}\s.*\bREFERENCES\b",
        re.IGNORECASE,
    )
    named = re.compile(rf"\b{re.escape(key.name)}\b") if key.name else None
    first: tuple[Path, int] | None = None
    for file in sorted(folder.glob("*.sql")):
        inside = False
        if file.name.endswith(".rollback.sql"):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            inside = bool(makes.search(line)) or (inside and ";" not in line)
            if (named and named.search(line)) or (inside and refers.search(line)):
                return file, number
            if makes.search(line) and first is None:
                first = file, number
    return first or (folder, 1)
