"""Rows that stand beside their PostgreSQL table, into it one by one: which ones it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from ..engines.errormap import from_sqlstate
from ..tables import Column, Table
from ..tables.quoting import listed
from .jsonlines import Place
from .staging import Outcome, Refusal

_ONE = sql.SQL("""
    IF rawstore_item.rawstore_layout = {layout} THEN
        INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
        VALUES ({values}) {conflict};
        GET DIAGNOSTICS rawstore_count = ROW_COUNT;
    END IF;
""")
# A row that refers to one further on is refused at first, and tried again: backwards, because
# then the one it waits for has been there before it. No name may be a column's.
_TRY = sql.SQL("""
DECLARE
    rawstore_item record;
    rawstore_first boolean := true;
    rawstore_failed bigint := 0;
    rawstore_taken bigint;
    rawstore_rows bigint := 0;
    rawstore_count bigint;
    rawstore_code text;
    rawstore_name text;
BEGIN
    LOOP
        rawstore_taken := 0;
        FOR rawstore_item IN
            SELECT staged.ctid AS rawstore_place, staged.*
            FROM pg_temp.rawstore_import AS staged
            WHERE rawstore_first OR staged.ctid IN (
                SELECT refused.place
                FROM pg_temp.rawstore_refused AS refused
                WHERE refused.code = '23503'
            )
            ORDER BY
                CASE WHEN rawstore_first THEN 1 ELSE -1 END * staged.rawstore_line,
                CASE WHEN rawstore_first THEN 1 ELSE -1 END * staged.rawstore_character
        LOOP
            BEGIN
                {inserts}
                rawstore_rows := rawstore_rows + rawstore_count;
                IF NOT rawstore_first THEN
                    DELETE FROM pg_temp.rawstore_refused AS refused
                    WHERE refused.place = rawstore_item.rawstore_place;
                    rawstore_taken := rawstore_taken + 1;
                END IF;
            EXCEPTION
                WHEN integrity_constraint_violation OR data_exception
                    OR program_limit_exceeded OR raise_exception
                THEN
                    GET STACKED DIAGNOSTICS
                        rawstore_code = RETURNED_SQLSTATE,
                        rawstore_name = CONSTRAINT_NAME;
                    IF rawstore_first THEN
                        INSERT INTO pg_temp.rawstore_refused
                        VALUES (rawstore_item.rawstore_place, rawstore_code, rawstore_name);
                        rawstore_failed := rawstore_failed + 1;
                    ELSE
                        UPDATE pg_temp.rawstore_refused AS refused
                        SET code = rawstore_code, name = rawstore_name
                        WHERE refused.place = rawstore_item.rawstore_place;
                    END IF;
            END;
            EXIT WHEN NOT {waits} AND rawstore_failed >= {limit};
        END LOOP;
        EXIT WHEN NOT {waits} OR NOT rawstore_first AND rawstore_taken = 0;
        rawstore_first := false;
    END LOOP;
    PERFORM set_config('rawstore.rows', rawstore_rows::text, true);
END
""")
_REFUSED = sql.SQL("""
SELECT staged.rawstore_line, staged.rawstore_character, refused.code, refused.name
FROM pg_temp.rawstore_refused AS refused
INNER JOIN pg_temp.rawstore_import AS staged ON staged.ctid = refused.place
ORDER BY staged.rawstore_line, staged.rawstore_character
LIMIT {limit}
""")
_ROWS = "SELECT current_setting('rawstore.rows')::int8"


def insert_each(
    connection: psycopg.Connection[Any],
    table: Table,
    name: sql.Identifier,
    layouts: Sequence[tuple[Column, ...]],
    conflict: sql.SQL,
    limit: int,
) -> Outcome:
    """Insert each row by itself: what one statement for a layout refuses may be taken so."""
    inserts = sql.SQL("").join(
        _ONE.format(
            layout=sql.Literal(number),
            table=name,
            columns=listed(column.name for column in columns),
            values=sql.SQL(", ").join(
                sql.Identifier("rawstore_item", column.name) for column in columns
            ),
            conflict=conflict,
        )
        for number, columns in enumerate(layouts)
    )
    body = _TRY.format(inserts=inserts, limit=sql.Literal(limit), waits=sql.Literal(_waits(table)))
    run = connection.execute
    run("CREATE TEMP TABLE rawstore_refused (place tid, code text, name text)")
    run(sql.SQL("DO {}").format(sql.Literal(body.as_string(connection))))
    refused = [
        Refusal(Place(line, character or None), from_sqlstate(code, "", constraint=name or None))
        for line, character, code, name in run(_REFUSED.format(limit=sql.Literal(limit)))
    ]
    (rows,) = run(_ROWS).fetchone() or (0,)
    return Outcome(rows, refused=refused)


def _waits(table: Table) -> bool:
    """Whether a row may refer to one further on."""
    return any(reference.table == table.name for reference in table.references)
