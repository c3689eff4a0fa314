-- Create functions.
-- The schema itself exists already: `rawstore migrate` or the DBA made it, before yoyo's own
-- tables, so the role that migrates needs no CREATE on the database.

-- Orders the ids that one microsecond holds; 30 bits, so that it fills what uuid_v7 leaves free.
CREATE SEQUENCE omnimemory.uuid_v7_counter AS integer
MINVALUE 0 MAXVALUE 1073741823 CYCLE;

-- UUIDv7 (RFC 9562): 48 bits of milliseconds, the version 7, 12 bits of the millisecond's
-- fraction, the variant (2147483648 is its bits, 10) with 30 bits of counter, 32 random bits.
-- Ids rise with every row, also inside one statement and one microsecond.
-- microseconds * 512 / 125 is microseconds / 1000 * 4096: milliseconds and fraction in one number.
-- Own function because servers before 18 have none; the body is parsed now, so no caller's
-- search_path matters, and the planner inlines it.
CREATE FUNCTION omnimemory.uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE
RETURN (
    overlay(
        lpad(
            to_hex(
                (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint * 512 / 125
            ),
            15, '0'
        ),
        '7', 13, 0
    )
    || to_hex(2147483648 + nextval('omnimemory.uuid_v7_counter'))
    || right(gen_random_uuid()::text, 8)
)::uuid;
