"""Filling a store's tables: COPY on PostgreSQL, executemany on SQLite, each in one transaction.

Indexes and foreign keys are taken away meanwhile and made anew from the data, as one would fill a
table by hand; triggers fire, but for those that the volume names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

import rawstore
from rawstore.engines.postgres_conninfo import session_conninfo
from rawstore.errors import ConfigError
from rawstore.target import SqliteTarget

from .draw import Draw
from .volumes import VOLUMES, Table

Progress = Callable[[str], object]

# ANALYZE looks at 300 rows for each unit of its target. At this one it looks at every row of a
# small volume, so that two loads give the same statistics and plans; a large one gets the default.
_EVERY_ROW = 400
_INDEXES = """
SELECT pg_get_indexdef(indexrelid), format('DROP INDEX %%s', indexrelid::regclass)
FROM pg_index
WHERE
    indrelid = %(table)s::regclass
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
ORDER BY indexrelid
"""
_FOREIGN_KEYS = """
SELECT
    format(
        'ALTER TABLE %%s ADD CONSTRAINT %%I %%s',
        conrelid::regclass, conname, pg_get_constraintdef(oid)
    ),
    format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
FROM pg_constraint
WHERE contype = 'f' AND conrelid = %(table)s::regclass
ORDER BY conname
"""
_TRIGGERS = """
SELECT
    format('ALTER TABLE %%s ENABLE TRIGGER %%I', tgrelid::regclass, tgname),
    format('ALTER TABLE %%s DISABLE TRIGGER %%I', tgrelid::regclass, tgname)
FROM pg_trigger
WHERE tgrelid = %(table)s::regclass AND tgname = ANY (%(without)s)
"""
_SQLITE_PARTS = """
SELECT sql, format('DROP %s "%w"', type, name)
FROM sqlite_master
WHERE
    tbl_name = ? AND sql IS NOT NULL
    AND (type = 'index' OR (type = 'trigger' AND name IN (SELECT value FROM json_each(?))))
ORDER BY rowid
"""


def load(
    store: str, url: str, rows: int, *, seed: int = 1, progress: Progress = lambda _: None
) -> None:
    """Migrate the store and fill its tables, which must be empty, with a volume of so many rows.

    Raises ConfigError for a store without a volume and for tables that hold something.
    """
    tables = VOLUMES.get(store)
    if tables is None:
        raise ConfigError(f"{store} has no volume; there are {', '.join(VOLUMES)}")
    totals = {table.name: max(1, int(rows * table.share)) for table in tables}
    with rawstore.open(store, url) as opened:
        opened.migrate()
        target = opened.target
    draws = [Draw(table.name, totals, seed) for table in tables]
    volume = list(zip(tables, draws, strict=True))
    if isinstance(target, SqliteTarget):
        _fill_sqlite(target, volume, progress)
    else:
        _fill_postgres(make_conninfo(**session_conninfo(target, store)), volume, progress)


def _values(table: Table, draw: Draw, encode: Callable[[Any], Any]) -> Iterator[list[Any]]:
    columns = list(table.columns.items())
    for number in range(draw.total):
        draw.number, draw.row = number, {}
        row = draw.row
        for name, column in columns:
            row[name] = column(draw)
        yield [encode(value) if isinstance(value, np.ndarray) else value for value in row.values()]


# -- PostgreSQL


def _fill_postgres(conninfo: str, volume: Sequence[tuple[Table, Draw]], progress: Progress) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET statement_timeout = 0; SET maintenance_work_mem = '1GB'")
        restore = [line for table, _ in volume for line in _strip(connection, table)]
        for table, draw in volume:
            _copy(connection, table, draw)
            progress(f"{table.name}: {draw.total} rows")
        for statement in restore:
            connection.execute(statement.encode())
        progress("indexes and foreign keys")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        for table, draw in volume:
            target = _EVERY_ROW if draw.total <= 300 * _EVERY_ROW else 100
            connection.execute(f"SET default_statistics_target = {target}")
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table.name)))


def _strip(connection: psycopg.Connection, table: Table) -> list[str]:
    """Take the table's indexes, foreign keys and unwanted triggers away; how to bring them back."""
    name = sql.Identifier(table.name)
    if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(name)).fetchone():
        raise ConfigError(f"{table.name} is not empty; load into a new database")
    restore: list[str] = []
    for query in (_FOREIGN_KEYS, _INDEXES, _TRIGGERS):
        parts = {"table": table.name, "without": list(table.without)}
        for again, away in connection.execute(query, parts).fetchall():
            connection.execute(away.encode())
            restore.insert(0, again)
    return restore


def _copy(connection: psycopg.Connection, table: Table, draw: Draw) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in _values(table, draw, _vector_text):
            copy.write_row(row)


_FOUR_DECIMALS = [f"{number / 10_000:.4f}" for number in range(10_001)]
_FOUR_DECIMALS += [f"-{text}" for text in reversed(_FOUR_DECIMALS[1:])]  # reached by -1, -2 …


def _vector_text(vector: Any) -> str:
    numbers = np.rint(vector * 10_000).astype(int).tolist()
    return f"[{','.join([_FOUR_DECIMALS[number] for number in numbers])}]"


# -- SQLite


def _fill_sqlite(
    target: SqliteTarget,
    volume: Sequence[tuple[Table, Draw]],
    progress: Progress,
) -> None:
    if target.path is None:
        raise ConfigError("a volume is loaded into a file, not into memory")
    connection = sqlite3.connect(target.path, isolation_level=None)
    try:
        for setting in ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN IMMEDIATE")
        restore: list[str] = []
        for table, draw in volume:
            restore += _strip_sqlite(connection, table)
            _insert(connection, table, draw)
            progress(f"{table.name}: {draw.total} rows")
        for statement in restore:
            connection.execute(statement)
        progress("indexes")
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise ConfigError(f"the volume breaks a foreign key of {broken[0]}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _strip_sqlite(connection: sqlite3.Connection, table: Table) -> list[str]:
    if connection.execute(f'SELECT 1 FROM "{table.name}" LIMIT 1').fetchone():  # noqa: S608
        raise ConfigError(f"{table.name} is not empty; load into a new file")
    names = "[" + ",".join(f'"{name}"' for name in table.without) + "]"
    parts = connection.execute(_SQLITE_PARTS, [table.name, names]).fetchall()
    for _, away in parts:
        connection.execute(away)
    return [again for again, _ in parts]


def _insert(connection: sqlite3.Connection, table: Table, draw: Draw) -> None:
    names = ", ".join(f'"{name}"' for name in table.columns)
    places = ", ".join("?" * len(table.columns))
    connection.executemany(
        f'INSERT INTO "{table.name}" ({names}) VALUES ({places})',  # noqa: S608 - our own names
        _values(table, draw, lambda vector: vector.astype("<f4").tobytes()),
    )
