"""A store of one's own, with what the shipped ones lack: composite keys and none, circles of
foreign keys, generated columns, numbers, dates, bytes and arrays; and triggers."""

from __future__ import annotations

from pathlib import Path

SQL = """
-- row: Thing(id bigint, code text(5)?, small smallint?, number int?, big bigint?, real float?,
--     yes bool?, uid uuid?, at timestamptz?, day date?, price numeric?, data bytes?, doc json?,
--     vec vector(3)?, tags text[]?)

-- name: get_thing(id bigint) :one Thing
SELECT id, code, small, number, big, real, yes, uid, at, day, price, data, doc, vec, tags
FROM {schema}things
WHERE id = :id;

-- name: name_thing(code text(5)) :one Thing
INSERT INTO {schema}things (code)
VALUES (:code)
RETURNING id, code, small, number, big, real, yes, uid, at, day, price, data, doc, vec, tags;

-- row: Part(a text, b int, thing_id bigint?, sum_of int)

-- name: list_parts() :many Part
SELECT a, b, thing_id, sum_of
FROM {schema}parts
ORDER BY a, b
LIMIT 100;

-- row: Note(body text?)

-- name: list_notes() :many Note
-- unordered: an example. check: ignore order
SELECT body
FROM {schema}notes
LIMIT 100;

-- row: Left(id bigint, right_id bigint?, at timestamptz, changes int)

-- name: get_left(id bigint) :one Left
SELECT id, right_id, at, changes
FROM {schema}lefts
WHERE id = :id;

-- row: Right(id bigint, left_id bigint)

-- name: get_right(id bigint) :one Right
SELECT id, left_id
FROM {schema}rights
WHERE id = :id;
"""
SQLITE = """
-- Create all.
CREATE TABLE things (
    id integer PRIMARY KEY AUTOINCREMENT,
    code text, small integer, number integer, big integer, real real, yes integer, uid text,
    at text, day text, price text, data blob, doc text, vec blob, tags text
);
CREATE TABLE parts (
    a text NOT NULL, b integer NOT NULL, thing_id integer REFERENCES things (id),
    sum_of integer GENERATED ALWAYS AS (b + 1) STORED, PRIMARY KEY (a, b)
) WITHOUT ROWID;
CREATE TABLE notes (body text);
CREATE TABLE lefts (
    id integer PRIMARY KEY, right_id integer REFERENCES rights (id), at text NOT NULL,
    changes integer NOT NULL DEFAULT 0
);
CREATE TABLE rights (id integer PRIMARY KEY, left_id integer NOT NULL REFERENCES lefts (id));
CREATE TRIGGER rights_touch AFTER INSERT ON rights
BEGIN
    UPDATE lefts SET changes = changes + 1, at = '2030-01-01T00:00:00.000000Z'
    WHERE id = NEW.left_id;
END;
"""
POSTGRES = """
-- Create all.
CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;
CREATE TABLE shop.things (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code varchar(5), small smallint, number integer, big bigint, real double precision, yes boolean,
    uid uuid, at timestamptz, day date, price numeric, data bytea, doc jsonb,
    vec public.vector(3), tags text[]
);
CREATE TABLE shop.parts (
    a text NOT NULL, b integer NOT NULL, thing_id bigint REFERENCES shop.things (id),
    sum_of integer GENERATED ALWAYS AS (b + 1) STORED, PRIMARY KEY (a, b)
);
CREATE TABLE shop.notes (body text);
CREATE TABLE shop.lefts (
    id bigint PRIMARY KEY, right_id bigint, at timestamptz NOT NULL,
    changes integer NOT NULL DEFAULT 0
);
CREATE TABLE shop.rights (
    id bigserial PRIMARY KEY, left_id bigint NOT NULL REFERENCES shop.lefts (id)
);
ALTER TABLE shop.lefts
ADD CONSTRAINT lefts_right_id_fkey FOREIGN KEY (right_id) REFERENCES shop.rights (id);
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shop.lefts SET changes = changes + 1, at = '2030-01-01 00:00Z' WHERE id = NEW.left_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER rights_touch AFTER INSERT ON shop.rights
FOR EACH ROW EXECUTE FUNCTION shop.touch();
"""
THINGS = """
INSERT INTO things VALUES
(
    3, 'äöü€😀', -32768, 2147483647, -9223372036854775808, 1e308, 1,
    '01a20244-b85b-7605-a8b8-ecaf320f9a3c', '2026-01-02T03:04:05.000006Z', '0001-01-01',
    '123456789012345678901234567890.1234500', x'00ff0a5c', '{"b": 1.50, "a": ["\\u00e9", null]}',
    x'0000803f000000c0cdcccc3d', '["x, \\"y\\"", null, "\\\\", "{}"]'
),
(7, '', 32767, -2147483648, 9223372036854775807, -0.0, 0, '01A20244B85B7605A8B8ECAF320F9A3C',
    '0001-01-01T00:00:00.000000Z', '9999-12-31', '-0.00', x'', '1e400', NULL, '[]'),
(9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(40, 'a\tb\\', 0, 0, 0, 9e999, 1, NULL, '9999-12-31T23:59:59.999999+00:00', '2000-02-29',
    '7E+3', NULL, 'null', NULL, NULL);
"""
OTHERS = """
INSERT INTO parts (a, b, thing_id) VALUES ('é', 2, 3), ('é', 1, NULL), ('', 0, 9);
INSERT INTO notes VALUES ('same'), ('same'), (NULL), ('other');
INSERT INTO lefts (id, at) VALUES (1, '2026-01-02T03:04:05.000006Z');
INSERT INTO rights VALUES (5, 1);
UPDATE lefts SET right_id = 5, changes = 41, at = '2026-01-02T03:04:05.000006Z';
"""


def write(folder: Path) -> Path:
    """Write the store into `folder`/shop."""
    files = {
        "sql/sqlite/all.sql": SQL.format(schema=""),
        "sql/postgres/all.sql": SQL.format(schema="shop."),
        "migrations/sqlite/0001_create_all.sql": SQLITE,
        "migrations/postgres/0001_create_all.sql": POSTGRES,
    }
    for name, text in files.items():
        path = folder / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "shop"
