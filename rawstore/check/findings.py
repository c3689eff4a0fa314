"""The rules of `rawstore check`, and what a finding is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RULES = {
    "query-file": "The file can be loaded: its headers, rows, parameters and -- lines are right.",
    "migrations": "The migrations run on an empty database.",
    "does-not-prepare": "The database takes every variant of the statement.",
    "bulk-form": "The database takes a :batch INSERT in the form for many items at once.",
    "not-understood": "The statement can be followed, so that the other rules can be held.",
    "select-star": "Columns are listed: with * a new column would change the row.",
    "many-without-order": "A list has a total order, down to a key; or `-- order: reason`.",
    "many-without-limit": "A list has a LIMIT that cannot be null; or `-- all: reason`.",
    "tenant-predicate": "On a store of tenants a statement holds every table it touches to one "
    "tenant; or `-- tenant: reason`.",
    "writes-in-read": "A query with `-- read: replica` does not write, lock or draw numbers.",
    "kind": "A kind that gives rows has a statement that does, and the other way round.",
    "parameter-type": "A parameter is declared as the database takes it.",
    "column-names": "The statement's columns are the declared row's, by name and in order.",
    "column-type": "A column or scalar is declared as the database gives it.",
    "nullability": "What is declared without ? can be proven never to be NULL; or "
    "`-- not null: column: reason` (a :scalar's column is called by its name).",
    "unused-reason": "A `-- order:`, `-- all:`, `-- tenant:` or `-- not null:` line is needed.",
    "foreign-key-without-index": "Every foreign key is the beginning of an index.",
    "twin-missing": "Both dialects have the same query files and query names.",
    "twin-differs": "Both dialects declare a query, its parameters, its row alike.",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend; `line` is 1-based."""

    file: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        """As a compiler would print it."""
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"
