-- Create functions.
-- depends: 0001_create_vector_extension
-- The schema itself exists already: `rawstore migrate` or the DBA made it, before yoyo's own
-- tables, so the role that migrates needs no CREATE on the database.

-- UUIDv7 (RFC 9562): 48 bits of milliseconds, the version 7, 12 bits of the millisecond's
-- fraction, the variant (2 of 8 to b), the rest random.
-- microseconds * 512 / 125 is microseconds / 1000 * 4096: milliseconds and fraction in one number.
-- No sequence behind it, so that every node of a distributed table can make one by itself;
-- lists are ordered by created_at and take the id for ties alone.
-- Own function because servers before 18 have none; the body is parsed now, so no caller's
-- search_path matters, and the planner inlines it.
CREATE FUNCTION collections.uuid_v7() RETURNS uuid
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
    -- A random UUID has the variant where this one needs it.
    || right(replace(gen_random_uuid()::text, '-', ''), 16)
)::uuid;

-- The moment of an update: strictly later than the last one, also when both fall in one
-- microsecond or the clock was set back, and so never before created_at.
CREATE FUNCTION collections.set_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := greatest(
        clock_timestamp(), OLD.updated_at + interval '1 microsecond'
    );
    RETURN NEW;
END
$$;
