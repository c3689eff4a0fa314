"""Types whose oids differ from database to database: vectors, enums, citext, domains, the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from psycopg.types.array import ArrayBinaryLoader

from .postgres_arrays import is_element
from .postgres_codec import VECTOR, LabelLoader, VectorLoader, VectorTextLoader
from .postgres_wire import GOOD

if TYPE_CHECKING:
    from psycopg.adapt import AdaptersMap

    from ..bulk import Bulk
    from .postgres_session import PostgresSession

_FIRST_USER_OID = 16384  # FirstNormalObjectId: what is below is the same on every server
_TEXT = 25
_LABELS = ("citext", "ltree", "lquery")
_LOOK_UP = b"""
SELECT oid::int8, typname, typtype, typbasetype::int8, typelem::int8, typcategory
FROM pg_catalog.pg_type
WHERE oid = ANY ($1::oid[])
"""


class _Type(NamedTuple):
    """What is known of a type; `of` is a domain's base or an array's element."""

    kind: str  # "vector", "label", "domain", "array" or "other"
    of: int = 0


_OTHER = _Type("other")


class ServerTypes:
    """What is known of a database's own types; shared by its connections."""

    def __init__(self) -> None:
        self.one_by_one: set[Bulk] = set()  # not to be sent in bulk to this database
        self._known: dict[int, _Type] = {}

    async def resolve(
        self, session: PostgresSession, params: Sequence[int], columns: Sequence[int]
    ) -> tuple[list[int], bool]:
        """The parameters' oids, domains as their base and pgvector's as VECTOR.

        An array of pgvector's comes as the oid of its elements. And whether results can come in
        binary. Loaders that the columns need are registered on the session's connection. Raises
        the mapped error.
        """
        own = {oid for oid in (*params, *columns) if oid >= _FIRST_USER_OID}
        while unknown := own - self._known.keys():
            await self._look_up(session, unknown)
            own |= {
                self._known[oid].of for oid in unknown if self._known[oid].of >= _FIRST_USER_OID
            }
        adapters = session.connection.adapters
        binary = [self._register(adapters, oid) for oid in own.intersection(columns)]
        return [self._base(oid) for oid in params], all(binary)

    def takes_element(self, name: str, oid: int, *, cast: bool) -> bool:
        """Whether an element of a declared type's array becomes what alone is sent as `oid`.

        `cast` is True where the server casts it to that type.
        """
        if not cast:
            return is_element(name, VECTOR if self._is(oid, "vector") else oid, cast=False)
        if name == "text" and self._is(oid, "label"):
            return True
        if name == "text" and self._is(oid, "domain"):  # a cast would cut what its input refuses
            return self._base(oid) == _TEXT
        return is_element(name, self._base(oid), cast=True)

    def _is(self, oid: int, kind: str) -> bool:
        return self._known.get(oid, _OTHER).kind == kind

    def _base(self, oid: int) -> int:
        known = self._known.get(oid, _OTHER)
        if known.kind == "domain":
            return self._base(known.of)
        if known.kind == "array" and self._is(known.of, "vector"):
            return known.of
        return VECTOR if known.kind == "vector" else oid

    def _register(self, adapters: AdaptersMap, oid: int) -> bool:
        """Make the type loadable from binary; False where it is better left as text."""
        known = self._known[oid]
        if known.kind == "vector":
            adapters.register_loader(oid, VectorLoader)
            adapters.register_loader(oid, VectorTextLoader)
        elif known.kind == "label":
            adapters.register_loader(oid, LabelLoader)
        elif known.kind == "array" and self._known.get(known.of, _OTHER).kind in (
            "label",
            "vector",
        ):
            self._register(adapters, known.of)
            adapters.register_loader(oid, ArrayBinaryLoader)
        else:  # composites and the like
            return False
        return True

    async def _look_up(self, session: PostgresSession, oids: set[int]) -> None:
        array = "{" + ",".join(map(str, oids)) + "}"
        pg = session.connection.pgconn
        result = await session.wire.call(pg.send_query_params, _LOOK_UP, [array.encode()])
        if result.status not in GOOD:
            raise session.failed(result, None)
        found = dict.fromkeys(oids, _OTHER)
        for row in range(result.ntuples):
            values = (bytes(result.get_value(row, column) or b"").decode() for column in range(6))
            oid, name, form, base, element, category = values
            found[int(oid)] = _classify(name, form, int(base), int(element), category)
        self._known |= found


def _classify(name: str, form: str, base: int, element: int, category: str) -> _Type:
    if form == "d":
        return _Type("domain", base)
    if category == "A" and element:
        return _Type("array", element)
    if name == "vector":
        return _Type("vector")
    return _Type("label") if form == "e" or name in _LABELS else _OTHER
