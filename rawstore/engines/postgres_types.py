"""Types whose oids differ from database to database: pgvector's, enums, citext, and the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from psycopg import pq

from .postgres_codec import VECTOR, LabelLoader, VectorLoader

if TYPE_CHECKING:
    from .postgres_session import PostgresSession

_FIRST_USER_OID = 16384  # FirstNormalObjectId: what is below is the same on every server
_LABELS = ("citext", "ltree", "lquery")
_LOOK_UP = """
SELECT oid::int8, typname, typtype
FROM pg_catalog.pg_type
WHERE oid = ANY ($1::oid[])
"""


class ServerTypes:
    """What is known of a database's own types; shared by its connections."""

    def __init__(self) -> None:
        self._kinds: dict[int, str] = {}  # oid: "vector", "label" or "other"

    def resolve(
        self, session: PostgresSession, params: Sequence[int], columns: Sequence[int]
    ) -> tuple[list[int], bool]:
        """The parameters' oids, VECTOR for pgvector's; and whether results can come in binary.

        Loaders that the columns need are registered on the session's connection.
        """
        own = {oid for oid in (*params, *columns) if oid >= _FIRST_USER_OID}
        if unknown := own - self._kinds.keys():
            self._look_up(session, unknown)
        adapters = session.connection.adapters
        binary = True
        for oid in own.intersection(columns):
            if self._kinds[oid] == "vector":
                adapters.register_loader(oid, VectorLoader)
            elif self._kinds[oid] == "label":
                adapters.register_loader(oid, LabelLoader)
            else:  # composites and the like: their text is better than their bytes
                binary = False
        return [VECTOR if self._kinds.get(oid) == "vector" else oid for oid in params], binary

    def _look_up(self, session: PostgresSession, oids: set[int]) -> None:
        self._kinds |= dict.fromkeys(oids, "other")
        array = "{" + ",".join(map(str, oids)) + "}"
        result = session.connection.pgconn.exec_params(_LOOK_UP.encode(), [array.encode()])
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise session.failed(result, None)
        for row in range(result.ntuples):
            oid, name, kind = (bytes(result.get_value(row, n) or b"").decode() for n in range(3))
            if name == "vector":
                self._kinds[int(oid)] = "vector"
            elif kind == "e" or name in _LABELS:
                self._kinds[int(oid)] = "label"
