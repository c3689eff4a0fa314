"""The tables of a migrated database, as far as the rules need them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# yoyo's tables and our checksums: nobody's query, and not for the rules.
_HISTORY = ("_yoyo_", "yoyo_", "rawstore_migration")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column; `type` is the dialect's own name of its type."""

    name: str
    type: str
    not_null: bool


@dataclass(frozen=True, slots=True)
class Index:
    """An index over plain columns. `where` is the predicate of a partial one."""

    columns: tuple[str, ...]
    unique: bool
    where: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `name` is empty in SQLite, which does not tell it."""

    columns: tuple[str, ...]
    references: str
    name: str = ""


@dataclass(eq=False)
class Table:
    """A table, view or virtual table; the latter two have no keys."""

    name: str
    columns: Mapping[str, TableColumn]
    primary_key: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_base: bool = True
    numbers: Mapping[int, str] = field(default_factory=dict)  # its columns as PostgreSQL counts

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """What tells one row from all others: the primary key and the unique indexes."""
        found = [index.columns for index in self.indexes if index.unique and not index.where]
        return [self.primary_key, *found] if self.primary_key else found

    def is_key(self, columns: Iterable[str], pinned: Iterable[str] = ()) -> bool:
        """Whether these columns tell one row from all others.

        Of a unique index a column that may be null counts only where it is `pinned` to a value.
        """
        given, pinned = {*columns, *pinned}, set(pinned)
        return any(
            given.issuperset(key)
            and (
                key == self.primary_key
                or all(self.columns[name].not_null or name in pinned for name in key)
            )
            for key in self.keys
        )

    @property
    def is_history(self) -> bool:
        """Whether it is part of the migrations' history."""
        return self.name.rpartition(".")[2].startswith(_HISTORY)


@dataclass(frozen=True)
class Catalog:
    """The tables, by name; on PostgreSQL with their schema."""

    tables: Mapping[str, Table]

    @property
    def own(self) -> list[Table]:
        """The store's own tables, without views and history."""
        return [table for table in self.tables.values() if table.is_base and not table.is_history]

    @property
    def tenant(self) -> str | None:
        """The column that leads a composite key of every table, if there is one: the tenant's.

        A lone table says nothing. The primary key counts; where it is a single column (a rowid),
        a unique index does.
        """
        tables = self.own
        if len(tables) < 2:
            return None
        leading = [
            {key[0] for key in table.keys if len(key) > 1 and table.columns[key[0]].not_null}
            for table in tables
        ]
        # With one table's key led by something else, the store is no tenant store.
        common = set.intersection(*leading)
        if any(len(table.primary_key) > 1 for table in tables):
            common &= {table.primary_key[0] for table in tables if len(table.primary_key) > 1}
        return min(common) if common else None
