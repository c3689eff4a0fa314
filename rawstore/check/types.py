"""Whether a declared type is what the database takes or gives. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..types import ANY, Type
from .postgres_catalog import ServerType

# What a declared type may be sent as: nothing that could lose a part of it.
_TAKEN = {
    "smallint": ("int2", "int4", "int8", "numeric", "float4", "float8"),
    "int": ("int4", "int8", "numeric", "float8"),
    "bigint": ("int8", "numeric"),
    "float": ("float8",),
    "numeric": ("numeric",),
}
# What it may come from: nothing that it could not hold.
_GIVEN = {
    "smallint": ("int2",),
    "int": ("int2", "int4"),
    "bigint": ("int2", "int4", "int8"),
    "float": ("float4", "float8"),
    "numeric": ("numeric",),
}
_SAME = {
    "bool": ("bool",),
    "uuid": ("uuid",),
    "timestamptz": ("timestamptz",),
    "date": ("date",),
    "bytes": ("bytea",),
    "json": ("json", "jsonb"),
    "vector": ("vector",),
}
_DECLARED = {
    "int2": "smallint",
    "int4": "int",
    "int8": "bigint",
    "float4": "float",
    "float8": "float",
    "bytea": "bytes",
    "jsonb": "json",
    "varchar": "text",
    "bpchar": "text",
}
_TEXTS = ("S", "E")  # strings and enums, by category
_STORED = {
    "text": "TEXT",
    "uuid": "TEXT",
    "timestamptz": "TEXT",
    "date": "TEXT",
    "json": "TEXT",
    "numeric": "TEXT",
    "smallint": "INTEGER",
    "int": "INTEGER",
    "bigint": "INTEGER",
    "bool": "INTEGER",
    "float": "REAL",
    "bytes": "BLOB",
    "vector": "BLOB",
}
# "Determination Of Column Affinity"; NUMERIC, and no type at all, may hold anything.
_AFFINITY = (
    ("INT", "INTEGER"),
    ("CHAR", "TEXT"),
    ("CLOB", "TEXT"),
    ("TEXT", "TEXT"),
    ("BLOB", "BLOB"),
    ("REAL", "REAL"),
    ("FLOA", "REAL"),
    ("DOUB", "REAL"),
)


class PostgresTypes:
    """Compares with a server's types, by oid."""

    def __init__(self, types: Mapping[int, ServerType]) -> None:
        self._types = types

    def name(self, oid: int) -> str:
        """A server's type as a query file would declare it."""
        known = self._base(oid)
        if known.category == "A" and known.of:
            return f"{self.name(known.of)}[]"
        return _DECLARED.get(known.name, known.name)

    def takes(self, declared: Type, oid: int, *, is_row: bool) -> bool:
        """Whether the server's parameter takes a value of the declared type."""
        if is_row:
            return self._base(oid).name in ("json", "jsonb")
        return declared == ANY or self._fits(declared, oid, _TAKEN)

    def gives(self, declared: Type, oid: int) -> bool:
        """Whether the server's column can be read as the declared type."""
        return declared == ANY or self._fits(declared, oid, _GIVEN)

    def _fits(self, declared: Type, oid: int, numbers: Mapping[str, tuple[str, ...]]) -> bool:
        known = self._base(oid)
        if declared.array:
            if known.name in ("json", "jsonb"):
                return True
            if known.category != "A" or not known.of:
                return False
            known = self._base(known.of)
        if declared.name == "text":
            return known.category in _TEXTS or known.name in ("unknown", "citext", "name")
        return known.name in (numbers.get(declared.name) or _SAME.get(declared.name, ()))

    def _base(self, oid: int) -> ServerType:
        known = self._types.get(oid, ServerType(str(oid), "b", "X", 0))
        return self._base(known.of) if known.kind == "d" else known


def stores_in(declared: Type, column: str) -> bool:
    """Whether an SQLite column of this type stores a declared type, or can be compared with it."""
    wanted = _stored(declared)
    if not wanted or not column:
        return True
    return column == wanted or {column, wanted} == {"INTEGER", "REAL"}


def reads_stored(declared: Type, column: str) -> bool:
    """Whether what an SQLite column of this type holds can be read as declared."""
    wanted = _stored(declared)
    if not wanted or not column:
        return True
    return column == wanted or (column == "INTEGER" and declared.name in ("float", "numeric"))


def _stored(declared: Type) -> str:
    return "TEXT" if declared.array else _STORED.get(declared.name, "")


def affinity(written: str, *, strict: bool) -> str:
    """The type of a column as INTEGER, REAL, TEXT or BLOB; "" where it may hold anything."""
    name = written.upper()
    if strict:
        return {"INT": "INTEGER", "ANY": ""}.get(name, name)
    for part, found in _AFFINITY:
        if part in name:
            return found
    return ""
