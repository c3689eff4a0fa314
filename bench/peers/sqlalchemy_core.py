"""SQLAlchemy Core: statements built once as expressions, which SQLAlchemy compiles once.

Expressions, since they measure faster than `text()`; the text that is sent is the same but for
its names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..place import Place
from . import Peer

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class _Statements:
    def __init__(self, place: Place) -> None:
        from sqlalchemy import bindparam, insert, select, update
        from sqlalchemy.dialects import postgresql, sqlite

        from .sqlalchemy_tables import tables

        t = tables(place)
        self.get = select(t.users).where(t.users.c.id == bindparam("user_id"))
        self.list = (
            select(t.users)
            .where(t.users.c.id > bindparam("after"))
            .order_by(t.users.c.id)
            .limit(bindparam("page"))
        )
        self.add = insert(t.notes).returning(t.notes)
        self.count = (
            update(t.counters)
            .where(t.counters.c.user_id == bindparam("of_user"))
            .values(notes=t.counters.c.notes + 1)
        )
        dialect = postgresql if place.dialect == "postgres" else sqlite
        put: Any = dialect.insert(t.readings)
        changed = {"sensor": put.excluded.sensor, "celsius": put.excluded.celsius}
        self.put = put.on_conflict_do_update(index_elements=["id"], set_=changed)


class _Held:
    """On one connection in autocommit; transactions over a second one, which has them."""

    def __init__(self, connection: Connection, begins: Connection, place: Place) -> None:
        self.connection = connection
        self.begins = begins
        self.statements = _Statements(place)

    def get_user(self, user_id: UUID) -> object:
        return self.connection.execute(self.statements.get, {"user_id": user_id}).one_or_none()

    def list_users(self, after: UUID, page: int) -> object:
        return self.connection.execute(self.statements.list, {"after": after, "page": page}).all()

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        values = {"user_id": user_id, "body": body, "created_at": created_at}
        return self.connection.execute(self.statements.add, values).one()

    def readings(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return [{"id": row[0], "sensor": row[1], "celsius": row[2]} for row in rows]

    def put_readings(self, items: Sequence[dict[str, Any]]) -> None:
        with self.begins.begin():
            self.begins.execute(self.statements.put, items)

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        execute, statements = self.begins.execute, self.statements
        values = {"user_id": user_id, "body": body, "created_at": created_at}
        with self.begins.begin():
            return (
                execute(statements.get, {"user_id": user_id}).one_or_none(),
                execute(statements.add, values).one(),
                execute(statements.count, {"of_user": user_id}).rowcount,
            )


class _Pooled:
    """A connection of the engine's pool for each call, in autocommit."""

    def __init__(self, engine: Engine, place: Place) -> None:
        self.engine = engine
        self.statements = _Statements(place)

    def get_user(self, user_id: UUID) -> object:
        with self.engine.connect() as connection:
            return connection.execute(self.statements.get, {"user_id": user_id}).one_or_none()


@contextmanager
def _held(place: Place) -> Iterator[_Held]:
    from .sqlalchemy_tables import engine

    with (
        engine(place, isolation_level="AUTOCOMMIT") as autocommit,
        autocommit.connect() as connection,
        engine(place) as default,
        default.connect() as begins,
    ):
        yield _Held(connection, begins, place)


@contextmanager
def _pooled(place: Place) -> Iterator[_Pooled]:
    from .sqlalchemy_tables import engine

    with engine(place, isolation_level="AUTOCOMMIT") as autocommit:
        yield _Pooled(autocommit, place)


HELD = Peer("SQLAlchemy Core", "SQLAlchemy", "Row", _held)
POOLED = Peer("SQLAlchemy Core, pool", "SQLAlchemy", "Row", _pooled)
