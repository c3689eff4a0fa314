"""PostgreSQL databases lent to one test after another: creating one costs ten times a cleaning.

A database is lent again only when it has been brought back to what it was: an empty one by
dropping its schemas, a migrated one by truncating its tables. What cannot be brought back (a
changed schema, a setting, a lock that does not go away) is dropped.
"""

from __future__ import annotations

from collections import defaultdict

import psycopg
from psycopg import sql

from tests.postgres import Remote
from tests.urls import database_name

_DISCONNECT = """
SELECT pg_terminate_backend(pid, 5000)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_SCHEMAS = """
SELECT nspname
FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""
_SETTINGS = "SELECT count(*) FROM pg_db_role_setting"
_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"
_TABLES = """
SELECT schemaname, tablename
FROM pg_tables
WHERE schemaname !~ '^pg_|^information_schema$' AND tablename !~ 'yoyo|rawstore'
"""
_SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part))
FROM (
    SELECT concat_ws(' ', attrelid::regclass, attname, atttypid, attnotnull, attisdropped)
    FROM pg_attribute INNER JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_')
    UNION ALL
    SELECT concat_ws(' ', pronamespace, proname, md5(prosrc))
    FROM pg_proc
    WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_')
    UNION ALL
    SELECT concat_ws(' ', conrelid, conname) FROM pg_constraint
    UNION ALL
    SELECT concat_ws(' ', tgrelid, tgname, tgenabled) FROM pg_trigger
    UNION ALL
    SELECT concat_ws(' ', indexrelid, indisvalid) FROM pg_index
    UNION ALL
    SELECT concat_ws(' ', nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
) AS parts (part)
"""


class Lender:
    """Lends databases of a server, by the template they were made from (None: empty)."""

    def __init__(self, server: Remote) -> None:
        self.server = server
        self._idle: dict[str | None, list[str]] = defaultdict(list)
        self._shapes: dict[str, str] = {}

    def borrow(self, template: str | None) -> str:
        """Return the URL of a database that is as if it had just been made."""
        if self._idle[template]:
            return self._idle[template].pop()
        url = self.server.create_database(template)
        if template is not None:
            with psycopg.connect(url) as connection:
                self._shapes[url] = _one(connection, _SHAPE)
        return url

    def give_back(self, url: str, template: str | None) -> None:
        """Take a database back, clean; or drop it."""
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
                connection.execute("SET lock_timeout = '2s'")
                connection.execute(_DISCONNECT)
                clean = self._restored(connection, url, template)
        except psycopg.Error:
            clean = False
        if clean:
            self._idle[template].append(url)
        else:
            self.server.drop_database(database_name(url))

    def close(self) -> None:
        """Drop every database that is not lent."""
        for urls in self._idle.values():
            while urls:
                self.server.drop_database(database_name(urls.pop()))

    def _restored(self, connection: psycopg.Connection, url: str, template: str | None) -> bool:
        if _one(connection, _SETTINGS) != "0":
            return False
        if template is None:
            for name in _column(connection, _EXTENSIONS):
                _run(connection, "DROP EXTENSION {} CASCADE", name)
            for name in _column(connection, _SCHEMAS):
                _run(connection, "DROP SCHEMA {} CASCADE", name)
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
            return True
        if _one(connection, _SHAPE) != self._shapes[url]:
            return False
        names = [sql.Identifier(*row) for row in connection.execute(_TABLES).fetchall()]
        if names:
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
        return True


def _one(connection: psycopg.Connection, query: str) -> str:
    return _column(connection, query)[0]


def _column(connection: psycopg.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query).fetchall()]


def _run(connection: psycopg.Connection, statement: str, name: str) -> None:
    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
