"""Plans of an SQLite database, without statistics: as users have it, for nothing runs ANALYZE.

So a plan follows from the schema alone, neither from values nor from the number of rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from ..engines.errormap import from_sqlite
from ..engines.sqlite import SqliteEngine
from ..errors import ConfigError
from ..query import Variant
from ..target import SqliteTarget
from .plan import Plan
from .sqlite_shape import plan

_STATISTICS = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
_PARTIAL = """
SELECT indexes.name
FROM sqlite_master AS tables, pragma_index_list(tables.name) AS indexes
WHERE tables.type = 'table' AND indexes.partial
"""


class SqlitePlanner:
    """A connection that explains and changes nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Raises ConfigError where the database has statistics."""
        self._connection = connection
        self._partial = {name for (name,) in connection.execute(_PARTIAL)}
        (statistics,) = connection.execute(_STATISTICS).fetchone()
        if statistics:
            remedy = "take one without sqlite_stat1"
            raise ConfigError(f"ANALYZE was run on this database, its plans are its own; {remedy}")

    @property
    def version(self) -> str:
        """As in "SQLite 3.45"."""
        major, minor, _ = sqlite3.sqlite_version_info
        return f"SQLite {major}.{minor}"

    def plans(self, variant: Variant) -> Mapping[str, Plan]:
        """The one plan, whatever the values."""
        text, nothing = f"EXPLAIN QUERY PLAN {variant.text}", [None] * len(variant.order)
        try:
            rows = self._connection.execute(text, nothing).fetchall()
        except sqlite3.Error as error:
            name = variant.query.full_name
            code = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
            raise from_sqlite(code, str(error), query=name) from error
        return {"any": plan(rows, variant.text, self._partial)}


@contextmanager
def planner(target: SqliteTarget) -> Iterator[SqlitePlanner]:
    """A planner on a connection of its own. Raises the mapped error."""
    with closing(SqliteEngine(target).connect()) as connection:
        yield SqlitePlanner(connection)
