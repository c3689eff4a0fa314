"""SQLAlchemy ORM: mapped classes and a Session, kept or one for each call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..place import Place
from . import Peer

if TYPE_CHECKING:
    from sqlalchemy import Engine


class _Entity:
    """What is mapped; iterating gives its columns, for comparing."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def __iter__(self) -> Iterator[Any]:
        for column in type(self).__table__.columns:  # type: ignore[attr-defined]
            yield getattr(self, column.name)


class _Mapped:
    """The mapped classes of a place."""

    def __init__(self, place: Place) -> None:
        from sqlalchemy.orm import registry

        from .sqlalchemy_tables import tables

        found, mapper = tables(place), registry()
        self.user: Any = type("User", (_Entity,), {})
        self.note: Any = type("Note", (_Entity,), {})
        self.counter: Any = type("Counter", (_Entity,), {})
        self.reading: Any = type("Reading", (_Entity,), {})
        mapper.map_imperatively(self.user, found.users)
        mapper.map_imperatively(self.note, found.notes)
        mapper.map_imperatively(self.counter, found.counters)
        mapper.map_imperatively(self.reading, found.readings)


class _Held:
    """On one Session in autocommit; transactions on a second one, which has them.

    Statements are built once. Queries, not `Session.get`, which would answer from the Session's own
    memory.
    """

    def __init__(self, session: Any, begins: Any, place: Place) -> None:
        from sqlalchemy import bindparam, select, update
        from sqlalchemy.dialects import postgresql, sqlite

        self.session = session
        self.begins = begins
        mapped = _Mapped(place)
        user, counter = mapped.user, mapped.counter
        self.note = mapped.note
        self.get = select(user).where(user.id == bindparam("user_id"))
        self.list = (
            select(user)
            .where(user.id > bindparam("after"))
            .order_by(user.id)
            .limit(bindparam("page"))
        )
        self.count = (
            update(counter)
            .where(counter.user_id == bindparam("of_user"))
            .values(notes=counter.notes + 1)
            .execution_options(synchronize_session=False)
        )
        dialect = postgresql if place.dialect == "postgres" else sqlite
        put: Any = dialect.insert(mapped.reading)
        changed = {"sensor": put.excluded.sensor, "celsius": put.excluded.celsius}
        self.put = put.on_conflict_do_update(index_elements=["id"], set_=changed)

    def get_user(self, user_id: UUID) -> object:
        return self.session.scalars(self.get, {"user_id": user_id}).one_or_none()

    def list_users(self, after: UUID, page: int) -> object:
        return self.session.scalars(self.list, {"after": after, "page": page}).all()

    def add_note(self, user_id: UUID, body: str, created_at: datetime) -> object:
        note = self.note(user_id=user_id, body=body, created_at=created_at)
        self.session.add(note)
        self.session.commit()
        return note

    def readings(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return [{"id": row[0], "sensor": row[1], "celsius": row[2]} for row in rows]

    def put_readings(self, items: Sequence[dict[str, Any]]) -> None:
        with self.begins.begin():
            self.begins.execute(self.put, items)

    def note_and_count(self, user_id: UUID, body: str, created_at: datetime) -> object:
        note = self.note(user_id=user_id, body=body, created_at=created_at)
        with self.begins.begin():
            found = self.begins.scalars(self.get, {"user_id": user_id}).one_or_none()
            self.begins.add(note)
            self.begins.flush()
            return found, note, self.begins.execute(self.count, {"of_user": user_id}).rowcount


class _Pooled:
    """A Session for each call."""

    def __init__(self, engine: Engine, place: Place) -> None:
        from sqlalchemy.orm import Session

        self.new = Session
        self.engine = engine
        self.mapped = _Mapped(place)

    def get_user(self, user_id: UUID) -> object:
        with self.new(self.engine, expire_on_commit=False) as session:
            return session.get(self.mapped.user, user_id)


@contextmanager
def _held(place: Place) -> Iterator[_Held]:
    from sqlalchemy.orm import Session

    from .sqlalchemy_tables import engine

    with (
        engine(place, isolation_level="AUTOCOMMIT") as autocommit,
        Session(autocommit, expire_on_commit=False) as session,
        engine(place) as default,
        Session(default, expire_on_commit=False) as begins,
    ):
        yield _Held(session, begins, place)


@contextmanager
def _pooled(place: Place) -> Iterator[_Pooled]:
    from .sqlalchemy_tables import engine

    with engine(place, isolation_level="AUTOCOMMIT") as autocommit:
        yield _Pooled(autocommit, place)


HELD = Peer("SQLAlchemy ORM", "SQLAlchemy", "mapped class", _held)
POOLED = Peer("SQLAlchemy ORM, a Session a call", "SQLAlchemy", "mapped class", _pooled)
