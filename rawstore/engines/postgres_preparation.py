"""What is prepared on one PostgreSQL connection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Transformer

from ..query import Variant
from .parameters import misfit, refusal
from .pipeline import Result, Send
from .postgres_report import changes_session
from .postgres_statement import Prepared
from .postgres_wire import GOOD

if TYPE_CHECKING:
    from .postgres_session import PostgresSession
    from .postgres_types import ServerTypes


class Preparation:
    """A connection's prepared statements. Without `named` each is prepared with every call."""

    def __init__(self, session: PostgresSession, types: ServerTypes, *, named: bool) -> None:
        self.held: dict[Variant, Prepared] = {}
        self._session = session
        self.types = types
        self._named = named
        self._numbers = count()
        self._outdated: list[bytes] = []  # names to be deallocated

    async def encoded(
        self, variant: Variant, values: Sequence[Any]
    ) -> tuple[Prepared, list[bytes | None]]:
        """The variant as it is prepared, and the values as it takes them."""
        prepared = self.held.get(variant) or await self.prepare(variant)
        encoded = prepared.encoded(values)
        if encoded is None:
            return await self.encoded_anew(variant, values)
        return prepared, encoded

    async def encoded_anew(
        self, variant: Variant, values: Sequence[Any]
    ) -> tuple[Prepared, list[bytes | None]]:
        """The values were refused: if not by declared types, the server's may have changed."""
        problem = refusal(variant, values)
        if problem is None:
            self.forget(variant)
            prepared = await self.prepare(variant)
            try:
                return prepared, prepared.encode(values)
            except Exception as error:
                problem = misfit(variant, error)
        raise problem

    async def prepare(self, variant: Variant) -> Prepared:
        """Prepare a statement, in one round trip. Raises the mapped error."""
        session = self._session
        name = b""
        if self._named:  # a number, for a name that has been used may still be taken
            name = b"%s/%d" % (variant.query.full_name.encode(), next(self._numbers))
        described = await self._describe(variant, name)
        oids = [described.param_type(n) for n in range(described.nparams)]
        columns = [described.ftype(n) for n in range(described.nfields)]
        known, binary = await self.types.resolve(session, oids, columns)
        transformer = Transformer(session.connection)
        prepared = self.held[variant] = Prepared(
            variant, name, oids, known, transformer, columns=columns, binary=binary
        )
        session.altered = session.altered or changes_session(variant.text)
        return prepared

    def forget(self, variant: Variant) -> None:
        """Prepare it anew when it is next wanted."""
        prepared = self.held.pop(variant, None)
        if prepared and prepared.name:
            self._outdated.append(prepared.name)

    def clear(self) -> None:
        """The server has dropped them all."""
        self.held.clear()
        self._outdated.clear()

    async def _describe(self, variant: Variant, name: bytes) -> Result:
        session = self._session
        if session.pending and not session.idle:
            await session.flush(
                variant.query
            )  # a failure is to undo no more than the innermost block
        pg = session.connection.pgconn
        before, after = self._around(pg.pipeline_sync, name)
        prepare = partial(pg.send_prepare, name, variant.text.encode())
        describe = partial(pg.send_describe_prepared, name)
        results = await session.wire.exchange([*before, prepare, describe, *after])
        first = len(before) - before.count(pg.pipeline_sync)
        for result in results[first : first + 2]:
            if result.status not in GOOD:
                raise session.failed(result, variant.query, preparing=True)
        return results[first + 1]

    def _around(self, sync: Send, name: bytes) -> tuple[list[Send], list[Send]]:
        """What is sent before and after, outside a transaction.

        Names that are out of date are taken off. Behind a transaction pooler, where there are no
        names, a transaction makes sure that one server both prepares and describes.
        """
        before: list[Send] = []
        after: list[Send] = []
        send = self._session.command_sender
        if not self._session.idle:
            return before, after
        if not name:
            before, after = [send(b"BEGIN")], [sync, send(b"ROLLBACK")]
        for outdated in self._outdated:
            before += (send(b'DEALLOCATE "%s"' % outdated), sync)
        self._outdated.clear()
        return before, after
