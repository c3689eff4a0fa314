"""What is in a store: its tables, how many rows each has, and a hash of them.

The hash covers every stored column, in the dialect's own form: it does not depend on the query
files, and an old backup is compared with it as well as a new one. `rawstore verify` has another,
which is the same for both dialects.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import DatabaseCorrupt
from ..migrate import ledger
from ..migrate.postgres_backend import PostgresBackend
from ..migrate.sqlite_backend import SqliteBackend
from ..progress import Progress, quiet
from ..tables.quoting import identifier, listed, text
from .manifest import Applied, Contents

if TYPE_CHECKING:
    import psycopg

_HISTORY = ("_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock", "rawstore_migration")
_TABLES = """
SELECT c.relname::text
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %s)
    AND c.relkind = 'r'
ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname::text
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""
# A generated column is computed anew by the server that the dump is restored to.
_HASH = """
SELECT
    count(*),
    coalesce(sum(('x' || left(md5((ROW({columns}))::text), 16))::bit(64)::bigint), 0)::text
FROM {table}
"""


def sqlite_contents(
    connection: sqlite3.Connection, on_progress: Progress = quiet
) -> tuple[Contents, ...]:
    """Every table of a file but the history's and what belongs to virtual tables."""
    found = connection.execute("PRAGMA main.table_list").fetchall()
    names = sorted(name for _, name, kind, *_ in found if kind == "table" and is_data(name))
    contents = []
    for done, name in enumerate(names):
        on_progress("counting", done, len(names))
        contents.append(Contents(name, *_hash(_raw(connection, name))))
    return tuple(contents)


def _raw(connection: sqlite3.Connection, table: str) -> Iterator[Any]:
    """A table's rows with their texts as bytes: what is no UTF-8 is to be kept as well."""
    given, connection.text_factory = connection.text_factory, bytes
    try:
        yield from connection.execute(text("SELECT * FROM {table}", table=identifier(table)))
    finally:
        connection.text_factory = given


def _hash(rows: Iterable[Any]) -> tuple[int, str]:
    count = total = 0
    for row in rows:
        count += 1
        digest = hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16)
        total += int.from_bytes(digest.digest(), "big")
    return count, f"{total % (1 << 128):032x}"


def sqlite_migrations(connection: sqlite3.Connection) -> tuple[Applied, ...]:
    """The migrations that are applied in a file."""
    backend = SqliteBackend(connection)
    return tuple(Applied(id_, sha256) for id_, _, sha256 in ledger.applied(backend))


def postgres_contents(
    connection: psycopg.Connection[Any], schema: str, on_progress: Progress = quiet
) -> tuple[Contents, ...]:
    """Every table of a schema but the history's, in the connection's transaction."""
    names = [name for (name,) in connection.execute(_TABLES, (schema,)) if is_data(name)]
    contents = []
    for done, name in enumerate(names):
        on_progress("counting", done, len(names))
        table = identifier(schema, name)
        columns = connection.execute(_COLUMNS, (table.as_string(connection),)).fetchall()
        query = text(_HASH, table=table, columns=listed(column for (column,) in columns))
        row = connection.execute(query.encode()).fetchone()
        if row is not None:
            contents.append(Contents(name, *row))
    return tuple(contents)


def postgres_migrations(connection: psycopg.Connection[Any], schema: str) -> tuple[Applied, ...]:
    """The migrations that are applied in a schema, which must be the first of the search path."""
    backend = PostgresBackend(connection, schema)
    return tuple(Applied(id_, sha256) for id_, _, sha256 in ledger.applied(backend))


def compare(wanted: Sequence[Contents], found: Sequence[Contents]) -> None:
    """Raise DatabaseCorrupt, naming the tables, unless both have the same rows."""
    before = {table.name: table for table in wanted}
    now = {table.name: table for table in found}
    problems = []
    for name in sorted(before.keys() | now.keys()):
        if name not in now or name not in before:
            problems.append(f"{name} is {'missing' if name not in now else 'not of the backup'}")
        elif before[name].rows != now[name].rows:
            problems.append(f"{name} has {now[name].rows} rows instead of {before[name].rows}")
        elif before[name].hash != now[name].hash:
            problems.append(f"{name} has other values")
    if problems:
        raise DatabaseCorrupt(f"not what the manifest says: {'; '.join(problems)}")


def is_data(name: str) -> bool:
    """Whether a table holds rows of the store: not the history, nor SQLite's own."""
    return name not in _HISTORY and not name.startswith("sqlite_")
