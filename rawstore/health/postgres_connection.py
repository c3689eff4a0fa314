"""A connection for one check, whose answers come in time or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..engines.postgres_report import failure
from ..engines.postgres_wire import GOOD, BlockingWire, now
from ..errors import ConnectionLost

if TYPE_CHECKING:
    import psycopg
    from psycopg import pq

LIMIT = 1.0  # seconds for each answer

Row = tuple[str | None, ...]


class Connection:
    """One connection, of one check."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pg: pq.abc.PGconn = connection.pgconn
        self._wire = BlockingWire(connection, LIMIT)
        self.version = connection.info.server_version

    def close(self) -> None:
        """Close it."""
        self._wire.close()
        self._connection.close()

    def row(self, text: bytes, *values: str) -> Row:
        """Return the first row of a statement with parameters."""
        return self._rows(self._pg.send_query_params, text, [each.encode() for each in values])[0]

    def rows(self, text: bytes) -> list[Row]:
        """Return all rows of the last of some statements."""
        return self._rows(self._pg.send_query, text)

    def _rows(self, send: Callable[..., None], *arguments: Any) -> list[Row]:
        result = now(self._wire.call(send, *arguments))
        if result.status in GOOD:
            return [
                tuple(_text(result.get_value(row, column)) for column in range(result.nfields))
                for row in range(result.ntuples)
            ]
        if self._wire.cut:
            raise TimeoutError
        if self._wire.broken:
            raise ConnectionLost("the connection was lost: the server went away")
        raise failure(result, None)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


class History:
    """The history's tables, as the ledger reads them."""

    def __init__(self, connection: Connection, schema: str, tables: set[str]) -> None:
        self._connection = connection
        self._path = '"' + schema.replace('"', '""') + '"'
        self._tables = tables

    def tables(self) -> set[str]:
        """Return the names of those that there are."""
        return self._tables

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        """Return all rows of a query."""
        path = f"/* rawstore health */ SET LOCAL search_path = {self._path};"
        return self._connection.rows((path + sql).encode())
