"""SQLAlchemy's view of the bench's tables: engines, Core tables and mapped classes, per dialect.

SQLAlchemy keeps uuids and times in SQLite in its own text; two types of ours read the tables as
they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Engine,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    create_engine,
    event,
)
from sqlalchemy.types import TypeDecorator

from ..place import POOL, SCHEMA, Place
from ..rows import time_text


class _UuidText(TypeDecorator[UUID]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> UUID | None:
        return None if value is None else UUID(value)


class _TimeText(TypeDecorator[datetime]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else time_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


@dataclass(frozen=True)
class Tables:
    """The bench's tables."""

    users: Table
    notes: Table
    counters: Table
    readings: Table


def tables(place: Place) -> Tables:
    """The tables of a place, with the types of its dialect."""
    postgres = place.dialect == "postgres"
    metadata = MetaData(schema=SCHEMA if postgres else None)
    key: Any = Uuid() if postgres else _UuidText()
    time: Any = DateTime(timezone=True) if postgres else _TimeText()
    number: Any = BigInteger() if postgres else Integer()
    users = Table(
        "users",
        metadata,
        Column("id", key, primary_key=True),
        Column("email", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", time, nullable=False),
    )
    notes = Table(
        "notes",
        metadata,
        Column("id", number, primary_key=True),
        Column("user_id", key, nullable=False),
        Column("body", Text, nullable=False),
        Column("created_at", time, nullable=False),
    )
    counters = Table(
        "counters",
        metadata,
        Column("user_id", key, primary_key=True),
        Column("notes", number, nullable=False),
    )
    readings = Table(
        "readings",
        metadata,
        Column("id", number, primary_key=True, autoincrement=False),
        Column("sensor", Text, nullable=False),
        Column("celsius", Float, nullable=False),
    )
    return Tables(users, notes, counters, readings)


@contextmanager
def engine(place: Place, **options: Any) -> Iterator[Engine]:
    """An engine with its pool; further options are `create_engine`'s."""
    if place.dialect == "postgres":
        made = create_engine(
            "postgresql+psycopg://", connect_args=place.keywords, pool_size=POOL, **options
        )
    else:
        made = create_engine(f"sqlite:///{place.path}", **options)
        event.listen(made, "connect", _configure)
    try:
        yield made
    finally:
        made.dispose()


def _configure(connection: Any, _: object) -> None:
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
