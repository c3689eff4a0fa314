"""Names in statements that are made from a catalog: both dialects quote them alike. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql


def identifier(*names: str) -> sql.Identifier:
    """A name, or a qualified one, in quotes."""
    return sql.Identifier(*names)


def listed(names: Iterable[str]) -> sql.Composed:
    """Names in quotes, with commas between them."""
    return sql.SQL(", ").join(map(sql.Identifier, names))


def text(statement: str, **parts: sql.Composable) -> str:
    """A statement with its parts put in."""
    return sql.SQL(statement).format(**parts).as_string(None)
