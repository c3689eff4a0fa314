"""What a table of a new file wants, and whether the records of a damaged one can be its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from ..tables.quoting import identifier, listed, text
from .contents import is_data
from .pages import Value
from .trees import Row

_TABLES = """
SELECT l.name, l.type, l.wr, m.rootpage
FROM pragma_table_list AS l
INNER JOIN sqlite_master AS m ON m.type = 'table' AND m.name = l.name
WHERE l.schema = 'main' AND l.type IN ('table', 'shadow')
"""
_COLUMNS = 'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid'
_VIRTUAL, _STORED = 2, 3  # generated columns, as table_xinfo marks them
_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "int": (int,),
    "real": (int, float),
    "text": (str,),
    "blob": (bytes,),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column as records hold it."""

    name: str
    type: str
    required: bool
    key: int  # its place in the primary key, from 1
    generated: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the new file; `root` is where it would begin in a file that was never changed.

    `apart` are the history's and those within virtual tables: they are not recovered.
    """

    name: str
    fields: tuple[Field, ...]
    root: int
    strict: bool
    apart: bool
    by_key: bool  # WITHOUT ROWID

    @property
    def rowid(self) -> str | None:
        """The column that is the rowid."""
        keys = [field for field in self.fields if field.key]
        alone = len(keys) == 1 and keys[0].type == "integer" and not self.by_key
        return keys[0].name if alone else None

    def fits(self, values: Sequence[Value]) -> bool:
        """Whether a record can be a row of this table, as far as numbers and types tell."""
        if not values or len(values) > len(self.fields):
            return False
        return all(
            self._takes(field, value) for field, value in zip(self.fields, values, strict=False)
        )

    def _takes(self, field: Field, value: Value) -> bool:
        if field.name == self.rowid:
            return value is None  # the rowid stands beside the record
        if value is None:
            return not field.required
        types = _TYPES.get(field.type) if self.strict else None
        return types is None or isinstance(value, types)

    def named(self, row: Row) -> dict[str, Value]:
        """A row's values by column, the rowid among them; what a record lacks has its default.

        What it has more than the table has fields stands under names that no column has.
        """
        rowid, values = row
        fields = self._ordered()
        found = {
            field.name: value
            for field, value in zip(fields, values, strict=False)
            if not field.generated
        }
        if self.rowid is not None:
            found[self.rowid] = rowid
        elif not self.by_key:
            found = {"rowid": rowid, **found}
        for place, value in enumerate(values[len(fields) :], len(fields) + 1):
            found[f"(value {place})"] = value  # it does not fit, but is not to be lost
        return found

    def insert(self, names: Sequence[str]) -> str:
        """The statement that inserts these columns."""
        return text(
            "INSERT INTO {table} ({columns}) VALUES ({values})",
            table=identifier(self.name),
            columns=listed(names),
            values=sql.SQL(", ").join([sql.SQL("?")] * len(names)),
        )

    def _ordered(self) -> list[Field]:
        """The fields as records have them: without rowids the key comes first."""
        if not self.by_key:
            return list(self.fields)
        return sorted(self.fields, key=lambda field: (not field.key, field.key))


def tables(connection: sqlite3.Connection) -> dict[str, Table]:
    """The tables of a file, those within virtual tables too."""
    strict = {name: flag for _, name, _, _, _, flag in connection.execute("PRAGMA table_list")}
    found = {}
    for name, kind, by_key, root in connection.execute(_TABLES).fetchall():
        fields = tuple(
            Field(column, declared.lower(), bool(required), key, hidden == _STORED)
            for column, declared, required, key, hidden in connection.execute(_COLUMNS, (name,))
            if hidden != _VIRTUAL
        )
        apart = kind == "shadow" or not is_data(name)
        is_strict = bool(strict.get(name))
        found[name] = Table(name, fields, root, is_strict, apart, bool(by_key))
    return found
