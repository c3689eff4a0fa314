"""The columns of a source, by the names that SQLite knows them by. Pure."""

from __future__ import annotations

from .algebra import Call, Expression, Output, Ref, Source

_ROWID = ("rowid", "oid", "_rowid_")


def column_names(source: Source) -> list[str]:
    """The names of a source's columns; none where they are not known."""
    if source.table is not None:
        return list(source.table.columns)
    if source.query is not None:
        return [output.name.lower() for output in source.query.outputs]
    return list(source.columns)


def column_of(source: Source, name: str) -> Expression | None:
    """The column of this name; None if the source has none."""
    names = column_names(source)
    if name in names:
        return Ref(source, name if source.table is not None else names.index(name))
    if source.table is not None and name in _ROWID and source.table.primary_key:
        return Ref(source, source.table.primary_key[0])
    return None if names else Call("column")


def every_column(source: Source) -> list[Output]:
    """What * stands for."""
    is_table = source.table is not None
    return [
        Output(name, Ref(source, name if is_table else n))
        for n, name in enumerate(column_names(source))
    ]
