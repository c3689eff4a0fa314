"""Questions to a PostgreSQL server, over a connection of their own and within a time limit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..engines.postgres import PostgresEngine
from ..target import PostgresTarget

LIMIT = 5.0  # seconds for a question, and for connecting

Ask = Callable[..., Any]


@contextmanager
def inquiry(target: PostgresTarget, schema: str, limit: float = LIMIT) -> Iterator[Ask]:
    """A block with `ask(text, *parameters)`: the one value of a statement, as JSON or None.

    Raises the mapped error; ConnectionLost where the server does not answer in time.
    """
    engine = PostgresEngine(target, schema)
    session = engine.connect(limit)
    try:

        def ask(text: bytes, *parameters: str) -> Any:
            send = session.connection.pgconn.send_query_params
            result = session.call(send, text, [each.encode() for each in parameters])
            if not result.ntuples:
                raise session.core.failed(result, None)
            value = result.get_value(0, 0)
            return None if value is None else json.loads(value)

        yield ask
    finally:
        session.connection.close()
        engine.close()
